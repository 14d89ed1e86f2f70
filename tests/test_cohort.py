"""A cohort says of every patient what `eval` says of the case; long, wide and sums agree."""

from __future__ import annotations

import functools
import itertools
import json
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import polars as pl
import pytest
from drawn_charts import knowledge
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import cell, end_columns
from test_cli import run

from hepatica import ir
from hepatica.case import Case, CaseReader, contradictions
from hepatica.case_files import documents
from hepatica.cohort.answers import Answerer, Shape, asked_of
from hepatica.cohort.check import check
from hepatica.cohort.inputs import open_table
from hepatica.cohort.job import Job, told_of
from hepatica.cohort.long import Piece, Rows
from hepatica.cohort.mapping import plain_mapping, read_mapping
from hepatica.cohort.reading import ID, KEEP, Reading
from hepatica.cohort.run import to_file
from hepatica.cohort.synthesize import synthesize
from hepatica.cohort.wide import wide_name
from hepatica.compile.words import Bits
from hepatica.evaluate import Meaning, Referee, definitions_of
from hepatica.finding import Finding
from hepatica.interval import ENDS, Interval, from_ends
from hepatica.parse.conditions import plain
from hepatica.run import Evaluator, select
from hepatica.source import Document
from hepatica.trace import Tracer

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "fixtures" / "cases"


@functools.cache
def guidelines() -> list[ir.Guideline]:
    return select(knowledge(), [], every=True)


@functools.cache
def fixtures() -> dict[str, Case]:
    reader = CaseReader(knowledge().facts)
    found = (d for d in documents(str(CASES)) if isinstance(d, Document))
    return {case.id: case for case in map(reader.read, found)}


@functools.cache
def cases() -> dict[str, Case]:
    """Give every fixture, and some again with bounds around their numbers."""
    again = []
    for i, case in enumerate(list(fixtures().values())[::10]):
        facts = {n: v for n, v in case.facts.items() if not isinstance(v, Interval)}
        held = [(n, v) for n, v in facts.items() if isinstance(v, float)]
        around = {n: _around(n, v, i + k) for k, (n, v) in enumerate(held)}
        again.append(ir.replace(case, id=f"{case.id} bounds", facts={**facts, **around}))
    return fixtures() | {case.id: case for case in again}


def _around(name: str, value: float, turn: int) -> float | Interval:
    low, high = knowledge().facts[name].range or (value - 1, value + 1)
    return [
        Interval(None, value), Interval(value, None), Interval(value, None, low_open=True),
        Interval(None, high, high_open=True), from_ends(value, high), from_ends(low, value),
    ][turn % 6]  # fmt: skip


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
        {"patient": name, **{f: cell(case.facts.get(f)) for f in facts_used()}}
        for name, case in cases().items()
    ]


def write_parquet(folder: Path) -> tuple[Path, Path]:
    """Write the cases with facts as columns of their types, under names that are not theirs."""
    facts = knowledge().facts
    types: dict[str, Any] = {"boolean": pl.Boolean, "quantity": pl.Float64, "code": pl.String,
                             "codes": pl.List(pl.String)}  # fmt: skip
    schema = {"patient": pl.String, **{f: types[facts[f].type] for f in facts_used()}}
    ends = end_columns([case.facts for case in cases().values()], facts_used())
    frame = pl.DataFrame(as_rows(), schema=schema).with_columns(ends)
    names = {name: f"C{i}" for i, name in enumerate(frame.columns[1:])}
    frame.rename(names).write_parquet(folder / "cases.parquet")
    mapping = {"patient": "patient", "facts": {
        n: {"column": names[n], **({"unit": facts[n].unit} if facts[n].ask_unit else {}),
            **{end: names[f"{n}.{end}"] for end in ENDS if f"{n}.{end}" in names}}
        for n in facts_used()
    }}  # fmt: skip
    (folder / "map.yaml").write_text(json.dumps(mapping))
    return folder / "cases.parquet", folder / "map.yaml"


def write_csv(folder: Path) -> tuple[Path, Path]:
    """Write the cases as text: codes of a registry, 1 and 0, lists joined, numbers in text."""
    facts = knowledge().facts

    def text(name: str, value: Any) -> str:
        if isinstance(value, Interval):
            return bounds_text(value) + (f" {facts[name].unit}" if facts[name].ask_unit else "")
        if isinstance(value, tuple):
            value = list(value)
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
        {"patient": name, **{n: text(n, case.facts.get(n)) for n in facts_used()}}
        for name, case in cases().items()
    ]
    pl.DataFrame(rows).write_csv(folder / "cases.csv")
    columns: dict[str, Any] = {}
    held = end_columns([case.facts for case in cases().values()], facts_used())
    bounded = {column.name.partition(".")[0] for column in held}
    for name in facts_used():
        fact, column = facts[name], {"column": name}
        by_type: dict[str, dict[str, Any]] = {
            "boolean": {"is_true": [1, "Y"], "is_false": ["N"]},
            "code": {"codes": {f"code {v}": v for v in fact.values}},
            "codes": {"separator": ";", "empty": ["nothing"]},
            "quantity": {"unit": fact.unit} if fact.ask_unit else {},
        }
        columns[name] = {**column, **by_type[fact.type]}
        if name in bounded:
            columns[name]["bounds"] = True
    mapping = {"patient": "patient", "missing": ["NA"], "facts": columns}
    (folder / "map.yaml").write_text(json.dumps(mapping))
    return folder / "cases.csv", folder / "map.yaml"


