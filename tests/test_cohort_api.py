"""Tables from Python: frames give what files give to the command line, and meet the same checks."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import polars as pl
import pytest
from test_cli import ROOT, run

import hepatica
from hepatica.cohort.synthesize import synthesize
from hepatica.diff.cohort.data import to_json
from hepatica.load import load

OLD, NEW = (ROOT / "tests" / "fixtures" / "diff" / side for side in ("old", "new"))


@pytest.fixture(scope="module")
def read() -> hepatica.Knowledge:
    return load(NEW)


@pytest.fixture(scope="module")
def patients(read: hepatica.Knowledge) -> pl.DataFrame:
    return pl.concat(synthesize(read, [read.guidelines["demo"]], 300, 4, 0.3))


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_a_frame_is_answered_as_its_file_is(
    tmp_path: Path, read: hepatica.Knowledge, patients: pl.DataFrame, shape: str
) -> None:
    table, out, summed = (tmp_path / name for name in ("t.parquet", "out.parquet", "s.json"))
    patients.write_parquet(table)
    written = run(
        "cohort", str(table), "--knowledge", str(NEW), "-g", "demo", "--shape", shape,
        "-o", str(out), "--by", "synthetic", "--summary", str(summed),
    )  # fmt: skip
    assert written.exit_code == 0, written.stderr
    for given in (patients, patients.lazy(), table, str(table), [str(table)]):
        found = hepatica.evaluate_cohort(
            given, read, ["demo"], shape="long" if shape == "long" else "wide", by=["synthetic"]
        )
        assert found.rows.equals(pl.read_parquet(out)) and len(found.rejects) == 0
        assert json.loads(msgspec.json.encode(found.summary)) == json.loads(summed.read_text())
    few = tmp_path / "few.parquet"
    some = run("cohort", str(table), "--knowledge", str(NEW), "-g", "demo", "--shape", shape,
               "-o", str(few), "--kind", "caution", "--kind", "definition")  # fmt: skip
    assert some.exit_code == 0, some.stderr
    kept = hepatica.evaluate_cohort(
        table, read, ["demo"], shape="long" if shape == "long" else "wide",
        kinds=["caution", "definition"],
    ).rows  # fmt: skip
    assert kept.equals(pl.read_parquet(few)) and kept.width > 0
    assert kept.width < found.rows.width if shape == "wide" else len(kept) < len(found.rows)
    with pytest.raises(ValueError, match="no kind"):
        hepatica.evaluate_cohort(table, read, ["demo"], kinds=["captions"])  # type: ignore[list-item]


def test_what_cannot_be_used_is_refused_or_given_apart(
    read: hepatica.Knowledge, patients: pl.DataFrame
) -> None:
    twice = pl.concat([patients, patients.head(1)])
    with pytest.raises(hepatica.Invalid) as error:
        hepatica.evaluate_cohort(twice, read, ["demo"])
    assert [d.code for d in error.value.diagnostics] == ["D306"]
    assert "first in row 1 and 301" in str(error.value)
    found = hepatica.evaluate_cohort(twice, read, ["demo"], skip_unusable=True)
    assert found.rejects["row"].to_list() == [1, 301]
    assert found.rejects["file"].unique().to_list() == ["the frame"]
    assert (found.summary.patients, found.summary.rejected) == (299, 2)
    assert found.rows.equals(hepatica.evaluate_cohort(patients[1:], read, ["demo"]).rows)
    nobody = hepatica.evaluate_cohort(twice[[0, -1]], read, ["demo"], skip_unusable=True)
    assert len(nobody.rows) == 0 and nobody.rows.schema == found.rows.schema
    with pytest.raises(hepatica.Invalid, match="D316"):
        hepatica.evaluate_cohort(patients.clear(), read, ["demo"])
    with pytest.raises(hepatica.Invalid, match="N105"):
        hepatica.evaluate_cohort(patients, read, ["dmeo"])


def test_two_guidelines_are_compared_as_the_command_does(
    tmp_path: Path, read: hepatica.Knowledge, patients: pl.DataFrame
) -> None:
    sides = str(OLD / "demo"), str(NEW / "demo")
    table = tmp_path / "t.parquet"
    patients.write_parquet(table)
    written = run("diff", *sides, "--cohort", str(table), "--by", "synthetic", "--hide-below", "5",
                  "--format", "json")  # fmt: skip
    assert written.exit_code == 1, written.stderr
    found = hepatica.diff_cohort(*sides, patients, by=["synthetic"], hide_below=5)
    assert to_json(found) == written.stdout.strip().encode()
    assert found.synthetic and found.patients == 300
    demo = read.guidelines["demo"]
    named = hepatica.diff_cohort(demo, "demo", patients, read)
    assert named.same and named.old == named.new and named.old.digest == demo.digest
    twice = pl.concat([patients, patients.head(1)])
    with pytest.raises(hepatica.Invalid, match="D306"):
        hepatica.diff_cohort(*sides, twice)
    assert hepatica.diff_cohort(*sides, twice, skip_unusable=True).rejected == 2
