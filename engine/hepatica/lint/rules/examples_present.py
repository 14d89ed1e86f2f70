"""X101: a statement without an example of each outcome.

A statement with a condition needs a patient for whom it is true, one for whom it is false, and one
for whom it is unknown; a score needs one with all items and one with items missing. An outcome that
no patient can have is named under `no_example` with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica import ir
from hepatica.diagnostics import Diagnostic, at
from hepatica.lint.context import Context


def check(context: Context) -> Iterator[Diagnostic]:
    """Look for the examples that are not there."""
    for _, statement, document in context.statements:
        if statement.status == "retired":
            continue
        wanting = [w for w in _wanted(statement) if w not in statement.no_example]
        if wanting:
            text = f"no example of a patient for whom this is {' or '.join(wanting)}"
            help = "add one under `examples`, or the reason under `no_example`"
            path = ("examples",) if statement.examples else ("id",)
            yield at(document, path, "X101", text, help=help, key=True)


def _wanted(statement: ir.Statement) -> list[str]:
    if statement.score is not None:
        spans = {e.points is not None and e.points[0] == e.points[1] for e in statement.examples}
        return [
            word for word, exact in (("scored", True), ("unknown", False)) if exact not in spans
        ]
    if statement.when is None:
        return []
    there = {example.expect for example in statement.examples}
    return [word for word in ("true", "false", "unknown") if word not in there]
