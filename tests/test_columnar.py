"""Cohorts as Polars expressions: every fixture against the referee, and the traps of tables."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from strategies import FACTS, guideline, knowledge, statement
from tables import cases, compare, nested, shipped, table

import hepatica
from hepatica import ir
from hepatica.compile.circuit import STATUSES, WORDS
from hepatica.compile.columnar import Columnar
from hepatica.compose import Composer

ROOT = Path(__file__).resolve().parents[1]
NAMES = [path.parent.name for path in sorted(ROOT.glob("knowledge/*/guideline.yaml"))]
TRUTH = {"true": True, "false": False, "unknown": None}


@pytest.mark.parametrize("name", NAMES)
def test_every_case_agrees_with_the_referee(name: str) -> None:
    read = shipped()
    of = read.guidelines[name]
    columnar = Columnar(of, read)
    frame = table(cases(), columnar.columns())
    compare(columnar, Composer(of, read), cases(), frame.lazy(), lists=False)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_comes_out(name: str) -> None:
    read = shipped()
    columnar = Columnar(read.guidelines[name], read)
    asked = [
        (s.id, e)
        for s in read.guidelines[name].statements
        if s.id in columnar.statements
        for e in s.examples
    ]
    frame = table([e.facts for _, e in asked], columnar.columns())
    rows = columnar.truths(frame.lazy()).collect().to_dicts()
    for (statement_id, example), row in zip(asked, rows, strict=True):
        assert row[statement_id] is TRUTH[example.expect], (statement_id, example.name)


# --- traps ---------------------------------------------------------------------------------------


def one(when: ir.Condition, *others: ir.Statement, applies: ir.Condition | None = None) -> Columnar:
    """Compile one recommendation, `g/t/r`, and what it needs."""
    recommend = ir.Recommend("start", (("drug_a",), ("drug_b",)))
    rule = statement("r", "recommendation", when=when, recommend=recommend)
    of = guideline([*others, rule], applies)
    return Columnar(of, knowledge(of))


def truth(columnar: Columnar, data: Any) -> list[bool | None]:
    frame = data if isinstance(data, pl.DataFrame) else pl.DataFrame(data)
    return columnar.truths(frame.lazy()).collect(engine="streaming")["g/t/r"].to_list()


@pytest.mark.parametrize("op", ["above", "at_least", "below", "at_most"])
def test_not_a_number_is_missing(op: ir.Operator) -> None:
    rule = one(ir.Leaf("number_0", op, (5.0,)))
    assert truth(rule, {"number_0": [math.nan, None]}) == [None, None]
    rule = one(ir.Leaf("number_0", "known", (True,)))
    assert truth(rule, {"number_0": [math.nan, None, 0.0]}) == [False, False, True]


def test_whole_numbers_and_short_floats_are_what_was_written() -> None:
    rule = one(ir.Leaf("number_0", "at_least", (5.7,)))
    short = pl.DataFrame({"number_0": [5.7, 5.6, math.nan]}, schema={"number_0": pl.Float32})
    assert float(short["number_0"][0]) < 5.7 or float(short["number_0"][0]) != 5.7
    assert truth(rule, short) == [True, False, None]
    rule = one(ir.Leaf("number_0", "at_most", (5.7,)))
    assert truth(rule, short) == [True, True, None]
    assert truth(rule, {"number_0": [5, 6, None]}) == [True, False, None]


def test_an_empty_set_is_complete_and_a_missing_one_is_not() -> None:
    rule = one(ir.Leaf("drugs", "includes_any", ("p", "q")))
    held = {"drugs": [[], None, ["r"], ["q", "r"]]}
    frame = pl.DataFrame(held, schema={"drugs": pl.List(pl.String)})
    assert truth(rule, frame) == [False, None, False, True]
    assert truth(rule, {"other": [1, 2]}) == [None, None]


def test_a_set_with_a_null_in_it_is_missing() -> None:
    rule = one(ir.Leaf("drugs", "includes", ("p",)))
    assert truth(rule, {"drugs": [[None], ["r", None], ["p", None], ["p"]]}) == [
        None, None, None, True,
    ]  # fmt: skip
    known = one(ir.Leaf("drugs", "known", (True,)))
    assert truth(known, {"drugs": [["p", None], ["p"]]}) == [False, True]


def test_text_and_categories_become_the_values_of_the_fact() -> None:
    rule = one(ir.Leaf("code", "in", ("a", "c")))
    values = pl.DataFrame({"code": ["c", None, "b"]})
    for dtype in (pl.String, pl.Categorical, pl.Enum(["c", "b"]), pl.Enum(["a", "b", "c"])):
        assert truth(rule, values.cast({"code": dtype})) == [True, None, False]
    sets = one(ir.Leaf("drugs", "includes", ("q",)))
    inner = pl.DataFrame({"drugs": [["q"], ["p"], None]}).cast({"drugs": pl.List(pl.Categorical)})
    assert truth(sets, inner) == [True, False, None]


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["a", "z"])])
def test_a_code_that_no_value_has_is_refused(dtype: Any) -> None:
    rule = one(ir.Leaf("code", "is", ("a",)))
    frame = pl.DataFrame({"code": ["a", "z"]}).cast({"code": dtype})
    with pytest.raises(pl.exceptions.InvalidOperationError, match="failed"):
        truth(rule, frame)
    rule = one(ir.Leaf("drugs", "includes", ("p",)))
    with pytest.raises(pl.exceptions.InvalidOperationError, match="failed"):
        truth(rule, pl.DataFrame({"drugs": [["a", "z"]]}).cast({"drugs": pl.List(dtype)}))


@pytest.mark.parametrize(
    ("fact", "value"),
    [("number_0", "5"), ("number_0", True), ("flag_0", 1), ("flag_0", "true"), ("code", 1),
     ("drugs", "p"), ("drugs", [1])],
)  # fmt: skip
def test_a_column_of_another_kind_is_refused(fact: str, value: Any) -> None:
    rule = one(ir.Leaf(fact, "known", (True,)))
    with pytest.raises(ValueError, match=f"`{fact}`"):
        rule.truths(pl.DataFrame({fact: [value]}).lazy())


def test_a_kept_column_cannot_take_the_name_of_an_answer() -> None:
    rule = one(ir.Leaf("flag_0", "is", (True,)))
    frame = pl.DataFrame({"flag_0": [True], "applies": [1], "n 1": [7], "f flag_0": [8]}).lazy()
    with pytest.raises(ValueError, match="applies"):
        rule.truths(frame, ["applies"])
    kept = rule.truths(frame, ["n 1", "f flag_0", "flag_0"]).collect().to_dicts()
    assert kept == [{"n 1": 7, "f flag_0": 8, "flag_0": True, "g/t/r": True, "applies": True}]


def test_a_table_without_any_fact_has_a_row_a_patient() -> None:
    rule = one(ir.Leaf("flag_0", "is", (True,)), applies=ir.Leaf("flag_1", "is", (True,)))
    frame = pl.DataFrame({"patient": ["a", "b", "c"]}).lazy()
    assert rule.truths(frame).collect().rows() == [(None, None)] * 3
    assert rule.outcomes(frame).collect()["g/t/r"].to_list() == ["contingent"] * 3
    waiting = rule.missing(frame, ["patient"]).collect()
    assert waiting["patient"].to_list() == ["a", "b", "c"]
    assert waiting["g/t/r"].to_list() == [["flag_0", "flag_1"]] * 3


def test_a_concluded_fact_may_be_given() -> None:
    definition = statement("d", "definition", when=ir.Leaf("flag_0", "is", (True,)),
                           conclude=("verdict_1", True))  # fmt: skip
    rule = one(ir.Leaf("verdict_1", "is", (True,)), definition)
    assert truth(rule, {"flag_0": [True, False, None]}) == [True, False, None]
    given = {"flag_0": [True, False, None], "verdict_1": [False, True, None]}
    assert truth(rule, given) == [False, True, None]


def test_nested_definitions_are_not_written_out() -> None:
    """Each definition asks the last twice: written out, 40 of them would be 2^40 questions."""
    sizes = {}
    for length in (20, 40):
        columnar = Columnar(*nested(length))
        frame = table([{"flag_0": True, "number_0": 20.0}, {}], columnar.columns())
        start = time.perf_counter()
        plan = columnar.truths(frame.lazy())
        sizes[length] = len(plan.explain(optimized=False))
        assert plan.collect(engine="streaming").height == 2
        assert time.perf_counter() - start < 20
    assert sizes[40] < 3 * sizes[20]


def test_deep_chains_do_not_overflow() -> None:
    """Each definition asks the last once, so that all could be one expression, far too deep."""
    length = 300
    facts = {f"c_{i}": ir.Fact(f"c_{i}", "t", "c", "boolean") for i in range(length)}
    statements = []
    for i in range(length):
        before = ir.Leaf(f"c_{i - 1}" if i else "flag_0", "is", (True,))
        when: ir.Condition = ir.All((before, ir.Leaf("number_0", "above", (float(i),))))
        if i % 2:
            when = ir.Any((before, ir.Leaf("number_1", "above", (float(i),))))
        statements.append(statement(f"d{i}", "definition", when=when, conclude=(f"c_{i}", True)))
    of = guideline(statements)
    columnar = Columnar(of, knowledge(of, FACTS | facts))
    frame = pl.DataFrame({"flag_0": [True], "number_0": [1e3], "number_1": [-1.0]})
    last = columnar.truths(frame.lazy()).select(f"g/t/d{length - 1}")
    assert last.collect(engine="streaming").item() is True


def test_without_polars_one_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read = shipped()
    for name in [n for n in sys.modules if n.startswith("hepatica.compile.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(hepatica.Invalid, match="E103") as caught:
        hepatica.compile(read.guidelines["easl_2025"], read, "columnar")
    assert '".[cohort]"' in str(caught.value) and len(caught.value.diagnostics) == 1


def test_polars_is_imported_only_for_tables() -> None:
    script = "import sys, hepatica.cli.export, hepatica.cli.eval; print('polars' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
    assert isinstance(hepatica.compile(*nested(1), "columnar"), Columnar)


def test_the_type_of_a_status_has_the_words_of_its_kind() -> None:
    assert {word for words in WORDS.values() for word in words} == set(STATUSES)
    rule = one(ir.Leaf("flag_0", "is", (True,)))
    outcomes = rule.outcomes(pl.DataFrame({"flag_0": [True]}).lazy())
    assert outcomes.collect_schema()["g/t/r"] == pl.Enum(WORDS["recommendation"])
