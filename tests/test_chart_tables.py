"""Tables of charts from the command line: read, refused, answered, invented."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from drawn_charts import knowledge
from test_cli import run

from hepatica import ir
from hepatica.cohort.answers import leaves_of

PATIENTS = (
    "patient,sex,birth,weight,complete\nA,female,1961-05,75,medications\nB,male,1980-02-11,,\n"
)
LABS = (
    "patient,date,code,value,unit,upper_limit,result\n"
    "A,2024-05-28,alt,147,U/L,30,\nB,2024-05-20,igg,,,,normal\nB,2024-05-21,alt,20,U/L,40,\n"
)
DRUGS = "patient,date,drug,change,dose,unit\nA,2023-01-10,AZA,start,75,mg/d\n"
DONE = "patient,date,test\nA,2024-06-01,blood_count\n"
EVENTS = "patient,date,event,severity,attributed_to\nA,2024-06-01,cytopenia,severe,AZA\n"
MAP = "charts: {medications: {codes: {AZA: azathioprine}}}\n"
AT = ("--as-of", "2024-06-10")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("hepatica.cli.cohort.load", lambda root: knowledge())
    monkeypatch.chdir(tmp_path)
    write(patients=PATIENTS, observations=LABS, medications=DRUGS, events=EVENTS, done=DONE)
    Path("map.yaml").write_text(MAP)
    return tmp_path


def write(**tables: str) -> None:
    Path("c").mkdir(exist_ok=True)
    for name, text in tables.items():
        (Path("c") / f"{name}.csv").write_text(text)


def facts(*args: str) -> dict[str, dict[str, object]]:
    result = run("cohort", "--charts", "c", "--map", "map.yaml", "--facts", "f.parquet", *args)
    assert result.exit_code == 0, result.stderr
    return {row["patient"]: row for row in pl.read_parquet("f.parquet").to_dicts()}


def test_facts_are_worked_out_with_their_bounds(here: Path) -> None:
    found = facts(*AT)
    assert found["A"]["alt_multiple"] == 4.9
    assert found["A"]["azathioprine_dose"] == 1.0
    assert found["A"]["cytopenia"] == "severe"
    assert found["A"]["current_drugs"] == ["azathioprine"]
    assert found["B"]["current_drugs"] is None  # the record does not say that it holds all drugs
    ends = [found["B"][f"igg_multiple.{end}"] for end in ("low", "high", "low_open", "high_open")]
    assert found["B"]["igg_multiple"] is None and ends == [None, 1.0, False, False]
    assert facts("--as-of", "2024-05-01")["A"].get("alt_multiple") is None  # nothing later is seen
    assert run("lint", "map.yaml").exit_code == 0


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_the_facts_of_charts_are_a_table_that_is_answered_alike(here: Path, ending: str) -> None:
    """Also of a guideline that asks whether a fact is known of which there are only bounds."""
    asks = [g for g in knowledge().guidelines.values() if "igg_multiple" in known_asked(g)]
    asked = ("-g", min(asks, key=lambda g: len(g.statements)).id)
    charts = ("cohort", "--charts", "c", "--map", "map.yaml", *AT, *asked)
    result = run(*charts, "--facts", f"f.{ending}", "-o", "a.parquet")
    assert result.exit_code == 0 and "igg_multiple (1)" in result.stderr, result.stderr
    again = run("cohort", f"f.{ending}", *asked, "-o", "b.parquet")
    assert again.exit_code == 0, again.stderr
    assert pl.read_parquet("a.parquet").equals(pl.read_parquet("b.parquet"))
    shown = run("cohort", f"f.{ending}", *asked, "--check").stdout
    assert re.search(r"^fact +column +given +bounds +missing$", shown, re.M)
    assert re.search(r"^igg_multiple +0 +1 +50 %$", shown, re.M) and "igg_multiple.low" not in shown


def known_asked(guideline: ir.Guideline) -> set[str]:
    """Name the facts of which a guideline asks whether they are known."""
    return {leaf.fact for leaf in leaves_of(guideline) if leaf.op == "known"}


BAD_VALUES = [
    ("observations", "B,2024-05-20,altt,1,U/L,,", "D101"),
    ("observations", "B,2024-05-20,alt,1,g/L,,", "D104"),
    ("observations", 'B,2024-05-20,alt,"3,5",U/L,,', "D102"),
    ("observations", "B,2024-05-20,alt,1e400,,,", "D313"),
    ("observations", f"B,2024-05-20,alt,{'9' * 400},U/L,,", "D313"),
    ("observations", "B,2024-05-20,alt,90000000,U/L,,", "D103"),
    ("observations", "B,2024-02-30,alt,1,U/L,,", "D111"),
    ("observations", "B,,alt,1,U/L,,", "D111"),
    ("observations", "B,1979,alt,1,U/L,,", "D111"),
    ("observations", "B,2024-05-20,,1,U/L,,", "D112"),
    ("observations", "B,2024-05-20,alt,40,U/L,30,normal", "D112"),
    ("observations", "C,2024-05-20,alt,1,U/L,,", "D320"),
    ("observations", ",2024-05-20,alt,1,U/L,,", "D305"),
]
BAD_OTHERS = [
    ("medications", "B,2024-05-20,AZB,start,1,mg/d", "D113"),
    ("medications", "B,2024-05-20,AZA,begin,1,mg/d", "D112"),
    ("medications", "B,2024-05-20,AZA,start,1,", "D102"),
    ("events", "B,2024-05-20,cytopenia,bad,", "D308"),
    ("events", "B,2024-05-20,cytopeni,,", "D113"),
    ("done", "B,2024-05-20,blood_coun", "D113"),
    ("done", "B,2024-05-20,azathioprine", "D113"),
    ("patients", "D,male,1980-13,,", "D111"),
    ("patients", "D,man,,,", "D102"),
    ("patients", "D,male,,nan,", "D102"),
    ("patients", "D,male,,,everything", "D308"),
]


@pytest.mark.parametrize("bad", [BAD_VALUES, BAD_OTHERS], ids=["values", "others"])
def test_every_bad_row_is_told_and_takes_its_patient_out(
    here: Path, bad: list[tuple[str, str, str]]
) -> None:
    lines = {"patients": 2, "observations": 3, "medications": 1, "events": 1, "done": 1}
    told = set()
    for i, (table, row, code) in enumerate(bad):
        # A patient of their own for each, so that every row is seen to take its own out.
        row = re.sub("^[BD]", f"X{i}", row)
        if table != "patients":
            with Path("c/patients.csv").open("a") as stream:
                stream.write(f"X{i},male,1980-02-11,,\n")
            lines["patients"] += 1
        with (Path("c") / f"{table}.csv").open("a") as stream:
            stream.write(row + "\n")
        lines[table] += 1
        told.add((table, lines[table], code))
    args = ("cohort", "--charts", "c", "--map", "map.yaml", *AT, "--facts", "f.csv")
    result = run(*args)
    assert result.exit_code == 2 and not Path("f.csv").exists()
    for _, _, code in bad:
        assert f"error[{code}]" in result.stderr, (code, result.stderr)
    assert run(*args, "--rejects", "r.csv").exit_code == 0
    rejected = pl.read_csv("r.csv")
    assert set(rejected.select("table", "row", "code").iter_rows()) == told
    good = {f"X{i}" for i, (_, row, _) in enumerate(bad) if row[0] in ",C"}
    assert set(pl.read_csv("f.csv")["patient"]) == {"A", "B"} | good


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--charts", "nowhere", *AT), "Y111"),
        (("--charts", "empty", *AT), "Y111"),
        (("--charts", "c", "--as-of", "2024-13-01"), "D115"),
        (("--charts", "c"), "D115"),
        (("--charts", "twice", *AT), "D306"),
        (("--charts", "c", *AT, "--by", "centre"), "D303"),
        (("--charts", "c", *AT, "--rejects", "c/patients.csv"), "D318"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(here: Path, args: tuple[str, ...], code: str) -> None:
    Path("empty").mkdir()
    Path("twice").mkdir()
    Path("twice/patients.csv").write_text(PATIENTS + "A,female,,,\n")
    Path("twice/observations.csv").write_text(LABS)
    result = run("cohort", *args, "--summary", "-", "--map", "map.yaml")
    assert result.exit_code == 2 and f"error[{code}]" in result.stderr, result.stderr


def test_charts_without_any_fact_are_answered(here: Path) -> None:
    """All that is written comes later: nothing is known of anybody, and nobody is left out."""
    for table in ("medications", "events", "done"):
        Path(f"c/{table}.csv").unlink()
    write(patients="patient,sex\nA,\nB,\n", observations=LABS)
    args = ("cohort", "--charts", "c", "--as-of", "2024-01-01", "-g", "easl_2025")
    assert run(*args, "-o", "long.parquet", "--summary", "s.json").exit_code == 0
    long = pl.read_parquet("long.parquet")
    assert set(long["patient"]) == {"A", "B"}
    assert set(long["status"].cast(pl.String)) == {"contingent", "unknown"}
    applies = long.filter(pl.col("kind") == "applies")
    assert applies["missing"].to_list() == [["aih_diagnosis"]] * 2
    assert run(*args, "-o", "wide.csv", "--shape", "wide").exit_code == 0
    assert len(pl.read_csv("wide.csv")) == 2
    result = run(*args, "--check")
    assert result.exit_code == 0 and "2 patients in 1 file" in result.stdout


def test_codes_that_are_not_listed_are_errors_unless_it_is_said(here: Path) -> None:
    Path("map.yaml").write_text(
        "charts: {observations: {codes: {alt: alt}, others: not_used}, "
        "medications: {codes: {XXX: azathioprine}, others: other_drug}}\n"
    )
    write(events="patient,date,event\n")
    result = run("cohort", "--charts", "c", "--map", "map.yaml", *AT, "--facts", "f.parquet")
    assert result.exit_code == 0 and "codes not used: igg (1)" in result.stderr
    row = pl.read_parquet("f.parquet").to_dicts()[0]
    assert row["current_drugs"] == [] and row["treatment_started"] is False
    Path("map.yaml").write_text("charts: {observations: {codes: {x: altt}}}\n")
    assert "D101" in run("lint", "map.yaml").stdout


def test_invented_charts_say_so_and_are_the_same_for_a_seed(here: Path) -> None:
    for folder in ("one", "two"):
        assert run("cohort", "--synthesize", "40", "--charts", folder).exit_code == 0
    for file in sorted(Path("one").iterdir()):
        assert pl.read_parquet(file).equals(pl.read_parquet(Path("two") / file.name))
    assert all(pl.read_parquet("one/patients.parquet")["synthetic"] == "true")
    result = run("cohort", "--charts", "one", "-g", "easl_2025", "--summary", "-")
    assert result.exit_code == 0, result.stderr
    assert "invented" in result.stdout
