"""Find the two guidelines that are to be compared: by name, by git revision, or by path.

A revision is read as git holds it (`git archive`), never checked out: the knowledge folder of that
revision with its own dictionaries, read by the schemas of today.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

from hepatica import ir
from hepatica.cache import load_cached
from hepatica.check import included
from hepatica.diagnostics import Diagnostic, Invalid, ordered, suggestion
from hepatica.diff.data import Compared, Side
from hepatica.files import Files, files_of, is_knowledge
from hepatica.load import Loaded, load_files
from hepatica.run import select


class Finder:
    """Finds guidelines; knowledge that both sides share is read once."""

    def __init__(self, root: Path | None = None, knowledge: ir.Knowledge | None = None) -> None:
        """Take the knowledge folder of plain names (default: the shipped one), or its content."""
        self.root = root
        self._knowledge: dict[str, ir.Knowledge] = {"": knowledge} if knowledge else {}
        self._loaded: dict[str, Loaded] = {}

    def find(self, asked: str) -> Compared:
        """Find `guideline`, `guideline@revision`, or the path of a guideline's folder.

        Raises `Invalid`: N105 for an unknown guideline, V101–V103 for a revision that cannot be
        read, Y111 for a path, and every error of knowledge that is not sound.
        """
        if _is_path(asked):
            return self._at_path(asked)
        name, at, revision = asked.partition("@")
        if at:
            return self._at_revision(asked, name, revision)
        knowledge = self.named()
        [guideline] = select(knowledge, [asked])
        return compared(asked, knowledge, guideline)

    def named(self) -> ir.Knowledge:
        """Give the knowledge of plain names. Raises `Invalid` when it is not sound."""
        if "" not in self._knowledge:
            self._knowledge[""] = load_cached(self.root).knowledge
        return self._knowledge[""]

    def _at_path(self, asked: str) -> Compared:
        folder = Path(asked)
        if not (folder / "guideline.yaml").is_file():
            text = f"`{asked}` is not the folder of a guideline"
            help = "name a folder that holds a guideline.yaml, as knowledge/easl_2025"
            raise Invalid([Diagnostic("Y111", "error", text, file=asked, help=help)])
        folder = folder.resolve()
        key = str(folder.parent)
        if key not in self._knowledge:
            self._knowledge[key] = load_cached(folder.parent).knowledge
        knowledge = self._knowledge[key]
        return compared(asked, knowledge, knowledge.guidelines[folder.name])

    def _at_revision(self, asked: str, name: str, revision: str) -> Compared:
        commit, folder = _commit(revision, name), self._folder_in_git()
        key = f"{commit}:{folder}"
        if key not in self._loaded:
            self._loaded[key] = load_files(_files(revision, commit, folder))
        loaded = self._loaded[key]
        guideline = loaded.knowledge.guidelines.get(name)
        _check(loaded, name, f"{revision}:{folder}")
        if guideline is None:
            text = f"`{revision}` holds no guideline `{name}`"
            help = suggestion(name, loaded.knowledge.guidelines)
            help = help or f"guidelines there: {', '.join(loaded.knowledge.guidelines)}"
            raise Invalid([Diagnostic("V103", "error", text, help=help)])
        return compared(asked, loaded.knowledge, guideline, commit)

    def _folder_in_git(self) -> str:
        """Name the knowledge folder from the top of the repository here: `knowledge`, or named."""
        top = Path(_git("rev-parse", "--show-toplevel").decode().rstrip("\n")).resolve()
        for folder in (self.root, Path("knowledge")):
            if folder is not None and folder.resolve().is_relative_to(top):
                where = folder.resolve()
                if where != top and (folder is self.root or where.is_dir()):
                    return where.relative_to(top).as_posix()
        return "knowledge"


def compared(
    asked: str, knowledge: ir.Knowledge, guideline: ir.Guideline, revision: str | None = None
) -> Compared:
    """Make a side of a comparison."""
    g = guideline
    side = Side(
        asked, g.id, g.title, g.short, g.publisher, g.edition, g.version, g.digest, g.experimental,
        g.not_sourced, revision,
    )  # fmt: skip
    return Compared(side, knowledge, guideline)


def _is_path(asked: str) -> bool:
    """Say whether a path is meant: it has a separator before any revision, or it is one."""
    before = asked.split("@")[0]
    return "/" in before or os.sep in before or Path(asked, "guideline.yaml").is_file()


SHALLOW = "; this clone is shallow: `git fetch --unshallow --tags` brings what is missing"


def is_shallow() -> bool:
    """Say whether the repository here holds only the last commits."""
    return _git("rev-parse", "--is-shallow-repository").strip() == b"true"


def last_tag(name: str) -> str | None:
    """Find the last tag that can be reached from here: a guideline's own, else a common one.

    A guideline's own is `name@version`; it is given as `version`. A common one has no `@`. Raises
    `Invalid` (V101) without git or a repository.
    """
    _git("rev-parse", "--show-toplevel")
    describe = ("describe", "--tags", "--abbrev=0")
    own = _git(*describe, "--match", f"{name}@*").decode().strip()
    return (
        own.removeprefix(f"{name}@") or _git(*describe, "--exclude", "*@*").decode().strip() or None
    )


def _git(*args: str) -> bytes:
    """Run git here, and give what it prints. Raises `Invalid` (V101) when there is none."""
    try:
        done = subprocess.run(["git", *args], capture_output=True, check=False)
    except OSError:
        text = "git is not installed here, so no revision can be read"
        help = "install git, or name the folder of a guideline instead of a revision"
        raise Invalid([Diagnostic("V101", "error", text, help=help)]) from None
    if done.returncode == 0:
        return done.stdout
    if args[:2] == ("rev-parse", "--show-toplevel"):
        text = "there is no git repository here, so no revision can be read"
        help = "go to the repository that holds the knowledge folder"
        raise Invalid([Diagnostic("V101", "error", text, help=help)])
    return b""


def _commit(revision: str, name: str) -> str:
    """Find the commit of a revision. Raises `Invalid` (V102) when there is none.

    The tag of a release of one guideline is `name@version`, so that is looked for first.
    """
    _git("rev-parse", "--show-toplevel")
    commit = ""
    for asked in (f"refs/tags/{name}@{revision}^{{commit}}", f"{revision}^{{commit}}"):
        found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", asked)
        commit = commit or found.decode().strip()
    if not revision or not commit:
        text = f"unknown revision `{revision}`"
        names = _git("for-each-ref", "--format=%(refname:short)", "refs/tags", "refs/heads")
        help = suggestion(revision, names.decode().split())
        help = help or "a revision is a tag, a branch or a commit of the repository here"
        help += SHALLOW if is_shallow() else ""
        raise Invalid([Diagnostic("V102", "error", text, help=help)])
    return commit


def _check(loaded: Loaded, name: str, root: str) -> None:
    """Raise `Invalid` with the errors that concern a guideline: its own, its packs', the facts'.

    Another guideline of that revision may be unsound without harm to this one.
    """
    known = loaded.knowledge.guidelines
    mine = {name, *(included(known[name], known) if name in known else ())}
    others = tuple(f"{root}/{other}/" for other in known if other not in mine)
    errors = [
        d for d in loaded.diagnostics if d.severity == "error" and not d.file.startswith(others)
    ]
    if errors:
        raise Invalid(ordered(errors))


def _files(revision: str, commit: str, folder: str) -> Files:
    """Read the knowledge folder of a commit. Raises `Invalid` (V103) when it has none."""
    content: dict[str, bytes] = {}
    # From the top, wherever in the repository this runs.
    top = _git("rev-parse", "--show-toplevel").decode().rstrip("\n")
    packed = _git("-C", top, "archive", "--format=tar", commit, "--", folder)
    if packed:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive:
                name = member.name.removeprefix(f"{folder}/")
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None and is_knowledge(name):
                    content[name] = stream.read()
    if not content:
        text = f"`{revision}` has no knowledge folder `{folder}`"
        help = "name the folder with --knowledge, or a revision that has it"
        raise Invalid([Diagnostic("V103", "error", text, help=help)])
    return files_of(Path(f"{revision}:{folder}"), content)
