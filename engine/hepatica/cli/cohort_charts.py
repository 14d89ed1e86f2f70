"""`hepatica cohort --charts`: long tables of dated entries become the table of facts."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hepatica.cli.common import count
from hepatica.cli.output import Ticker
from hepatica.diagnostics import Diagnostic, Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hepatica import ir
    from hepatica.cohort.charts.bulk import Bulk
    from hepatica.cohort.charts.tables import Opened

_MOST_CODES = 20
_TRIES, _PATIENCE = 50, 0.1
"""How often a folder is removed until it is gone, and the seconds between."""
_ONE_BY_ONE = "by the single chart (dates known to the month, corrected entries, an order)"


class FactTable(NamedTuple):
    """A table of facts that was written: its path, columns to keep, patients who are not in it."""

    path: str
    keep: tuple[str, ...]
    rejected: int


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """Give a folder for files that nobody needs afterwards; whatever happens, it goes.

    Raises `Invalid` (D317) when there can be none.
    """
    import tempfile

    from hepatica.cohort.write import cannot_write

    try:
        folder = tempfile.mkdtemp(prefix="hepatica-")
    except OSError as error:
        raise cannot_write(tempfile.gettempdir(), error) from None
    try:
        yield folder
    finally:
        # What Polars was writing when it was stopped may still come into being for a moment.
        for _ in range(_TRIES):
            shutil.rmtree(folder, ignore_errors=True)
            if not os.path.exists(folder):
                break
            time.sleep(_PATIENCE)


def chart_facts(
    read: ir.Knowledge, chosen: Iterable[ir.Guideline], options: Mapping[str, Any], scratch: str
) -> FactTable:
    """Work the facts out, and write them where `--facts` says, or into a scratch folder.

    Raises `Invalid` with what is wrong with the tables, unless there is a place for rejects.
    """
    from hepatica.case import CaseReader
    from hepatica.cohort.answers import leaves_of
    from hepatica.cohort.charts.bulk import work
    from hepatica.cohort.charts.tables import open_tables
    from hepatica.cohort.charts.trouble import problems
    from hepatica.cohort.charts.wide import asked_whether_known
    from hepatica.cohort.mapping import plain_mapping, read_mapping
    from hepatica.cohort.write import write_whole

    plain = plain_mapping((), read.facts)
    file = options["map_file"]
    mapping = plain if file is None else read_mapping(file, read.facts)
    keep = tuple(dict.fromkeys((*mapping.keep, *options["by"])))
    extra = tuple(name for name in keep if name not in read.facts)
    tables = open_tables(options["charts"], mapping.charts, mapping.csv_separator, extra)
    _not_over(tables, options)
    names = CaseReader(read.facts, read.interventions).names
    answers = any(options[to] for to in ("out", "summary_to", "check_only"))
    leaves = (leaf for g in chosen if answers for leaf in leaves_of(g))
    with Ticker(sum(table.rows for table in tables.values()), "rows") as ticker:
        found = work(tables, mapping.charts, names, read.facts, Path(scratch), options["as_of"],
                     extra, asked_whether_known(leaves), ticker.advance)  # fmt: skip
    _tell(found, tables)
    if found.bad and not options["rejects"]:
        files = {name: table.file for name, table in tables.items()}
        raise Invalid(problems(found.kinds, found.bad, files))
    if found.bad:
        write_whole(options["rejects"], found.rejects())
        patients = count(found.bad, "patient")
        click.echo(f"{patients} cannot be used: {options['rejects']}", err=True)
    if options["facts_to"]:
        write_whole(options["facts_to"], found.table())
        click.echo(f"{count(found.patients, 'patient')}: {options['facts_to']}", err=True)
    if not found.usable:
        text = "no patient has a chart that can be answered"
        raise Invalid([Diagnostic("D316", "error", text, help="see what is told of the rows")])
    path = str(Path(scratch) / "facts.parquet")
    if answers:
        write_whole(path, found.table(usable=True))
    return FactTable(path, extra, found.bad)


def _not_over(tables: Mapping[str, Opened], options: Mapping[str, Any]) -> None:
    """Refuse to write over a table. Raises `Invalid` (D318)."""
    parts = {os.path.realpath(p.path) for opened in tables.values() for p in opened.table.parts}
    for key in ("out", "facts_to", "rejects", "summary_to"):
        to = options[key]
        if to and os.path.realpath(to) in parts:
            text = f"`{to}` is where a table of the charts lies"
            help = "choose another place for the result"
            raise Invalid([Diagnostic("D318", "error", text, file=to, help=help)])


def _tell(found: Bulk, tables: Mapping[str, Opened]) -> None:
    """Say what was read, what is not used, and how the facts were worked out."""
    sizes = ", ".join(f"{table.rows:,} rows of {name}" for name, table in tables.items())
    click.echo(f"charts of {count(found.patients, 'patient')}: {sizes}", err=True)
    if found.exact:
        click.echo(f"  {count(found.exact, 'patient')} worked out {_ONE_BY_ONE}", err=True)
    if found.excluded:
        click.echo(f"  {count(found.excluded, 'fact')} not used, since facts of a chart exclude "
                   "each other (D118)", err=True)  # fmt: skip
    for name, table in tables.items():
        if table.unused:
            click.echo(f"  {name}: columns not used: {', '.join(table.unused)}", err=True)
        codes = sorted(found.codes.get(name, {}).items(), key=lambda code: (-code[1], code[0]))
        if codes:
            shown = ", ".join(f"{code} ({n:,})" for code, n in codes[:_MOST_CODES])
            click.echo(f"  {name}: codes not used: {shown}", err=True)
    if found.bounds:
        shown = ", ".join(f"{name} ({n:,})" for name, n in sorted(found.bounds.items()))
        text = "only bounds are known, which a table is not asked about (missing there): "
        click.echo(f"  {text}{shown}", err=True)


def write_synthetic(read: ir.Knowledge, folder: str, number: int, seed: int) -> None:
    """Write invented charts into a folder. Raises `Invalid` (D317) when it cannot be written."""
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
