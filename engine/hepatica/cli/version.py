"""`hepatica version`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hepatica.cli.common import has_unicode, knowledge_option, wants_colour, width
from hepatica.diff import SECONDS, Finder


@click.command("version")
@click.argument("guideline")
@click.option("--since", required=True, metavar="REV", help="A tag, a commit, or a version.")
@click.option(
    "--timeout", type=click.FloatRange(min=0), default=SECONDS, show_default=True,
    metavar="SECONDS", help="The time for each question to the solver.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option("--full", is_flag=True, help="Show every change.")
@knowledge_option
def command(
    guideline: str, since: str, timeout: float, form: str, full: bool, knowledge: Path | None
) -> None:
    """Tell how much a guideline has changed since a revision: patch, minor or major.

    Patch: no patient is told anything different. Minor: some patients are told something more.
    Major: some patient loses or changes what they are told. Each comes with a patient who shows it
    (needs the extra prove). Exits with 0 if the version number in the manifest is high enough,
    with 1 if it is not.

    \b
    Examples:
      hepatica version easl_2025 --since HEAD~10
      hepatica version easl_2025 --since 0.1.0 --format json
    """
    from hepatica.diff.step_data import to_json
    from hepatica.diff.versions import step
    from hepatica.report.steps import step_page
    from hepatica.report.text import Terminal

    if "@" in guideline:
        raise click.UsageError(
            f"name the guideline alone, and the revision with --since: {guideline}"
        )
    finder = Finder(knowledge)
    new = finder.find(guideline)
    found = step(finder.find(f"{new.guideline.id}@{since}"), new, timeout)
    if form == "json":
        click.echo(to_json(found, timeout).decode())
        sys.exit(0 if found.suffices else 1)
    terminal = Terminal(
        width(), colour=wants_colour(sys.stdout), unicode=has_unicode(sys.stdout), full=full
    )
    click.echo(step_page(found, timeout, terminal), nl=False, color=wants_colour(sys.stdout))
    sys.exit(0 if found.suffices else 1)
