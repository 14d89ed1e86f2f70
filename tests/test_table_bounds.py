"""Bounds in tables: every engine for tables answers them as the referee does."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pyarrow
import pytest
from drawn_charts import knowledge, reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import drawn
from tables import by_columns, compare, on_duckdb, table
from test_columnar import one, truth
from test_intervals import bounded, intervals

from hepatica import ir
from hepatica.cache import without_examples
from hepatica.case import contradictions, document_of
from hepatica.chart.numbers import split
from hepatica.cohort.answers import Answerer
from hepatica.cohort.bare import denials
from hepatica.cohort.check import check
from hepatica.cohort.inputs import open_table
from hepatica.cohort.mapping import plain_mapping, read_mapping
from hepatica.cohort.reading import Reading
from hepatica.cohort.spark.task import Task, Worker
from hepatica.compile.columnar import Columnar
from hepatica.compile.sql import Sql
from hepatica.compose import Composer
from hepatica.diagnostics import Invalid
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
    plan = of.waiting(frame).explain(optimized=False)
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


# --- in tables of patients -----------------------------------------------------------------------

SIGNS = ("<", "<=", "≤", ">", ">=", "≥", "")
FORMS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(SIGNS), st.sampled_from(["", " "]),
    st.sampled_from(["5", "0.57", "12", "0", "-3", "9999999", "05", "1e2", "x"]),
    st.sampled_from(["", "", "-12", " - 7.5", "–12", " to 12", "-5", "-2020-01"]),
    st.sampled_from(["", "", " g/L", "g/L", " g/dL", " mmol", " %"]),
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.lists(FORMS, min_size=1, max_size=12), st.sampled_from(["g/L", "g/dL", "as_written"]))
def test_a_cell_with_bounds_is_what_a_case_reads_or_trouble(cells: list[str], unit: str) -> None:
    """A bare cell is in the unit of its column; every cell but bounds is read as ever."""
    found, before = (looked_at(cells, {"unit": unit, **how}) for how in ({"bounds": True}, {}))
    for text, row, usual in zip(cells, found, before, strict=True):
        written = split(text)
        if written is None or not (written.sign or written.high is not None):
            assert (row["igg"], row["bad"]) == (usual["igg"], usual["bad"])
            assert row["igg.low"] is None and row["igg.high"] is None
            continue
        wanted = by_case(text, written.unit, unit)
        held = Interval(*(row[f"igg.{end}"] for end in ENDS))
        shown = (text, row)
        assert usual["bad"] and usual["igg"] is None, shown
        if wanted is None:
            assert row["bad"] and row["igg"] is None and held.low is held.high is None, shown
        elif isinstance(wanted, Interval):
            assert not row["bad"] and row["igg"] is None and held == wanted, shown
        else:
            assert not row["bad"] and row["igg"] == wanted and held.low is held.high is None, shown


def by_case(text: str, named: str | None, unit: str) -> Any:
    """Read bounds by the code of a case; None for what the column, or a case, refuses."""
    if named is None:
        text = f"{text} {unit}"  # `as_written` is no unit of anything
    elif unit not in (named, "as_written"):
        return None
    try:
        case = {"id": "c", "facts": {"igg": text}}
        return reader().read(document_of(case)).facts["igg"]
    except Invalid:
        return None


def looked_at(cells: list[str], how: dict[str, Any]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        table = reading(Path(folder), {"IGG": cells}, {"igg": {"column": "IGG", **how}})
        found = table.patients().with_columns(bad=table.is_trouble()).collect()
        assert check(table).unusable == int(found["bad"].sum())
    return found.to_dicts()


def reading(folder: Path, columns: dict[str, list[Any]], facts: dict[str, Any] | None) -> Reading:
    """Write a table (as text, if it is mapped) and open it; without `facts` by its names."""
    ids = {"patient": [f"p{i}" for i in range(len(next(iter(columns.values()))))]}
    frame = pl.DataFrame({**ids, **columns})
    if facts is None:
        path = folder / "t.parquet"
        frame.write_parquet(path)
        table = open_table([str(path)])
        return Reading(table, plain_mapping(table.columns, knowledge().facts), knowledge().facts)
    path = folder / "t.csv"
    frame.write_csv(path)
    (folder / "m.yaml").write_text(json.dumps({"patient": "patient", "facts": facts}))
    mapping = read_mapping(folder / "m.yaml", knowledge().facts)
    return Reading(open_table([str(path)]), mapping, knowledge().facts)


def test_each_trouble_with_bounds_is_told(tmp_path: Path) -> None:
    cells = ["<5 g/L", "<200 g/L", "10-5 g/L", "<5", "<5 U/L", "<5-10 g/L", "<3,5 g/L", "2020-01",
             "2020-01-31", f"<{'9' * 400} g/L"]  # fmt: skip
    each = {"igg": {"column": "IGG", "bounds": True, "unit": "as_written"}}
    found = check(reading(tmp_path, {"IGG": cells}, each))
    said = {(p.code, tuple(place.row for place in p.first)): p.rows for p in found.problems}
    assert said == {
        ("D307", (2,)): 1, ("D310", (7,)): 1, ("D311", (8, 9)): 2, ("D312", (4,)): 1,
        ("D312", (5,)): 1, ("D313", (3, 6, 10)): 3,
    }  # fmt: skip
    other = {"igg": {"column": "IGG", "bounds": True, "unit": "g/dL"}}
    table = reading(tmp_path, {"IGG": ["<5 g/L", "<5 g/dL", "<5"]}, other)
    assert table.patients().collect()["igg.high"].to_list() == [None, 50.0, 50.0]
    [problem] = check(table).problems
    assert (problem.code, problem.rows, problem.cells[0].value) == ("D312", 1, "<5 g/L")
    [seen] = found.facts
    assert (seen.given, seen.bounds, seen.missing, found.unusable) == (0, 1, 9, 9)


def test_without_the_key_bounds_are_trouble_and_the_key_is_named(tmp_path: Path) -> None:
    for text in ("<5", ">=300", "≥3", "5-10"):
        table = reading(tmp_path, {"IGG": [text, "7"]}, {"igg": "IGG"})
        [problem] = check(table).problems
        assert (problem.code, problem.rows) == ("D313", 1) and "`bounds: true`" in problem.help
        assert problem.cells[0].value == text


def test_ends_in_a_cell_that_meet_are_a_number() -> None:
    [row] = looked_at(["5-5"], {"bounds": True})
    assert (row["igg"], row["igg.low"], row["bad"]) == (5.0, None, False)


def test_a_decimal_comma_is_read_in_bounds_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("patient;I\n1;<3,5\n2;3,5-4,5\n3;<3.5\n")
    (tmp_path / "m.yaml").write_text(json.dumps({
        "patient": "patient", "csv": {"separator": ";", "decimal": "comma"},
        "facts": {"igg": {"column": "I", "bounds": True}},
    }))  # fmt: skip
    mapping = read_mapping(tmp_path / "m.yaml", knowledge().facts)
    table = Reading(open_table([str(path)], ";"), mapping, knowledge().facts)
    [problem] = check(table).problems
    assert (problem.code, problem.first[0].row) == ("D313", 3)
    rows = table.usable(clean=False).select("igg.low", "igg.high", "igg.high_open").collect().rows()
    assert rows == [(None, 3.5, True), (3.5, 4.5, False)]


BESIDE: dict[str, Any] = {
    "alt": [None, 7.0, None, None, 8.0, None, None, None, None],
    "alt.low": [None, None, 5.0, 9.0, 7.0, 1e7, 3.0, float("nan"), 5.0],
    "alt.high": [6.0, None, 5.0, 8.0, 9.0, None, None, None, 5.0],
    "alt.low_open": [True, None, False, None, None, None, True, None, True],
}


def test_columns_of_ends_are_read_and_what_cannot_be_is_told(tmp_path: Path) -> None:
    table = reading(tmp_path, BESIDE, None)
    said = [(p.code, p.column, [place.row for place in p.first]) for p in check(table).problems]
    assert sorted(said) == [
        ("D307", "alt.low", [6]), ("D309", "alt.low", [8]), ("D322", "alt", [4, 9]),
        ("D322", "alt", [5]),
    ]  # fmt: skip
    rows = table.usable(clean=False).collect().rows()
    assert rows == [
        ("p0", None, None, 6.0, False, False), ("p1", 7.0, None, None, None, None),
        ("p2", 5.0, None, None, None, None), ("p6", None, 3.0, None, True, False),
    ]  # fmt: skip
    assert not table.unused
    lonely = {"igg": [6.0], "alt.high": [6.0]}  # left out in silence, ALT would be not known
    with pytest.raises(Invalid, match=r"D303.*`alt`"):
        reading(tmp_path, lonely, None)
    with pytest.raises(Invalid, match="D304"):
        reading(tmp_path, {"alt": [1.0], "alt.low": [True]}, None)


def test_bounds_that_a_mapping_file_does_not_name_are_told(tmp_path: Path) -> None:
    columns = {"alt": ["", "7"], "alt.high": ["5", ""], "alt.high_open": ["true", ""]}
    with pytest.raises(Invalid, match=r"D303.*bounds of `alt`"):
        reading(tmp_path, columns, {"alt": "alt"})
    named = {"column": "alt", "high": "alt.high", "high_open": "alt.high_open"}
    rows = reading(tmp_path, columns, {"alt": named}).usable(clean=True).collect().rows()
    assert rows == [("p0", None, None, 5.0, False, True), ("p1", 7.0, None, None, None, None)]


def test_ends_are_in_the_unit_of_their_number(tmp_path: Path) -> None:
    columns = {"igg [g/dL]": [None, 0.57], "igg.high": [0.57, None]}
    found = reading(tmp_path, columns, None).usable(clean=True).collect()
    assert found["igg"].to_list() == [None, 5.7] and found["igg.high"].to_list() == [5.7, None]


@pytest.mark.parametrize(
    "column",
    ["{column: A, codes: {x: none}, bounds: true}", "{column: A, low: B, bounds: true}",
     "{column: A, high_open: B}", "{column: A, bounds: false}"],
)  # fmt: skip
def test_a_wrong_mapping_of_bounds_is_told(tmp_path: Path, column: str) -> None:
    fact = "cirrhosis" if "codes" in column else "alt"
    (tmp_path / "m.yaml").write_text(f"patient: id\nfacts: {{{fact}: {column}}}\n")
    with pytest.raises(Invalid) as error:
        read_mapping(tmp_path / "m.yaml", knowledge().facts)
    assert {d.code for d in error.value.diagnostics} <= {"S107", "S101", "S103", "S104", "S105"}


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


def test_a_worker_of_many_machines_reads_bounds_alike(tmp_path: Path) -> None:
    """What runs on an executor, without Spark: cells, checks, rejects and answers."""
    cells = ["<1.1", "1.1-2", "≥1.1", "1.2", "", "<99", "5 - 4"]
    mapped = {"igg_multiple": {"column": "IGG", "bounds": True}}
    one = reading(tmp_path, {"IGG": cells}, mapped)
    frame = pl.read_csv(tmp_path / "t.csv", infer_schema=False)
    schema = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    names = ("iaihg_2008",)
    task = Task(msgspec.msgpack.encode(without_examples(knowledge())), names, one.columns,
                bytes(schema.serialize()), "t", {}, (), "wide")  # fmt: skip
    worker = Worker(msgspec.msgpack.decode(msgspec.msgpack.encode(task), type=Task))

    def made(method: str) -> pl.DataFrame:
        batches = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()
        found = pl.from_arrow(pyarrow.Table.from_batches(getattr(worker, method)(batches)))
        assert isinstance(found, pl.DataFrame)
        return found

    checked = check(one)
    sums = dict(made("look").filter(pl.col("cell").is_null()).select("key", "rows").iter_rows())
    assert sums["given igg_multiple"] == checked.facts[0].given == 1
    assert sums["bounds igg_multiple"] == checked.facts[0].bounds == 3
    assert sums["unusable"] == checked.unusable == 2 and made("rejects").height == 2
    asked = Answerer(knowledge(), [knowledge().guidelines[names[0]]], shape="wide", sums=False)
    wanted = asked.answer(one.usable(clean=False).collect()).rows
    assert wanted is not None
    assert made("rows").rows() == wanted.with_columns(pl.col(pl.Enum).cast(pl.String)).rows()
