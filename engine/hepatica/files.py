"""The raw files of a knowledge folder, and the hash of what they say."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.paths import shipped

_ENDINGS = (".yaml", ".yml", ".json")


class Files(NamedTuple):
    """The raw files of a knowledge folder: bytes by path, and the folders of guidelines."""

    root: Path
    content: dict[str, bytes]
    guidelines: tuple[str, ...]

    def digest(self, wanted: Callable[[str], bool] = lambda _: True) -> str:
        """Hash names and contents of the wanted files; the same for the same files anywhere."""
        total = hashlib.sha256()
        for name in sorted(filter(wanted, self.content)):
            body = hashlib.sha256(self.content[name]).hexdigest()
            total.update(f"{name}\0{body}\n".encode())
        return total.hexdigest()


def read_files(root: Path | None = None) -> Files:
    """Read every file of a knowledge folder (default: the shipped one) as bytes.

    Raises `Invalid` (Y111) when the folder or its dictionaries are not there.
    """
    root = root or shipped("knowledge")
    if not root.is_dir():
        text = f"there is no knowledge folder `{root}`"
        raise Invalid([Diagnostic("Y111", "error", text, file=str(root), help="check the path")])
    content: dict[str, bytes] = {}
    missing: list[Diagnostic] = []
    for relative, path in sorted(_walk(str(root), "")):
        try:
            with open(path, "rb") as stream:
                content[relative] = stream.read()
        except OSError:
            text = f"cannot read `{path}`"
            missing.append(Diagnostic("Y111", "error", text, file=path, help="check the file"))
    return files_of(root, content, missing)


def files_of(root: Path, content: dict[str, bytes], missing: Iterable[Diagnostic] = ()) -> Files:
    """Make the files of a knowledge folder from their bytes; `root` is what messages call it.

    `missing` is what could not be read. Raises `Invalid` (Y111) with that, and when the
    dictionaries are not there.
    """
    found = list(missing)
    for needed, is_there in (
        ("interventions.yaml", "interventions.yaml" in content),
        ("facts/*.yaml", any(name.startswith("facts/") for name in content)),
    ):
        if not is_there:
            text = f"the knowledge folder `{root}` has no {needed}"
            help = "a knowledge folder holds facts/, interventions.yaml and a folder a guideline"
            found.append(Diagnostic("Y111", "error", text, file=str(root), help=help))
    if found:
        raise Invalid(found)
    folders = sorted(name.split("/")[0] for name in content if name.endswith("/guideline.yaml"))
    return Files(root, content, tuple(f for f in folders if f"{f}/guideline.yaml" in content))


def is_knowledge(name: str) -> bool:
    """Say whether a path below a knowledge folder is one of its files (ledgers are not)."""
    steps = name.split("/")
    hidden = any(step.startswith(".") or step == "sources" for step in steps)
    return not hidden and name.endswith(_ENDINGS)


def _walk(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Find knowledge files: their path below the root, with /, and their full path."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith(".") or name == "sources":
                continue
            if entry.is_dir():
                yield from _walk(entry.path, f"{name}/")
            elif entry.name.endswith(_ENDINGS):
                yield name, entry.path
