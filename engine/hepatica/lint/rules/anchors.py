"""C104: a verbatim anchor that is too long.

At most ten words of a source are quoted, to find the place; all else is in our own words.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica.diagnostics import Diagnostic, at
from hepatica.lint.context import Context

MOST_WORDS = 10


def check(context: Context) -> Iterator[Diagnostic]:
    """Count the words of every anchor."""
    for _, statement, document in context.statements:
        words = len((statement.source.anchor or "").split())
        if words > MOST_WORDS:
            text = f"the anchor has {words} words, more than {MOST_WORDS}"
            help = "quote only what finds the place"
            yield at(document, ("source", "anchor"), "C104", text, help=help)
