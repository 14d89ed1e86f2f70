"""L101, L102: a condition that no patient can make true, or that no patient can make false.

Ranges, exclusive values and what facts imply count: `alt_x_uln is above 5` and `is below 3` in one
`all` can never be true. Of a recommendation the guideline's `applies` counts too. A condition that
can never be false is true for everybody of whom enough is known, which says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica import ir
from hepatica.compile.solver import Formula
from hepatica.diagnostics import Diagnostic
from hepatica.lint.logic.ground import Ground, Undecided


def check(ground: Ground) -> Iterator[Diagnostic]:
    """Look for a patient on each side of every condition."""
    for s, path, condition in ground.conditions():
        pair = ground.guide.formulas.rail(condition)
        try:
            if not _can_be(ground, s, condition, True, pair.true):
                text, help = "this can never be true", "mend it: it speaks of no patient"
                yield ground.say(s, path, "L101", text, help)
                continue
            if not _can_be(ground, s, condition, False, pair.false):
                text = "this can never be false"
                help = "mend it: it is true for everybody of whom enough is known"
                yield ground.say(s, path, "L102", text, help)
            if s.recommend is not None:
                holds = ground.guide.holds(s.id)
                if not ground.exists(holds.true, holds.facts):
                    text = "this can never be true where the guideline applies"
                    help = f"see `applies` of `{ground.guideline.id}`"
                    yield ground.say(s, path, "L101", text, help)
        except Undecided:
            yield ground.undecided(s, "the condition can be true and false")


def _can_be(
    ground: Ground, s: ir.Statement, condition: ir.Condition, truth: bool, formula: Formula
) -> bool:
    if ground.is_seen(s, condition, truth):
        return True
    return ground.exists(formula, ground.guide.formulas.rail(condition).facts)
