"""`hepatica sources`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from hepatica.cli.common import has_unicode, knowledge_option, load, wants_colour, width
from hepatica.diagnostics import Diagnostic, Invalid, suggestion
from hepatica.ledger import Ledger, checked_ledgers
from hepatica.report import ledger as report
from hepatica.report.text import Terminal


@click.command("sources")
@click.argument("what", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text")
@knowledge_option
def command(what: str | None, form: str, knowledge: Path | None) -> None:
    """Show what each source document says, and what became of it.

    Without WHAT, a few lines a document. WHAT is a document, a numbered statement of one
    (S000-077), a decision on a contradiction (X01), or a statement of a guideline: then the
    sentences that it carries. Exits with 1 if anything shown is unaccounted for.

    \b
    Examples:
      hepatica sources
      hepatica sources narciso_schiavon_2025
      hepatica sources S000-077
    """
    ledgers = checked_ledgers(load(knowledge), knowledge)
    shown = ledgers if what is None else _found(ledgers, what)
    if form == "json":
        click.echo(msgspec.json.encode(shown).decode())
    elif form == "markdown":
        sys.stdout.buffer.write(report.markdown(shown).encode())
    else:
        colour = wants_colour(sys.stdout)
        terminal = Terminal(width(), colour=colour, unicode=has_unicode(sys.stdout))
        click.echo(_text(shown, ledgers, what, terminal), nl=False, color=colour)
    sys.stdout.flush()
    sys.exit(1 if any(ledger.count("unaccounted") for ledger in shown) else 0)


def _text(
    shown: tuple[Ledger, ...], ledgers: tuple[Ledger, ...], what: str | None, terminal: Terminal
) -> str:
    if what is None:
        return report.summary(shown, terminal)
    if any(ledger.id == what for ledger in ledgers):
        return report.page(shown[0], terminal)
    entries = [(ledger, entry) for ledger in shown for entry in ledger.entries]
    decisions = [decision for ledger in shown for decision in ledger.decisions]
    return report.some(entries, decisions, terminal)


def _found(ledgers: tuple[Ledger, ...], what: str) -> tuple[Ledger, ...]:
    """Find a document, or the ledgers cut down to the statements and decisions asked for."""
    for ledger in ledgers:
        if ledger.id == what:
            return (ledger,)
    cut = []
    for ledger in ledgers:
        entries = tuple(e for e in ledger.entries if what == e.id or what in e.statements)
        decisions = tuple(d for d in ledger.decisions if what == d.id or what in d.statements)
        if entries or decisions:
            cut.append(msgspec.structs.replace(ledger, entries=entries, decisions=decisions))
    if cut:
        return tuple(cut)
    names = [
        *(ledger.id for ledger in ledgers),
        *(entry.id for ledger in ledgers for entry in ledger.entries),
        *(decision.id for ledger in ledgers for decision in ledger.decisions),
        *(name for ledger in ledgers for entry in ledger.entries for name in entry.statements),
    ]
    help = suggestion(what, names) or "hepatica sources lists the documents"
    text = f"no source document, number, decision or covering statement `{what}`"
    raise Invalid([Diagnostic("N115", "error", text, help=help)])
