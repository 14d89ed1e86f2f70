"""`hepatica diff --cohort`: two guidelines over a table of patients."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from hepatica.cli.cohort import how_to_go_on
from hepatica.cli.common import count, has_unicode, show, wants_colour, width
from hepatica.cli.interrupted import interruptible
from hepatica.cli.output import Ticker
from hepatica.cohort import need_polars
from hepatica.diagnostics import Invalid
from hepatica.diff import Finder

if TYPE_CHECKING:
    from hepatica.diff.cohort.data import CohortDiff
    from hepatica.diff.data import Compared

Command = TypeVar("Command", bound=Callable[..., Any])


class Asked(NamedTuple):
    """What the options say."""

    cohort: tuple[str, ...]
    map_file: Path | None
    by: tuple[str, ...]
    rejects: str | None
    hide_below: int

    @property
    def empty(self) -> bool:
        """Say whether nothing is asked of a cohort."""
        return self == ((), None, (), None, 0)


_OPTIONS = (
    click.option(
        "--cohort", multiple=True, metavar="FACTS",
        help="A table of patients: a file, pattern or folder; may be repeated.",
    ),
    click.option(
        "--map", "map_file", type=click.Path(path_type=Path), metavar="FILE",
        help="With --cohort: what its columns mean (default: their names are facts).",
    ),
    click.option("--by", multiple=True, metavar="COLUMN", help="With --cohort: by subgroups, too."),
    click.option(
        "--rejects", metavar="FILE",
        help="With --cohort: write rows that cannot be used there, and go on with the others.",
    ),
    click.option(
        "--hide-below", type=click.IntRange(0), default=0, metavar="N",
        help="With --cohort: do not show numbers of patients from 1 to below N.",
    ),
)  # fmt: skip


def options(command: Command) -> Command:
    """Add the options that are about a cohort."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def run(finder: Finder, old: str, new: str, asked: Asked, form: str, *, full: bool) -> None:
    """Compare over a table, and write what was found. Exits with 0, 1 or 2."""
    need_polars()
    sides = finder.find(old), finder.find(new)
    with interruptible():
        found = _compare(sides, asked)
    sys.stdout.buffer.write(_written(found, sides, form, full=full).encode())
    sys.stdout.flush()
    sys.exit(0 if found.same else 1)


def _compare(sides: tuple[Compared, Compared], asked: Asked) -> CohortDiff:
    from hepatica.cohort.run import write_rejects
    from hepatica.diff.cohort.run import Population, is_synthetic

    population = Population(*sides, asked.by)
    reading = population.reading(asked.cohort, asked.map_file)
    show(reading.doubts)
    checked = population.check(reading)
    rejected = 0
    if not checked.clean:
        if not asked.rejects:
            raise Invalid([*checked.diagnostics(), how_to_go_on(checked)])
        rejected = write_rejects(reading, asked.rejects)
        click.echo(f"{count(rejected, 'row')} of {checked.rows:,} cannot be used: "
                   f"{asked.rejects}", err=True)  # fmt: skip
    with Ticker(checked.rows - checked.unusable, "patients") as ticker:
        tally = population.count(reading, clean=checked.clean, tick=ticker.advance)
    return population.result(
        tally, rejected=rejected, synthetic=is_synthetic(reading), least=asked.hide_below
    )


def _written(found: CohortDiff, sides: tuple[Compared, Compared], form: str, *, full: bool) -> str:
    from hepatica.diff.cohort.data import to_json
    from hepatica.report import cohort_diff_pages, cohort_diff_text
    from hepatica.report.cohort_diff import view
    from hepatica.report.text import Terminal

    if form == "json":
        return to_json(found).decode() + "\n"
    shown = view(found)
    if form == "text":
        terminal = Terminal(
            width(), colour=wants_colour(sys.stdout), unicode=has_unicode(sys.stdout), full=full
        )
        return cohort_diff_text.page(shown, terminal)
    if form == "markdown":
        return cohort_diff_pages.markdown(shown)
    return cohort_diff_pages.html(shown)
