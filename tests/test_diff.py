"""Comparisons: differences that are known by construction are found, and nothing else is."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import CONCLUDED, FACTS, Drawn, conditions, drawn, guideline, knowledge, statement

from hepatica import ir
from hepatica.case import Case
from hepatica.diagnostics import Invalid
from hepatica.diff import compare
from hepatica.diff.compare import related
from hepatica.diff.data import Compared, Diff, Pair
from hepatica.diff.normal import implies, normal, translator
from hepatica.diff.sides import compared
from hepatica.evaluate import Meaning, Referee, Truth
from hepatica.run import Evaluator


def examples(number: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=number, deadline=None, suppress_health_check=slow)


ORDER: dict[Truth, int] = {False: 0, None: 1, True: 2}
NAMES = [name for name in FACTS if name not in CONCLUDED]


def truths(d: Drawn, *conditions_: ir.Condition) -> list[list[int]]:
    """Give the truth of conditions for every patient, as numbers that grow with truth."""
    meaning = Meaning(d.guideline, d.knowledge.facts)
    found = []
    for patient in d.patients:
        referee = Referee(meaning, patient)
        found.append([ORDER[referee.truth(c)] for c in conditions_])
    return found


def side(of: ir.Guideline, facts: dict[str, ir.Fact] | None = None) -> Compared:
    return compared(of.id, knowledge(of, facts), of)


def versus(old: ir.Guideline, new: ir.Guideline) -> Diff:
    return compare(side(old), side(new))


def only(diff: Diff, verdict: str) -> Pair:
    [pair] = [p for p in diff.pairs if p.verdict == verdict]
    return pair


def reworded(node: ir.Condition, shuffle: random.Random) -> ir.Condition:
    """Write a condition in another way that means the same: De Morgan, order, nesting, doubles."""
    if isinstance(node, ir.Leaf):
        one = ir.replace(node, line=shuffle.randrange(90))
        if node.op in ("in", "includes_any"):
            op: ir.Operator = "is" if node.op == "in" else "includes"
            apart = ir.Any(tuple(ir.Leaf(node.fact, op, (v,)) for v in node.values))
            return apart if shuffle.random() < 0.5 else one
        again: list[ir.Condition] = [one, ir.Not(ir.Not(one)), ir.All((one, one))]
        return shuffle.choice(again)
    if isinstance(node, ir.Not):
        return ir.Not(reworded(node.part, shuffle))
    parts = [reworded(part, shuffle) for part in node.parts]
    if isinstance(node, ir.Count):
        shuffle.shuffle(parts)
        return ir.Count(node.at_least, tuple(parts))
    if shuffle.random() < 0.5:
        parts.append(shuffle.choice(parts))
    if shuffle.random() < 0.5 and len(parts) > 1:
        parts = [type(node)(tuple(parts[:2])), *parts[2:]]
    shuffle.shuffle(parts)
    if shuffle.random() < 0.5:
        return type(node)(tuple(parts))
    other = ir.Any if isinstance(node, ir.All) else ir.All
    return ir.Not(other(tuple(map(ir.Not, parts))))


# --- normal forms --------------------------------------------------------------------------------


@examples(60)
@given(drawn(), st.data())
def test_a_normal_form_means_the_same(d: Drawn, data: st.DataObject) -> None:
    condition = data.draw(conditions(list(FACTS)))
    for one, other in truths(d, condition, normal(condition)):
        assert one == other


@examples(60)
@given(drawn(), st.data())
def test_what_is_said_to_follow_follows(d: Drawn, data: st.DataObject) -> None:
    one = data.draw(conditions(list(FACTS), 2))
    other = data.draw(conditions(list(FACTS), 2))
    forms = [normal(c) for c in (one, other, ir.All((one, other)), ir.Any((one, other)))]
    assert implies(forms[2], forms[0]) and implies(forms[0], forms[3])
    rows = truths(d, *forms)
    for i, first in enumerate(forms):
        for j, second in enumerate(forms):
            if implies(first, second):
                assert all(row[i] <= row[j] for row in rows)


@examples(60)
@given(conditions(NAMES), st.randoms(use_true_random=False))
def test_rewording_is_seen_through(condition: ir.Condition, shuffle: random.Random) -> None:
    again = reworded(condition, shuffle)
    assert related(normal(condition), normal(again)) == "equal"


@given(st.sampled_from(["above", "at_least", "below", "at_most"]), st.booleans())
def test_a_moved_threshold_is_stricter_or_looser(op: Any, negated: bool) -> None:
    def asked(limit: float) -> ir.Condition:
        leaf = ir.Leaf("number_0", op, (limit,))
        return normal(ir.All((ir.Leaf("flag_0", "is", (True,)), ir.Not(leaf) if negated else leaf)))

    upwards = (op in ("above", "at_least")) is not negated
    assert related(asked(1.5), asked(5.0)) == ("stricter" if upwards else "looser")


def test_strictness_and_members_are_seen() -> None:
    def of(*args: Any) -> ir.Condition:
        return normal(ir.Leaf(*args))

    assert (
        related(of("number_0", "at_least", (5.0,)), of("number_0", "above", (5.0,))) == "stricter"
    )
    assert related(of("code", "in", ("a", "b")), of("code", "is", ("a",))) == "stricter"
    assert (
        related(of("code", "is", ("a",)), normal(ir.Not(ir.Leaf("code", "is", ("b",))))) == "looser"
    )
    assert (
        related(of("drugs", "includes", ("p",)), of("drugs", "includes_any", ("p", "q")))
        == "looser"
    )
    assert (
        related(of("number_0", "between", (1.0, 5.0)), of("number_0", "at_least", (1.0,)))
        == "looser"
    )
    flags = tuple(ir.Leaf(f"flag_{i}", "is", (True,)) for i in range(3))
    assert related(normal(ir.Count(1, flags)), normal(ir.Count(2, flags))) == "stricter"
    assert related(normal(ir.Count(2, flags)), normal(ir.All(flags))) == "stricter"
    assert related(of("flag_0", "is", (True,)), of("flag_1", "is", (True,))) == "different"


# --- whole guidelines ----------------------------------------------------------------------------


@examples(20)
@given(drawn())
def test_a_guideline_is_the_same_as_itself(d: Drawn) -> None:
    diff = versus(d.guideline, d.guideline)
    assert diff.same and {p.verdict for p in diff.pairs} <= {"same"}
    assert len(diff.pairs) == len(d.guideline.statements)


@examples(20)
@given(drawn(), st.randoms(use_true_random=False))
def test_names_of_files_and_their_order_do_not_matter(d: Drawn, shuffle: random.Random) -> None:
    names = list(range(len(d.guideline.statements)))
    shuffle.shuffle(names)
    moved = [
        ir.replace(s, id=f"g/u/m{n}") for n, s in zip(names, d.guideline.statements, strict=True)
    ]
    shuffle.shuffle(moved)
    diff = versus(d.guideline, ir.replace(d.guideline, statements=tuple(moved)))
    assert diff.same and all(p.renamed for p in diff.pairs)


@examples(20)
@given(drawn(), st.randoms(use_true_random=False))
def test_a_rewording_changes_nobody(d: Drawn, shuffle: random.Random) -> None:
    again = tuple(
        s if s.when is None else ir.replace(s, when=reworded(s.when, shuffle))
        for s in d.guideline.statements
    )
    diff = versus(d.guideline, ir.replace(d.guideline, statements=again))
    assert {p.verdict for p in diff.pairs} <= {"same", "reworded"}
    assert all(p.condition and p.condition.relation == "equal" for p in diff.pairs)
    assert not any(p.through for p in diff.pairs)


FLAGS = [ir.Leaf(f"flag_{i}", "is", (True,)) for i in range(3)]
LIMIT = ir.Leaf("number_1", "above", (1.5,))


def plain(*clauses: ir.Condition, joined: Callable[..., ir.Condition] = ir.All) -> ir.Statement:
    return statement(
        "plain", "recommendation", when=joined(clauses),
        recommend=ir.Recommend("test", (("drug_b",),)),
    )  # fmt: skip


def mutated(d: Drawn, old: ir.Statement, new: ir.Statement) -> Diff:
    """Compare drawn guidelines that differ in one statement; the drawn ones tell otherwise."""
    rest = d.guideline.statements
    return versus(
        ir.replace(d.guideline, statements=(*rest, old)),
        ir.replace(d.guideline, statements=(new, *rest)),
    )


@examples(12)
@given(drawn(), st.sampled_from([0.0, 5.0, 450.0]))
def test_a_mutated_threshold_is_found(d: Drawn, limit: float) -> None:
    moved = ir.replace(LIMIT, values=(limit,))
    diff = mutated(d, plain(FLAGS[0], LIMIT), plain(moved, FLAGS[0]))
    pair = only(diff, "changed")
    assert not diff.same and diff.counts["same"] == len(diff.pairs) - 1
    assert pair.condition and pair.condition.relation == ("looser" if limit < 1.5 else "stricter")
    [question] = pair.condition.questions
    assert question.kind == "threshold" and question.fact == "number_1"
    assert pair.condition.basis == "structure" and not pair.condition.joined
    assert pair.old and pair.old.condition and pair.new and pair.new.condition
    marked = [[n.fact for n in side_.condition.parts if n.differs]  # type: ignore[union-attr]
              for side_ in (pair.old, pair.new)]  # fmt: skip
    assert marked == [["number_1"], ["number_1"]]


@examples(12)
@given(drawn(), st.booleans())
def test_a_dropped_clause_is_found(d: Drawn, every: bool) -> None:
    joined: Any = ir.All if every else ir.Any
    old, new = plain(*FLAGS, joined=joined), plain(*FLAGS[:2], joined=joined)
    for a, b, kind, narrower in ((old, new, "removed", not every), (new, old, "added", every)):
        condition = only(mutated(d, a, b), "changed").condition
        assert condition and condition.relation == ("stricter" if narrower else "looser")
        [question] = condition.questions
        assert (question.kind, question.fact) == (kind, "flag_2")


@examples(12)
@given(drawn())
def test_what_is_told_is_apart_from_whom_it_is_told(d: Drawn) -> None:
    old = plain(FLAGS[0])
    dose = ir.Dose("drug_b", ir.Amount(1, 2, "mg/d"))
    others = {
        "dose": {"dose": (dose,)},
        "grade": {"grade": ir.Grade(strength="strong")},
        "duration": {"duration": "a month"},
        "schedule": {"schedule": (ir.Phase(ir.Amount(1, 1, "wk")),)},
        "text": {"text": "other words"},
        "source": {"source": ir.replace(old.source, locator="2")},
        "confidence": {"source": ir.replace(old.source, confidence="direct")},
    }
    for what, fields in others.items():
        new = ir.replace(old, **fields)  # type: ignore[arg-type]
        words = what in ("text", "source", "confidence")
        pair = only(mutated(d, old, new), "reworded" if words else "changed")
        assert pair.condition and pair.condition.relation == "equal"
        assert [c.what for c in pair.changes] == [what]


def test_another_action_on_the_same_is_a_change_of_what_is_told() -> None:
    old = plain(FLAGS[0], LIMIT)
    new = ir.replace(old, id="g/t/x", recommend=ir.Recommend("monitor", (("drug_b",),)))
    pair = only(versus(guideline([old]), guideline([new])), "changed")
    found = [(c.aspect, c.what, c.old, c.new) for c in pair.changes]
    assert found == [("told", "action", "test", "monitor")]


def test_a_caution_in_the_place_of_a_contraindication_is_a_change() -> None:
    avoid = ir.Avoid(classes=("cls",))
    old = statement("c", "contraindication", when=FLAGS[0], avoid=avoid)
    new = statement("c", "caution", when=FLAGS[0],
                    avoid=ir.Avoid(interventions=("drug_a", "drug_b")))  # fmt: skip
    pair = only(versus(guideline([old]), guideline([new])), "changed")
    assert [c.what for c in pair.changes] == ["kind"]


def test_the_nearest_condition_wins_and_what_is_far_stays_alone() -> None:
    near, far = plain(FLAGS[0], LIMIT), ir.replace(plain(FLAGS[1], FLAGS[2]), id="g/t/far")
    moved = ir.replace(plain(FLAGS[0], ir.replace(LIMIT, values=(5.0,))), id="h/t/a")
    other = ir.replace(guideline([moved]), id="h")
    diff = versus(guideline([far, near]), other)
    assert only(diff, "changed").names == ("g/t/plain", "h/t/a")
    alone = only(diff, "removed")
    assert alone.names == ("g/t/far", None) and alone.elsewhere == ("h/t/a",)


DEFINED = statement("d", "definition", when=ir.Any(tuple(FLAGS[:2])), conclude=("verdict_1", True))
RESTING = plain(ir.Leaf("verdict_1", "is", (True,)))


def test_what_rests_on_another_definition_is_told() -> None:
    stricter = ir.replace(DEFINED, when=FLAGS[0])
    diff = versus(guideline([DEFINED, RESTING]), guideline([stricter, RESTING]))
    pair = only(diff, "same")
    assert pair.through == ("verdict_1",) and not diff.same
    alone = versus(guideline([DEFINED, RESTING]), guideline([RESTING]))
    assert only(alone, "same").through == ("verdict_1",)


def test_a_definition_split_in_two_is_the_same_definition() -> None:
    split = [ir.replace(DEFINED, id=f"g/t/d{i}", when=FLAGS[i]) for i in range(2)]
    diff = versus(guideline([DEFINED, RESTING]), guideline([*split, RESTING]))
    assert only(diff, "same").through == ()
    assert all(p.together for p in diff.pairs if p.verdict != "same")


def test_a_score_is_compared_by_its_points() -> None:
    def score(points: int, *names: str) -> ir.Statement:
        items = [ir.ScoreItem(n, (ir.ScoreOption(points, FLAGS[i]),)) for i, n in enumerate(names)]
        return statement("s", "score", score="points", items=tuple(items))

    old = guideline([score(1, "a", "b")])
    assert only(versus(old, guideline([score(1, "c", "d")])), "reworded")
    assert only(versus(old, guideline([score(2, "a", "b")])), "changed")
    assert only(versus(old, guideline([score(1, "a")])), "changed")


def test_whom_a_guideline_is_for_counts() -> None:
    old, new = guideline([RESTING]), guideline([RESTING], FLAGS[0])
    diff = versus(old, new)
    assert not diff.same and diff.applies.condition.relation == "stricter"


def test_a_threshold_in_another_unit_is_the_same_threshold() -> None:
    def measured(unit: str, limit: float, **fields: Any) -> Compared:
        fact = ir.Fact("number_1", "t", "n", "quantity", unit=unit, range=(0, 1e6), **fields)
        of = guideline([plain(FLAGS[0], ir.Leaf("number_1", "above", (limit,)))])
        return side(of, {**FACTS, "number_1": fact})

    assert compare(measured("g/L", 5.7), measured("mg/dL", 570)).same is False  # written otherwise
    for old, new, verdict in (
        (measured("g/L", 5.7), measured("mg/dL", 570), "reworded"),
        (measured("g/L", 5.7), measured("mg/dL", 571), "changed"),
        (measured("g/L", 5.7), measured("kg", 5.7), "changed"),
        (measured("mg/dL", 2), measured("umol/L", 34.2,
         other_units=(ir.OtherUnit("mg/dL", "171/10"),)), "reworded"),
    ):  # fmt: skip
        assert [p.verdict for p in compare(old, new).pairs] == [verdict]
    same = translator(FACTS, FACTS)
    assert same(LIMIT) is LIMIT


# --- cases ---------------------------------------------------------------------------------------


@examples(12)
@given(drawn(), drawn())
def test_cases_say_what_an_evaluation_says(d: Drawn, e: Drawn) -> None:
    patients = [p for p in d.patients if not {"points"} & set(p)]
    cases: list[Any] = [
        {"id": f"p{i}", "facts": {n: list(v) if isinstance(v, tuple) else v for n, v in p.items()}}
        for i, p in enumerate(patients)
    ]
    diff = compare(side(d.guideline), side(e.guideline), cases)
    assert len(diff.cases) == len(cases)
    evaluators = [Evaluator(knowledge(x), [x], "referee") for x in (d.guideline, e.guideline)]
    for patient, case in zip(patients, diff.cases, strict=True):
        results = [ev.evaluate(Case(case.case, patient)).guidelines[0] for ev in evaluators]
        statuses = [{r.statement: r.status for r in result.recommendations} for result in results]
        for count, result in zip((case.said_old, case.said_new), results, strict=True):
            held = sum(r.status == "recommended" for r in result.recommendations)
            assert count.get("recommended", 0) == held
        for pair in (a for a in case.agreed if a.kind == "recommendation"):
            assert statuses[0][pair.old_statement or ""] == pair.status
            assert statuses[1][pair.new_statement or ""] == pair.status
        for answer in case.answers:
            if answer.kind != "recommendation":
                continue
            sides = ((answer.old_statement, answer.old), (answer.new_statement, answer.new))
            for found, (name, reason) in zip(statuses, sides, strict=True):
                expected = "not sourced" if name is None else found.get(name, "silent")
                assert reason.status == expected
                assert (reason.status == "contingent") <= bool(reason.missing)
    for matrix in diff.matrices:
        kinds = {"recommendation": ("recommendation",),
                 "avoid": ("contraindication", "caution")}.get(matrix.kind)  # fmt: skip
        if kinds:
            told = [p.old or p.new for p in diff.pairs]
            rows = sum(t is not None and t.kind in kinds for t in told)
            assert sum(c.cases for c in matrix.counts) == rows * len(cases)
        assert all({c.old, c.new} <= set(matrix.statuses) for c in matrix.counts)


def test_the_deciding_threshold_is_named_on_each_side() -> None:
    old, new = plain(FLAGS[0], LIMIT), plain(FLAGS[0], ir.replace(LIMIT, values=(5.0,)))
    case = {"id": "c", "facts": {"flag_0": True, "number_1": 3}}
    diff = compare(side(guideline([old])), side(guideline([new])), [case])
    [answer] = diff.cases[0].answers
    assert (answer.old.status, answer.new.status) == ("recommended", "silent")
    assert "n is above 1.5: yes (3)" in answer.old.because
    assert answer.new.because == ("n is above 5: no (3)",)
    [matrix] = diff.matrices
    assert [(c.old, c.new, c.cases) for c in matrix.counts] == [("recommended", "silent", 1)]
    [counted] = diff.by_pair
    assert counted.old_statement == "g/t/plain" and counted.counts[0].cases == 1


def test_a_missing_fact_is_named_on_the_side_that_asks() -> None:
    old, new = plain(FLAGS[0]), plain(*FLAGS[:2])
    diff = compare(side(guideline([old])), side(guideline([new])),
                   [{"id": "c", "facts": {"flag_0": True}}])  # fmt: skip
    [answer] = diff.cases[0].answers
    assert (answer.new.status, answer.new.missing) == ("contingent", ("flag 1",))


def test_a_fact_that_one_side_does_not_know_is_left_out_there_and_told() -> None:
    fewer = {name: fact for name, fact in FACTS.items() if name != "flag_2"}
    old, new = guideline([plain(FLAGS[0])]), guideline([plain(FLAGS[2])])
    case = {"id": "c", "facts": {"flag_0": True, "flag_2": True}}
    [found] = compare(side(old, fewer), side(new), [case]).cases
    assert found.unheard_old == ("flag_2",) and found.unheard_new == ()
    with pytest.raises(Invalid, match="D101"):
        compare(side(old, fewer), side(new), [{"id": "c", "facts": {"flag_9": True}}])


def test_the_like_said_by_another_statement_is_named() -> None:
    here = plain(FLAGS[0], LIMIT)
    elsewhere = ir.replace(plain(FLAGS[2]), id="h/t/other")
    moved = ir.replace(plain(FLAGS[0], ir.replace(LIMIT, values=(5.0,))), id="h/t/plain")
    diff = compare(
        side(guideline([here])), side(ir.replace(guideline([moved, elsewhere]), id="h")),
        [{"id": "c", "facts": {"flag_0": True, "number_1": 3, "flag_2": True}}],
    )  # fmt: skip
    answer = next(a for a in diff.cases[0].answers if a.old_statement)
    assert (answer.new.status, answer.new.besides) == ("silent", ("h/t/other",))


def test_a_fact_that_is_described_otherwise_is_told() -> None:
    of = guideline([plain(FLAGS[0])])
    other = {**FACTS, "flag_0": ir.Fact("flag_0", "t", "flag 0", "boolean", text="something else")}
    diff = compare(side(of), side(of, other))
    assert [(c.fact, c.what, c.new) for c in diff.facts] == [("flag_0", "text", "something else")]
    assert not diff.same and {p.verdict for p in diff.pairs} == {"same"}
    assert compare(side(of), side(of, {**FACTS, "flag_2": other["flag_0"]})).same  # never asked


def test_not_to_reduce_is_not_the_like_of_not_to_begin() -> None:
    def avoiding(name: str, *actions: str) -> ir.Statement:
        avoid = ir.Avoid(interventions=("drug_a",), actions=actions)
        return statement(name, "contraindication", when=FLAGS[0], avoid=avoid)

    begin, reduce = avoiding("begin", "start", "add"), avoiding("reduce", "reduce")
    case = {"id": "c", "facts": {"flag_0": True}}
    diff = compare(side(guideline([begin])), side(guideline([begin, reduce])), [case])
    pair = only(diff, "added")
    assert pair.names == (None, "g/t/reduce") and pair.elsewhere == ()
    [answer] = diff.cases[0].answers
    assert (answer.old.status, answer.old.besides) == ("not sourced", ())
