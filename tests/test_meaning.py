"""What rules mean, checked first where a mistake would hurt a patient."""

from __future__ import annotations

from typing import Any

import pytest
from strategies import FACTS, guideline, knowledge, statement

from hepatica import ir
from hepatica.case import Case
from hepatica.compile.program import Program
from hepatica.evaluate import Answers, Meaning
from hepatica.finding import Finding
from hepatica.lower import lower
from hepatica.run import Evaluator


def leaf(fact: str, op: ir.Operator, *values: ir.Value) -> ir.Leaf:
    return ir.Leaf(fact, op, values)


FLAG = leaf("flag_0", "is", True)
OTHER = leaf("flag_1", "is", True)


def answers(statements: list[ir.Statement], **given: Any) -> Answers:
    return Meaning(guideline(statements), FACTS).answers(given)


def define(name: str, when: ir.Condition, fact: str, value: ir.Value = True) -> ir.Statement:
    return statement(name, "definition", when=when, conclude=(fact, value))


def recommend(
    name: str, when: ir.Condition, *options: tuple[str, ...], action: str = "start"
) -> ir.Statement:
    chosen = ir.Recommend(action, options or (("drug_a",),))
    return statement(name, "recommendation", when=when, recommend=chosen)


def avoid(name: str, when: ir.Condition, **fields: Any) -> ir.Statement:
    what = ir.Avoid(**(fields or {"interventions": ("drug_a",)}))
    return statement(name, "contraindication", when=when, avoid=what)


def finding(
    statements: list[ir.Statement], applies: ir.Condition | None = None, **given: Any
) -> Finding:
    known = knowledge(guideline(statements, applies))
    result = Evaluator(known, known.guidelines.values(), "program", check=True).evaluate(
        Case("c", given)
    )
    return result.guidelines[0]


def status(of: Finding, name: str = "r") -> str:
    return next((r.status for r in of.recommendations if r.statement == f"g/t/{name}"), "silent")


# --- unknown is never no ---------------------------------------------------------------------


@pytest.mark.parametrize("op", ["above", "at_least", "below", "at_most"])
def test_a_missing_number_is_neither_above_nor_below(op: ir.Operator) -> None:
    when = leaf("number_0", op, 5.0)
    found = answers([define("a", when, "verdict_1"), define("b", ir.Not(when), "verdict_2")])
    assert found.statements == {"g/t/a": None, "g/t/b": None}


@pytest.mark.parametrize(
    ("op", "below", "at", "above"),
    [("above", False, False, True), ("at_least", False, True, True),
     ("below", True, False, False), ("at_most", True, True, False)],
)  # fmt: skip
def test_thresholds_are_strict_or_not(op: ir.Operator, below: bool, at: bool, above: bool) -> None:
    when = [define("a", leaf("number_0", op, 5.0), "verdict_1")]
    for value, expected in ((4.999999, below), (5.0, at), (5.000001, above)):
        assert answers(when, number_0=value).statements["g/t/a"] is expected


def test_a_given_set_is_complete_and_a_missing_one_is_unknown() -> None:
    when = [define("a", leaf("drugs", "includes", "p"), "verdict_1")]
    assert answers(when, drugs=("p", "q")).statements["g/t/a"] is True
    assert answers(when, drugs=()).statements["g/t/a"] is False
    assert answers(when).statements["g/t/a"] is None


def test_known_is_the_only_question_that_unknown_answers() -> None:
    when = [define("a", leaf("flag_0", "known", False), "verdict_1")]
    assert answers(when).statements["g/t/a"] is True
    assert answers(when, flag_0=False).statements["g/t/a"] is False


# --- definitions -----------------------------------------------------------------------------


def test_a_boolean_is_false_only_when_all_its_definitions_are() -> None:
    two = [define("a", FLAG, "verdict_1"), define("b", leaf("flag_1", "is", True), "verdict_1"),
           define("c", leaf("verdict_1", "is", False), "late")]  # fmt: skip
    assert answers(two, flag_0=False, flag_1=False).statements["g/t/c"] is True
    assert answers(two, flag_0=False).statements["g/t/c"] is None
    assert answers(two, flag_0=False, flag_1=True).statements["g/t/c"] is False


def test_a_given_conclusion_holds_and_the_disagreement_is_told() -> None:
    rules = [define("a", FLAG, "verdict_1"), recommend("r", leaf("verdict_1", "is", True))]
    known = knowledge(guideline(rules))
    run = Evaluator(known, known.guidelines.values(), "program", check=True)
    result = run.evaluate(Case("c", {"flag_0": True, "verdict_1": False}))
    assert status(result.guidelines[0]) == "silent"
    assert [d.code for d in result.diagnostics] == ["D106"]
    agrees = run.evaluate(Case("c", {"flag_0": True, "verdict_1": True}))
    assert agrees.diagnostics == () and status(agrees.guidelines[0]) == "recommended"


