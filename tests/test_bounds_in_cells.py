"""Bounds in the columns of a table: in text cells, or as ends in columns of their own."""

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
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import run

from hepatica.cache import without_examples
from hepatica.case import document_of
from hepatica.chart.numbers import split
from hepatica.cohort.answers import Answerer
from hepatica.cohort.check import check
from hepatica.cohort.inputs import open_table
from hepatica.cohort.mapping import plain_mapping, read_mapping
from hepatica.cohort.reading import Reading
from hepatica.cohort.spark.task import Task, Worker
from hepatica.diagnostics import Invalid
from hepatica.interval import ENDS, Interval

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


def reading(
    folder: Path, columns: dict[str, list[Any]], facts: dict[str, Any] | None, **mapped: Any
) -> Reading:
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
    (folder / "m.yaml").write_text(json.dumps({"patient": "patient", "facts": facts, **mapped}))
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
    with pytest.raises(Invalid, match=r"D303.*bounds of `alt`"):
        reading(tmp_path, columns, {"alt": "alt"}, keep=["alt.high", "alt.high_open"])
    named = {"column": "alt", "high": "alt.high", "high_open": "alt.high_open"}
    rows = reading(tmp_path, columns, {"alt": named}).usable(clean=True).collect().rows()
    assert rows == [("p0", None, None, 5.0, False, True), ("p1", 7.0, None, None, None, None)]


def test_columns_that_may_be_bounds_are_told(tmp_path: Path) -> None:
    """Bounds, or the limits of the laboratory? The names are the same: whoever knows has to say."""
    columns: dict[str, Any] = {
        "a": [None, 7.0],
        "alt.low": [3.0, None],
        "alt.high": [5.0, 5.0],
        "x": [1.0, 2.0],
    }
    table = reading(tmp_path, columns, {"alt": "a"})
    (told,) = table.doubts
    assert told.code == "D303" and told.severity == "warning"
    assert told.message == (
        "`alt.low` and `alt.high` are not used: the mapping file does not name them"
    )
    assert "add `low: alt.low`, `high: alt.high`;" in (told.help or "")
    assert check(table).unused == ("alt.low", "alt.high", "x")
    few = {"column": "a", "low": "alt.low", "high": "alt.high"}
    other: dict[str, Any] = {"a": [7.0], "alt.high": [5.0]}
    assert not reading(tmp_path, {**columns, "alt.high": [5.0, None]}, {"alt": few}).doubts
    assert "`alt.high` is not used" in reading(tmp_path, other, {"alt": "a"}).doubts[0].message
    out = tmp_path / "out.parquet"
    pl.DataFrame({"id": ["p"], **other}).write_parquet(tmp_path / "t.parquet")
    (tmp_path / "m.yaml").write_text("patient: id\nfacts: {alt: a}\n")
    asked = ("cohort", str(tmp_path / "t.parquet"), "--map", str(tmp_path / "m.yaml"))
    result = run(*asked, "-g", "easl_2025", "-o", str(out))
    assert result.exit_code == 0 and result.stderr.count("warning[D303]") == 1 and out.is_file()
    (tmp_path / "m.yaml").write_text("patient: id\nfacts: {alt: a}\nkeep: [alt.high]\n")
    result = run(*asked, "-g", "easl_2025", "-o", str(out))
    assert result.exit_code == 0 and "warning" not in result.stderr


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
