"""Writing the patients that a proof found as case files: all of them, or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.diff.data import Diff, Reason, Witness


def check_folder(folder: Path) -> None:
    """Raise `Invalid` (Y111) unless cases can be written to a folder: it is new, or empty.

    Cases of an earlier comparison would otherwise lie among those of this one.
    """
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        what = "is not empty" if folder.is_dir() else "is not a folder"
        help = "name a new folder for the patients, or empty it first"
        raise Invalid([Diagnostic("Y111", "error", f"`{folder}` {what}", str(folder), help=help)])


def write(diff: Diff, folder: Path) -> int:
    """Write every witness as a case file; give how many there are.

    They are written elsewhere and moved in one step, so that a run that is broken off leaves
    nothing. Raises `Invalid` as `check_folder` does.
    """
    check_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    number = 0
    try:
        for witness, told in every(diff):
            text = case(witness, told, (diff.old.asked, diff.new.asked))
            (made / f"{witness.name}.yaml").write_text(text, encoding="utf-8")
            number += 1
        made.chmod(0o755)  # a temporary folder is its owner's alone
        os.replace(made, folder)  # also over an empty folder
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return number


def every(diff: Diff) -> Iterator[tuple[Witness, str]]:
    """List all witnesses, each with what it is about."""
    for witness in diff.applies.witnesses:
        yield witness, "whom the guideline is for"
    for pair in diff.pairs:
        for witness in pair.witnesses:
            yield witness, " and ".join(name for name in pair.names if name)
    for told in diff.proof.tellings if diff.proof else ():
        for witness in told.witnesses:
            yield witness, told.says


def case(witness: Witness, told: str, sides: tuple[str, str]) -> str:
    """Write a witness as a case, with what the two sides say of it in a comment."""
    import yaml

    head = [f"# Found by hepatica diff --prove: {told}"]
    for side, reason in zip(sides, (witness.old, witness.new), strict=True):
        head.append(f"#   {side}: {_said(reason)}")
    data = {
        "id": witness.name,
        "title": f"Smallest patient for whom {sides[0]} and {sides[1]} differ: {told}",
        "synthetic": True,
        "facts": witness.facts,
    }
    body = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    return "\n".join(head) + "\n" + body


def _said(reason: Reason) -> str:
    missing = f", waits for {', '.join(reason.missing)}" if reason.missing else ""
    return (reason.status + missing).replace("\n", " ")
