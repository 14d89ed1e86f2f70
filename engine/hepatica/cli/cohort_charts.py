"""`hepatica cohort --charts`: long tables of dated entries become the table of facts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hepatica.cli.common import count
from hepatica.cli.output import Ticker
from hepatica.diagnostics import Diagnostic, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hepatica import ir
    from hepatica.cohort.charts.read import ReadCharts
    from hepatica.cohort.charts.tables import Loaded

_MOST_CODES = 20
_ONE_BY_ONE = "by the single chart (dates known to the month, corrected entries)"


class FactTable(NamedTuple):
    """A table of facts that was written: its path, columns to keep, patients who are not in it."""

    path: str
    keep: tuple[str, ...]
    rejected: int


def chart_facts(read: ir.Knowledge, options: Mapping[str, Any], scratch: str) -> FactTable:
    """Work the facts out, and write them where `--facts` says, or into a scratch folder.

    Raises `Invalid` with what is wrong with the tables, unless there is a place for rejects.
    """
    from hepatica.case import CaseReader
    from hepatica.cohort.charts.derive import derive
    from hepatica.cohort.charts.read import read_charts
    from hepatica.cohort.charts.tables import load_tables
    from hepatica.cohort.charts.trouble import problems
    from hepatica.cohort.charts.wide import bounded, kept, wide
    from hepatica.cohort.mapping import plain_mapping, read_mapping
    from hepatica.cohort.write import Sink

    plain = plain_mapping((), read.facts)
    file = options["map_file"]
    mapping = plain if file is None else read_mapping(file, read.facts)
    keep = tuple(dict.fromkeys((*mapping.keep, *options["by"])))
    extra = tuple(name for name in keep if name not in read.facts)
    tables = load_tables(options["charts"], mapping.charts, mapping.csv_separator, extra)
    _not_over(tables, options)
    names = CaseReader(read.facts, read.interventions).names
    found = read_charts(tables, mapping.charts, names, options["as_of"])
    facts = derive(found.charts, names)
    table = kept(wide(found.charts, facts, read.facts), tables.get("patients"), extra)
    wrong = found.wrong
    _tell(found, len(table), facts.exact, facts.excluded, bounded(table))
    if len(wrong) and not options["rejects"]:
        raise Invalid(problems(wrong, found.files))
    if len(wrong):
        with Sink(options["rejects"]) as sink:
            sink.write(wrong)
        patients = count(wrong["patient"].n_unique(), "patient")
        click.echo(f"{patients} cannot be used: {options['rejects']}", err=True)
    if options["facts_to"]:
        with Sink(options["facts_to"]) as sink:
            sink.write(table)
        click.echo(f"{count(len(table), 'patient')}: {options['facts_to']}", err=True)
    if not len(table):
        text = "no patient has a chart that can be answered"
        raise Invalid([Diagnostic("D316", "error", text, help="see what is told of the rows")])
    path = str(Path(scratch) / "facts.parquet")
    with Sink(path) as sink:
        sink.write(table)
    return FactTable(path, extra, wrong["patient"].n_unique())


def _not_over(tables: Mapping[str, Loaded], options: Mapping[str, Any]) -> None:
    """Refuse to write over a table. Raises `Invalid` (D318)."""
    for key in ("out", "facts_to", "rejects", "summary_to"):
        to = options[key]
        for loaded in tables.values() if to else ():
            if os.path.realpath(to) == os.path.realpath(loaded.file):
                text = f"`{to}` is where a table of the charts lies"
                help = "choose another place for the result"
                raise Invalid([Diagnostic("D318", "error", text, file=to, help=help)])


def _tell(
    found: ReadCharts, patients: int, exact: int, excluded: int, bounds: Mapping[str, int]
) -> None:
    """Say what was read, what is not used, and how the facts were worked out."""
    sizes = ", ".join(f"{n:,} rows of {name}" for name, n in found.rows.items())
    click.echo(f"charts of {count(patients, 'patient')}: {sizes}", err=True)
    if exact:
        click.echo(f"  {count(exact, 'patient')} worked out {_ONE_BY_ONE}", err=True)
    if excluded:
        click.echo(f"  {count(excluded, 'fact')} not used, since facts of a chart exclude each "
                   "other (D118)", err=True)  # fmt: skip
    for name, (columns, codes) in found.unused.items():
        if columns:
            click.echo(f"  {name}: columns not used: {', '.join(columns)}", err=True)
        if codes:
            shown = ", ".join(f"{code} ({n:,})" for code, n in list(codes.items())[:_MOST_CODES])
            click.echo(f"  {name}: codes not used: {shown}", err=True)
    if bounds:
        shown = ", ".join(f"{name} ({n:,})" for name, n in sorted(bounds.items()))
        click.echo(f"  only bounds are known of: {shown}", err=True)


def write_synthetic(read: ir.Knowledge, folder: str, number: int, seed: int) -> None:
    """Write invented charts into a folder. Raises `Invalid` (D317) when it cannot be written."""
    import contextlib

    from hepatica.case import CaseReader
    from hepatica.cohort.charts.synthesize import synthesize_charts
    from hepatica.cohort.charts.tables import COLUMNS
    from hepatica.cohort.write import Sink, cannot_write

    where = Path(folder)
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
    names = CaseReader(read.facts, read.interventions).names
    about = f"invented charts, drawn at random with seed {seed}: not a population"
    told = {"hepatica.synthetic": "true", "hepatica.about": about}
    with Ticker(number, "patients") as ticker, contextlib.ExitStack() as stack:
        sinks = {
            name: stack.enter_context(Sink(str(where / f"{name}.parquet"), told))
            for name in COLUMNS
        }
        for part in synthesize_charts(names, number, seed):
            for name, frame in part.items():
                sinks[name].write(frame)
            ticker.advance(len(part["patients"]))
    click.echo(f"{folder}: {count(number, 'patient')}, {about}", err=True)
