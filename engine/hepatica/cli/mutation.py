"""`hepatica test --mutate` and `--generate`: what nothing notices, and cases that would."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from hepatica import ir
from hepatica.case import CaseReader
from hepatica.case_files import documents
from hepatica.cases import days, wanted_at
from hepatica.cli.common import count
from hepatica.cli.output import Ticker
from hepatica.diagnostics import Invalid
from hepatica.mutation.generate import proposals, shown_change, write
from hepatica.mutation.judge import Verdict, judge
from hepatica.mutation.notice import Noticer, Tried
from hepatica.mutation.separate import Searcher
from hepatica.report import mutation as report
from hepatica.source import Document


def mutate(
    knowledge: ir.Knowledge,
    guidelines: Sequence[ir.Guideline],
    sources: Mapping[str, Document],
    tried: Sequence[Tried],
    *,
    form: str,
    folder: Path | None,
    chosen: bool,
) -> bool:
    """Judge every mutant, tell the verdicts, and with a folder write proposals into it.

    Gives whether something that matters is not noticed.
    """
    noticer, searcher = Noticer(knowledge, tried), Searcher(knowledge)
    with Ticker(len(guidelines), "guidelines") as ticker:
        verdicts = judge(guidelines, noticer, searcher, ticker.tick)
    if form == "json":
        found = report.data(verdicts, sources, knowledge.facts)
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        click.echo(report.text(verdicts, sources, knowledge.facts, every=chosen), nl=False)
    undecided = any(v.state == "not_decided" for v in verdicts)
    if undecided and not searcher.installed:
        text = "the solver is not installed here, so that some are not decided"
        click.echo(f'{text}: pip install ".[prove]" in the checkout', err=True)
    if folder is not None:
        _generate(folder, verdicts, noticer, sources)
    return any(v.state == "unnoticed" for v in verdicts)


def _generate(
    folder: Path, verdicts: list[Verdict], noticer: Noticer, sources: Mapping[str, Document]
) -> None:
    there = proposed(folder, noticer.knowledge)
    made, untold = proposals(verdicts, noticer, there)
    written = write(folder, made)
    for path in written:
        click.echo(path, err=True)
    text = f"{count(len(written), 'case')} proposed in {folder}"
    if there:
        text += f", {count(len(there), 'case')} there already"
    click.echo(f"{text}: accept or refuse each", err=True)
    for mutant in untold:
        file, line = report.place(mutant, sources)
        text = "no case can tell this; it needs an example"
        click.echo(f"{file}:{line} {shown_change(mutant)}: {text}", err=True)


def proposed(folder: Path, knowledge: ir.Knowledge) -> list[Tried]:
    """Read the cases that a folder holds already. Raises `Invalid` for one that cannot be read."""
    if not folder.is_dir() or not any(folder.rglob("*.yaml")):
        return []
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    found = []
    for document in documents(str(folder)):
        if isinstance(document, Invalid):
            raise document
        for as_of, place in days(document):
            case = reader.read(document, as_of)
            found.append(Tried(case, wanted_at(document, place)))
    return found
