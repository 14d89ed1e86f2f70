"""`hepatica replay`."""

from __future__ import annotations

import datetime
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hepatica.case import Case, CaseReader
from hepatica.case_files import documents
from hepatica.chart.time import FIRST_YEAR, LAST_YEAR
from hepatica.cli.common import (
    FILE,
    guideline_option,
    has_unicode,
    knowledge_option,
    load,
    wants_colour,
    width,
)
from hepatica.cli.output import Ticker
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.replay import replay
from hepatica.run import EngineName, Evaluator, select
from hepatica.turns import Course, to_json
from hepatica.words import Words

if TYPE_CHECKING:
    from hepatica import ir


@click.command("replay")
@click.argument("chart", type=FILE)
@guideline_option
@click.option(
    "--from", "begin", metavar="DATE", help="The first day (default: of the first entry)."
)
@click.option(
    "--to", "end", metavar="DATE",
    help="The last day (default: the `as_of` of the chart, else its last entry).",
)  # fmt: skip
@click.option(
    "--engine", type=click.Choice(["program", "network", "referee"]), default="program",
    help="What answers each day.", show_default=True,
)  # fmt: skip
@click.option("--check", is_flag=True, help="Let the referee confirm every answer.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "html"]), default="text",
    show_default=True,
)  # fmt: skip
@click.option("--full", is_flag=True, help="In text, also the reasons and the statements.")
@knowledge_option
def command(
    chart: str,
    guidelines: tuple[str, ...],
    begin: str | None,
    end: str | None,
    engine: EngineName,
    check: bool,
    form: str,
    full: bool,
    knowledge: Path | None,
) -> None:
    """Replay a chart: what each guideline would have said, whenever something changed.

    CHART is a case file with a `chart`. Every day is answered by itself, so that nothing of its
    future is seen; only days on which something changed are shown.

    \b
    Examples:
      hepatica replay tests/fixtures/charts/flare_on_azathioprine.yaml
      hepatica replay -g easl_2025 --from 2024-01-01 --format html patient.yaml > course.html
    """
    read = load(knowledge)
    chosen = select(read, guidelines)
    found = list(itertools.islice(documents(chart, sys.stdin.buffer), 2))
    if len(found) != 1:
        text = f"`{chart}` holds {'more than one chart' if found else 'no chart'}"
        raise Invalid([Diagnostic("Y111", "error", text, help="give the file of one patient")])
    document = found[0]
    if isinstance(document, Invalid):
        raise document
    case, on = CaseReader(read.facts, read.interventions).days(document)
    first, last = _span(case, begin, end)
    evaluator = Evaluator(read, chosen, engine, check=check)
    with Ticker((last - first).days + 1, "days") as ticker:
        course = replay(evaluator, on, first, last, tick=ticker.tick)
    _write(course, case, read, form, full=full)


def _write(course: Course, case: Case, read: ir.Knowledge, form: str, *, full: bool) -> None:
    if form == "json":
        sys.stdout.buffer.write(to_json(course.replay) + b"\n")
        return
    from hepatica.report.course import page, view

    words = Words(read)
    shown = view(course, words)
    if form == "text":
        from hepatica.report.text import Terminal

        colour = wants_colour(sys.stdout)
        terminal = Terminal(width(), colour=colour, unicode=has_unicode(sys.stdout))
        click.echo(page(shown, terminal, full=full), nl=False, color=colour)
        return
    from hepatica.report import html
    from hepatica.report.picture import picture

    assert case.chart is not None
    text = html.head(shown.title) + html.replay(shown, picture(course, case.chart, words))
    sys.stdout.buffer.write((text + html.tail()).encode())


def _span(case: Case, begin: str | None, end: str | None) -> tuple[datetime.date, datetime.date]:
    """Decide the first and the last day. Raises `Invalid` (D102, D115)."""
    assert case.chart is not None
    first = _day(begin, "--from")
    last = _day(end or case.as_of, "--to")
    days = case.chart.days()
    if first is None and days is not None:
        first = datetime.date.fromordinal(days.first)
    if last is None and days is not None:
        last = datetime.date.fromordinal(days.last)
    if first is None or last is None:
        text = "no entry of the chart has a date, so there is no day to answer for"
        help = "give --from and --to, or dates to the entries"
        raise Invalid([Diagnostic("D115", "error", text, file=case.file, help=help)])
    if first > last:
        text = f"the replay would end ({last}) before it begins ({first})"
        raise Invalid([Diagnostic("D102", "error", text, help="mend --from or --to")])
    return first, last


def _day(text: str | None, option: str) -> datetime.date | None:
    if text is None:
        return None
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        message = f"`{text}` is not a day of the calendar"
        help = f"write {option} as 2025-09-01"
        raise Invalid([Diagnostic("D102", "error", message, help=help)])
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        message = f"a chart is not answered for `{text}`"
        help = f"give {option} a date from {FIRST_YEAR} to {LAST_YEAR}"
        raise Invalid([Diagnostic("D115", "error", message, help=help)])
    return found