def bounds_text(value: Interval) -> str:
    """Write bounds as a laboratory does."""
    low, high = (None if end is None else plain(end) for end in (value.low, value.high))
    if low is not None and high is not None:
        return f"{low}-{high}"
    if low is None:
        return f"{'<' if value.high_open else '≤'}{high}"
    return f"{'>' if value.low_open else '>='}{low}"


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
    applies: dict[tuple[str, str], tuple[str, list[str]]] = {}
    waiting = 0
    defined: dict[tuple[str, str, str], str] = {}
    for patient, guideline, statement, kind, status, missing in rows.rows():
        if kind == "applies":
            assert statement == guideline
            applies[patient, guideline] = status, missing
        elif kind == "definition":
            defined[patient, guideline, statement] = status
        else:
            entry = said.setdefault((patient, guideline), {})
            assert statement not in entry, "twice"
            entry[statement] = (status, frozenset(missing))
    scores = {s.score for g in guidelines() for s in (*g.statements, *g.definitions)}
    for name, told in findings().items():
        for finding in told:
            guideline = knowledge().guidelines[finding.id]
            referee = Referee(Meaning(guideline, knowledge().facts), cases()[name].facts)
            missing = sorted(Tracer(referee).missing(guideline.applies))
            assert applies[name, finding.id] == (finding.applies, missing)
            assert bool(missing) is (finding.applies == "unknown")
            waiting += bool(missing)
            wanted: dict[str, tuple[str, frozenset[str]]]
            wanted = {r.statement: (r.status, frozenset(r.missing))
                      for r in finding.recommendations}  # fmt: skip
            wanted |= {a.statement: (a.status, frozenset(a.missing)) for a in finding.avoid}
            assert said.get((name, finding.id), {}) == wanted, (name, finding.id)
            for conclusion in finding.conclusions:
                if conclusion.fact not in scores:
                    assert defined[name, finding.id, conclusion.statement] == "true"
    assert waiting


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


@pytest.mark.parametrize("groups", [4, 30])
def test_long_wide_and_sums_agree(invented: Path, groups: int) -> None:
    patients = open_invented(invented).usable(clean=True).collect()
    if groups > 4:
        names = [None if i % groups == 3 else f"centre {i % groups}" for i in range(400)]
        patients = patients.with_columns(pl.Series(f"{KEEP}centre", names))
    options: dict[str, Any] = {"keep": ["centre"], "by": ["centre"]}
    made = {
        shape: Answerer(knowledge(), easl(), shape=shape, **options) for shape in ("long", "wide")
    }
    long, wide = (one.answer(patients).rows for one in made.values())
    assert long is not None and wide is not None
    assert wide.columns[:2] == ["patient", "centre"] and len(wide) == 400
    in_long: Counter[Any] = Counter()
    cells = {}
    for patient, centre, guideline, statement, kind, status, _ in long.rows():
        in_long[centre, guideline, statement, status] += 1
        name = f"{guideline}:applies" if kind == "applies" else wide_name(guideline, statement)
        cells[patient, name] = status
    kinds = {s.id: s.kind for g in easl() for s in (*g.statements, *g.definitions)}
    silent = ("none", "false", "unknown", "known")
    for row in wide.rows(named=True):
        for name, status in row.items():
            if kinds.get(name.rpartition(":")[2]) not in ("evidence", "score", None):
                told = cells.get((row["patient"], name))
                unheard = status in silent or row[f"{_guideline(name)}:applies"] == "false"
                assert told == status or (told is None and unheard)
    sums = [one.counted(one.answer(patients).tally) for one in made.values()]
    for counts, _ in sums:
        total = {tuple(key): n for *key, n in counts.drop("kind").rows()}
        for key, n in in_long.items():
            if key[3] in ("true", "unknown") and key[2] != "applies":
                assert total[key] >= n  # a definition is silent where the guideline is not meant
            else:
                assert total[key] == n
    assert sums[0][0].sort(pl.all()).equals(sums[1][0].sort(pl.all()))
    brief = Answerer(knowledge(), easl(), shape="long", brief=True, **options).answer(patients)
    assert brief.rows is not None and brief.rows.equals(long.drop("missing"))
    waits: Counter[Any] = Counter()
    for _, centre, guideline, statement, kind, _, missing in long.rows():
        if kind in ("recommendation", "contraindication", "caution"):
            waits.update((centre, guideline, statement, fact) for fact in missing)
    assert waits == {tuple(key): n for *key, n in sums[0][1].rows()}


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_some_kinds_only(invented: Path, shape: Shape) -> None:
    patients = open_invented(invented).usable(clean=True).collect()
    options: dict[str, Any] = {"shape": shape, "sums": False}
    every = Answerer(knowledge(), easl(), **options).answer(patients).rows
    kinds = ("recommendation", "caution")
    some = Answerer(knowledge(), easl(), kinds=kinds, **options).answer(patients).rows
    assert every is not None and some is not None
    if shape == "long":
        assert some.equals(every.filter(pl.col("kind").is_in(["applies", *kinds])))
        return
    found = {s.id: s.kind for g in easl() for s in (*g.statements, *g.definitions)}
    names = [n for n in every.columns if ":applies" in n or found.get(n) in (*kinds, None)]
    left_out = [n for n in names if found.get(n.rpartition(":")[2], kinds[0]) not in kinds]
    assert some.equals(every.select(n for n in names if n not in left_out))


