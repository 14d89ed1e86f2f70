"""The command line. Each subcommand is a module, imported only when it is used."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hepatica.version import VERSION

if TYPE_CHECKING:
    from hepatica.diagnostics import Diagnostic

COMMANDS = (
    "eval", "replay", "explain", "diff", "version", "release", "cohort", "export",
    "lint", "test", "sources", "schema", "new",
)  # fmt: skip
_SUMMARY = {
    "eval": "Evaluate cases: recommendations with their guideline and reference.",
    "replay": "The course of a patient: what each guideline said, whenever it changed.",
    "explain": "Why a statement holds for a case, why not, and what is missing.",
    "diff": "Compare two guidelines, or two versions of one, by statement, case and proof.",
    "version": "How much a guideline has changed: patch, minor or major, and for whom.",
    "release": "Check that a version of a guideline is ready, and say what to tag.",
    "cohort": "Answer a table of patients: Parquet, CSV, NDJSON; a summary by statement.",
    "lint": "Check knowledge files and cases: shape, names, units, citations, examples.",
    "test": "Run every example of every statement, and every case.",
    "sources": "What each source document says, and what became of it.",
    "schema": "Print the JSON Schemas, completed from the fact dictionary.",
    "new": "Write the skeleton of a statement or a guideline.",
    "export": "Write guidelines in the language of another system: SQL.",
}


class _Lazy(click.Group):
    """A group that imports a subcommand when it is asked for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"hepatica.cli.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUMMARY[name]) for name in COMMANDS])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from hepatica.diagnostics import suggestion

            help = suggestion(args[0], COMMANDS) or f"commands: {', '.join(COMMANDS)}"
            ctx.fail(f"no such command `{args[0]}`; {help}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="hepatica")
def app() -> None:
    """Autoimmune hepatitis guidelines you can run, compare, and prove things about.

    \b
    Example:
      hepatica eval tests/fixtures/cases/preferential_methylation.yaml
    """


def main(args: list[str] | None = None) -> None:
    """Run the command line; exits with 0 (fine), 1 (findings) or 2 (wrong use or bad input)."""
    from hepatica.diagnostics import Invalid

    gc.disable()  # nothing that a short run makes is garbage; streams turn it on again
    try:
        app.main(args, prog_name="hepatica", standalone_mode=True)
    except Invalid as error:
        from hepatica.cli.common import show

        show(error.diagnostics)
        sys.exit(2)
    except BrokenPipeError:  # the reader of a pipe has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("HEPATICA_DEBUG"):
            raise
        from hepatica.cli.common import show

        show([defect(error)])
        sys.exit(2)


def defect(error: Exception) -> Diagnostic:
    """Tell of an error that nobody foresaw: its kind and place, and nothing of the patient."""
    from hepatica.diagnostics import Diagnostic

    if isinstance(error, OSError):
        text = f"the system refused: {error.strerror}"
        help = "is there room, and are you allowed to read and write here?"
        return Diagnostic("Y111", "error", text, file=str(error.filename or ""), help=help)
    at = error.__traceback__
    while at and at.tb_next:
        at = at.tb_next
    place = f" in {Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""
    text = f"a defect of hepatica: {type(error).__name__}{place}"
    help = "please report it; HEPATICA_DEBUG=1 shows the whole trace, which may hold patient data"
    return Diagnostic("E104", "error", text, help=help)
