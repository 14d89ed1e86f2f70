"""What only shows over every patient: rules of logic, found by the solver (`lint --logic`).

Each rule is a module with its documentation and a function `check`, as in `hepatica.lint.rules`.
Every patient that is shown was read back as a case and asked of the referee.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hepatica.diagnostics import Diagnostic, has_errors, ordered
from hepatica.files import read_files
from hepatica.lint.context import Context
from hepatica.lint.logic import (
    blocked,
    conflict,
    constant,
    gap,
    idle,
    invisible,
    monotone,
    shadowed,
)
from hepatica.lint.logic.ground import Ground
from hepatica.load import load_files

RULES: tuple[Callable[[Ground], Iterator[Diagnostic]], ...] = (
    constant.check,
    idle.check,
    conflict.check,
    blocked.check,
    invisible.check,
    shadowed.check,
    gap.check,
    monotone.check,
)


def lint_logic(
    root: Path | str | None = None, *, within: str = "", seconds: float = 10.0
) -> list[Diagnostic]:
    """Check the logic of a knowledge folder (default: the shipped one), in order of place.

    With `within`, the path of a file or folder, only guidelines with a statement there are looked
    at.

    `seconds` is the time for each question; what is not decided in it is told (L107). Knowledge
    with errors is not looked at: those come first. Raises `Invalid` when the folder is not a
    knowledge folder, and (E103) where the solver is not installed.
    """
    files = read_files(Path(root) if root is not None else None)
    loaded = load_files(files)
    if has_errors(loaded.diagnostics):
        return []
    context = Context(loaded.knowledge, loaded.documents, files)
    found: list[Diagnostic] = []
    for guideline in loaded.knowledge.guidelines.values():
        if within and not any(_lies_in(s.file, within) for s in guideline.statements):
            continue
        ground = Ground(context, guideline, seconds)
        for rule in RULES:
            found += rule(ground)
    return ordered(found)


def _lies_in(file: str, where: str) -> bool:
    inner, outer = Path(file).absolute(), Path(where).absolute()
    return inner == outer or outer in inner.parents
