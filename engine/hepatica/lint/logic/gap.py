"""L110: a patient without an answer to a question that the guideline says it answers.

Only what the manifest declares under `answers` is looked at: facts that the guideline concludes,
and topics with recommendations. A patient is left out who has no answer whatever else becomes
known: the guideline applies, and every definition, or every recommendation, is false.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica import ir
from hepatica.diagnostics import Diagnostic, at
from hepatica.evaluate import Given, Referee
from hepatica.lint.logic.ground import Ground, Undecided
from hepatica.reader import read_yaml
from hepatica.source import Document, decode


def check(ground: Ground) -> Iterator[Diagnostic]:
    """Look, for each declared question, for a patient for whom everything is false."""
    for i, name in enumerate(ground.guideline.answers):
        manifest = _manifest(ground)
        statements = answering(ground.guideline, name)
        try:
            patient = _left_out(ground, name, statements)
        except Undecided:
            text = f"it was not decided in {ground.seconds:g} s whether `{name}` is always answered"
            help = "nothing is known to be wrong"
            yield at(manifest, ("answers", i), "L107", text, help=help, severity="note")
            continue
        if patient is not None:
            text = f"`{name}` is declared to be answered, and for some patients it is not"
            help = f"so for {ground.told(patient)}, whatever else is known; say what holds for them"
            yield at(manifest, ("answers", i), "L110", text, help=help)


def answering(guideline: ir.Guideline, name: str) -> list[ir.Statement]:
    """List what answers a question: definitions of a fact, or recommendations of a topic."""
    every = [s for s in (*guideline.definitions, *guideline.statements) if s.status != "retired"]
    found = [s for s in every if s.conclude is not None and s.conclude[0] == name]
    return found or [s for s in every if s.recommend is not None and s.topic == name]


def _manifest(ground: Ground) -> Document:
    """Read the manifest again, for the places in it."""
    files, name = ground.context.files, f"{ground.guideline.id}/guideline.yaml"
    return read_yaml(decode(str(files.root / name), files.content[name]))


def _left_out(ground: Ground, name: str, statements: list[ir.Statement]) -> Given | None:
    applies = ground.guide.applies()
    pairs = [ground.guide.statement(s.id) for s in statements]
    facts = applies.facts.union(*(p.facts for p in pairs))
    demands = [applies.true, *(p.false for p in pairs)]
    if name in ground.facts:
        facts |= {name}
        demands.append(ground.patients.is_(name, None))

    def confirms(given: Given) -> bool:
        referee = Referee(ground.meaning, given)
        whole = ground.meaning.applies
        return (whole is None or referee.truth(whole) is True) and all(
            referee.statement(s.id) is False for s in statements
        )

    return ground.smallest(ground.solver.all_of(demands), facts, confirms)
