"""`hepatica cohort --on`: the same over many machines."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hepatica import ir
from hepatica.cli.common import count
from hepatica.cli.common import show as show_diagnostics
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.run import select

if TYPE_CHECKING:
    from hepatica.cohort.check import Check
    from hepatica.cohort.job import Done
    from hepatica.cohort.spark.patients import Patients


def settings_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """Read `NAME=VALUE` pairs of Spark's own settings."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.startswith("spark."):
            raise click.UsageError(f"--spark-conf is spark.NAME=VALUE, not {pair!r}")
        found[name] = value
    return found


def cohort(
    read: ir.Knowledge, facts: tuple[str, ...], options: dict[str, Any], show: Any, sum_up: Any
) -> None:
    """Check, answer and sum up on the machines of a master.

    `show` shows a check, and `sum_up` writes a summary of what is done, as on one machine.
    """
    from hepatica.cohort.mapping import read_mapping
    from hepatica.cohort.spark.files import Output
    from hepatica.cohort.spark.files import read as read_table
    from hepatica.cohort.spark.patients import Patients
    from hepatica.cohort.spark.session import session

    out, by = options["out"], options["by"]
    chosen = select(read, options["guidelines"])
    map_file = options["map_file"]
    mapping = None if map_file is None else read_mapping(map_file, read.facts)
    with contextlib.ExitStack() as ended, tempfile.TemporaryDirectory() as folder, session(
        options["on"], Path(folder), settings_of(options["spark_conf"])
    ) as spark:  # fmt: skip
        source = read_table(spark, facts, mapping.csv_separator if mapping else None)
        asked = Patients(
            spark, source.frame, read, chosen, mapping=mapping, by=by, shape=options["shape"],
            brief=options["brief"], kinds=options["kinds"], name=source.name,
        )  # fmt: skip
        places = {
            name: Output(spark, options[name], source.frame)
            for name in ("out", "rejects") if options[name]
        }  # fmt: skip
        for place in places.values():
            ended.callback(place.clear)
        show_diagnostics(asked.whole.doubts)
        found = asked.check()
        if options["check_only"]:
            show(found, options["form"])
            return
        rejected = _reject(asked, found, places.get("rejects"), options["rejects"])
        done: Done | None = None
        if out:
            rows = _write(asked, found, places["out"])
            click.echo(f"{count(found.rows - rejected, 'patient')}, {count(rows, 'row')}: {out}",
                       err=True)  # fmt: skip
        if options["summary_to"]:
            done = asked.count()
            _same(done.patients, found.rows - rejected, source.name)
    if done is not None:
        sum_up(chosen, done, asked.whole, rejected)


def _reject(asked: Patients, found: Check, place: Any, path: str | None) -> int:
    """Write rows that cannot be used; without a place for them, nothing is answered."""
    if found.clean:
        return 0
    if place is None:
        raise Invalid([*found.diagnostics(), how_to_go_on(found)])
    rejected: int = place.write(asked.rejects(), asked.told(), found.unusable)
    click.echo(f"{count(rejected, 'row')} of {found.rows:,} cannot be used: {path}", err=True)
    return rejected


def _write(asked: Patients, found: Check, place: Any) -> int:
    long = asked.task.shape == "long"
    first = asked.guidelines[0].id.replace("'", "''")
    each = f"kind = 'applies' AND guideline = '{first}'" if long else None
    rows: int = place.write(asked.answers(), asked.told(), found.rows - found.unusable, each)
    return rows


def _same(counted: int, expected: int, name: str) -> None:
    if counted != expected:
        text = f"of {expected:,} patients {counted:,} were summed up"
        help = "did the table change meanwhile? run it again"
        raise Invalid([Diagnostic("E108", "error", text, file=name, help=help)])


def how_to_go_on(found: Check) -> Diagnostic:
    """Say that nothing was answered, and how it could be."""
    rows = count(found.unusable, "row")
    text = f"{rows} of {found.rows:,} cannot be used, so nothing was answered"
    help = "mend them, or use `--rejects` to write them apart and go on with all others"
    return Diagnostic("D316", "error", text, help=help)
