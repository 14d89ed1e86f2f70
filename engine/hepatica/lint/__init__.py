"""Everything that can be said against knowledge files without a solver.

Loading already refuses what has no meaning. The rules here ask for more: that examples are there
and come true, that units are UCUM, that citations are used. Each rule is a module of
`hepatica.lint.rules` with its documentation, and a function `check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hepatica.diagnostics import Diagnostic, ordered
from hepatica.files import read_files
from hepatica.ledger import read_ledgers
from hepatica.lint.context import Context
from hepatica.lint.rules import (
    anchors,
    derivations,
    examples_agree,
    examples_present,
    placeholders,
    references,
    units,
)
from hepatica.load import load_files

RULES: tuple[Callable[[Context], Iterator[Diagnostic]], ...] = (
    examples_present.check,
    examples_agree.check,
    units.check,
    derivations.check,
    references.check,
    anchors.check,
    placeholders.check,
)


def lint(root: Path | str | None = None) -> list[Diagnostic]:
    """Check a knowledge folder (default: the shipped one): every diagnostic, in order of place.

    Raises `Invalid` when the folder is not a knowledge folder.
    """
    files = read_files(Path(root) if root is not None else None)
    loaded = load_files(files)
    found = list(loaded.diagnostics)
    context = Context(loaded.knowledge, loaded.documents, files)
    # What cannot be read or makes no sense has been told; its examples would only repeat it.
    context.broken = {d.file for d in found}
    if any(d.code in ("N109", "N114") for d in found):
        return ordered(found)
    for rule in RULES:
        found += rule(context)
    found += read_ledgers(loaded.knowledge, files.root, loaded.documents).diagnostics
    return ordered(found)