def _guideline(column: str) -> str:
    return column.partition(":")[0].partition("/")[0]


def test_batches_make_no_difference(invented: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("hepatica.cohort.job.AT_ONCE", 100)
    reading = open_invented(invented)
    asked = Answerer(knowledge(), cpic(), shape="long", keep=["centre"])
    job = Job(reading, check(reading), asked, told_of(cpic(), reading, "long"))
    ticks: list[int] = []
    done = to_file(job, str(tmp_path / "out.parquet"), ticks.append)
    every = reading.usable(clean=True).collect()
    whole = asked.answer(every)
    monkeypatch.setattr("hepatica.cohort.answers._LEAST", 90)
    monkeypatch.setattr("hepatica.cohort.answers._CELLS", {"long": 1})
    sliced = asked.answer(every)
    assert sliced.rows is not None and whole.rows is not None and sliced.rows.equals(whole.rows)
    assert all(
        t.equals(o) for t, o in zip(*map(asked.counted, (sliced.tally, whole.tally)), strict=True)
    )
    assert len(ticks) > 2 and sum(ticks) == 400 == done.patients
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert (
        found.cast({"missing": pl.List(pl.String)}).rows()
        == whole.rows.cast({"missing": pl.List(pl.String)}).rows()
    )
    assert done.counts.sort(pl.all()).equals(asked.counted(whole.tally)[0].sort(pl.all()))
    told = pl.read_parquet_metadata(tmp_path / "out.parquet")
    assert "experimental" in told["hepatica.status"] and told["hepatica.synthetic"] == "true"
    assert json.loads(told["hepatica.guidelines"])["cpic_2018"]["digest"] == cpic()[0].digest


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=3),
    st.sampled_from([1, 4096, 1 << 23]),
    st.integers(0, 10**9),
)
def test_rows_are_what_the_bits_say(batches: list[int], beside: int, seed: int) -> None:
    """More facts than a byte can number, batches of any size, and bits that must not be told."""
    rng = random.Random(seed)
    facts = [f"fact_{i:03}" for i in range(rng.choice([0, 1, 8, 9, 130, 300]))]
    words = ("recommended", "contingent")
    count = itertools.count()
    pieces = [
        Piece(0, "g", name, "recommendation", words, {word: next(count) for word in words}, "none",
              {fact: next(count) for fact in rng.sample(facts, rng.randint(0, len(facts)))},
              next(count) if name == "c" else None)
        for name in ("a", "b", "c")
    ]  # fmt: skip
    labels = (pl.Enum(["g"]), pl.Enum(["a", "b", "c"]), pl.Enum(["recommendation"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hepatica.cohort.long._FACTS", beside)
        rows = Rows(pieces, pl.Enum(facts), labels, listed=True)
    for patients in batches:
        nodes: dict[int, list[bool]] = {}
        drawn = []
        for piece in pieces:
            statuses = [rng.choice([*words, "none"]) for _ in range(patients)]
            drawn.append(statuses)
            for word, node in piece.status.items():
                nodes[node] = [s == word for s in statuses]
            for node in piece.waiting.values():
                nodes[node] = [rng.random() < 0.1 for _ in range(patients)]
            if piece.outside is not None:
                nodes[piece.outside] = [rng.random() < 0.2 for _ in range(patients)]
        bits = Bits.given({n: numpy.array(on, dtype=bool) for n, on in nodes.items()}, patients)
        kept = {
            "p": range(patients),
            "text": [rng.choice(["x", "", None]) for _ in range(patients)],
        }
        found = rows.rows(pl.DataFrame(kept, schema={"p": pl.Int64, "text": pl.String}), [bits])
        right = []
        for patient in range(patients):
            for piece, statuses in zip(pieces, drawn, strict=True):
                outside = piece.outside is not None and nodes[piece.outside][patient]
                if statuses[patient] != "none" and not outside:
                    is_open = statuses[patient] == "contingent"
                    missing = [f for f, n in sorted(piece.waiting.items())
                               if is_open and nodes[n][patient]]  # fmt: skip
                    label = (patient, kept["text"][patient], "g", piece.statement, piece.kind)
                    right.append((*label, statuses[patient], missing))
        assert found.rows() == right


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
