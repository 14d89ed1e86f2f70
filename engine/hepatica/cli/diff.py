"""`hepatica diff`."""

from __future__ import annotations

import gc
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hepatica.case_files import documents
from hepatica.cli import diff_cohort as cohort
from hepatica.cli import witnesses as writing
from hepatica.cli.common import (
    FILE,
    count,
    has_unicode,
    knowledge_option,
    refuse_unused,
    wants_colour,
    width,
)
from hepatica.cli.output import progress
from hepatica.diagnostics import Invalid
from hepatica.diff import SECONDS, Finder, compare, to_json
from hepatica.diff.data import Compared, Diff
from hepatica.source import Document


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option(
    "--case", "cases", multiple=True, type=FILE,
    help="A case, a folder of cases, or - for standard input; may be repeated.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown", "html"]), default="text",
    show_default=True,
)  # fmt: skip
@click.option(
    "--prove", is_flag=True,
    help="Ask the solver, over every patient (needs the extra prove).",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=0), default=SECONDS, show_default=True,
    metavar="SECONDS", help="With --prove: the time for each question.",
)  # fmt: skip
@click.option(
    "--witnesses", type=click.Path(path_type=Path), metavar="DIR",
    help="With --prove: write the patients that were found as cases into a new folder.",
)  # fmt: skip
@cohort.options
@click.option("--full", is_flag=True, help="Also show what is alike at length, and every case.")
@knowledge_option
def command(
    old: str,
    new: str,
    cases: tuple[str, ...],
    form: str,
    prove: bool,
    timeout: float,
    witnesses: Path | None,
    full: bool,
    knowledge: Path | None,
    **over: Any,
) -> None:
    """Compare two guidelines, or two versions of one: by statement, case, proof or cohort.

    OLD and NEW are the name of a guideline; a name with a git revision of the repository here
    (easl_2025@v0.1.0); or the path of a guideline's folder. Statements are put together by what
    they tell, not by the names of their files. With --prove the solver compares them over every
    patient, those with missing facts too, and each difference comes with the smallest patient who
    shows it. With --cohort they are compared over a table of patients: who is told something else,
    and which condition makes it so. Exits with 0 if the two are the same, with 1 if they are not.

    \b
    Examples:
      hepatica diff easl_2025 aasld_2019
      hepatica diff easl_2025@HEAD~1 easl_2025 --case tests/fixtures/cases
      hepatica diff easl_2025 aasld_2019 --prove --witnesses differing
      hepatica diff easl_2025 aasld_2019 --format html > comparison.html
      hepatica diff easl_2025 aasld_2019 --cohort registry.csv --map registry.yaml --by CENTRE
    """
    asked = cohort.Asked(**over)
    if not prove:
        refuse_unused(["timeout"], "only with --prove")
    if asked.cohort:
        if cases or prove or witnesses is not None:
            raise click.UsageError("--cohort goes with neither --case nor --prove")
        cohort.run(Finder(knowledge), old, new, asked, form, full=full)
    elif not asked.empty:
        raise click.UsageError("--map, --by, --rejects and --hide-below need --cohort")
    if witnesses is not None:
        if not prove:
            raise click.UsageError("--witnesses needs --prove")
        writing.check_folder(witnesses)
    finder = Finder(knowledge)
    sides = finder.find(old), finder.find(new)
    found = compare(*sides, _cases(cases), prove=prove, seconds=timeout)
    if witnesses is not None:
        number = writing.write(found, witnesses)
        click.echo(f"{count(number, 'patient')} written to {witnesses}", err=True)
    if form == "json":
        sys.stdout.buffer.write(to_json(found) + b"\n")
    elif form == "text":
        click.echo(_text(found, sides, full), nl=False, color=wants_colour(sys.stdout))
    else:
        sys.stdout.buffer.write(_page(found, sides, form).encode())
    sys.stdout.flush()
    sys.exit(0 if found.same else 1)


def _cases(paths: tuple[str, ...]) -> Iterator[Document]:
    if paths:
        gc.enable()  # there may be many
    found = itertools.chain.from_iterable(documents(path, sys.stdin.buffer) for path in paths)
    for document in progress(found, paths):
        if isinstance(document, Invalid):
            raise document
        yield document


def _text(found: Diff, sides: tuple[Compared, Compared], full: bool) -> str:
    from hepatica.report.comparison import comparison_view
    from hepatica.report.comparison_text import ComparisonPage
    from hepatica.report.text import Terminal
    from hepatica.words import Words

    terminal = Terminal(
        width(), colour=wants_colour(sys.stdout), unicode=has_unicode(sys.stdout), full=full
    )
    view = comparison_view(found, *(Words(side.knowledge) for side in sides))
    return ComparisonPage(view, terminal).page()


def _page(found: Diff, sides: tuple[Compared, Compared], form: str) -> str:
    from hepatica.report import comparison_pages
    from hepatica.report.comparison import comparison_view
    from hepatica.words import Words

    view = comparison_view(found, *(Words(side.knowledge) for side in sides))
    return comparison_pages.markdown(view) if form == "markdown" else comparison_pages.html(view)
