"""Bad tables: one clear error before the work starts, or rows that are told and not lost."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from drawn_charts import knowledge
from golden import compare
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import run

from hepatica import ir
from hepatica.case import contradictions
from hepatica.cohort.bare import denials
from hepatica.cohort.check import Check, check
from hepatica.cohort.inputs import open_table
from hepatica.cohort.mapping import plain_mapping, read_mapping
from hepatica.cohort.reading import Reading
from hepatica.compile.expressions import dtype_of
from hepatica.diagnostics import CODES, Invalid, draw

GOLDEN = Path(__file__).resolve().parent / "fixtures" / "golden" / "cohort"
HEAD = "patient,alt_multiple,cirrhosis\n"


@pytest.fixture(autouse=True)
def one_knowledge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hepatica.cli.cohort.load", lambda root: knowledge())


def reading(path: Path, mapping: dict[str, Any] | None = None) -> Reading:
    facts = knowledge().facts
    if mapping is None:
        table = open_table([str(path)])
        return Reading(table, plain_mapping(table.columns, facts), facts)
    file = path.parent / "map.yaml" if path.suffix else path / "_map.yaml"
    file.write_text(json.dumps(mapping))
    columns = read_mapping(file, facts)
    return Reading(open_table([str(path)], columns.csv_separator), columns, facts)


def looked_at(path: Path, mapping: dict[str, Any] | None = None) -> Check:
    return check(reading(path, mapping))


def refusal(path: Path, mapping: dict[str, Any] | None = None) -> tuple[str, str]:
    """Give the code and the drawing of the one error that a table meets."""
    with pytest.raises(Invalid) as error:
        looked_at(path, mapping)
    [found] = error.value.diagnostics
    assert found.code in CODES and found.help and found.file
    return found.code, draw(found)


def mapped(**facts: Any) -> dict[str, Any]:
    return {"patient": "id", "facts": facts}


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.parquet", HEAD.encode(), "is not Parquet: it begins like CSV"),
        ("t.parquet", b"PAR1" + b"\0" * 100, "is cut off"),
        ("t.csv", b"PAR1" + b"\0" * 100 + b"PAR1", "begins like Parquet"),
        ("t.csv", b"PK\x03\x04\0\0", "begins like a workbook"),
        ("t.csv", b"\x1f\x8b\x08\0", "something compressed"),
        ("t.csv", "patient,ü\n".encode("utf-16"), "UTF-16"),
        ("t.csv", "patient,sex\nJ\xfcrgen,male\n".encode("latin-1"), "is not UTF-8"),
        ("t.csv", b"", "is empty"),
        ("t.csv", b"patient;sex\n1;male\n", "separated by `;`"),
        ("t.csv", b"patient,sex,sex\n1,male,male\n", "stands twice"),
        ("t.csv", b"patient,,sex\n1,,male\n", "column 2 has no name"),
        ("t.ndjson", b'[{"patient": 1}]', "a JSON list"),
        ("t.ndjson", b'{"patient": 1}\n{"patient": \n', "cannot be read"),
        ("t.ndjson", b"<html></html>", "a web page"),
        ("t.feather", b"FEA1" + b"\0" * 50, "the first version"),
        ("t.xlsx", b"PK\x03\x04", "has not the ending"),
    ],
)
def test_a_file_that_is_not_what_its_ending_says(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    code, drawn = refusal(tmp_path / name)
    assert code == "D301" and said in drawn


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.csv")[0] == "Y111"
    assert refusal(tmp_path / "no*.csv")[0] == "Y111"
    assert refusal(tmp_path)[0] == "Y111"


def test_all_files_of_a_table_have_the_same_columns(tmp_path: Path) -> None:
    pl.DataFrame({"patient": [1], "age": [3.0]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"patient": [2], "aeg": [4.0]}).write_parquet(tmp_path / "b.parquet")
    code, drawn = refusal(tmp_path)
    assert code == "D302" and "did you mean `aeg`?" in drawn and "b.parquet" in drawn
    pl.DataFrame({"patient": [2], "age": ["4"]}).write_parquet(tmp_path / "b.parquet")
    code, drawn = refusal(tmp_path)
    assert code == "D302" and "`age` is text" in drawn


def test_folders_are_columns_and_hidden_files_are_none(tmp_path: Path) -> None:
    for sex, ids in (("male", [1, 2]), ("female", [3])):
        folder = tmp_path / f"sex={sex}"
        folder.mkdir()
        pl.DataFrame({"patient": ids}).write_parquet(folder / "x.parquet")
    (tmp_path / "_SUCCESS").write_text("")
    found = reading(tmp_path).usable(clean=True).collect().sort("patient:")
    assert found["sex"].to_list() == ["male", "male", "female"]
    same = open_table([str(tmp_path / "sex=*" / "*.parquet"), str(tmp_path)])
    assert len(same.parts) == 2 and "sex" in same.columns  # each file once


def test_a_short_line_is_told_and_a_quoted_one_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "1,3,none\n2,4\n")
    code, drawn = refusal(path)
    assert code == "D315" and "line 3 has 2 cells, and the first line 3" in drawn
    path.write_text("\ufeff" + HEAD + '1,3,"none"\n"2,\n3",4,\n')
    assert looked_at(path).rows == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('1,3,"a, b"\n2,"4"\n', "line 3 has 2 cells"),
        ('1,3,"a ""so"", b"\n2,4,none,5\n', "line 3 has 4 cells"),
        ('1,3,"a\nb, c"\n\n2,"4\n"\n', "line 5 has 2 cells"),
    ],
)
def test_a_line_with_quotes_is_counted_too(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + text)
    code, drawn = refusal(path)
    assert code == "D315" and said in drawn


def test_when_no_row_is_left_it_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(HEAD + "1,700,none\n2,3,F4\n")
    result = run("cohort", "t.csv", "-g", "cpic_2018", "-o", "a.csv", "--rejects", "r.csv")
    assert (
        result.exit_code == 2 and "D316" in result.stderr and "none of the 2 rows" in result.stderr
    )
    assert len(pl.read_csv("r.csv")) == 2 and not Path("a.csv").exists()


def test_no_infinite_number_gets_in(tmp_path: Path) -> None:
    fact, infinite = albumin(), float("inf")
    path = tmp_path / "t.parquet"
    for value in (infinite, -infinite, float("nan")):
        pl.DataFrame({"id": [1, 2], "X": [value, 5.0]}).write_parquet(path)
        for unit in ("g/L", "g/dL"):
            found = looked_at(path, mapped(**{fact.id: {"column": "X", "unit": unit}}))
            assert ("D309", 1) in {(p.code, p.rows) for p in found.problems}
    table = tmp_path / "t.csv"
    table.write_text("id,X\n1,1e308 g/dL\n2,-1e308 g/dL\n3,1e400 g/L\n4,5 g/L\n")
    each = mapped(**{fact.id: {"column": "X", "unit": "as_written"}})
    found = looked_at(table, each)
    assert found.unusable == 3 and sum(p.rows for p in found.problems if p.code == "D309") == 3


def test_a_table_without_patients(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(HEAD)
    assert refusal(tmp_path / "t.csv")[0] == "D316"


# --- columns ---------------------------------------------------------------------------------


def test_columns_that_are_not_there_are_told_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,ALT_X\n1,3\n")
    code, drawn = refusal(path, mapped(alt_multiple="ALT_XX"))
    assert code == "D303" and "did you mean `ALT_X`?" in drawn
    assert refusal(path)[0] in ("D303", "D305")
    code, drawn = refusal(path, {"patient": "pid", "facts": {"alt_multiple": "ALT_X"}})
    assert code == "D305" and "did you mean `id`?" in drawn
    path.write_text("patient,hair\n1,red\n")
    assert refusal(path)[0] == "D303"


def test_another_table_is_told_once(tmp_path: Path) -> None:
    """Not an error a column; where more are there, each that is not is told."""
    columns = [f"C{i}" for i in range(1, 8)]
    names = [f.id for f in knowledge().facts.values() if f.type == "boolean"][: len(columns)]
    mapping = tmp_path / "map.yaml"
    facts = "".join(f"  {n}: {{column: {c}, is_true: [1], is_false: [0]}}\n"
                    for n, c in zip(names, columns, strict=True))  # fmt: skip
    mapping.write_text(f"patient: id\nfacts:\n{facts}")
    table = tmp_path / "t.csv"
    for head, errors, said in (
        ("a,b,c,d,e", 1, "none of the 8 columns that are asked for is in the table: not `id`, `C1`,"
         " `C2`, `C3` and 4 more; it has `a`, `b`, `c`, `d` and 1 more"),
        ("id:C1:C2:C3:C4:C5:C6:C7", 1, "is `,` what stands between its cells? the mapping file"),
        ("id,x", 1, "only 1 of the 8 columns that are asked for is in the table: not `C1`"),
        ("id,C1", 6, "the column `C2`"),
        ("id,C1,C2,C3,C4,C5", 2, "the column `C6`"),
    ):  # fmt: skip
        table.write_text(f"{head}\n")
        found = run("cohort", str(table), "--map", str(mapping), "--check")
        assert found.exit_code == 2 and said in found.stderr, found.stderr
        assert found.stderr.count("error[D303]") == errors == found.stderr.count("error[")
    frame = pl.DataFrame({"other": [1]})
    frame.write_parquet(tmp_path / "t.parquet")
    found = run("cohort", str(tmp_path / "t.parquet"), "--map", str(mapping), "--check")
    assert found.stderr.count("error[") == 1 and "separator" not in found.stderr


def test_types_that_do_not_suit_are_told(tmp_path: Path) -> None:
    import datetime

    day = datetime.date(2020, 1, 1)
    path = tmp_path / "t.parquet"
    pl.DataFrame(
        {"id": [1], "day": [day], "flag": [True], "one": [1], "text": ["a"], "n": [1.5]}
    ).write_parquet(path)
    wrong = {
        ("alt_multiple", "day"): "not a date",
        ("alt_multiple", "flag"): "holds true or false",
        ("acute_liver_failure", "one"): "is_true: [1]",
        ("acute_liver_failure", "day"): "holds dates",
        ("cirrhosis", "day"): "holds dates",
        ("current_drugs", "text"): "separator",
        ("current_drugs", "n"): "separator",
    }
    for (fact, column), said in wrong.items():
        code, drawn = refusal(path, mapped(**{fact: column}))
        assert code == "D304" and said in drawn, (fact, column)
    needs = {"column": "n", "unit": "as_written"}
    code, drawn = refusal(path, mapped(alt_multiple=needs))
    assert code == "D304" and "say the unit of the numbers" in drawn


def test_a_fact_that_needs_its_unit_does_not_get_one_silently(tmp_path: Path) -> None:
    fact = next(f for f in knowledge().facts.values() if f.ask_unit)
    path = tmp_path / "t.csv"
    path.write_text(f"patient,{fact.id}\n1,300\n")
    assert refusal(path)[0] == "D104"
    path.write_text(f"patient,{fact.id} [{fact.unit}]\n1,300\n")
    assert looked_at(path).clean
    assert refusal(path, mapped(**{fact.id: fact.id}))[0] == "D104"


# --- cells -----------------------------------------------------------------------------------

BAD = """id,ALT,CIRRHOSIS,ALF,DRUGS
p1,3.5,none,true,azathioprine
p2,"3,5",none,,
p3,2020-01-31,none,,
p4,nan,F4,,
p4,700,none,,
,4,none,,
p7,3 mg/dL,none,maybe,aza;azathioprine
p8,high,compensated,true,
p9,,,,
"""
MAP = mapped(
    alt_multiple="ALT",
    cirrhosis="CIRRHOSIS",
    acute_liver_failure="ALF",
    current_drugs={"column": "DRUGS", "separator": ";"},
)


def bad_table(folder: Path) -> Path:
    (folder / "map.yaml").write_text(json.dumps(MAP))
    (folder / "bad.csv").write_text(BAD)
    return folder / "bad.csv"


def test_every_kind_of_bad_cell_is_counted(tmp_path: Path) -> None:
    found = looked_at(bad_table(tmp_path), MAP)
    said = {(p.code, p.fact): (p.rows, [place.row for place in p.first]) for p in found.problems}
    assert said == {
        ("D305", None): (1, [6]),
        ("D306", None): (2, [4, 5]),
        ("D307", "alt_multiple"): (1, [5]),
        ("D308", "cirrhosis"): (1, [4]),
        ("D308", "acute_liver_failure"): (1, [7]),
        ("D308", "current_drugs"): (1, [7]),
        ("D309", "alt_multiple"): (1, [4]),
        ("D310", "alt_multiple"): (1, [2]),
        ("D311", "alt_multiple"): (1, [3]),
        ("D312", "alt_multiple"): (1, [7]),
        ("D313", "alt_multiple"): (1, [8]),
        ("D314", "acute_liver_failure"): (1, [8]),
    }
    assert found.unusable == 7 and found.rows == 9


def test_the_check_as_people_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reset: bool
) -> None:
    bad_table(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hepatica.cohort.answers.asked_of", lambda guidelines: ("age",))
    args = ["cohort", "bad.csv", "--map", "map.yaml", "-g", "cpic_2018"]
    shown = run(*args, "--check")
    assert shown.exit_code == 2
    compare(shown.stdout + shown.stderr, GOLDEN / "check.txt", reset)
    refused = run(*args, "-o", "out.parquet")
    assert refused.exit_code == 2 and "nothing was answered" in refused.stderr
    assert not Path("out.parquet").exists()
    data = json.loads(run(*args, "--check", "--format", "json").stdout)
    assert data["rows"] == 9 and {p["code"] for p in data["problems"]} >= {"D307", "D311"}


def test_what_is_rejected_is_not_lost_and_nothing_is_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad_table(tmp_path)
    monkeypatch.chdir(tmp_path)
    for ending in ("csv", "parquet", "ndjson"):
        rejects = f"rejects.{ending}"
        result = run("cohort", "bad.csv", "--map", "map.yaml", "-g", "cpic_2018", "--shape", "wide",
                     "-o", "out.parquet", "--rejects", rejects)  # fmt: skip
        assert result.exit_code == 0 and "7 rows of 9" in result.stderr
        kept = pl.read_parquet("out.parquet")["patient"].to_list()
        read: dict[str, Any] = {"csv": pl.read_csv, "parquet": pl.read_parquet}
        left = read.get(ending, pl.read_ndjson)(rejects)
        assert kept == ["p1", "p9"] and left["row"].to_list() == [2, 3, 4, 5, 6, 7, 8]
        assert len(kept) + len(left) == 9
        assert left["ALT"].to_list()[0] == "3,5" and "a number with a comma" in left["reason"][0]
        assert "no value of `cirrhosis`" in left["reason"][2]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["p1", "p2", "p3", "p4", ""]),
            st.sampled_from(["3", "-99", "", "NA", "3,5", "2020", "abc", " 4 ", "1e400", "+.5"]),
            st.sampled_from(["none", "decompensated", "NA", "x"]),
            st.sampled_from(["true", "", "yes", "FALSE"]),
        ),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_every_row_is_used_or_rejected(rows: list[tuple[str, str, str, str]]) -> None:
    import tempfile

    mapping = {**mapped(alt_multiple="A", cirrhosis="C", acute_liver_failure="F"),
               "missing": ["NA", -99]}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        pl.DataFrame(rows, schema=["id", "A", "C", "F"], orient="row").write_csv(path)
        table = reading(path, mapping)
        found = check(table)
        used = table.usable(clean=found.clean).collect()
        rejected = table.patients().filter(table.is_trouble()).collect()
    assert len(used) + len(rejected) == found.rows == len(rows)
    assert len(rejected) == found.unusable
    ids = [row[0] for row in rows]
    for patient, alt, cirrhosis, failure in used.rows():
        [(_, a, c, f)] = [row for row in rows if row[0] == patient]
        assert ids.count(patient) == 1 and alt == {"3": 3.0, " 4 ": 4.0, "+.5": 0.5}.get(a)
        assert cirrhosis == (None if c == "NA" else c)
        assert failure == {"true": True, "FALSE": False}.get(f)
        assert a in ("3", "-99", "", "NA", " 4 ", "+.5") and c != "x" and f != "yes"


def test_missing_is_only_what_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame(
        {"id": [1, 2, 3, 4], "a": [float("nan"), 3.0, None, -99.0], "d": [[], ["azathioprine"],
         None, ["azathioprine", None]]}
    ).write_parquet(path)  # fmt: skip
    found = looked_at(path, mapped(alt_multiple="a", current_drugs="d"))
    assert {(p.code, p.rows) for p in found.problems} == {("D309", 1), ("D307", 1), ("D308", 1)}
    mapping = mapped(alt_multiple={"column": "a", "missing": ["NaN", -99]})
    values = reading(path, mapping).usable(clean=True).collect()["alt_multiple"]
    assert looked_at(path, mapping).clean and values.to_list() == [None, 3.0, None, None]
    table = reading(path, mapped(current_drugs="d"))
    drugs = table.patients().collect()["current_drugs"].to_list()
    assert drugs[:3] == [[], ["azathioprine"], None]  # an empty list is known to be empty


# --- units -----------------------------------------------------------------------------------


def albumin() -> ir.Fact:
    return next(
        f for f in knowledge().facts.values()
        if f.type == "quantity" and f.unit == "g/L" and not f.ask_unit
    )  # fmt: skip


def test_units_are_converted_exactly_and_mixed_ones_told(tmp_path: Path) -> None:
    fact = albumin()
    path = tmp_path / "t.csv"
    path.write_text("id,X\n1,0.57 g/dL\n2,5.7 g/L\n3,\n4,5.7\n")
    found = looked_at(path, mapped(**{fact.id: "X"}))
    assert [(p.code, p.rows) for p in found.problems if p.code == "D312"] == [("D312", 1)]
    each = mapped(**{fact.id: {"column": "X", "unit": "as_written"}})
    assert [(p.code, p.first[0].row) for p in looked_at(path, each).problems] == [("D312", 4)]
    path.write_text("id,X\n1,0.57 g/dL\n2,5.7 g/L\n3,\n4,5.7 U/L\n")
    assert [(p.code, p.first[0].row) for p in looked_at(path, each).problems] == [("D312", 4)]
    path.write_text("id,X\n1,0.57 g/dL\n2,5.7 g/L\n3,\n")
    values = reading(path, each).usable(clean=True).collect()[fact.id].to_list()
    assert values == [5.7, 5.7, None]
    path.write_text("id,X\n1,0.57\n2,\n")
    decilitres = mapped(**{fact.id: {"column": "X", "unit": "g/dL"}})
    assert reading(path, decilitres).usable(clean=True).collect()[fact.id].to_list() == [5.7, None]
    comma = {**mapped(**{fact.id: {"column": "X", "unit": "g/dL"}}),
             "csv": {"separator": ";", "decimal": "comma"}}  # fmt: skip
    path.write_text("id;X\n1;0,57\n2;\n")
    assert reading(path, comma).usable(clean=True).collect()[fact.id].to_list() == [5.7, None]


def test_single_precision_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pl.DataFrame({"patient": [1], "alt_multiple": [0.57]})
    frame.cast({"alt_multiple": pl.Float32}).write_parquet(path)
    assert reading(path).usable(clean=True).collect()["alt_multiple"].to_list() == [0.57]


# --- mapping files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("patient: id\nfacts: {alt_multipel: A}\n", "D101"),
        ("patient: id\nfacts: {alt_multiple: {column: A, unit: mg/dL}}\n", "D104"),
        ("patient: id\nfacts: {alt_multiple: {column: A, codes: {x: none}}}\n", "S107"),
        ("patient: id\nfacts: {cirrhosis: {column: A, codes: {x: nun}}}\n", "D102"),
        ("patient: id\nfacts: {jaundice: {column: A, is_true: [1], is_false: [1]}}\n", "D102"),
        ("patient: id\nfacts: {jaundice: {colum: A}}\n", "S101"),
        ("patient: id\nfact: {}\n", "S101"),
        ("facts: {jaundice: A}\n", "S102"),
        ("patient: id\nfacts: {jaundice: {column: A, is_true: yes}}\n", "Y109"),
    ],
)
def test_a_wrong_mapping_is_told_with_its_place(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(Invalid) as error:
        read_mapping(path, knowledge().facts)
    found = error.value.diagnostics
    assert code in [d.code for d in found]
    assert all(d.code in CODES and d.help for d in found if d.code == code)
    assert any(d.line for d in found if d.code == code) or code == "S102"


# --- what facts imply ------------------------------------------------------------------------


@functools.cache
def implying() -> list[str]:
    return [name for name, fact in knowledge().facts.items() if fact.implies]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_facts_that_exclude_each_other_are_those_of_a_case(data: st.DataObject) -> None:
    facts = knowledge().facts
    names = data.draw(st.lists(st.sampled_from(implying()), min_size=1, max_size=3, unique=True))
    others = {o for n in names for d in denials(facts, facts) if d.fact == n for o in d.others}
    patient: dict[str, Any] = {}
    for name in {*names, *others}:
        fact = facts[name]
        values: list[Any] = [None, True, False] if fact.type == "boolean" else list(fact.values)
        if fact.type == "quantity":
            values = [None, *(fact.range or (0, 1))]
        value = data.draw(st.sampled_from([None, *values]))
        if value is not None:
            patient[name] = (value,) if fact.type == "codes" else value
    schema = {n: dtype_of(facts[n]) for n in patient}
    row = {n: [list(v) if isinstance(v, tuple) else v] for n, v in patient.items()}
    frame = pl.DataFrame({"patient": [1], **row}, schema={"patient": pl.Int64, **schema})
    found = {(d.fact, d.others) for d in denials(facts, patient) if frame.select(d.where).item()}
    assert found == set(contradictions(facts, patient))
