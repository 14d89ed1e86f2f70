"""`hepatica schema`."""

from __future__ import annotations

from pathlib import Path

import click

from hepatica.cli.common import knowledge_option, load
from hepatica.completed import as_text, complete, write_all
from hepatica.schema import NAMES, SchemaName


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), required=False)
@click.option(
    "--write", type=click.Path(path_type=Path, file_okay=False), is_flag=False,
    flag_value="schemas/completed", help="Write all of them into a folder.",
    metavar="[FOLDER]",
)  # fmt: skip
@knowledge_option
def command(name: SchemaName | None, write: Path | None, knowledge: Path | None) -> None:
    """Print a JSON Schema, completed with every fact, value and intervention.

    An editor with a YAML language server completes names and values from these. `--write` puts all
    of them into a folder (schemas/completed, when none is named), where the first line of every
    shipped statement looks for them.

    \b
    Examples:
      hepatica schema statement > statement.schema.json
      hepatica schema --write
    """
    if write is not None and name is not None:
        raise click.UsageError(f"--write writes all schemas: leave out `{name}`, or --write")
    read = load(knowledge)
    if write is None and name is None:
        raise click.UsageError(f"name one of {', '.join(NAMES)}, or use --write")
    if write is not None:
        for path in write_all(read, Path(write)):
            click.echo(path)
    elif name is not None:
        click.echo(as_text(complete(name, read)), nl=False)
