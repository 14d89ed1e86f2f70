"""`hepatica new`."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from hepatica.cli.common import refuse_unused
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.load import load
from hepatica.skeleton import new_guideline, new_statement

KINDS = ("recommendation", "definition", "contraindication", "caution")


@click.group("new")
def command() -> None:
    """Write the skeleton of a statement or a guideline; it passes lint as it is.

    \b
    Examples:
      hepatica new guideline bsg_2025
      hepatica new statement bsg_2025/first_line/prednisolone
      hepatica new statement bsg_2025/definitions/failure --kind definition \\
          --conclude treatment_failure
    """


def _root(knowledge: Path | None) -> Path:
    """Find the knowledge folder to write to: named, or `knowledge` here; never the shipped one."""
    root = knowledge or Path("knowledge")
    if not (root / "interventions.yaml").is_file():
        text = f"there is no knowledge folder `{root}`"
        help = "go to the folder that holds it, or name it with --knowledge"
        raise Invalid([Diagnostic("Y111", "error", text, help=help)])
    return root


_knowledge = click.option(
    "--knowledge", type=click.Path(path_type=Path), envvar="HEPATICA_KNOWLEDGE",
    help="The knowledge folder to write to (default: ./knowledge).",
)  # fmt: skip


@command.command("statement")
@click.argument("name", metavar="ID")
@click.option("--kind", type=click.Choice(KINDS), default="recommendation", show_default=True)
@click.option("--fact", help="The fact that it asks about.")
@click.option("--conclude", help="For a definition: the fact it concludes, or fact=value.")
@_knowledge
def statement(
    name: str, kind: str, fact: str | None, conclude: str | None, knowledge: Path | None
) -> None:
    """Write the skeleton of a statement. ID is guideline/topic/statement."""
    if kind != "definition":
        refuse_unused(["conclude"], "only with --kind definition")
    root = _root(knowledge)
    click.echo(new_statement(root, load(root), name, kind, fact, conclude))


@command.command("guideline")
@click.argument("name", metavar="ID")
@_knowledge
def guideline(name: str, knowledge: Path | None) -> None:
    """Write the skeleton of a guideline folder. ID is the folder's name, as easl_2025."""
    root = _root(knowledge)
    for path in new_guideline(root, load(root), name, datetime.date.today().year):
        click.echo(path)
