"""Two guidelines compared over a table, for a program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hepatica import ir
from hepatica.cohort.frames import Given
from hepatica.cohort.in_memory import refuse_unusable
from hepatica.diff import Finder
from hepatica.diff.cohort.data import CohortDiff
from hepatica.diff.cohort.run import Population, is_synthetic
from hepatica.diff.data import Compared
from hepatica.diff.sides import compared


def diff_cohort(
    old: str | ir.Guideline,
    new: str | ir.Guideline,
    patients: Given,
    knowledge: ir.Knowledge | None,
    *,
    mapping: Path | str | None,
    by: Sequence[str],
    hide_below: int,
    skip_unusable: bool,
) -> CohortDiff:
    """Do what `hepatica.diff_cohort` says. Raises `Invalid`."""
    finder = Finder(None, knowledge)
    population = Population(_side(finder, old), _side(finder, new), by)
    reading = population.reading(patients, None if mapping is None else Path(mapping))
    found = population.check(reading)
    refuse_unusable(found, skip=skip_unusable)
    tally = population.count(reading, clean=found.clean)
    return population.result(
        tally, rejected=found.unusable, synthetic=is_synthetic(reading), least=hide_below
    )


def _side(finder: Finder, asked: str | ir.Guideline) -> Compared:
    if isinstance(asked, str):
        return finder.find(asked)
    return compared(asked.id, finder.named(), asked)
