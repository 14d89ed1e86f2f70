"""Tables of charts larger than memory: the same, whatever the number of buckets."""

from __future__ import annotations

import contextlib
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from chart_tables import tables_of
from drawn_charts import AS_OF, charts, knowledge, reader
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import run

from hepatica.cohort.charts import buckets, bulk, parts
from hepatica.cohort.charts.derive import derive
from hepatica.cohort.charts.parts import KEY
from hepatica.cohort.charts.read import WRONG
from hepatica.cohort.charts.tables import Loaded, Opened, open_tables
from hepatica.cohort.charts.trouble import kinds_of, merged_kinds, problems
from hepatica.cohort.inputs import Part, Table
from hepatica.cohort.mapping import ChartTable
from hepatica.diagnostics import Invalid

SIZES = {"whole": (10**6, 24, 3), "three": (0, 3, 1), "nested": (2, 2, 2)}
"""The rows that are worked at once, the most buckets of a split, and how deep they go."""
MAPPING = {"observations": ChartTable(codes={"alt": "alt", "igg": "igg"}, others="not_used")}


@contextlib.contextmanager
def sized(name: str) -> Iterator[None]:
    at_once, most, deepest = SIZES[name]
    with (
        mock.patch.multiple(buckets, AT_ONCE=at_once, IN_A_BUCKET=1, MOST=most, DEEPEST=deepest),
        mock.patch.multiple(parts, _STRETCH=4, _SAMPLED=2),
    ):
        yield


def opened(tables: dict[str, Loaded]) -> dict[str, Opened]:
    def one(name: str, frame: pl.DataFrame) -> Opened:
        table = Table((Part(name, "parquet", (), 1, 1),), dict(frame.schema), ",")
        return Opened(frame.lazy(), len(frame), table, ())

    return {name: one(name, loaded.frame) for name, loaded in tables.items()}


MISTAKES = [
    ("date", "2024-02-30"), ("date", None), ("date", "1950"), ("patient", None),
    ("patient", "nobody"), ("patient", "0"), ("value", "1e999"), ("code", "sodium"),
    ("change", "begin"), ("severity", "bad"), ("birth", "1961-13"), ("as_of", "never"),
    ("seq", "first"), ("seq", "1"), ("day", "3"),
]  # fmt: skip


def spoilt(data: st.DataObject, tables: dict[str, Loaded]) -> dict[str, Loaded]:
    """Make mistakes in some cells: in what is read, in dates, and in who is meant."""
    found = dict(tables)
    for column, cell in data.draw(st.lists(st.sampled_from(MISTAKES), max_size=4)):
        names = [n for n, t in found.items() if column in t.frame.columns and len(t.frame)]
        if names:
            name = data.draw(st.sampled_from(names))
            frame = found[name].frame
            row = data.draw(st.integers(1, len(frame)))
            bad = pl.when(pl.col("row") == row).then(pl.lit(cell, pl.String))
            frame = frame.with_columns(bad.otherwise(pl.col(column)).alias(column))
            found[name] = found[name]._replace(frame=frame)
    return found


def worked(tables: dict[str, Opened], size: str, as_of: str | None) -> dict[str, Any]:
    with sized(size), tempfile.TemporaryDirectory() as scratch:
        names, facts = reader().names, knowledge().facts
        found = bulk.work(tables, MAPPING, names, facts, Path(scratch), as_of, (), ["igg_multiple"])
        both = list(found.tables())
        told = problems(found.kinds, found.bad, {}) if found.bad else []
        return {
            "facts": pl.concat(frame for frame, _ in both),
            "usable": pl.concat(frame for _, frame in both),
            "rejects": pl.concat(found.rejects()),
            "told": [(d.code, d.message) for d in told],
            "counts": (found.patients, found.usable, found.bad, found.exact, found.excluded),
            "bounds": found.bounds,
            "codes": found.codes,
        }


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_facts_rejects_and_troubles_are_the_same_in_any_number_of_buckets(
    data: st.DataObject,
) -> None:
    told = data.draw(st.lists(charts() | charts(ordered=True), min_size=1, max_size=12))
    tables = spoilt(data, tables_of(told, [str(AS_OF)] * len(told)))
    as_of = data.draw(st.sampled_from([None, str(AS_OF)]))
    if as_of and data.draw(st.booleans()):
        del tables["patients"]  # then they are in the order in which they are first told of
    whole = worked(opened(tables), "whole", as_of)
    split = worked(opened(tables), data.draw(st.sampled_from(["three", "nested"])), as_of)
    for name, found in whole.items():
        if isinstance(found, pl.DataFrame):
            assert split[name].equals(found), (name, split[name], found)
            assert split[name].schema == found.schema
        else:
            assert split[name] == found, name
    assert whole["counts"][1] == len(whole["usable"])


