"""What only shows across files: identities, citations, includes, and definitions in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hepatica import ir
from hepatica.diagnostics import Diagnostic, at, suggestion
from hepatica.source import Document
from hepatica.walk import active, concludes, conditions_of, leaves


def check_statement(
    statement: ir.Statement,
    document: Document,
    expected_id: str,
    references: dict[str, ir.Reference] | None,
) -> Iterator[Diagnostic]:
    """Check one statement against its path and its guideline's references."""
    if statement.id != expected_id:
        help = f"write `{expected_id}`, or move the file"
        text = f"the id `{statement.id}` is not the path of the file"
        yield at(document, ("id",), "N107", text, help=help)
    cited = [(("source", "ref"), statement.source.ref)]
    for i, key in enumerate(statement.source.attributed_to):
        cited.append((("source", "attributed_to", i), key))  # type: ignore[arg-type]
    for path, key in cited:
        if references is not None and key not in references:
            help = suggestion(key, references) or "add it to references.json"
            yield at(document, path, "N104", f"unknown reference `{key}`", help=help)
    if statement.status == "active" and statement.source.checked_by is None:
        text = "an active statement must have been checked by a named clinician"
        help = "fill in `source: checked`, or set `status: draft`"
        yield at(document, ("status",), "C101", text, help=help)


def check_related(
    statement: ir.Statement, document: Document, known: set[str]
) -> Iterator[Diagnostic]:
    """Check that the statements a statement relates to exist."""
    for i, (_, other) in enumerate(statement.related):
        if other not in known:
            help = suggestion(other, known)
            yield at(
                document, ("related", i, "id"), "N106", f"unknown statement `{other}`", help=help
            )


def included(guideline: ir.Guideline, known: dict[str, ir.Guideline]) -> list[str]:
    """List the packs a guideline includes, those they include after them, each once."""
    order: list[str] = []
    waiting = list(guideline.includes)
    while waiting:
        name = waiting.pop(0)
        if name in known and name not in order and name != guideline.id:
            order.append(name)
            waiting += known[name].includes
    return order


def check_includes(
    guideline: ir.Guideline, manifest: Document, known: dict[str, ir.Guideline]
) -> Iterator[Diagnostic]:
    """Check that included packs exist and do not include the guideline itself."""
    for i, name in enumerate(guideline.includes):
        if name not in known:
            help = suggestion(name, known) or f"guidelines: {', '.join(known)}"
            yield at(manifest, ("includes", i), "N105", f"unknown guideline `{name}`", help=help)
        elif name == guideline.id or guideline.id in included(known[name], known):
            text = f"`{guideline.id}` includes itself through `{name}`"
            yield at(manifest, ("includes", i), "N109", text, help="remove one of the includes")


def check_definitions(
    guideline: ir.Guideline, documents: dict[str, Document]
) -> Iterator[Diagnostic]:
    """Check the definitions of a guideline and its packs together: no circle, one kind a fact."""
    mine = [s for s in (*guideline.definitions, *guideline.statements) if concludes(s)]
    by_fact: dict[str, list[ir.Statement]] = {}
    for statement in active(mine):
        by_fact.setdefault(str(concludes(statement)), []).append(statement)
    for name, statements in by_fact.items():
        scores = [s for s in statements if s.score]
        if len(scores) > 1 or (scores and len(statements) > 1):
            others = ", ".join(s.id for s in statements)
            text = f"the score `{name}` is concluded by more than one statement: {others}"
            yield at(documents[scores[0].id], ("score",), "N111", text, help="keep one")
    circle = find_circle(by_fact)
    if not circle:
        yield from _check_length(by_fact, documents)
    else:
        statement = by_fact[circle[0]][0]
        text = f"definitions go round in a circle: {' → '.join(circle)}"
        help = "a fact cannot be defined by itself; break the chain at one of these"
        path = ("score",) if statement.score else ("conclude",)
        yield at(documents[statement.id], path, "N109", text, help=help)


def check_answers(guideline: ir.Guideline, manifest: Document) -> Iterator[Diagnostic]:
    """Check that the guideline concludes, or recommends under, what it says it answers."""
    every = active((*guideline.definitions, *guideline.statements))
    names = {s.conclude[0] for s in every if s.conclude is not None}
    names |= {s.topic for s in every if s.recommend is not None}
    for i, name in enumerate(guideline.answers):
        if name not in names:
            text = f"nothing here answers `{name}`"
            help = suggestion(name, names) or "name a fact it concludes, or a topic that recommends"
            yield at(manifest, ("answers", i), "N120", text, help=help)


MOST_LAYERS = 32


def _check_length(
    by_fact: dict[str, list[ir.Statement]], documents: dict[str, Document]
) -> Iterator[Diagnostic]:
    """Check that no conclusion rests on a longer chain of conclusions than anyone can follow."""
    layers: dict[str, int] = {}
    waiting = list(by_fact)
    while waiting:
        fact = waiting.pop()
        before = [name for name in needs(by_fact[fact]) if name in by_fact]
        unknown = [name for name in before if name not in layers]
        if unknown:
            waiting += [fact, *unknown]
            continue
        layers[fact] = 1 + max((layers[name] for name in before), default=0)
    for fact, layer in layers.items():
        if layer == MOST_LAYERS + 1:
            statement = by_fact[fact][0]
            text = f"`{fact}` rests on a chain of more than {MOST_LAYERS} conclusions"
            help = "ask about measured facts sooner"
            yield at(documents[statement.id], ("when",), "N114", text, help=help)


def needs(statements: Iterable[ir.Statement]) -> list[str]:
    """List the facts that statements ask about, each once, in order."""
    asked = (leaf.fact for s in statements for when in conditions_of(s) for leaf in leaves(when))
    return list(dict.fromkeys(asked))


def find_circle(by_fact: dict[str, list[ir.Statement]]) -> list[str]:
    """Find facts whose definitions need each other, as a path that ends where it starts."""
    done: set[str] = set()
    for start in by_fact:
        trail: list[str] = []
        stack = [(start, iter(needs(by_fact[start])))]
        trail.append(start)
        while stack:
            name, waiting = stack[-1]
            step = next((n for n in waiting if n in by_fact and n not in done), None)
            if step is None:
                done.add(name)
                stack.pop()
                trail.pop()
            elif step in trail:
                return [*trail[trail.index(step) :], step]
            else:
                trail.append(step)
                stack.append((step, iter(needs(by_fact[step]))))
        done.add(start)
    return []
