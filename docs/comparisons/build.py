"""The comparisons that are published here: `make docs` builds them, a test keeps them up to date.

    python docs/comparisons/build.py

Each is proved over every patient, as `hepatica diff --prove` does it, and written as markdown and
as one HTML page. At its end stands a stamp: the hash of the same pages without the proof, which
take a second to make. It changes with the knowledge, the words and the layout, so that a test sees
cheaply that the pages are old.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from hepatica.diff import Finder, compare
from hepatica.diff.data import Compared, Diff
from hepatica.report import comparison_pages
from hepatica.report.comparison import comparison_view
from hepatica.words import Words

FOLDER = Path(__file__).resolve().parent
PAIRS = (("easl_2025", "aasld_2019"), ("easl_2015", "easl_2025"))
SECONDS = 120.0


def pages(diff: Diff, sides: tuple[Compared, Compared]) -> dict[str, str]:
    """Write a comparison in both forms, by the ending of the file."""
    view = comparison_view(diff, *(Words(side.knowledge) for side in sides))
    return {"md": comparison_pages.markdown(view), "html": comparison_pages.html(view)}


def stamp(sides: tuple[Compared, Compared]) -> str:
    """Give the line that says what a page was made from."""
    plain = pages(compare(*sides), sides)
    digest = hashlib.sha256("".join(plain.values()).encode()).hexdigest()
    return f"<!-- made from sha256:{digest} -->\n"


def built(sides: tuple[Compared, Compared]) -> dict[str, str]:
    """Build both forms of a comparison. Raises `RuntimeError` when a question is not decided."""
    diff = compare(*sides, prove=True, seconds=SECONDS)
    assert diff.proof is not None
    bases = [p.condition.basis for p in diff.pairs if p.condition is not None]
    if {"not_decided", "cases"} & {*bases, *(t.basis for t in diff.proof.tellings)}:
        raise RuntimeError(f"a question was not decided within {SECONDS:g} s")
    line = stamp(sides)
    return {ending: text + line for ending, text in pages(diff, sides).items()}


def main() -> None:
    """Build all of them."""
    finder = Finder()
    for old, new in PAIRS:
        for ending, text in built((finder.find(old), finder.find(new))).items():
            path = FOLDER / f"{old}-{new}.{ending}"
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    main()