def test_two_values_for_one_patient_are_both_told_and_the_fact_is_unknown() -> None:
    rules = [define("a", FLAG, "stage", "s1"), define("b", OTHER, "stage", "s2"),
             recommend("r", leaf("stage", "in", "s1", "s2", "s3")),
             recommend("k", leaf("stage", "known", True))]  # fmt: skip
    known = knowledge(guideline(rules))
    run = Evaluator(known, known.guidelines.values(), "program", check=True)
    result = run.evaluate(Case("c", {"flag_0": True, "flag_1": True}))
    assert status(result.guidelines[0]) == "contingent"
    assert status(result.guidelines[0], "k") == "silent"
    [told] = result.diagnostics
    assert told.code == "D107" and "g/t/a" in told.message and "g/t/b" in told.message
    assert result.guidelines[0].conclusions == ()
    one = run.evaluate(Case("c", {"flag_0": True, "flag_1": False}))
    assert status(one.guidelines[0]) == "recommended" and one.diagnostics == ()


def test_sets_collect_members_one_by_one() -> None:
    rules = [define("a", FLAG, "traits", "t1"), define("b", OTHER, "traits", "t2"),
             define("c", leaf("traits", "includes", "t1"), "verdict_1"),
             define("d", leaf("traits", "includes", "t3"), "verdict_2")]  # fmt: skip
    found = answers(rules, flag_0=True).statements
    assert found["g/t/c"] is True and found["g/t/b"] is None and found["g/t/d"] is False


def test_a_score_with_missing_items_is_an_interval() -> None:
    items = (
        ir.ScoreItem("a", (ir.ScoreOption(2, FLAG),)),
        ir.ScoreItem("b", (ir.ScoreOption(1, leaf("number_0", "above", 1.5)),
                           ir.ScoreOption(3, leaf("number_0", "above", 5.0)))),
        ir.ScoreItem("c", (ir.ScoreOption(-4, leaf("flag_1", "is", True)),)),
    )  # fmt: skip
    score = statement("s", "score", score="points", items=items)
    ask = [define("a", leaf("points", "at_least", 2.0), "verdict_1")]
    assert answers([score, *ask]).concluded["points"].score == (-4, 5)
    found = answers([score, *ask], flag_0=True, flag_1=False)
    assert found.concluded["points"].score == (2, 5) and found.statements["g/t/a"] is True
    found = answers([score, *ask], flag_1=True)
    assert found.concluded["points"].score == (-4, 1) and found.statements["g/t/a"] is False
    assert answers([score, *ask], number_0=2.0).statements["g/t/a"] is None


# --- contraindications -----------------------------------------------------------------------


def test_a_contraindication_blocks_while_unknown_makes_contingent() -> None:
    rules = [recommend("r", FLAG), avoid("c", leaf("flag_1", "is", True))]
    assert status(finding(rules, flag_0=True, flag_1=False)) == "recommended"
    assert status(finding(rules, flag_0=True, flag_1=True)) == "blocked"
    open_ = finding(rules, flag_0=True)
    assert status(open_) == "contingent"
    assert open_.recommendations[0].missing == ("flag_1",)
    assert open_.missing[0].fact == "flag_1"
    blocked = finding(rules, flag_1=True)
    assert status(blocked) == "blocked" and blocked.recommendations[0].blocked_by == ("g/t/c",)


def test_only_the_options_that_give_it_are_blocked() -> None:
    rules = [recommend("r", FLAG, ("drug_a",), ("drug_b",)), avoid("c", leaf("flag_1", "is", True))]
    found = finding(rules, flag_0=True, flag_1=True).recommendations[0]
    assert found.status == "recommended"
    assert [o.status for o in found.options] == ["blocked", "recommended"]
    together = [recommend("r", FLAG, ("drug_a", "drug_b")), rules[1]]
    assert status(finding(together, flag_0=True, flag_1=True)) == "blocked"


def test_classes_and_actions_of_a_contraindication() -> None:
    when = leaf("flag_1", "is", True)
    by_class = avoid("c", when, classes=("cls",))
    assert status(finding([recommend("r", FLAG), by_class], flag_0=True, flag_1=True)) == "blocked"
    not_to_start = avoid("c", when, interventions=("drug_a",), actions=("start",))
    goes_on = recommend("r", FLAG, action="continue")
    assert status(finding([goes_on, not_to_start], flag_0=True, flag_1=True)) == "recommended"
    stop = recommend("r", FLAG, action="stop")
    assert status(finding([stop, by_class], flag_0=True, flag_1=True)) == "recommended"


