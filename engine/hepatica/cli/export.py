"""`hepatica export`."""

from __future__ import annotations

from pathlib import Path

import click

from hepatica.cli.common import guideline_option, knowledge_option, load
from hepatica.compile.sql import DIALECTS, Sql, create_table
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.run import select


@click.group("export")
def command() -> None:
    """Write guidelines in the language of another system.

    \b
    Example:
      hepatica export sql -g easl_2025 > easl_2025.sql
    """


@command.command("sql")
@guideline_option
@click.option("--dialect", default="duckdb", show_default=True, help="The database.")
@click.option("--table", default="facts", show_default=True, help="The table to read.")
@click.option("--key", default="patient", show_default=True, help="Its column of patients.")
@click.option("--schema", is_flag=True, help="Write the CREATE TABLE that the queries expect.")
@click.option(
    "--bounds", is_flag=True, help="The table has bounds beside each number (FACT.low …)."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write to a file.",
)  # fmt: skip
@knowledge_option
def sql(
    guidelines: tuple[str, ...],
    dialect: str,
    table: str,
    key: str,
    schema: bool,
    bounds: bool,
    output: Path | None,
    knowledge: Path | None,
) -> None:
    """Write each guideline as one SELECT, for a data warehouse.

    It reads a table with a row a patient and a column a fact (see --schema), and gives a row a
    patient: for each statement whether it is true (NULL where that is not known) and what becomes
    of it: recommended, contingent, blocked, contraindicated, and so on. With --bounds a number that
    is not known exactly has its bounds in columns of their own, FACT.low and FACT.high.

    \b
    Examples:
      hepatica export sql -g easl_2025 --schema > facts.sql
      hepatica export sql -g easl_2025 --table warehouse.facts -o easl_2025.sql
    """
    if dialect not in DIALECTS:
        text = f"SQL is not written for `{dialect}`"
        help = f"so far it is written for {', '.join(DIALECTS)} only"
        raise Invalid([Diagnostic("E120", "error", text, help=help)])
    read = load(knowledge)
    chosen = [Sql(guideline, read) for guideline in select(read, guidelines)]
    if schema:
        names = sorted({name for one in chosen for name in one.reads})
        parts = [create_table([read.facts[name] for name in names], table, key, bounds=bounds)]
    else:
        parts = [one.query(table, key, bounds=bounds) for one in chosen]
    text = "".join(f"{part};\n" for part in parts)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
