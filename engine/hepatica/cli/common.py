"""What the subcommands share: options, terminals, and how diagnostics are shown."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from hepatica import ir
from hepatica.cache import load_cached
from hepatica.diagnostics import Diagnostic, draw

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=str, allow_dash=True)


def knowledge_option(command: Command) -> Command:
    """Add `--knowledge`."""
    return click.option(
        "--knowledge",
        type=click.Path(path_type=Path),
        envvar="HEPATICA_KNOWLEDGE",
        help="A knowledge folder (default: the shipped one).",
    )(command)


def guideline_option(command: Command) -> Command:
    """Add `-g/--guideline`."""
    return click.option(
        "-g",
        "--guideline",
        "guidelines",
        multiple=True,
        help="A guideline, by its folder's name; may be repeated (default: all but those shown"
        " on request only).",
    )(command)


def load(root: Path | None) -> ir.Knowledge:
    """Read knowledge, from the cache when it is there."""
    return load_cached(root).knowledge


def width() -> int:
    """Ask how wide the terminal is."""
    return shutil.get_terminal_size((80, 24)).columns


def wants_colour(stream: Any) -> bool:
    """Say whether to colour: on a terminal, and never with NO_COLOR or TERM=dumb."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(stream.isatty())


def has_unicode(stream: Any) -> bool:
    """Say whether a stream can show marks beyond ASCII."""
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") in ("utf8", "utf16")


_SEVERITY = {"error": "red", "warning": "magenta", "note": "cyan"}


def show(diagnostics: Iterable[Diagnostic], *, err: bool = True) -> None:
    """Draw diagnostics, by default on standard error."""
    stream = sys.stderr if err else sys.stdout
    for diagnostic in diagnostics:
        text = draw(diagnostic)
        if wants_colour(stream):
            first, _, rest = text.partition(":")
            text = click.style(first, fg=_SEVERITY[diagnostic.severity], bold=True) + ":" + rest
        click.echo(text + "\n", err=err, color=wants_colour(stream))


def count(number: int, noun: str) -> str:
    """Count things in words: 1 case, 3 cases."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def refuse_unused(names: Iterable[str], text: str) -> None:
    """Refuse options that were given and would do nothing: whoever gave them expects something.

    `names` are those of parameters, `text` says when they do something: `--seed: only with …`.
    Raises `click.UsageError`.
    """
    context = click.get_current_context()
    wanted = set(names)
    given = [
        parameter.opts[-1]
        for parameter in context.command.params
        if parameter.name in wanted
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"{' and '.join(given)}: {text}")
