"""`hepatica explain`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from hepatica.case import CaseReader, documents
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
@knowledge_option
def command(
    case: str, statement: str, as_of: str | None, form: str, knowledge: Path | None
) -> None:
    """Explain a statement for a case: why, why not, and what would settle it.

    STATEMENT is its path under knowledge/, without the ending. Every missing fact is tried with
    every value it can have, and each side of every threshold.

    \b
    Example:
      hepatica explain patient.yaml easl_2025/metabolites/preferential_methylation
    """
    read = load(knowledge)
    document = next(documents(case, sys.stdin.buffer))
    if isinstance(document, Invalid):
        raise document
    found = explain(read, CaseReader(read.facts).read(document, as_of), statement)
    if form == "json":
        click.echo(msgspec.json.encode(found).decode())
        return
    colour = wants_colour(sys.stdout)
    terminal = Terminal(width(), colour=colour, unicode=has_unicode(sys.stdout))
    click.echo(page(found, terminal, Words(read)), nl=False, color=colour)
