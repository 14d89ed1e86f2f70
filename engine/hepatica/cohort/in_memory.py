"""A table answered for a program: frames instead of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.answers import Answerer, Shape, asked_of
from hepatica.cohort.check import Check, check
from hepatica.cohort.frames import Given, table_of
from hepatica.cohort.inputs import FILE, ROW
from hepatica.cohort.job import Job, answer
from hepatica.cohort.mapping import plain_mapping, read_mapping
from hepatica.cohort.reading import MARK, Reading
from hepatica.cohort.stream import about_files
from hepatica.cohort.summary import Summary, summary
from hepatica.diagnostics import Invalid


class Answered(NamedTuple):
    """What a table was told: the rows of a result, and how many were told what.

    `rows` are those that `hepatica cohort` writes, long or wide; `rejects` the rows that could not
    be used (none, unless that was allowed), as they were, with file, row and reason.
    """

    rows: pl.DataFrame
    summary: Summary
    rejects: pl.DataFrame


def evaluate_cohort(
    patients: Given,
    knowledge: ir.Knowledge,
    guidelines: Iterable[ir.Guideline],
    *,
    mapping: Path | str | None,
    shape: Shape,
    by: Sequence[str],
    brief: bool,
    kinds: Sequence[str],
    skip_unusable: bool,
) -> Answered:
    """Do what `hepatica.evaluate_cohort` says. Raises `Invalid`."""
    chosen = list(guidelines)
    reading = _reading(patients, knowledge, mapping, by)
    found = check(reading, asked_of(chosen))
    refuse_unusable(found, skip=skip_unusable)
    rejects = reading.patients(places=True).filter(reading.is_trouble()).select(
        pl.col(FILE).alias("file"), pl.col(ROW).alias("row"), *reading.rejected()
    )  # fmt: skip
    answerer = Answerer(knowledge, chosen, shape=shape, keep=reading.keep, by=by, brief=brief,
                        kinds=kinds)  # fmt: skip
    kept = _Kept()
    done = answer(Job(reading, found, answerer, {}), None, kept, None)
    with about_files(reading):
        rejected = rejects.collect()
    summed = summary(
        chosen, done.counts, done.missing, by, patients=found.rows - len(rejected),
        rejected=len(rejected), synthetic=MARK in reading.table.columns,
    )  # fmt: skip
    return Answered(pl.concat(kept.frames), summed, rejected)


class _Kept:
    """A result that stays in memory."""

    def __init__(self) -> None:
        self.frames: list[pl.DataFrame] = []

    def write(self, frame: pl.DataFrame) -> None:
        self.frames.append(frame)


def refuse_unusable(found: Check, *, skip: bool) -> None:
    """Raise `Invalid` with every kind of cell that cannot be used, unless these are skipped."""
    if not found.clean and not skip:
        raise Invalid(found.diagnostics())


def _reading(
    patients: Given, knowledge: ir.Knowledge, mapping: Path | str | None, by: Sequence[str]
) -> Reading:
    if mapping is not None:
        columns = read_mapping(Path(mapping), knowledge.facts)
        return Reading(table_of(patients, columns.csv_separator), columns, knowledge.facts, by)
    table = table_of(patients)
    return Reading(table, plain_mapping(table.columns, knowledge.facts, by), knowledge.facts)