def test_every_patient_is_in_one_bucket_and_buckets_are_small() -> None:
    frame = pl.DataFrame({"patient": [f"p{i // 5}" for i in range(400)] + [None] * 50})
    [table] = opened({"events": Loaded(frame.with_row_index("row", offset=1), "e", ())}).values()
    seen: list[set[str]] = []
    rows: list[int] = []
    with (
        mock.patch.multiple(buckets, AT_ONCE=30, IN_A_BUCKET=15, MOST=4),
        tempfile.TemporaryDirectory() as scratch,
    ):
        for bucket in buckets.buckets({"events": table}, Path(scratch)):
            part = bucket["events"].frame
            assert part["row"].is_sorted() and len(part) <= 30
            seen.append(set(part["patient"].drop_nulls()))
            rows += part["row"].to_list()
        assert not [file for file in Path(scratch).rglob("*") if file.is_file()]
    assert sorted(rows) == list(range(1, 451))
    assert sum(map(len, seen)) == len(set.union(*seen)) == 80
    assert len(seen) > 4  # so some were split again


def test_a_patient_with_more_entries_than_a_bucket_holds_is_worked_all_the_same() -> None:
    frame = pl.DataFrame({"row": range(1, 101), "patient": ["p"] * 100})
    [table] = opened({"events": Loaded(frame, "e", ())}).values()
    with sized("nested"), tempfile.TemporaryDirectory() as scratch:
        [bucket] = buckets.buckets({"events": table}, Path(scratch))
    assert len(bucket["events"].frame) == 100


ROWS = st.fixed_dictionaries({
    "table": st.sampled_from(["events", "patients"]), "row": st.integers(1, 9),
    "patient": st.sampled_from([None, "a", "b", "c", "d", "e"]),
    "text": st.sampled_from(["no date", "no id", "no value"]),
})  # fmt: skip


@given(st.lists(ROWS, min_size=1, max_size=20), st.integers(1, 4))
def test_kinds_of_trouble_add_up_over_buckets(rows: list[dict[str, Any]], number: int) -> None:
    rows.sort(key=lambda row: (row["table"], row["row"]))
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        kinds.setdefault((row["table"], row["text"]), []).append(row)
    told = [(*kind, len(of), len({row["patient"] for row in of}), of[0]["row"])
            for kind, of in kinds.items()]  # fmt: skip
    split: list[list[dict[str, Any]]] = [[] for _ in range(number)]
    for row in rows:
        place = ord(row["patient"]) if row["patient"] else row["row"]
        number_of_row = (row["table"] == "patients") * 1000 + row["row"]
        split[place % number].append({**row, "code": "D1", "help": "", KEY: number_of_row})
    schema = {**WRONG, KEY: pl.Int64()}
    frames = [pl.DataFrame(part, schema=schema) for part in split[::-1]]
    found = merged_kinds([kinds_of(frame) for frame in frames])
    shown = found.select("table", "text", "rows", "patients", "row").rows()
    same_first = {(row[0], row[4]) for row in told}
    if len(same_first) == len(told):  # who stands first of two of one row is not said by this test
        assert shown == told
    assert sorted(shown) == sorted(told)


# --- from the command line --------------------------------------------------------------------

