"""`hepatica test`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hepatica import ir
from hepatica.case import CaseReader
from hepatica.case_files import documents
from hepatica.cases import check_expectations, check_result, days, wanted_at
from hepatica.cli.common import (
    FILE,
    count,
    guideline_option,
    knowledge_option,
    load,
    refuse_unused,
    show,
)
from hepatica.diagnostics import Diagnostic, Invalid, ordered
from hepatica.evaluate import Given
from hepatica.files import read_files
from hepatica.lint.context import Context
from hepatica.lint.rules import examples_agree, examples_present
from hepatica.load import load_files
from hepatica.mutation.notice import Tried
from hepatica.run import Evaluator, select

CASES = (Path("tests/fixtures/cases"), Path("tests/fixtures/charts"))


@click.command("test")
@click.argument("paths", nargs=-1, type=FILE)
@click.option(
    "--engine", type=click.Choice(["network", "program", "referee"]), default="program",
    help="Which engine runs the cases; the referee confirms it.", show_default=True,
)  # fmt: skip
@click.option("--coverage", is_flag=True, help="Also tell which answers and questions were seen.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the coverage as an annotated listing of the rules.")  # fmt: skip
@click.option(
    "--mutate", is_flag=True, help="Change one thing at a time: does any example or case notice?"
)
@click.option(
    "--generate", is_flag=True, help="Also write the cases that would notice, as proposals."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generated"),
    show_default=True,
    help="Where --generate writes.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="The form of what --mutate tells.", show_default=True)  # fmt: skip
@guideline_option
@knowledge_option
def command(
    paths: tuple[str, ...],
    engine: str,
    coverage: bool,
    html: Path | None,
    mutate: bool,
    generate: bool,
    output: Path,
    form: str,
    guidelines: tuple[str, ...],
    knowledge: Path | None,
) -> None:
    """Run every example of every statement, and every case.

    PATHS are cases or folders of cases with an `expect`; without PATHS, those of
    tests/fixtures/cases and tests/fixtures/charts are run where there are any. Exits with 1 if
    anything is not as expected. With --mutate thresholds, operators, connectives and effects of the
    rules are changed one at a time, and what nobody notices is told; then exits with 1 too. Cases
    marked `proposed` are run, and do not count until a clinician has accepted them.

    \b
    Examples:
      hepatica test tests/fixtures/cases
      hepatica test --coverage --html coverage.html
      hepatica test --mutate -g easl_2025
      hepatica test --generate -g easl_2025 -o proposals
    """
    if form == "json" and not (mutate or generate):
        raise click.UsageError("`--format json` tells what `--mutate` finds: add `--mutate`")
    if not generate:
        refuse_unused(["output"], "only with --generate")
    read = load(knowledge)  # sound, or every error is told here
    files = read_files(knowledge)
    loaded = load_files(files)
    read = loaded.knowledge  # with the examples, which the cache leaves out
    chosen = select(read, guidelines, every=True)
    context = Context(loaded.knowledge, loaded.documents, files)
    found: list[Diagnostic] = [*examples_present.check(context), *examples_agree.check(context)]
    examples = sum(len(s.examples) for _, s, _ in context.statements)
    where = paths or tuple(str(folder) for folder in CASES if folder.is_dir())
    evaluator = Evaluator(read, chosen, engine, check=True)  # type: ignore[arg-type]
    reader = CaseReader(read.facts, read.interventions)
    cases = answers = proposed = 0
    patients: list[Given] = []
    tried: list[Tried] = []
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
                if names:  # what is not known cannot be compared
                    broken = True
                    continue
                for as_of, place in days(document):
                    case = reader.read(document, as_of) if as_of else case
                    patients.append(case.facts)
                    if not document.data.get("proposed"):
                        tried.append(Tried(case, wanted_at(document, place)))
                    found += check_result(case, document, evaluator.evaluate(case), read, place)
                    answers += len(wanted_at(document, place))
            except Invalid as error:
                found += error.diagnostics
                broken = True
                continue
            cases += 1
            proposed += bool(document.data.get("proposed"))
    show(ordered(found), err=form == "json")
    wrong = len({(d.file, d.line) for d in found})
    text = f"{count(examples, 'example')}, {count(cases, 'case')} with {count(answers, 'answer')}: "
    text += f"{count(wrong, 'place')} not as expected" if wrong else "all as expected"
    text += f"; {count(proposed, 'case')} proposed, not accepted" if proposed else ""
    click.echo(text, err=form == "json")
    if coverage or html is not None:
        _cover(read, evaluator.guidelines, patients, html, err=form == "json")
    if (mutate or generate) and found:
        click.echo("nothing was changed: mend first what is not as expected", err=True)
    elif mutate or generate:
        from hepatica.cli.mutation import mutate as run  # only what is used

        folder = output if generate else None
        lives = run(read, evaluator.guidelines, loaded.documents, tried, form=form, folder=folder,
                    chosen=bool(guidelines))  # fmt: skip
        sys.exit(1 if lives else 0)
    sys.exit(2 if broken else 1 if found else 0)


def _cover(
    knowledge: ir.Knowledge,
    guidelines: tuple[ir.Guideline, ...],
    patients: list[Given],
    html: Path | None,
    *,
    err: bool,
) -> None:
    from hepatica.coverage import cover
    from hepatica.report import coverage as report
    from hepatica.words import Words

    found = {g.id: cover(g, knowledge.facts, patients) for g in guidelines}
    click.echo(report.text(found, every=False), nl=False, err=err)
    if html is not None:
        html.write_text(report.html(found, Words(knowledge)), encoding="utf-8")
