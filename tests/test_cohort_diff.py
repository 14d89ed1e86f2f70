"""Two guidelines over a cohort: what `diff --case` says of each patient, counted, and why."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from golden import compare as golden
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import FACTS, Drawn, Given, drawn, guideline, statement
from tables import cell, end_columns
from test_cli import run
from test_cohort import fixtures
from test_diff import examples, side

from hepatica import ir
from hepatica.case_files import documents
from hepatica.cohort.reading import ID, KEEP
from hepatica.compile.expressions import dtype_of
from hepatica.diff import Finder, compare
from hepatica.diff.cohort.codes import is_same
from hepatica.diff.cohort.data import CohortDiff, Row, to_json
from hepatica.diff.cohort.hide import covered, hide
from hepatica.diff.cohort.run import Population
from hepatica.diff.data import Diff
from hepatica.interval import Interval
from hepatica.report import cohort_diff_pages, cohort_diff_text
from hepatica.report.cohort_diff import INVENTED, view
from hepatica.report.text import Terminal
from hepatica.schema import fits
from hepatica.source import Document

FIXTURES = Path(__file__).parent / "fixtures"
GOLDEN = FIXTURES / "golden" / "cohort_diff"
BOUNDS = {
    "<5": Interval(None, 5.0, high_open=True), "≤5": Interval(None, 5.0),
    ">1.5": Interval(1.5, None, low_open=True), ">=450": Interval(450.0, None),
    "0-5": Interval(0.0, 5.0), "1.5-450": Interval(1.5, 450.0),
}  # fmt: skip
FACTS_OF = {name: fact for name, fact in FACTS.items() if name != "points"}


def table(patients: list[Given], facts: dict[str, ir.Fact], **kept: list[Any]) -> pl.DataFrame:
    rows = [
        {ID: f"p{i}", **{n: cell(p.get(n)) for n in facts},
         **{KEEP + name: values[i] for name, values in kept.items()}}
        for i, p in enumerate(patients)
    ]  # fmt: skip
    schema: dict[str, Any] = {ID: pl.String, **{n: dtype_of(f) for n, f in facts.items()},
                              **{KEEP + name: pl.String for name in kept}}  # fmt: skip
    return pl.DataFrame(rows, schema=schema).with_columns(end_columns(patients, facts))


def over(
    old: ir.Guideline, new: ir.Guideline, patients: list[Given], **kept: list[Any]
) -> CohortDiff:
    population = Population(side(old), side(new), list(kept))
    return population.result(population.tally(table(patients, FACTS_OF, **kept)))


def transitions(row: Row) -> Counter[tuple[str, str]]:
    return Counter({(t.old, t.new): t.patients or 0 for t in row.transitions})


def sums(found: CohortDiff) -> None:
    """Check that every table adds up."""
    for row in found.rows:
        assert sum(t.patients or 0 for t in row.transitions) == found.patients
        moves = Counter({p: n for p, n in transitions(row).items() if not is_same(*p)})
        assert sum(moves.values()) == row.moved
        by_move: Counter[tuple[str, str]] = Counter()
        for a in row.attribution:
            assert a.patients and (len(a.parts) == 1 if a.how == "alone" else True)
            assert len(a.parts) > 1 or a.how != "each"
            by_move[a.old, a.new] += a.patients
        assert by_move == moves
        assert sum(p.patients or 0 for p in row.parts) <= sum(moves.values())
        if found.by:
            assert sum(g.moved or 0 for g in row.groups) == row.moved
    for matrix in found.matrices:
        rows = [row for row in found.rows if row.kind == matrix.kind]
        assert sum(c.patients or 0 for c in matrix.counts) == found.patients * len(rows)
    assert sum(g.patients or 0 for g in found.groups) == (found.patients if found.by else 0)
    for kind in ("any", "recommendation", "avoid", "conclusion"):
        [mover] = [m for m in found.movers if m.kind == kind]
        of = [r.moved or 0 for r in found.rows if kind in ("any", r.kind)]
        assert max(of, default=0) <= (mover.patients or 0) <= min(sum(of), found.patients)
        assert max(mover.paired or 0, mover.apart or 0) <= (mover.patients or 0)


def agrees(found: CohortDiff, with_cases: Diff) -> None:
    """Check every row against what is said case by case."""
    mine = {(r.kind, r.old_statement, r.new_statement, r.title): transitions(r) for r in found.rows}
    compared = 0
    for pair in with_cases.by_pair:
        key = (pair.kind, pair.old_statement, pair.new_statement, pair.title)
        counts = Counter({(c.old, c.new): c.cases for c in pair.counts})
        if key in mine:  # a score has points, which are no status
            assert mine[key] == counts, key
            compared += 1
    assert compared == sum(any(set(p) - {"silent", "not concluded", "not sourced"} for p in t)
                           for t in mine.values())  # fmt: skip


# --- meaning -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [("easl_2025", "aasld_2019"), ("easl_2015", "easl_2025")])
def test_every_fixture_case_is_compared_as_diff_does(sides: tuple[str, str]) -> None:
    finder = Finder()
    old, new = map(finder.find, sides)
    chosen = list(fixtures().values())[::12]
    wanted = {case.id for case in chosen}
    found = [d for d in documents(str(FIXTURES / "cases")) if isinstance(d, Document)]
    documents_ = [d for d in found if d.data["id"] in wanted]
    facts = {n: f for n, f in old.knowledge.facts.items() if any(n in c.facts for c in chosen)}
    known: list[Any] = [dict(case.facts) for case in chosen]
    patients = table(known, facts)
    population = Population(old, new)
    result = population.result(population.tally(patients))
    sums(result)
    agrees(result, compare(old, new, documents_))


@examples(6)
@given(drawn(), drawn(), st.lists(st.sampled_from([None, *BOUNDS]), min_size=8, max_size=8))
def test_drawn_guidelines_are_compared_as_diff_does(
    d: Drawn, e: Drawn, bounds: list[str | None]
) -> None:
    patients = [{n: v for n, v in p.items() if n != "points"} for p in (*d.patients, *e.patients)]
    texts = [{f"number_{i % 3}": b} if b else {} for i, b in zip(range(8), bounds, strict=True)]
    for patient, text in zip(patients, texts, strict=False):
        patient |= {name: BOUNDS[b] for name, b in text.items()}  # type: ignore[misc]
    found = over(
        d.guideline, e.guideline, patients, half=[f"{i % 2}" for i in range(len(patients))]
    )
    sums(found)
    documents_ = [
        {"id": f"p{i}", "facts": {n: cell(v) for n, v in p.items()} | texts[i]}
        for i, p in enumerate(patients)
    ]
    agrees(found, compare(side(d.guideline), side(e.guideline), documents_))
    assert fits(json.loads(to_json(found)), "cohort_diff")


@settings(max_examples=4, deadline=None)
@given(drawn())
def test_nobody_moves_from_a_guideline_to_itself(d: Drawn) -> None:
    patients = [{n: v for n, v in p.items() if n != "points"} for p in d.patients]
    found = over(d.guideline, d.guideline, patients)
    assert found.same and not any(row.moved for row in found.rows)


def start(name: str, *parts: ir.Condition, drug: str = "drug_a") -> ir.Statement:
    return statement(name, "recommendation", when=ir.All(parts),
                     recommend=ir.Recommend("start", ((drug,),)))  # fmt: skip


def above(limit: float, fact: str = "number_0") -> ir.Leaf:
    return ir.Leaf(fact, "at_least", (limit,))


def flag(number: int, value: bool = True) -> ir.Leaf:
    return ir.Leaf(f"flag_{number}", "is", (value,))


def ways(row: Row) -> Counter[tuple[str, tuple[str, ...], str, str]]:
    return Counter({
        (a.how, tuple(row.parts[i].kind for i in a.parts), a.old, a.new): a.patients or 0
        for a in row.attribution
    })  # fmt: skip


def told(found: CohortDiff, kind: str = "recommendation") -> Row:
    [row] = [row for row in found.rows if row.kind == kind]
    return row


def test_a_threshold_and_a_question_that_move_patients() -> None:
    old = guideline([start("r", above(5), flag(0), flag(2))])
    new = guideline([start("r", above(1.5), flag(0), flag(1))])
    patients: list[Given] = [
        {"number_0": 3.0, "flag_0": True, "flag_1": True, "flag_2": True},  # threshold
        {"number_0": 9.0, "flag_0": True, "flag_1": False, "flag_2": True},  # question: new
        {"number_0": 9.0, "flag_0": True, "flag_1": True, "flag_2": False},  # question: old
        {"number_0": 3.0, "flag_0": True, "flag_1": True, "flag_2": False},  # both together
        {"number_0": 9.0, "flag_0": True, "flag_1": True, "flag_2": True},  # stays
        {"number_0": 9.0, "flag_0": True, "flag_2": True},  # missing data
    ]
    found = over(old, new, patients)
    row = told(found)
    assert ways(row) == {
        ("alone", ("threshold",), "silent", "recommended"): 1,
        ("alone", ("added",), "recommended", "silent"): 1,
        ("alone", ("removed",), "silent", "recommended"): 1,
        ("together", ("threshold", "removed"), "silent", "recommended"): 1,
        ("alone", ("added",), "recommended", "contingent"): 1,
    }
    said = {p.kind: (p.old, p.new, p.patients) for p in row.parts}
    assert said["threshold"] == ("n is at least 5", "n is at least 1.5", 1)
    assert said["added"] == (None, "flag 1", 2) and said["removed"] == ("flag 2", None, 1)
    assert (row.moved, row.missing, found.movers[0].patients) == (5, 1, 5)


def test_each_by_itself_is_told_apart() -> None:
    old = guideline([start("r", flag(0))])
    new = guideline([start("r", flag(0), flag(1), flag(2))])
    found = over(old, new, [{"flag_0": True, "flag_1": False, "flag_2": False}])
    assert ways(told(found)) == {("each", ("added", "added"), "recommended", "silent"): 1}


def test_what_comes_by_applies_contraindications_and_definitions() -> None:
    def made(applies: ir.Condition, against: ir.Condition, limit: float) -> ir.Guideline:
        defined = statement("d", "definition", when=above(limit), conclude=("verdict_1", True))
        avoid = statement("c", "contraindication", when=against, avoid=ir.Avoid(("drug_a",)))
        verdict = ir.Leaf("verdict_1", "is", (True,))
        return guideline([defined, avoid, start("r", verdict)], applies)

    old, new = made(flag(0), flag(1), 5.0), made(flag(0, False), flag(2), 1.5)
    yes: Given = {"flag_0": True, "flag_1": False, "flag_2": False, "number_0": 9.0}
    patients: list[Given] = [
        yes,  # the new guideline is not for these
        {**yes, "flag_2": True, "flag_0": False, "number_0": 3.0},  # blocked there, nothing before
    ]
    row = told(over(old, new, patients))
    assert ways(row) == {
        ("alone", ("applies",), "recommended", "silent"): 1,
        ("together", ("applies", "contraindications", "rests_on"), "silent", "blocked"): 1,
    }
    conclusion = told(over(old, new, patients), "conclusion")
    assert ways(conclusion) == {("alone", ("threshold",), "not concluded", "concluded"): 1}


def test_what_another_statement_tells_is_counted() -> None:
    old = guideline([start("r1", above(5)), start("r2", flag(0), flag(1))])
    new = guideline([start("r1", above(9)), start("r2", flag(0), flag(1))])
    found = over(old, new, [{"number_0": 6.0, "flag_0": True, "flag_1": True}, {"number_0": 6.0}])
    row = next(r for r in found.rows if r.old_statement == "g/t/r1")
    assert (row.moved, row.besides) == (2, 1)
    assert (found.movers[0].patients, found.movers[0].apart) == (2, 1)


def test_a_value_that_a_side_does_not_have_is_missing_there_and_counted() -> None:
    wide = {"code": ir.replace(FACTS["code"], values={"a": "", "b": "", "c": "", "d": ""})}
    leaf = ir.Leaf("code", "is", ("a",))
    of = guideline([start("r", leaf)])
    population = Population(side(of), side(of, {**FACTS, **wide}))
    facts = {"code": wide["code"]}
    found = population.result(population.tally(table([{"code": "d"}, {"code": "a"}, {}], facts)))
    assert [(u.side, u.fact, u.patients) for u in found.unheard] == [("old", "code", 1)]
    row = told(found)
    assert transitions(row) == {("contingent", "silent"): 1, ("recommended", "recommended"): 1,
                                ("contingent", "contingent"): 1}  # fmt: skip
    assert ways(row) == {("alone", ("dictionary",), "contingent", "silent"): 1}


def test_each_side_reads_a_number_in_its_own_unit(tmp_path: Path) -> None:
    grams = {**FACTS, "number_0": ir.replace(FACTS["number_0"], unit="g/L", range=(0, 1e3))}
    deci = {**FACTS, "number_0": ir.replace(FACTS["number_0"], unit="g/dL", range=(0, 1e2))}
    old, new = guideline([start("r", above(20))]), guideline([start("r", above(2))])
    population = Population(side(old, grams), side(new, deci))
    (tmp_path / "t.csv").write_text("patient,IG\na,25 g/L\nb,2.5 g/dL\nc,15 g/L\nd,\n")
    (tmp_path / "t.yaml").write_text(
        "patient: patient\nfacts:\n  number_0: {column: IG, unit: as_written}\n"
    )
    reading = population.reading([str(tmp_path / "t.csv")], tmp_path / "t.yaml")
    checked = population.check(reading)
    assert checked.clean, checked.diagnostics()
    found = population.result(population.count(reading, clean=True))
    assert found.same and transitions(told(found)) == {
        ("recommended", "recommended"): 2, ("silent", "silent"): 1, ("contingent", "contingent"): 1,
    }  # fmt: skip


# --- small numbers -------------------------------------------------------------------------------


def test_small_numbers_cannot_be_worked_out_from_one_table() -> None:
    assert covered([100, 3, 40], 10) == [100, None, None]
    assert covered([100, 3, 4], 10) == [100, None, None]
    assert covered([100, 40, 0], 10) == [100, 40, 0]
    assert covered([4], 10) == [None]


def test_no_small_number_is_left() -> None:
    old = guideline([start("r", above(5), flag(0)), start("s", flag(1), drug="drug_b")])
    new = guideline([start("r", above(1.5)), start("s", flag(1), flag(2), drug="drug_b")])
    patients: list[Given] = [
        {"number_0": float(i % 9), "flag_0": i % 7 > 0, "flag_1": i % 5 == 0, "flag_2": i % 2 > 0}
        for i in range(90)
    ]
    found = over(old, new, patients, half=["a" if i < 80 else "b" for i in range(90)])
    small = hide(found, 10)
    text = to_json(small).decode()
    numbers = [
        int(n) for n in re.findall(r'"(?:patients|moved|missing|besides|paired|apart)":(\d+)', text)
    ]
    assert numbers and all(n == 0 or n >= 10 for n in numbers)
    for row in small.rows:
        hidden = [t for t in row.transitions if t.patients is None]
        assert len(hidden) != 1 or row.moved is None
    assert fits(json.loads(text), "cohort_diff") and "not shown" in cohort_diff_pages.html(
        view(small)
    )


# --- pages and the command -----------------------------------------------------------------------


DEMO: dict[str, list[str]] = {
    "pregnant": ["false", "false", "", "true", "false"],
    "diabetes": ["false", "true", "false", ""],
    "jaundice": ["false", "true", ""],
    "bilirubin [mg/dL]": ["1", "2.5", "3", "", "9", "4"],
    "inr": ["1", "1.4", "1.6", "", "2.2"],
    "stage": ["early", "late", "none", "early", ""],
    "drugs": ["azathioprine", "[]", "azathioprine;tacrolimus", "", "tacrolimus", "azathioprine"],
}
STEPS = (1, 3, 5, 7, 11, 13, 17)


def write_table(folder: Path, rows: int = 600) -> Path:
    """Write a table of invented patients for the demo guidelines."""
    path = folder / "patients.csv"
    with path.open("w", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["patient", "synthetic", "site", *DEMO])
        for i in range(rows):
            cells = [v[(i * step + i // 7) % len(v)]
                     for step, v in zip(STEPS, DEMO.values(), strict=True)]  # fmt: skip
            out.writerow([f"s{i:03}", "true", "north" if i % 3 else "south", *cells])
    return path


def diff(*args: str) -> tuple[int, str, str]:
    sides = [str(FIXTURES / "diff" / name / "demo") for name in ("old", "new")]
    result = run("diff", *sides, *args)
    return result.exit_code, result.stdout, result.stderr


def test_pages(tmp_path: Path, reset: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES / "diff")
    table_ = str(write_table(tmp_path))
    finder = Finder()
    population = Population(finder.find("old/demo"), finder.find("new/demo"), ["site"])
    reading = population.reading([table_])
    tally = population.count(reading, clean=population.check(reading).clean)
    found = population.result(tally, synthetic=True)
    sums(found)
    shown = view(found)
    text = cohort_diff_text.page(shown, Terminal(80))
    pages = {"cohort.80.txt": text, "cohort.md": cohort_diff_pages.markdown(shown),
             "cohort.html": cohort_diff_pages.html(shown)}  # fmt: skip
    for name, page in pages.items():
        golden(page, GOLDEN / name, reset)
        assert INVENTED in page and "experimental: no named clinician" in page
    assert not re.search(r"https?://", pages["cohort.html"])
    small = view(hide(found, 40))
    golden(cohort_diff_text.page(small, Terminal(80)), GOLDEN / "hidden.80.txt", reset)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(write_table(tmp_path, 90))
    code, text, _ = diff("--cohort", path, "--by", "site")
    assert code == 1 and "compared over 90 patients" in text and "BY site" in text
    code, text, _ = diff("--cohort", path, "--format", "json", "--hide-below", "10")
    found = json.loads(text)
    assert code == 1 and fits(found, "cohort_diff") and found["hidden_below"] == 10
    assert found["synthetic"] and found["patients"] == 90
    old = str(FIXTURES / "diff" / "old" / "demo")
    same = run("diff", old, old, "--cohort", path)
    assert same.exit_code == 0 and "nobody is told anything else" in same.stdout


def test_bad_input_is_told_before_anything_is_compared(tmp_path: Path) -> None:
    path = write_table(tmp_path, 20)
    path.write_text(path.read_text().replace("s004", "s003").replace(",1.4,", ",oops,"))
    code, text, err = diff("--cohort", str(path))
    assert (code, text) == (2, "") and "D306" in err and "D313" in err and "--rejects" in err
    rejects = str(tmp_path / "rejects.csv")
    code, text, err = diff("--cohort", str(path), "--rejects", rejects, "--format", "json")
    left = len(Path(rejects).read_text().splitlines()) - 1
    found = json.loads(text)
    assert (code, found["rejected"]) == (1, left) and found["patients"] == 20 - left
    for wrong in (["--cohort", str(path), "--prove"], ["--by", "site"], ["--hide-below", "5"]):
        code, _, err = diff(*wrong)
        assert code == 2 and "--cohort" in err
    code, _, err = diff("--cohort", str(tmp_path / "none.csv"))
    assert code == 2 and "Traceback" not in err


def test_a_patient_of_no_subgroup_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("patient,synthetic,site,jaundice\na,true,,true\n")
    code, text, _ = diff("--cohort", str(path), "--by", "site", "--format", "json")
    assert code == 1 and json.loads(text)["groups"][0]["group"] == [None]


def test_bounds_are_compared_for_both_sides_also_where_the_dictionaries_differ(
    tmp_path: Path,
) -> None:
    facts = {**FACTS, "number_0": ir.replace(FACTS["number_0"], range=(-2e3, 2e3))}
    del facts["number_1"]
    old, new = guideline([start("r", above(5))]), guideline([start("r", above(1.5))])
    population = Population(side(old), side(new, facts))
    path = tmp_path / "t.parquet"
    pl.DataFrame({
        "patient": list("abcde"), "number_0": [None] * 5, "number_1": [None] * 5,
        "number_0.low": [None, 2.0, 6.0, None, None], "number_1.low": [1.0, *[None] * 4],
        "number_0.high": [1.0, 4.0, None, None, 3.0],
    }).write_parquet(path)  # fmt: skip
    reading = population.reading([str(path)])
    assert population.check(reading).clean
    found = population.result(population.count(reading, clean=True))
    assert transitions(told(found)) == {
        ("silent", "silent"): 1, ("silent", "recommended"): 1, ("recommended", "recommended"): 1,
        ("contingent", "contingent"): 1, ("silent", "contingent"): 1,
    }  # fmt: skip
    assert [(u.side, u.fact, u.patients) for u in found.unheard] == [("new", "number_1", 1)]
