"""`hepatica release`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from hepatica import ir
from hepatica.cli.common import count, has_unicode, knowledge_option, show, wants_colour, width
from hepatica.diagnostics import Diagnostic, Invalid, ordered
from hepatica.diff import SECONDS, Finder
from hepatica.diff.data import Compared
from hepatica.paths import shipped
from hepatica.source import Document


@click.command("release")
@click.argument("guideline")
@click.option("--since", metavar="REV", help="A revision (default: the last tag from here).")
@click.option(
    "--timeout", type=click.FloatRange(min=0), default=SECONDS, show_default=True,
    metavar="SECONDS", help="The time for each question to the solver.",
)  # fmt: skip
@knowledge_option
def command(guideline: str, since: str | None, timeout: float, knowledge: Path | None) -> None:
    """Check that a version of a guideline is ready, and say what to tag. Nothing is written.

    Its changelog must tell of the version, the number must suffice for what has changed since the
    last tag, and its lint, examples and cases must pass. Lines for the changelog are proposed, with
    a patient for everything that changes (needs the extra prove). Exits with 0 if it is ready, with
    1 if it is not.

    \b
    Example:
      hepatica release easl_2025
    """
    from hepatica.diff.numbers import LAST, before
    from hepatica.diff.releases import check_changelog
    from hepatica.diff.sides import compared, last_tag
    from hepatica.lint import lint
    from hepatica.load import load
    from hepatica.run import select

    root = knowledge or shipped("knowledge")
    knowledge_ = load(root)  # with the examples, and sound, or every error is told here
    [chosen] = select(knowledge_, [guideline])
    folder = root / chosen.id
    found = [d for d in lint(root) if _lies_in(d.file, folder) and d.severity != "note"]
    found += check_changelog(folder / "CHANGELOG.md", chosen.version)
    cases, wrong = _cases(knowledge_, chosen)
    found += wrong
    finder = Finder(knowledge, knowledge_)
    base = last_tag(chosen.id) if since in (None, LAST) else since
    old = before(finder, chosen.id, base) if base is not None else None
    ready = not any(d.severity in ("error", "warning") for d in found)
    show(ordered(found), err=False)
    click.echo(f"lint and {count(cases, 'case')}: {'fine' if ready else 'see above'}")
    if old is None:
        where = f"{base} does not hold it" if base else "no tag can be reached from here"
        click.echo(f"{chosen.id} {chosen.version} is the first release: {where}")
    else:
        ready = _since(old, compared(chosen.id, knowledge_, chosen), timeout) and ready
    click.echo()
    if not ready:
        click.echo("not ready")
        sys.exit(1)
    click.echo(f"ready; to release it:\n  git tag {chosen.id}@{chosen.version}")
    click.echo(f"then `{chosen.id}@{chosen.version}` names it, as in hepatica diff")


def _since(old: Compared, new: Compared, timeout: float) -> bool:
    """Draw what has changed, and propose a changelog; say whether the number suffices."""
    from hepatica.diff.versions import step
    from hepatica.report.steps import entry, step_page
    from hepatica.report.text import Terminal

    done = step(old, new, timeout)
    terminal = Terminal(width(), colour=wants_colour(sys.stdout), unicode=has_unicode(sys.stdout))
    click.echo()
    click.echo(step_page(done, timeout, terminal), nl=False, color=wants_colour(sys.stdout))
    if done.causes:
        click.echo(f"\nproposed for the changelog:\n\n## {new.guideline.version}\n")
        for line in entry(done):
            click.echo(line)
    # A tag must name one content: the number that the last one has is taken.
    if done.needed == "none":
        click.echo("nothing has changed, so there is nothing to release")
        return False
    return done.suffices


def _cases(knowledge: ir.Knowledge, chosen: ir.Guideline) -> tuple[int, list[Diagnostic]]:
    """Run the cases here that expect something of a guideline; count them."""
    from hepatica.case import CaseReader
    from hepatica.cases import check_result, days, wanted_at
    from hepatica.run import Evaluator

    evaluator = Evaluator(knowledge, (chosen,), "program", check=True)
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    found: list[Diagnostic] = []
    number = 0
    for document in _documents():
        if isinstance(document, Invalid):
            found += document.diagnostics
            continue
        wanted = [(day, where) for day, where in days(document)
                  if chosen.id in wanted_at(document, where)]  # fmt: skip
        number += bool(wanted)
        for as_of, where in wanted:
            try:
                case = reader.read(document, as_of) if as_of else reader.read(document)
            except Invalid as error:
                found += error.diagnostics
                continue
            found += check_result(case, document, evaluator.evaluate(case), knowledge, where)
    return number, found


def _documents() -> Iterator[Document | Invalid]:
    from hepatica.case_files import documents
    from hepatica.cli.test import CASES

    for folder in CASES:
        if folder.is_dir():
            yield from documents(str(folder), sys.stdin.buffer)


def _lies_in(file: str, folder: Path) -> bool:
    return bool(file) and folder.absolute() in Path(file).absolute().parents