def test_applies_false_silences_and_unknown_makes_contingent() -> None:
    applies = leaf("flag_2", "is", True)
    rules = [recommend("r", FLAG), avoid("c", leaf("flag_1", "is", True))]
    off = finding(rules, applies, flag_0=True, flag_1=True, flag_2=False)
    assert status(off) == "silent" and off.avoid == () and off.applies == "false"
    open_ = finding(rules, applies, flag_0=True, flag_1=False)
    assert status(open_) == "contingent" and open_.recommendations[0].missing == ("flag_2",)
    assert status(finding(rules, applies, flag_0=True, flag_1=True)) == "blocked"


def test_a_caution_is_shown_and_never_blocks() -> None:
    caution = statement("w", "caution", when=leaf("flag_1", "is", True),
                        avoid=ir.Avoid(interventions=("drug_a",)))  # fmt: skip
    found = finding([recommend("r", FLAG), caution], flag_0=True, flag_1=True)
    assert status(found) == "recommended" and found.recommendations[0].cautions == ("g/t/w",)
    open_ = finding([recommend("r", FLAG), caution], flag_0=True)
    assert status(open_) == "recommended"
    assert [(a.kind, a.status, a.missing) for a in open_.avoid] == [
        ("caution", "contingent", ("flag_1",))
    ]


def test_a_dose_for_others_is_not_shown() -> None:
    doses = (
        ir.Dose("drug_a", ir.Amount(40, 60, "mg/d"), when=leaf("pair", "is", "x")),
        ir.Dose("drug_a", ir.Amount(1, 2, "mg/kg/d"), when=leaf("pair", "is", "y")),
    )
    rule = statement("r", "recommendation", when=FLAG, dose=doses,
                     recommend=ir.Recommend("start", (("drug_a",),)))  # fmt: skip
    [child] = finding([rule], flag_0=True, pair="y").recommendations
    assert [d.amount.unit for d in child.dose] == ["mg/kg/d"]
    [unknown] = finding([rule], flag_0=True).recommendations
    assert [d.missing for d in unknown.dose] == [("pair",), ("pair",)]


# --- what is missing -------------------------------------------------------------------------


def test_missing_goes_through_definitions_and_leaves_out_what_cannot_matter() -> None:
    rules = [define("a", ir.All((FLAG, leaf("number_0", "above", 5.0))), "verdict_1"),
             recommend("r", ir.Any((leaf("verdict_1", "is", True), OTHER)))]  # fmt: skip
    assert finding(rules, flag_0=True).recommendations[0].missing == ("number_0", "flag_1")
    assert finding(rules, flag_0=False).recommendations[0].missing == ("flag_1",)


def test_missing_names_what_would_exclude_a_value_too() -> None:
    rules = [define("a", leaf("flag_0", "is", False), "stage", "s1"),
             define("b", ir.Any((leaf("flag_0", "is", False), leaf("drugs", "includes", "p"))),
                    "stage", "s2"),
             recommend("r", leaf("stage", "is", "s1"))]  # fmt: skip
    assert set(finding(rules).recommendations[0].missing) == {"flag_0", "drugs"}
    assert status(finding(rules, drugs=("p",), flag_0=True)) == "silent"


def test_an_item_without_points_does_not_keep_a_score_open() -> None:
    items = (
        ir.ScoreItem("a", (ir.ScoreOption(0, FLAG),)),
        ir.ScoreItem("b", (ir.ScoreOption(2, OTHER),)),
    )
    score = statement("s", "score", score="points", items=items)
    found = finding([score, recommend("r", leaf("points", "known", True))], flag_1=True)
    assert status(found) == "recommended"


def test_because_names_what_made_it_so() -> None:
    rules = [
        recommend(
            "r", ir.Any((ir.All((FLAG, leaf("flag_1", "is", True))), leaf("flag_2", "is", True)))
        )
    ]
    found = finding(rules, flag_0=True, flag_1=True, flag_2=True).recommendations[0]
    assert found.because == ("flag_2",)
    found = finding(rules, flag_0=True, flag_1=True, flag_2=False).recommendations[0]
    assert found.because == ("flag_0", "flag_1")


def test_retired_statements_are_silent() -> None:
    rule = ir.replace(recommend("r", FLAG), status="retired")
    block = ir.replace(avoid("c", FLAG), status="retired")
    assert status(finding([rule], flag_0=True)) == "silent"
    assert status(finding([recommend("r", FLAG), block], flag_0=True)) == "recommended"


def test_chains_of_conclusions_are_not_written_too_deep() -> None:
    facts = {f"c{i}": ir.Fact(f"c{i}", "t", "c", "boolean") for i in range(120)} | FACTS
    rules = [define("d0", FLAG, "c0")]
    rules += [
        define(f"d{i}", ir.All((leaf(f"c{i - 1}", "is", True), FLAG)), f"c{i}")
        for i in range(1, 120)
    ]
    of = guideline(rules)
    program = Program(lower(of, facts), facts)
    for given in ({"flag_0": True}, {"flag_0": False}, {}):
        assert program.truths(given)[0] == Meaning(of, facts).answers(given).statements
