"""L103: a question that can never matter.

Answered in the other way for every patient, it would leave what the statement says as it is: true,
false and unknown alike. So it can be left out; or it was meant otherwise. A question that no
patient can answer in one of the two ways is told too.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica import ir
from hepatica.compile.patients import Pair
from hepatica.diagnostics import Diagnostic
from hepatica.lint.logic.ground import Ground, Path, Undecided

Place = tuple[int, ...]


def check(ground: Ground) -> Iterator[Diagnostic]:
    """Replace every question by a fixed answer, and look for a patient who would notice."""
    one_sided: dict[ir.Leaf, bool | None] = {}
    for s, path, condition in ground.conditions():
        if isinstance(condition, ir.Leaf):
            continue  # alone it decides everything; if it is constant, that has been told
        whole = ground.guide.formulas.rail(condition)
        try:
            for place, where, leaf in _questions(condition, (), path):
                question = ground.words.question(leaf)
                key = ir.replace(leaf, line=0)
                if key not in one_sided:
                    one_sided[key] = _only_answer(ground, leaf)
                if (only := one_sided[key]) is not None:
                    text = f"the question `{question}` can only be answered {_word(only)}"
                    help = "look at its number, or leave it out"
                    yield ground.say(s, where, "L103", text, help, "warning")
                    continue
                for answer in (True, False):
                    if not _is_noticed(ground, condition, whole, place, answer):
                        text = f"the question `{question}` can never matter"
                        help = f"leave it out: were it {_word(answer)} for everybody, nothing"
                        yield ground.say(s, where, "L103", text, f"{help} would change", "warning")
                        break
        except Undecided:
            yield ground.undecided(s, "every question matters")


def _word(answer: bool) -> str:
    return "true" if answer else "false"


def _only_answer(ground: Ground, leaf: ir.Leaf) -> bool | None:
    """Give the one answer that patients can have to a question; None when there are two."""
    pair = ground.guide.formulas.rail(leaf)
    if not ground.exists(pair.true, pair.facts):
        return False
    return None if ground.exists(pair.false, pair.facts) else True


def _questions(
    node: ir.Condition, place: Place, path: Path
) -> Iterator[tuple[Place, Path, ir.Leaf]]:
    """Walk over the questions with their places in the tree and in the file."""
    if isinstance(node, ir.Leaf):
        yield place, path, node
    elif isinstance(node, ir.Not):
        yield from _questions(node.part, (*place, 0), (*path, "not"))
    else:
        word: Path = ("all",) if isinstance(node, ir.All) else ("any",)
        word = ("count", "of") if isinstance(node, ir.Count) else word
        for i, part in enumerate(node.parts):
            yield from _questions(part, (*place, i), (*path, *word, i))


def _is_noticed(
    ground: Ground, condition: ir.Condition, whole: Pair, place: Place, answer: bool
) -> bool:
    changed = _with(ground, condition, place, answer)
    solver = ground.solver
    differs = solver.any_of(
        solver.no(solver.same(one, other))
        for one, other in ((whole.true, changed.true), (whole.false, changed.false))
    )
    return ground.exists(differs, whole.facts)


def _with(ground: Ground, node: ir.Condition, place: Place, answer: bool) -> Pair:
    """Give the formulas of a condition in which one question has a fixed answer."""
    s = ground.solver
    if isinstance(node, ir.Leaf):
        fixed = (s.always, s.never) if answer else (s.never, s.always)
        return Pair(*fixed, frozenset())
    if isinstance(node, ir.Not):
        part = _with(ground, node.part, place[1:], answer)
        return Pair(part.false, part.true, part.facts)
    parts = [
        _with(ground, part, place[1:], answer)
        if i == place[0]
        else ground.guide.formulas.rail(part)
        for i, part in enumerate(node.parts)
    ]
    true, false = [p.true for p in parts], [p.false for p in parts]
    facts = frozenset[str]().union(*(p.facts for p in parts))
    if isinstance(node, ir.All):
        return Pair(s.all_of(true), s.any_of(false), facts)
    if isinstance(node, ir.Any):
        return Pair(s.any_of(true), s.all_of(false), facts)
    spare = len(parts) - node.at_least + 1
    return Pair(
        s.weigh(((f, 1) for f in true), node.at_least),
        s.weigh(((f, 1) for f in false), spare),
        facts,
    )
