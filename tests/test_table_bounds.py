"""Bounds in tables: every engine for tables answers them as the referee does."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import drawn
from tables import by_columns, compare, on_duckdb, table
from test_columnar import one, truth
from test_intervals import bounded, intervals

from hepatica import ir
from hepatica.case import contradictions
from hepatica.cohort.bare import denials
from hepatica.compile.columnar import Columnar
from hepatica.compile.sql import Sql
from hepatica.compose import Composer
from hepatica.evaluate import Referee, bare_meaning
from hepatica.interval import ENDS, Interval

usual = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@usual
@given(drawn(), st.data())
def test_tables_with_bounds_agree_with_the_referee(case: Any, data: Any) -> None:
    patients = [data.draw(bounded(p))[i] for i, p in zip((0, 0, 1, 0), case.patients, strict=False)]
    columnar = Columnar(case.guideline, case.knowledge)
    frame = table(patients, columnar.columns(), key="patient")
    compare(columnar, Composer(case.guideline, case.knowledge), patients, frame.lazy())
    sql = Sql(case.guideline, case.knowledge)
    assert on_duckdb(sql, frame, bounds=True) == by_columns(columnar, frame)


OPS = ("above", "at_least", "below", "at_most", "between", "known")


@settings(max_examples=25, deadline=None)
@given(st.lists(intervals() | st.none() | st.sampled_from([0.0, 1.5, 5.0]), min_size=1), st.data())
def test_every_question_about_bounds_is_answered_as_for_one_patient(
    held: list[Any], data: Any
) -> None:
    facts = {"number_0": ir.Fact("number_0", "t", "n", "quantity", unit="1", range=(-1e3, 1e3))}
    patients: list[Any] = [{} if value is None else {"number_0": value} for value in held]
    frame = table(patients, {"number_0": pl.Float64()})
    for op in OPS:
        ends = sorted(data.draw(st.lists(st.sampled_from([0.0, 1.5, 5.0]), min_size=2, max_size=2)))
        values: Any = {"between": tuple(ends), "known": (True,)}.get(op, (ends[0],))
        leaf = ir.Leaf("number_0", op, values)  # type: ignore[arg-type]
        for when in (leaf, ir.Not(leaf)):
            wanted = [Referee(bare_meaning(facts), p).truth(when) for p in patients]
            assert truth(one(when), frame) == wanted, (when, held)


def bounds(**columns: Any) -> dict[str, Any]:
    return {f"number_0.{end}": values for end, values in columns.items()}


def test_of_bounds_it_is_neither_said_that_a_fact_is_known_nor_that_it_is_not() -> None:
    frame = {"number_0": [None, None, None, 3.0], **bounds(low=[None, 4.0, None, None],
             high=[5.0, None, None, 5.0])}  # fmt: skip
    for want in (True, False):
        known = one(ir.Leaf("number_0", "known", (want,)))
        assert truth(known, frame) == [None, None, not want, want]
        waits = known.missing(pl.DataFrame(frame).lazy()).collect()["g/t/r"].to_list()
        assert waits == [["number_0"], ["number_0"], [], []]
        statuses = known.outcomes(pl.DataFrame(frame).lazy()).collect()["g/t/r"].to_list()
        assert statuses[:2] == ["contingent"] * 2


def test_what_bounds_leave_open_is_missing_and_what_they_decide_is_not() -> None:
    below = one(ir.Leaf("number_0", "below", (5.0,)))
    frame = pl.DataFrame({"number_0": [None] * 4, **bounds(high=[9.0, 4.0, None, None],
                          low=[None, None, 5.0, None])})  # fmt: skip
    waits = below.missing(frame.lazy()).collect()["g/t/r"].to_list()
    assert waits == [["number_0"], [], [], ["number_0"]]


@pytest.mark.parametrize("is_open", [True, False, None])
def test_an_end_is_closed_unless_it_is_said(is_open: bool | None) -> None:
    frame = {"number_0": [None], **bounds(high=[5.0], high_open=[is_open])}
    assert truth(one(ir.Leaf("number_0", "below", (5.0,))), frame) == [True if is_open else None]
    assert truth(one(ir.Leaf("number_0", "at_most", (5.0,))), frame) == [True]
    assert truth(one(ir.Leaf("number_0", "above", (5.0,))), frame) == [False]
    frame = {"number_0": [None], **bounds(low=[5.0], low_open=[is_open])}
    assert truth(one(ir.Leaf("number_0", "above", (5.0,))), frame) == [True if is_open else None]
    assert truth(one(ir.Leaf("number_0", "at_most", (5.0,))), frame) == [False if is_open else None]


def test_a_number_beside_bounds_holds_and_what_is_no_number_is_no_bound() -> None:
    below = one(ir.Leaf("number_0", "below", (5.0,)))
    assert truth(below, {"number_0": [7.0], **bounds(high=[4.0])}) == [False]
    nan = float("nan")
    assert truth(below, {"number_0": [nan, None], **bounds(high=[4.0, nan])}) == [True, None]
    assert truth(one(ir.Leaf("number_0", "known", (True,))), bounds(high=[4.0, nan])) == [
        None, False,
    ]  # fmt: skip
    short = pl.DataFrame(bounds(high=[5.7]), schema={"number_0.high": pl.Float32})
    assert truth(one(ir.Leaf("number_0", "at_most", (5.7,))), short) == [True]
    assert truth(below, bounds(high=[4])) == [True]
    for wrong in (bounds(high=["4"]), bounds(low=[1.0], low_open=["no"])):
        with pytest.raises(ValueError, match=r"`number_0\."):
            truth(below, wrong)


def test_a_table_without_bounds_has_the_plan_that_it_had() -> None:
    of = one(ir.All((ir.Leaf("number_0", "known", (False,)), ir.Leaf("number_0", "below", (5.0,)))))
    frame = pl.DataFrame({"number_0": [1.0]}).lazy()
    plan = of.missing(frame).explain(optimized=False)
    assert not any(f'"{end} number_0"' in plan for end in ENDS)
    assert not any(f'"{letter} ' in plan for letter in "uz")


def test_bounds_of_a_score_hold_and_its_items_count_for_nothing() -> None:
    from strategies import statement

    item = ir.ScoreItem("i", (ir.ScoreOption(3, ir.Leaf("flag_0", "is", (True,))),))
    score = statement("points", "score", score="points", items=(item,))
    rule = one(ir.Leaf("points", "at_least", (2.0,)), score)
    frame = pl.DataFrame({
        "flag_0": [True, True, None, True], "points": [None, None, None, None],
        "points.low": [None, 4.0, None, None], "points.high": [1.0, None, 6.0, None],
        "points.high_open": [True, None, False, None],
    })  # fmt: skip
    assert truth(rule, frame) == [False, True, None, True]
    status = rule.outcomes(frame.lazy()).collect()["g/t/points"].to_list()
    assert status == ["unknown", "unknown", "unknown", "known"]
    assert rule.missing(frame.lazy()).collect()["g/t/r"].to_list() == [[], [], ["points"], []]
    ends = rule.concluded(frame.lazy()).collect()
    assert ends["points.low"].to_list() == [None, 4.0, None, 3.0]
    assert ends["points.high"].to_list() == [1.0, None, 6.0, 3.0]
    assert ends["points.high_open"].to_list() == [True, False, False, False]


def test_bounds_within_beside_and_next_to_a_range() -> None:
    leaf = ir.Leaf("number_0", "between", (0.0, 5.0))
    held = [Interval(0.0, 5.0, True, True), Interval(5.0, None, True), Interval(None, 0.0)]
    frame = table([{"number_0": value} for value in held], {"number_0": pl.Float64()})
    assert truth(one(leaf), frame) == [True, False, None]


def test_bounds_that_a_fact_excludes_are_told_as_in_a_case() -> None:
    number = ir.Fact("number_0", "t", "n", "quantity", unit="1", range=(0, 9))
    for op, want in [*((op, False) for op in OPS), ("known", True)]:
        values: Any = {"between": (2.0, 5.0), "known": (want,)}.get(op, (5.0,))
        then = ir.Leaf("number_0", op, values)  # type: ignore[arg-type]
        implies = (ir.Implication(ir.Leaf("flag_0", "is", (True,)), then),)
        flag = ir.Fact("flag_0", "t", "f", "boolean", implies=implies)
        facts = {"flag_0": flag, "number_0": number}
        held = [
            Interval(None, 5.0), Interval(None, 5.0, high_open=True), Interval(5.0, None),
            Interval(5.0, None, low_open=True), Interval(2.0, 5.0), Interval(6.0, 7.0), 5.0, None,
        ]  # fmt: skip
        rows: list[Any] = [{"flag_0": True, **({"number_0": v} if v else {})} for v in held]
        frame = table(rows, {"flag_0": pl.Boolean(), "number_0": pl.Float64()})
        [denied] = denials(facts, facts, {"number_0"})
        told = frame.select(denied.where.alias("x"))["x"].to_list()
        assert told == [bool(contradictions(facts, row)) for row in rows], op
