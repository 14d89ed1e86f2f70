"""C106: a placeholder that was not filled in.

`hepatica new` writes TODO where a person has to write. A note, so that a fresh skeleton passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica.diagnostics import Diagnostic, at
from hepatica.lint.context import Context

PLACEHOLDER = "TODO"


def check(context: Context) -> Iterator[Diagnostic]:
    """Look for placeholders in what a reader sees."""
    for _, statement, document in context.statements:
        for path, text in (
            (("title",), statement.title),
            (("text",), statement.text),
            (("source", "locator"), statement.source.locator),
        ):
            if PLACEHOLDER in text:
                help = "write it, before anybody relies on this statement"
                yield at(document, path, "C106", "not written yet", help=help, severity="note")
