"""`hepatica explain`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from hepatica.case import CaseReader
from hepatica.case_files import documents
from hepatica.cli.common import FILE, has_unicode, knowledge_option, load, wants_colour, width
from hepatica.diagnostics import Invalid
from hepatica.explain import explain
from hepatica.report.explanation import page
from hepatica.report.text import Terminal
from hepatica.words import Words


@click.command("explain")
@click.argument("case", type=FILE)
@click.argument("statement")
@click.option("--as-of", metavar="DATE", help="The date the answer is for, as 2025-09-01.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--why-not",
    "changes",
    is_flag=True,
    help="The smallest changes that would make it fire (needs the extra prove).",
)
@knowledge_option
def command(
    case: str,
    statement: str,
    as_of: str | None,
    form: str,
    changes: bool,
    knowledge: Path | None,
) -> None:
    """Explain a statement for a case: why, why not, and what would settle it.

    STATEMENT is its path under knowledge/, without the ending. Every missing fact is tried with
    every value it can have, and each side of every threshold. With --why-not, the solver finds the
    smallest sets of changes of the patient's facts that would make the statement fire.

    \b
    Examples:
      hepatica explain patient.yaml easl_2025/metabolites/preferential_methylation
      hepatica explain patient.yaml easl_2025/first_line/azathioprine --why-not
    """
    read = load(knowledge)
    document = next(documents(case, sys.stdin.buffer))
    if isinstance(document, Invalid):
        raise document
    patient = CaseReader(read.facts, read.interventions).read(document, as_of)
    found = explain(read, patient, statement, changes=changes)
    if form == "json":
        click.echo(msgspec.json.encode(found).decode())
        return
    colour = wants_colour(sys.stdout)
    terminal = Terminal(width(), colour=colour, unicode=has_unicode(sys.stdout))
    click.echo(page(found, terminal, Words(read)), nl=False, color=colour)