ARGS = ("cohort", "--charts", "c", "--as-of", "2024-06-10", "-g", "easl_2025")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with charts of 60 patients, and one for scratch files."""
    monkeypatch.setattr("hepatica.cli.cohort.load", lambda root: knowledge())
    monkeypatch.chdir(tmp_path)
    Path("scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    assert run("cohort", "--synthesize", "60", "--charts", "c").exit_code == 0
    return tmp_path


def left() -> list[str]:
    return sorted(str(path) for folder in (".", "scratch") for path in Path(folder).iterdir())


def test_results_are_the_same_to_the_byte(here: Path) -> None:
    events = Path("c/events.parquet")
    frame = pl.read_parquet(events)
    pl.concat([frame, frame.head(2).with_columns(severity=pl.lit("bad"))]).write_parquet(events)
    made: list[list[bytes]] = []
    for size in ("whole", "three"):
        with sized(size):
            refused = run(*ARGS, "--facts", "f.csv")
            assert refused.exit_code == 2 and "D308" in refused.stderr
            assert left() == ["c", "scratch"]
            done = run(*ARGS, "--facts", "f.csv", "--rejects", "r.csv", "--check")
        assert done.exit_code == 0, done.stderr
        files = [Path("f.csv"), Path("r.csv")]
        said = [refused.stderr, done.stderr, done.stdout]
        made.append([*map(str.encode, said), *map(Path.read_bytes, files)])
        for file in files:
            file.unlink()
    assert made[0] == made[1]


def test_interrupted_it_leaves_no_scratch_and_no_result(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def breaking(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            assert list(Path("scratch").rglob("*.parquet"))
            raise KeyboardInterrupt
        return derive(*args)

    monkeypatch.setattr(bulk, "derive", breaking)
    with sized("three"):
        result = run(*ARGS, "--facts", "f.parquet")
    assert result.exit_code == 2 and "D319" in result.stderr
    assert left() == ["c", "scratch"]


def test_a_full_disk_for_scratch_files_is_told_and_leaves_nothing(here: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with sized("three"):
            result = run(*ARGS, "--facts", "f.parquet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 2 and result.stderr.count("error[") == 1
    assert "D317" in result.stderr and "TMPDIR" in result.stderr
    assert left() == ["c", "scratch"]


@pytest.mark.parametrize(
    ("table", "text", "code"),
    [
        ("observations", b"patient,date,code,value\nA,2024-05-28,alt\n", "D315"),
        ("observations", b"patient,date,code,value\nA,2024-05-28,alt,3,4\n", "D315"),
        ("medications", b"patient,date,drug,change\nA,2024-05-28,pr\xe4,start\n", "D301"),
    ],
)
@pytest.mark.parametrize("size", ["whole", "three"])
def test_a_table_that_cannot_be_read_is_told_by_its_file(
    here: Path, table: str, text: bytes, code: str, size: str
) -> None:
    Path(f"c/{table}.parquet").unlink()
    Path(f"c/{table}.csv").write_bytes(text)
    with sized(size):
        result = run(*ARGS, "--facts", "f.parquet")
    assert result.exit_code == 2 and f"error[{code}]" in result.stderr
    assert f"c/{table}.csv" in result.stderr and left() == ["c", "scratch"]


def test_a_parquet_file_that_is_damaged_within_is_told_by_its_name(here: Path) -> None:
    file = Path("c/observations.parquet")
    data = bytearray(file.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    file.write_bytes(data)
    for size in ("whole", "three"):
        with sized(size):
            result = run(*ARGS, "--facts", "f.parquet")
        assert result.exit_code == 2 and "error[D301]" in result.stderr, result.stderr
        assert "c/observations.parquet" in result.stderr and left() == ["c", "scratch"]


def test_troubles_of_the_files_of_all_tables_are_told_at_once(here: Path) -> None:
    Path("c/observations.parquet").unlink()
    Path("c/events.parquet").unlink()
    Path("c/observations.csv").write_text("patient,date,code\nA,2024\n")
    Path("c/events.csv").write_text("patient,date,evnt\n")
    with pytest.raises(Invalid) as error:
        open_tables("c", {})
    assert [d.code for d in error.value.diagnostics] == ["D315", "D303"]
