"""X102, X103: an example that disagrees with its statement.

Every example is evaluated by the referee with all the definitions that count for the guideline. An
example whose facts exclude each other (D105) shows no patient at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica import ir
from hepatica.case import contradictions, exclusion
from hepatica.diagnostics import Diagnostic, at
from hepatica.evaluate import WORDS, Meaning, Referee
from hepatica.lint.context import Context
from hepatica.source import Document
from hepatica.trace import Tracer


def check(context: Context) -> Iterator[Diagnostic]:
    """Evaluate every example of every statement."""
    for guideline, statement, document in context.statements:
        meaning = context.meanings[guideline.id]
        if not meaning.by_fact.keys() <= meaning.facts.keys():
            continue  # a definition of a fact that nobody knows is told; it has no meaning to try
        if statement.status != "retired":
            for i, example in enumerate(statement.examples):
                yield from _check(meaning, statement, document, i, example)


def _check(
    meaning: Meaning, statement: ir.Statement, document: Document, i: int, example: ir.Example
) -> Iterator[Diagnostic]:
    for name, others in contradictions(meaning.facts, example.facts):
        text, help = exclusion(name, others)
        path = ("examples", i, "facts", name)
        yield at(document, path, "D105", f"in `{example.name}`: {text}", help=help, key=True)
    referee = Referee(meaning, example.facts)
    if statement.score is not None:
        if statement.score in meaning.by_fact:
            yield from _check_score(referee, statement, document, i, example)
        return
    if statement.when is None:
        return
    truth = WORDS[referee.truth(statement.when)]
    if truth != example.expect:
        text = f"`{example.name}` gives {truth}, not {example.expect}"
        help = "mend the condition or the example"
        missing = Tracer(referee).missing(statement.when)
        if missing:
            help = f"missing: {', '.join(missing)}"
        yield at(document, ("examples", i, "expect"), "X102", text, help=help)
    elif example.missing is not None:
        missing = Tracer(referee).missing(statement.when)
        if set(missing) != set(example.missing):
            text = f"`{example.name}` misses {_list(missing)}, not {_list(example.missing)}"
            help = "write the facts that could still settle it"
            yield at(document, ("examples", i, "missing"), "X103", text, help=help)


def _check_score(
    referee: Referee, statement: ir.Statement, document: Document, i: int, example: ir.Example
) -> Iterator[Diagnostic]:
    assert statement.score is not None
    interval = referee.concluded(statement.score).score
    if interval != example.points:
        shown = [
            f"{a}" if a == b else f"{a} to {b}"
            for a, b in (interval or (0, 0), example.points or (0, 0))
        ]
        text = f"`{example.name}` scores {shown[0]}, not {shown[1]}"
        help = "mend the items or the example"
        yield at(document, ("examples", i, "points"), "X102", text, help=help)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "nothing"
