"""A cohort says of every patient what `eval` says of the case; long, wide and sums agree."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from drawn_charts import knowledge
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import run

from hepatica import ir
from hepatica.case import Case, CaseReader, contradictions
from hepatica.case_files import documents
from hepatica.cohort.answers import Answerer, asked_of, wide_name
from hepatica.cohort.check import check
from hepatica.cohort.inputs import open_table
from hepatica.cohort.long import Piece, Rows
from hepatica.cohort.mapping import plain_mapping, read_mapping
from hepatica.cohort.reading import ID, Reading
from hepatica.cohort.run import Job, to_file, told_of
from hepatica.cohort.synthesize import synthesize
from hepatica.compile.columnar import STATUS
from hepatica.evaluate import Meaning, Referee, definitions_of
from hepatica.finding import Finding
from hepatica.interval import Interval
from hepatica.run import Evaluator, select
from hepatica.source import Document

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "fixtures" / "cases"


@functools.cache
def guidelines() -> list[ir.Guideline]:
    return select(knowledge(), [], every=True)


@functools.cache
def cases() -> dict[str, Case]:
    reader = CaseReader(knowledge().facts)
    found = (d for d in documents(str(CASES)) if isinstance(d, Document))
    return {
        case.id: case
        for case in map(reader.read, found)
        if not any(isinstance(v, Interval) for v in case.facts.values())  # no table has bounds
    }


@functools.cache
def findings() -> dict[str, tuple[Finding, ...]]:
    evaluator = Evaluator(knowledge(), guidelines(), "program")
    return {name: evaluator.evaluate(case).guidelines for name, case in cases().items()}


@functools.cache
def answerer() -> Answerer:
    return Answerer(knowledge(), guidelines(), shape="long", sums=False)


def facts_used() -> list[str]:
    return sorted({name for case in cases().values() for name in case.facts})


def as_rows() -> list[dict[str, Any]]:
    return [
        {"patient": name, **{f: _cell(case.facts.get(f)) for f in facts_used()}}
        for name, case in cases().items()
    ]


def _cell(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def write_parquet(folder: Path) -> tuple[Path, Path]:
    """Write the cases with facts as columns of their types, under names that are not theirs."""
    facts = knowledge().facts
    types: dict[str, Any] = {"boolean": pl.Boolean, "quantity": pl.Float64, "code": pl.String,
                             "codes": pl.List(pl.String)}  # fmt: skip
    schema = {"patient": pl.String, **{f: types[facts[f].type] for f in facts_used()}}
    frame = pl.DataFrame(as_rows(), schema=schema)
    names = {name: f"C{i}" for i, name in enumerate(facts_used())}
    frame.rename(names).write_parquet(folder / "cases.parquet")
    mapping = {"patient": "patient", "facts": {
        n: {"column": c, **({"unit": facts[n].unit} if facts[n].ask_unit else {})}
        for n, c in names.items()
    }}  # fmt: skip
    (folder / "map.yaml").write_text(json.dumps(mapping))
    return folder / "cases.parquet", folder / "map.yaml"


def write_csv(folder: Path) -> tuple[Path, Path]:
    """Write the cases as text: codes of a registry, 1 and 0, lists joined, numbers in text."""
    facts = knowledge().facts

    def text(name: str, value: Any) -> str:
        if value is None:
            return "NA"
        if isinstance(value, bool):
            return "1" if value else "N"
        if isinstance(value, list):
            return "; ".join(value) or "nothing"
        if facts[name].type == "code":
            return f"code {value}"
        return f"{value!r} {facts[name].unit}" if facts[name].ask_unit else repr(value)

    rows = [
        {"patient": r["patient"], **{n: text(n, r[n]) for n in facts_used()}} for r in as_rows()
    ]
    pl.DataFrame(rows).write_csv(folder / "cases.csv")
    columns: dict[str, Any] = {}
    for name in facts_used():
        fact, column = facts[name], {"column": name}
        by_type: dict[str, dict[str, Any]] = {
            "boolean": {"is_true": [1, "Y"], "is_false": ["N"]},
            "code": {"codes": {f"code {v}": v for v in fact.values}},
            "codes": {"separator": ";", "empty": ["nothing"]},
            "quantity": {"unit": fact.unit} if fact.ask_unit else {},
        }
        columns[name] = {**column, **by_type[fact.type]}
    mapping = {"patient": "patient", "missing": ["NA"], "facts": columns}
    (folder / "map.yaml").write_text(json.dumps(mapping))
    return folder / "cases.csv", folder / "map.yaml"


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return patients_of(*write_parquet(tmp_path_factory.mktemp("typed")))


def patients_of(table: Path, mapping: Path) -> pl.DataFrame:
    columns = read_mapping(mapping, knowledge().facts)
    reading = Reading(open_table([str(table)]), columns, knowledge().facts)
    found = check(reading)
    assert found.clean and found.rows == len(cases()), found.diagnostics()[:3]
    return reading.usable(clean=True).collect()


def test_text_and_typed_columns_are_the_same_patients(tmp_path: Path, typed: pl.DataFrame) -> None:
    text = patients_of(*write_csv(tmp_path))
    assert typed.equals(text.select(typed.columns)) and typed.schema == text.schema


def test_every_fixture_case_is_answered_as_eval_does(typed: pl.DataFrame) -> None:
    rows = answerer().answer(typed).rows
    assert rows is not None
    said: dict[tuple[str, str], dict[str, tuple[str, frozenset[str]]]] = {}
    applies: dict[tuple[str, str], str] = {}
    defined: dict[tuple[str, str, str], str] = {}
    for patient, guideline, statement, kind, status, missing in rows.rows():
        if kind == "applies":
            assert statement == guideline
            applies[patient, guideline] = status
        elif kind == "definition":
            defined[patient, guideline, statement] = status
        else:
            entry = said.setdefault((patient, guideline), {})
            assert statement not in entry, "twice"
            entry[statement] = (status, frozenset(missing))
    scores = {s.score for g in guidelines() for s in (*g.statements, *g.definitions)}
    for name, told in findings().items():
        for finding in told:
            assert applies[name, finding.id] == finding.applies
            wanted: dict[str, tuple[str, frozenset[str]]]
            wanted = {r.statement: (r.status, frozenset(r.missing))
                      for r in finding.recommendations}  # fmt: skip
            wanted |= {a.statement: (a.status, frozenset(a.missing)) for a in finding.avoid}
            assert said.get((name, finding.id), {}) == wanted, (name, finding.id)
            for conclusion in finding.conclusions:
                if conclusion.fact not in scores:
                    assert defined[name, finding.id, conclusion.statement] == "true"


def scored() -> list[ir.Guideline]:
    return [g for g in guidelines() if any(s.score for s in (*g.definitions, *g.statements))]


@functools.cache
def wide() -> Answerer:
    return Answerer(knowledge(), scored(), shape="wide", sums=False)


def same_points(rows: pl.DataFrame, patients: Mapping[str, Mapping[str, ir.Held]]) -> None:
    """Compare with the referee; a sum that is given holds."""
    told = {row["patient"]: row for row in rows.rows(named=True)}
    for guideline in scored():
        meaning = Meaning(guideline, knowledge().facts)
        scores = {s.id: s for s in definitions_of(guideline) if s.score}
        assert scores
        for patient, facts in patients.items():
            referee = Referee(meaning, facts)
            for statement in scores.values():
                given = facts.get(statement.score or "")
                low, high = referee.points(statement) if given is None else (given, given)
                name = wide_name(guideline.id, statement.id)
                row = told[patient]
                assert (row[f"{name}:low"], row[f"{name}:high"]) == (low, high), (patient, name)
                assert (row[name] == "known") is (low == high) or given is None


def test_the_points_of_scores_are_the_referee_s(typed: pl.DataFrame, invented: Path) -> None:
    rows = wide().answer(typed).rows
    assert rows is not None and len(scored()) > 1
    points = [name for name in rows.columns if name.endswith((":low", ":high"))]
    assert {rows.schema[name] for name in points} == {pl.Float64()}
    assert rows.columns[-len(points) :] == points  # the statuses come first, as before
    same_points(rows, {name: case.facts for name, case in cases().items()})
    patients = open_invented(invented).usable(clean=True).head(60).collect()
    found = wide().answer(patients).rows
    assert found is not None
    facts = {
        row[ID]: {
            n: tuple(v) if isinstance(v, list) else v
            for n, v in row.items() if n in knowledge().facts and v is not None
        } for row in patients.rows(named=True)
    }  # fmt: skip
    same_points(found, facts)
    some = found.select(pl.col(n) for n in points)
    assert any((some[n] != some[n.replace(":low", ":high")]).any() for n in points)


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cohort") / "invented.parquet"
    pl.concat(synthesize(knowledge(), easl(), 400, 7)).with_columns(
        centre=pl.Series(["north", "south", None, "east"] * 100)
    ).write_parquet(path)
    return path


def easl() -> list[ir.Guideline]:
    return select(knowledge(), ["easl_2025", "cpic_2018"])


def cpic() -> list[ir.Guideline]:
    return select(knowledge(), ["cpic_2018"])


def open_invented(path: Path) -> Reading:
    table = open_table([str(path)])
    mapping = plain_mapping(table.columns, knowledge().facts, ["centre"])
    return Reading(table, mapping, knowledge().facts)


def test_long_wide_and_sums_agree(invented: Path) -> None:
    patients = open_invented(invented).usable(clean=True).collect()
    options: dict[str, Any] = {"keep": ["centre"], "by": ["centre"]}
    long = Answerer(knowledge(), easl(), shape="long", **options).answer(patients)
    wide = Answerer(knowledge(), easl(), shape="wide", **options).answer(patients)
    assert long.rows is not None and wide.rows is not None
    assert wide.rows.columns[:2] == ["patient", "centre"] and len(wide.rows) == 400
    in_long: Counter[Any] = Counter()
    cells = {}
    for patient, centre, guideline, statement, kind, status, _ in long.rows.rows():
        in_long[centre, guideline, statement, status] += 1
        name = f"{guideline}:applies" if kind == "applies" else wide_name(guideline, statement)
        cells[patient, name] = status
    kinds = {s.id: s.kind for g in easl() for s in (*g.statements, *g.definitions)}
    silent = ("none", "false", "unknown", "known")
    for row in wide.rows.rows(named=True):
        for name, status in row.items():
            if kinds.get(name.rpartition(":")[2]) not in ("evidence", "score", None):
                told = cells.get((row["patient"], name))
                unheard = status in silent or row[f"{_guideline(name)}:applies"] == "false"
                assert told == status or (told is None and unheard)
    for batch in (long, wide):
        total = {tuple(key): n for *key, n in batch.counts.drop("kind").rows()}
        for key, n in in_long.items():
            if key[3] in ("true", "unknown") and key[2] != "applies":
                assert total[key] >= n  # a definition is silent where the guideline is not meant
            else:
                assert total[key] == n
    brief = Answerer(knowledge(), easl(), shape="long", brief=True, **options).answer(patients)
    assert brief.rows is not None and brief.rows.equals(long.rows.drop("missing"))
    assert long.counts.sort(pl.all()).equals(wide.counts.sort(pl.all()))
    waits: Counter[Any] = Counter()
    for _, centre, guideline, statement, kind, _, missing in long.rows.rows():
        if kind in ("recommendation", "contraindication", "caution"):
            waits.update((centre, guideline, statement, fact) for fact in missing)
    assert waits == {tuple(key): n for *key, n in long.missing.rows()}


def _guideline(column: str) -> str:
    return column.partition(":")[0].partition("/")[0]


def test_batches_make_no_difference(invented: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("hepatica.cohort.run.AT_ONCE", 100)
    reading = open_invented(invented)
    asked = Answerer(knowledge(), cpic(), shape="long", keep=["centre"])
    job = Job(reading, check(reading), asked, told_of(cpic(), reading, "long"))
    ticks: list[int] = []
    done = to_file(job, str(tmp_path / "out.parquet"), ticks.append)
    whole = asked.answer(reading.usable(clean=True).collect())
    assert whole.rows is not None and len(ticks) > 2 and sum(ticks) == 400 == done.patients
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert (
        found.cast({"missing": pl.List(pl.String)}).rows()
        == whole.rows.cast({"missing": pl.List(pl.String)}).rows()
    )
    assert done.counts.sort(pl.all()).equals(whole.counts.sort(pl.all()))
    told = pl.read_parquet_metadata(tmp_path / "out.parquet")
    assert "experimental" in told["hepatica.status"] and told["hepatica.synthetic"] == "true"
    assert json.loads(told["hepatica.guidelines"])["cpic_2018"]["digest"] == cpic()[0].digest


def test_a_list_is_made_of_as_many_bits_as_there_are_facts() -> None:
    facts = tuple(f"fact_{i}" for i in range(130))
    words, names = ("recommended", "contingent"), pl.Enum(facts)
    piece = Piece("g", "g/s", "recommendation", "g/s", words, facts, within=False)
    rows = Rows([[piece]], names, (pl.Enum(["g"]), pl.Enum(["g/s"]), pl.Enum([piece.kind])))
    waits = [[], [0], [63, 64], [7, 8, 127, 128, 129], [0], []]
    status = ["none", *["contingent"] * 4, "recommended"]
    frame = pl.DataFrame({"p": [1, 2, 3, 4, 5, 6], "applies": [True] * 6, "g/s": status},
                         schema_overrides={"g/s": STATUS})  # fmt: skip
    for byte in range(17):
        bits = [sum(1 << i % 8 for i in some if i // 8 == byte) for some in waits]
        frame = frame.with_columns(pl.Series(f"? g/s {byte}", bits, dtype=pl.UInt8))
    for _ in range(2):  # the second time all lists are known
        found = rows.rows([frame], ["p"], listed=True)
        assert found["p"].to_list() == [2, 3, 4, 5, 6]
        assert found["status"].to_list() == status[1:]
        assert found["missing"].to_list() == [[facts[i] for i in some] for some in waits[1:]]


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([0.0, 0.2, 0.9]))
def test_invented_patients_are_possible_and_the_same_for_a_seed(seed: int, share: float) -> None:
    facts = knowledge().facts
    frame = pl.concat(synthesize(knowledge(), cpic(), 60, seed, share))
    again = pl.concat(synthesize(knowledge(), cpic(), 60, seed, share))
    assert frame.equals(again) and frame["synthetic"].all()
    assert frame["patient"].to_list()[:2] == ["synthetic-000001", "synthetic-000002"]
    names = {column: column.partition(" ")[0] for column in frame.columns[2:]}
    assert sorted(names.values()) == sorted(asked_of(cpic()))
    for row in frame.iter_rows(named=True):
        patient = {names[c]: tuple(v) if isinstance(v, list) else v
                   for c, v in row.items() if c in names and v is not None}  # fmt: skip
        assert not contradictions(facts, patient)
        for name, value in patient.items():
            low, high = facts[name].range or (0, 0)
            assert not isinstance(value, float) or low <= value <= high
    empty = sum(frame.null_count().row(0)) / (60 * len(names))
    assert abs(empty - share) < 0.12


def test_what_is_invented_can_be_answered_in_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hepatica.cli.cohort.load", lambda root: knowledge())
    out: dict[str, Any] = {}
    for ending in ("parquet", "csv", "ndjson"):
        table = str(tmp_path / f"t.{ending}")
        made = run("cohort", "--synthesize", "40", "--seed", "3", "-g", "cpic_2018", "-o", table)
        assert made.exit_code == 0 and "invented" in made.stderr
        answers = str(tmp_path / f"a.{ending}")
        result = run("cohort", table, "-g", "cpic_2018", "-o", answers)
        assert result.exit_code == 0, result.stderr
        readers: dict[str, Any] = {"parquet": pl.read_parquet, "csv": pl.read_csv}
        found = readers.get(ending, pl.read_ndjson)(answers).select(
            "patient", "guideline", "statement", "status"
        )
        out[ending] = [tuple(map(str, row)) for row in found.rows()]
    assert out["parquet"] == out["ndjson"] == out["csv"]
    assert len(set(out["parquet"])) == len(out["parquet"]) > 40
