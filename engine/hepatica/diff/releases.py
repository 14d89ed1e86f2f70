"""Whether a version of a guideline is ready to be tagged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hepatica.diagnostics import Diagnostic


class Entry(NamedTuple):
    """What a changelog says of a version: its heading, the line, and whether it is dated."""

    heading: str
    line: int
    released: bool


def changelog(path: Path, version: str) -> Entry | None:
    """Find the entry of a version; None where there is none, or no changelog."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r"##\s+\[?v?(\d+\.\d+\.\d+)\]?(.*)$", line)
        if found and found[1] == version:
            return Entry(line, number, "unreleased" not in found[2].casefold())
    return None


def check_changelog(path: Path, version: str) -> Iterator[Diagnostic]:
    """Tell that a changelog does not tell of a version, or still calls it unreleased (C105)."""
    entry = changelog(path, version)
    if entry is None:
        text = f"the changelog has no entry for {version}"
        help = f"write `## {version}` with what has changed, and who is affected"
        yield Diagnostic("C105", "error", text, file=str(path), help=help)
    elif not entry.released:
        text = f"the changelog calls {version} unreleased"
        help = "write the day of the release in its heading"
        yield Diagnostic(
            "C105", "error", text, file=str(path), line=entry.line, column=1,
            end_column=len(entry.heading) + 1, excerpt=entry.heading, help=help,
        )  # fmt: skip
