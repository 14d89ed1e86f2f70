"""`hepatica cohort`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from hepatica.cli.common import count, guideline_option, knowledge_option, load, refuse_unused, show
from hepatica.cli.interrupted import interruptible
from hepatica.cli.output import Ticker
from hepatica.cohort import need_polars
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.run import select

if TYPE_CHECKING:
    from hepatica import ir
    from hepatica.cli.cohort_charts import FactTable
    from hepatica.cohort.check import Check
    from hepatica.cohort.job import Done
    from hepatica.cohort.reading import Reading


@click.command("cohort")
@click.argument("facts", nargs=-1)
@guideline_option
@click.option("-o", "--output", "out", metavar="OUT",
              help="The result: a .parquet, .csv or .ndjson file, or a folder.")  # fmt: skip
@click.option("--map", "map_file", type=click.Path(path_type=Path), metavar="FILE",
              help="What the columns mean (default: their names are facts).")  # fmt: skip
@click.option("--charts", metavar="FOLDER",
              help="Work the facts out of the tables of dated entries there.")  # fmt: skip
@click.option("--as-of", metavar="DATE",
              help="For --charts: the day (default: a column of the patients).")  # fmt: skip
@click.option("--facts", "facts_to", metavar="FILE",
              help="For --charts: write the facts there, with their bounds.")  # fmt: skip
@click.option("--shape", type=click.Choice(["long", "wide"]), default="long", show_default=True,
              help="A row for each thing that is said, or a row a patient.")  # fmt: skip
@click.option("--brief", is_flag=True, help="Long without the column of missing facts: faster.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(
              ["recommendation", "contraindication", "caution", "definition"]),
              help="Tell only of such statements, and whether guidelines apply.")  # fmt: skip
@click.option("--check", "check_only", is_flag=True, help="Look at the table only.")
@click.option("--rejects", metavar="FILE",
              help="Write rows that cannot be used there, and go on with the others.")  # fmt: skip
@click.option("--summary", "summary_to", metavar="FILE",
              help="Sum up by statement; - or a .txt, .md or .json file.")  # fmt: skip
@click.option("--by", multiple=True, metavar="COLUMN", help="Sum up by subgroups, too.")
@click.option("--synthesize", type=click.IntRange(1, 1_000_000_000), metavar="N",
              help="Invent N patients instead, into OUT (or charts, into --charts).")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="For --synthesize.")
@click.option("--missing", type=click.FloatRange(0, 1), default=0.2, show_default=True,
              help="For --synthesize: the share of cells that are not given.")  # fmt: skip
@click.option("--on", metavar="MASTER",
              help="Work on many machines: a Spark master, as spark://HOST:7077.")  # fmt: skip
@click.option("--spark-conf", multiple=True, metavar="NAME=VALUE", help="A setting of Spark.")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text",
              show_default=True, help="How --check and --summary - are written.")  # fmt: skip
@knowledge_option
def command(facts: tuple[str, ...], knowledge: Path | None, **options: Any) -> None:
    """Answer a table of patients: every guideline for every row, and what is missing.

    FACTS are Parquet, Arrow, CSV or NDJSON files, patterns, or folders. The table is checked before
    the work starts: a row that cannot be used stops it, unless --rejects says where such rows go.
    A folder as OUT gets a file for each file of the table, and a rerun does only what is not done.

    \b
    Examples:
      hepatica cohort --synthesize 10000 --seed 1 -o invented.parquet
      hepatica cohort registry.csv --map registry.yaml --check
      hepatica cohort registry.csv --map registry.yaml -g easl_2025 -o answers.parquet --summary -
      hepatica cohort --charts tables/ --as-of 2024-06-10 -o answers.parquet
      hepatica cohort registry.parquet --on spark://HOST:7077 -o answers/
    """
    need_polars()
    _refuse_unused(options)
    read = load(knowledge)
    with interruptible():
        if options["synthesize"]:
            _synthesize(read, facts, options)
        elif options["charts"]:
            _charts(read, facts, options)
        elif not facts:
            raise click.UsageError("name the files of the table, or use --charts or --synthesize")
        else:
            _cohort(read, facts, options)


def _refuse_unused(options: dict[str, Any]) -> None:
    """Refuse options that another one leaves without use. Raises `click.UsageError`."""
    if options["synthesize"]:
        other = ("map_file", "as_of", "facts_to", "shape", "brief", "kinds", "check_only",
                 "rejects", "summary_to", "by", "on", "spark_conf", "form")  # fmt: skip
        refuse_unused(other, "not with --synthesize")
        if options["charts"]:
            refuse_unused(["guidelines", "missing"], "not with --synthesize --charts")
        return
    refuse_unused(["seed", "missing"], "only with --synthesize")
    if not options["charts"]:
        refuse_unused(["as_of", "facts_to"], "only with --charts")
    if options["check_only"]:
        other = ("out", "summary_to", "by", *(() if options["charts"] else ("rejects",)))
        refuse_unused(other, "not with --check, which looks at the table only")
        if options["form"] == "markdown":
            raise click.UsageError("--check is shown as text or json")
    elif options["summary_to"] != "-":
        refuse_unused(["form"], "only with --check or --summary -")
    if not options["out"]:
        refuse_unused(["shape", "brief", "kinds"], "only with a result (-o)")
    elif options["shape"] == "wide":
        refuse_unused(["brief"], "not with --shape wide, which does not tell what is missing")


def _charts(read: ir.Knowledge, facts: tuple[str, ...], options: dict[str, Any]) -> None:
    """Work the facts of charts out into a table, and answer that."""
    from hepatica.cli.cohort_charts import chart_facts, scratch_folder

    if options["on"]:
        raise click.UsageError("--charts works on this machine only: write --facts, then use --on")
    if facts:
        raise click.UsageError("--charts takes its tables from its folder, and no other table")
    select(read, options["guidelines"])  # a name that is none is told before the work
    with scratch_folder() as scratch:
        table = chart_facts(read, options, scratch)
        if any(options[to] for to in ("out", "summary_to", "check_only")):
            _cohort(read, (table.path,), {**options, "map_file": None}, table)


def _cohort(
    read: ir.Knowledge, facts: tuple[str, ...], options: dict[str, Any],
    charts: FactTable | None = None,
) -> None:  # fmt: skip
    """Check and answer a table; one worked out of `charts` leaves out those that were rejected."""
    from hepatica.cohort.answers import Answerer, asked_of
    from hepatica.cohort.check import check
    from hepatica.cohort.job import Job, told_of
    from hepatica.cohort.run import count as count_only
    from hepatica.cohort.run import to_file, to_folder, write_rejects

    out, summary_to = options["out"], options["summary_to"]
    if not (out or summary_to or options["check_only"]):
        raise click.UsageError("say where the result goes (-o), or use --summary or --check")
    if options["by"] and not summary_to:
        raise click.UsageError("--by is for a --summary")
    if options["on"]:
        from hepatica.cli.cohort_spark import cohort as on_spark

        def sum_up(chosen: list[ir.Guideline], done: Done, reading: Reading, rejected: int) -> None:
            _sum_up(read, chosen, done, reading, rejected, options)

        on_spark(read, facts, options, _show_check, sum_up)
        return
    if options["spark_conf"]:
        raise click.UsageError("--spark-conf is for --on")
    chosen = select(read, options["guidelines"])
    reading = _reading(read, facts, options, charts)
    rejected = charts.rejected if charts else 0
    shape = options["shape"] if out else None
    answerer = Answerer(read, chosen, shape=shape, keep=reading.keep, by=options["by"],
                        sums=summary_to is not None, brief=options["brief"],
                        kinds=options["kinds"])  # fmt: skip
    show(reading.doubts)
    found = check(reading, asked_of(chosen))
    if options["check_only"]:
        _show_check(found, options["form"])
        return
    if not found.clean:
        if not options["rejects"]:
            raise Invalid([*found.diagnostics(), how_to_go_on(found)])
        rejected += write_rejects(reading, options["rejects"])
        click.echo(f"{count(rejected, 'row')} of {found.rows:,} cannot be used: "
                   f"{options['rejects']}", err=True)  # fmt: skip
        if rejected == found.rows:
            raise Invalid([_nobody_is_left(found)])
    job = Job(reading, found, answerer, told_of(chosen, reading, shape))
    with Ticker(found.rows - found.unusable, "patients") as ticker:
        if out is None:
            done = count_only(job, ticker.advance)
        elif out.endswith("/") or Path(out).is_dir():
            done = to_folder(job, out, ticker.advance)
        else:
            done = to_file(job, out, ticker.advance)
    _told(done, out)
    if summary_to:
        _sum_up(read, chosen, done, reading, rejected, options)


def _reading(
    read: ir.Knowledge, facts: tuple[str, ...], options: dict[str, Any], charts: FactTable | None
) -> Reading:
    from hepatica.cohort.inputs import open_table
    from hepatica.cohort.mapping import plain_mapping, read_mapping
    from hepatica.cohort.reading import Reading

    if options["map_file"] is not None:
        mapping = read_mapping(options["map_file"], read.facts)
        return Reading(open_table(facts, mapping.csv_separator), mapping, read.facts, options["by"])
    table = open_table(facts)
    keep = charts.keep if charts else ()
    mapping = plain_mapping(table.columns, read.facts, (*keep, *options["by"]))
    return Reading(table, mapping, read.facts, may_be_empty=charts is not None)


def _show_check(found: Check, form: str) -> None:
    from hepatica.report.cohort import check_text

    if form == "json":
        click.echo(msgspec.json.encode(found).decode())
    else:
        click.echo(check_text(found), nl=False)
        show(found.diagnostics())
    if not found.clean:
        sys.exit(2)


def how_to_go_on(found: Check) -> Diagnostic:
    """Say what to do when rows cannot be used."""
    rows = count(found.unusable, "row")
    text = f"{rows} of {found.rows:,} cannot be used, so nothing was answered"
    help = "mend them, or use `--rejects FILE` to write them there and go on with all others"
    return Diagnostic("D316", "error", text, help=help)


def _nobody_is_left(found: Check) -> Diagnostic:
    text = f"none of the {count(found.rows, 'row')} can be used, so nothing was answered"
    help = "their reasons are among the rejects; is a column mapped to another fact or unit?"
    return Diagnostic("D316", "error", text, help=help)


def _told(done: Done, out: str | None) -> None:
    if out is not None:
        before = f" ({count(done.skipped, 'file')} done before)" if done.skipped else ""
        click.echo(f"{count(done.patients, 'patient')}, {count(done.rows, 'row')}{before}: {out}",
                   err=True)  # fmt: skip


def _sum_up(
    read: ir.Knowledge, chosen: list[ir.Guideline], done: Done, reading: Reading, rejected: int,
    options: dict[str, Any],
) -> None:  # fmt: skip
    from hepatica.cohort.reading import MARK
    from hepatica.cohort.summary import summary
    from hepatica.cohort.write import cannot_write
    from hepatica.report.cohort import summary_markdown, summary_text
    from hepatica.words import Words

    found = summary(chosen, done.counts, done.missing, options["by"], patients=done.patients,
                    rejected=rejected, synthetic=MARK in reading.table.columns)  # fmt: skip
    to = options["summary_to"]
    forms = {".json": "json", ".md": "markdown"}
    form = options["form"] if to == "-" else forms.get(Path(to).suffix, "text")
    if form == "json":
        text = msgspec.json.encode(found).decode() + "\n"
    else:
        text = (summary_markdown if form == "markdown" else summary_text)(found, Words(read))
    if to == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(to).write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(to, error) from None


def _synthesize(read: ir.Knowledge, facts: tuple[str, ...], options: dict[str, Any]) -> None:
    from hepatica.cohort.synthesize import describe, synthesize
    from hepatica.cohort.write import Sink

    if options["charts"] and not facts and not options["out"]:
        from hepatica.cli.cohort_charts import write_synthetic

        write_synthetic(read, options["charts"], options["synthesize"], options["seed"])
        return
    if facts or options["charts"] or not options["out"]:
        text = "--synthesize takes no table, and writes one (-o), or charts (--charts)"
        raise click.UsageError(text)
    number, seed, missing = options["synthesize"], options["seed"], options["missing"]
    chosen = select(read, options["guidelines"])
    told = {"hepatica.synthetic": "true", "hepatica.about": describe(number, seed, missing)}
    with Ticker(number, "patients") as ticker, Sink(options["out"], told) as sink:
        for frame in synthesize(read, chosen, number, seed, missing):
            sink.write(frame)
            ticker.advance(len(frame))
    click.echo(f"{options['out']}: {told['hepatica.about']}", err=True)
