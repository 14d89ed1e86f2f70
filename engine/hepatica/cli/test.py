"""`hepatica test`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hepatica.case import CaseReader, documents
from hepatica.cases import check_expectations, check_result
from hepatica.cli.common import FILE, count, guideline_option, knowledge_option, load, show
from hepatica.diagnostics import Diagnostic, Invalid, ordered
from hepatica.files import read_files
from hepatica.lint.context import Context
from hepatica.lint.rules import examples_agree, examples_present
from hepatica.load import load_files
from hepatica.run import Evaluator, select

CASES = Path("tests/fixtures/cases")


@click.command("test")
@click.argument("paths", nargs=-1, type=FILE)
@click.option(
    "--engine", type=click.Choice(["network", "program", "referee"]), default="program",
    help="Which engine runs the cases; the referee confirms it.", show_default=True,
)  # fmt: skip
@guideline_option
@knowledge_option
def command(
    paths: tuple[str, ...], engine: str, guidelines: tuple[str, ...], knowledge: Path | None
) -> None:
    """Run every example of every statement, and every case.

    PATHS are cases or folders of cases with an `expect`; without PATHS, those of
    tests/fixtures/cases are run where that folder exists. Exits with 1 if anything is not as
    expected.

    \b
    Example:
      hepatica test tests/fixtures/cases
    """
    read = load(knowledge)
    select(read, guidelines)
    files = read_files(knowledge)
    loaded = load_files(files)
    context = Context(loaded.knowledge, loaded.documents, files)
    found: list[Diagnostic] = [*examples_present.check(context), *examples_agree.check(context)]
    examples = sum(len(s.examples) for _, s, _ in context.statements)
    where = paths or ((str(CASES),) if CASES.is_dir() else ())
    evaluator = Evaluator(read, select(read, guidelines), engine, check=True)  # type: ignore[arg-type]
    reader = CaseReader(read.facts)
    cases = answers = 0
    broken = False
    for path in where:
        for document in documents(path, sys.stdin.buffer):
            if isinstance(document, Invalid):
                found += document.diagnostics
                broken = True
                continue
            try:
                case = reader.read(document)
                names = list(check_expectations(document, read))
                found += names
                found += check_result(case, document, evaluator.evaluate(case), read)
                broken = broken or bool(names)
            except Invalid as error:
                found += error.diagnostics
                broken = True
                continue
            cases += 1
            answers += len(case.expect)
    show(ordered(found), err=False)
    wrong = len({(d.file, d.line) for d in found})
    text = f"{count(examples, 'example')}, {count(cases, 'case')} with {count(answers, 'answer')}: "
    click.echo(text + (f"{count(wrong, 'place')} not as expected" if wrong else "all as expected"))
    sys.exit(2 if broken else 1 if found else 0)
