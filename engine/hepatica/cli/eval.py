"""`hepatica eval`."""

from __future__ import annotations

import gc
import itertools
import sys
from pathlib import Path

import click

from hepatica.cache import load_cached
from hepatica.case import Case, CaseReader
from hepatica.case_files import documents
from hepatica.cli.common import FILE, guideline_option, knowledge_option, show
from hepatica.cli.output import Writer, progress
from hepatica.diagnostics import Invalid
from hepatica.run import EngineName, Evaluator, not_installed, select
from hepatica.source import Document


@click.command("eval")
@click.argument("cases", nargs=-1, required=True, type=FILE)
@guideline_option
@click.option("--as-of", metavar="DATE", help="The date the answer is for, as 2025-09-01.")
@click.option(
    "--engine", type=click.Choice(["network", "program", "referee"]),
    help="One case: the network, checked by the referee. Many: the program.",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Let the referee confirm every answer.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown", "html"]), default="text",
    help="json gives one object for one case, one object a line for many.", show_default=True,
)  # fmt: skip
@click.option(
    "--full", is_flag=True, help="Cut nothing short; and the whole page also for many cases."
)
@knowledge_option
def command(
    cases: tuple[str, ...],
    guidelines: tuple[str, ...],
    as_of: str | None,
    engine: EngineName | None,
    check: bool,
    form: str,
    full: bool,
    knowledge: Path | None,
) -> None:
    """Evaluate cases: recommendations with their guideline and reference.

    CASES are files (.yaml, .json; .jsonl holds a case a line), folders of them, or - for standard
    input. A bad case among many is reported and does not stop the others; the exit code is then 2.

    \b
    Examples:
      hepatica eval tests/fixtures/cases/preferential_methylation.yaml
      hepatica eval -g easl_2025 --format json patient.yaml
      hepatica eval --format json registry.jsonl > answers.jsonl
    """
    ready = load_cached(knowledge)
    read = ready.knowledge
    chosen = select(read, guidelines)
    reader = CaseReader(read.facts, read.interventions)
    waiting = itertools.chain.from_iterable(documents(path, sys.stdin.buffer) for path in cases)
    first = list(itertools.islice(waiting, 2))
    many = len(first) > 1 or any(Path(path).is_dir() or _is_stream(path) for path in cases)
    engine = engine or ("program" if many else None)
    evaluator = Evaluator(read, chosen, engine, check=check, prepared=ready.networks)
    if evaluator.missing_engine:
        show([not_installed("note")])
    if many:
        gc.freeze()
        gc.enable()
    writer = Writer(form, read, many=many, full=full, brief=not guidelines)
    broken = 0
    documents_ = itertools.chain(first, waiting)
    for document in progress(documents_, cases) if many else documents_:
        try:
            case = _case(reader, document, as_of)
            writer.write(evaluator.evaluate(case))
        except Invalid as error:
            broken += 1
            show(error.diagnostics)
    if broken == 0 or many:
        writer.end()
    if broken:
        if many:
            click.echo(
                f"{broken:,} of {broken + writer.written:,} cases could not be used", err=True
            )
        sys.exit(2)


def _is_stream(path: str) -> bool:
    return path.endswith((".jsonl", ".ndjson"))


def _case(reader: CaseReader, document: Document | Invalid, as_of: str | None) -> Case:
    if isinstance(document, Invalid):
        raise document
    return reader.read(document, as_of)
