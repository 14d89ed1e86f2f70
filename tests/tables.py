"""Patients as a table, and what the referee says of each of its rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from strategies import FACTS, guideline, knowledge, statement

from hepatica import ir
from hepatica.case import CaseReader
from hepatica.case_files import documents
from hepatica.compile.circuit import WORDS as CELLS
from hepatica.compile.columnar import Columnar, ask
from hepatica.compile.sql import Sql
from hepatica.compile.words import Words
from hepatica.compose import Composer
from hepatica.diagnostics import Invalid
from hepatica.evaluate import WORDS, Given, Referee
from hepatica.interval import ENDS, Interval
from hepatica.load import load
from hepatica.trace import Tracer

CASES = Path(__file__).parent / "fixtures" / "cases"


@cache
def shipped() -> ir.Knowledge:
    return load()


@cache
def cases(bounds: bool = True) -> list[Given]:
    """Read every fixture; without `bounds` only those that a table of numbers can hold."""
    reader = CaseReader(shipped().facts)
    found: list[Given] = []
    for document in documents(str(CASES), None):
        assert not isinstance(document, Invalid)
        given = reader.read(document).facts
        if bounds or not any(isinstance(value, Interval) for value in given.values()):
            found.append(given)
    assert len(found) > 200
    return found


def nested(length: int) -> tuple[ir.Guideline, ir.Knowledge]:
    """Make definitions that each ask the one before in two places."""
    facts = {f"c_{i}": ir.Fact(f"c_{i}", "t", "c", "boolean") for i in range(length)}
    statements = []
    for i in range(length):
        before = f"c_{i - 1}" if i else "flag_0"
        yes, no = (ir.Leaf(before, "is", (value,)) for value in (True, False))
        first = ir.Any((yes, ir.Leaf(f"flag_{i % 3}", "is", (True,))))
        second = ir.Any((no, ir.Leaf("number_0", "above", (float(i),))))
        when = ir.All((first, second))
        statements.append(statement(f"d{i}", "definition", when=when, conclude=(f"c_{i}", True)))
    of = guideline(statements)
    return of, knowledge(of, FACTS | facts)


def table(
    patients: Iterable[Given], columns: Mapping[str, pl.DataType], key: str | None = None
) -> pl.DataFrame:
    """Make a row a patient; with `key`, a column of that name numbers them.

    Behind the columns of facts stand those of bounds, for facts of which somebody has bounds.
    """
    rows = list(patients)
    data = {name: [cell(row.get(name)) for row in rows] for name in columns}
    frame = pl.DataFrame(data, schema=dict(columns), strict=False)
    frame = frame.with_columns(end_columns(rows, columns))
    return frame if key is None else frame.with_columns(pl.int_range(len(rows)).alias(key))


def cell(value: Any) -> Any:
    """Give what stands in the column of a fact."""
    if isinstance(value, Interval):
        return None
    return list(value) if isinstance(value, tuple) else value


def end_columns(rows: Sequence[Given], names: Iterable[str]) -> list[pl.Series]:
    """Give the columns of bounds, of those facts of which somebody has bounds."""
    found = []
    for name in names:
        held = [v if isinstance(v := row.get(name), Interval) else None for row in rows]
        for end in ENDS if any(held) else ():
            dtype = pl.Boolean() if end.endswith("open") else pl.Float64()
            ends = [None if v is None else getattr(v, end) for v in held]
            found.append(pl.Series(f"{name}.{end}", ends, dtype=dtype))
    return found


def answers(
    columnar: Columnar, frame: pl.LazyFrame, lists: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """Collect everything that a compiled guideline says, a dictionary a patient.

    Without `lists`, what is missing is told by pairs only, which takes less time.
    """
    names = ["truths", "outcomes", "concluded", "missing_pairs", *(["missing"] if lists else [])]
    numbered = frame.with_row_index("row")  # a guideline may conclude nothing: there must be rows
    return {
        name: getattr(columnar, name)(numbered, ["row"]).collect(engine="streaming").to_dicts()
        for name in names
    }


def by_words(columnar: Columnar, frame: pl.LazyFrame) -> list[dict[str, dict[str, Any]]]:
    """Work the nodes out 64 patients a word, and tell truths, outcomes and pairs as `answers`.

    What a long result packs into bytes has to be the pairs, too.
    """
    circuit = columnar.circuit
    rails = {**circuit.statements, "applies": circuit.applies}
    missing = {s: dict(sorted(circuit.missing(s).items())) for s in columnar.kinds}
    waiting = {s: dict(sorted(circuit.waiting(s).items())) for s in columnar.kinds}
    statuses = circuit.statuses
    roots = [n for rail in rails.values() for n in rail]
    roots += [n for by in (*missing.values(), *waiting.values(), *statuses.values())
              for n in by.values()]  # fmt: skip
    words = Words(columnar, roots, columnar.given(frame.collect_schema()), "0")
    bits = words.work(ask(frame, [words.asked], ["row"]).collect(engine="streaming"))
    found: list[dict[str, dict[str, Any]]] = [
        {"truths": {}, "outcomes": {}, "pairs": {}} for _ in range(bits.size)
    ]
    for name, rail in rails.items():
        for row, true, false in zip(
            found, bits.each(rail.true), bits.each(rail.false), strict=True
        ):
            assert not (true and false)
            row["truths"][name] = bool(true) if true or false else None
    for name, by_word in statuses.items():
        last = CELLS[columnar.kinds[name]][-1]
        numbers = bits.coded([(i, n) for i, n in enumerate(by_word.values())], 200)
        for row, number in zip(found, numbers, strict=True):
            row["outcomes"][name] = last if number == 200 else list(by_word)[number]
        nodes = list(waiting[name].values())
        first = by_word.get("contingent")
        is_open = bits.not_any(by_word.values()) if first is None else bits.of(first)
        packed = bits.packed(nodes, is_open)
        for i, (fact, node) in enumerate(missing[name].items()):
            each = bits.each(node)
            if columnar.kinds[name] != "score":  # of which no result lists what is missing
                assert list(packed[i // 8] >> i % 8 & 1) == list(each)
            for row, on in zip(found, each, strict=True):
                row["pairs"][f"{name} {fact}"] = bool(on)
    return found


def right(composer: Composer, patient: Given, kinds: Mapping[str, ir.Kind]) -> dict[str, Any]:
    """Say the same from the referee and the pages of a patient."""
    referee = composer.referee(patient)
    said = referee.answers()
    finding = composer.finding(said.applies, said.statements, referee)
    told: list[Any] = [*finding.recommendations, *finding.avoid]
    status: dict[str, str] = {t.statement: t.status for t in told}
    missing: dict[str, list[str]] = {t.statement: sorted(t.missing) for t in told}
    tracer = Tracer(referee)
    scores = {s.id: s for s in composer.conclusions.scores.values()}
    for name, kind in kinds.items():
        if kind in ("definition", "evidence"):
            status[name] = WORDS[said.statements[name]]
            missing[name] = sorted(tracer.missing(referee.meaning.statements[name]))
        elif kind == "score":
            fact = scores[name].score or ""
            status[name] = "known" if referee.leaf(ir.Leaf(fact, "known", (True,))) else "unknown"
            whens = [o.when for item in scores[name].items for o in item.best_of]
            missing[name] = sorted({f for when in whens for f in tracer.missing(when)})
    return {
        "truths": {**said.statements, "applies": said.applies},
        "outcomes": {
            **{name: status.get(name, "none") for name in kinds},
            "applies": said.applies,
        },
        "missing": {name: missing.get(name, []) for name in kinds},
        "concluded": concluded(referee, patient),
    }


def concluded(referee: Referee, patient: Given) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in referee.by_fact:
        fact = referee.meaning.facts[name]
        if fact.type == "boolean":
            found[name] = referee.leaf(ir.Leaf(name, "is", (True,)))
        elif fact.type == "quantity":
            given = patient.get(name)
            if isinstance(given, Interval):
                found |= {f"{name}.{end}": getattr(given, end) for end in ENDS}
                continue
            low, high = referee.concluded(name).score or (0, 0)
            found[f"{name}.low"] = float(low) if given is None else given
            found[f"{name}.high"] = float(high) if given is None else given
        else:
            op: ir.Operator = "includes" if fact.type == "codes" else "is"
            truths = {v: referee.leaf(ir.Leaf(name, op, (v,))) for v in fact.values}
            found |= {f"{name}={value}": truth for value, truth in truths.items()}
            if fact.type == "code":
                found[name] = next((v for v, truth in truths.items() if truth), None)
    return found


def compare(
    columnar: Columnar,
    composer: Composer,
    patients: Sequence[Given],
    frame: pl.LazyFrame,
    lists: bool = True,
) -> None:
    """Compare every cell of every table with the referee."""
    found = answers(columnar, frame, lists)
    for rows in found.values():
        assert [row.pop("row") for row in rows] == list(range(len(patients)))
    words = by_words(columnar, frame.with_row_index("row"))
    for i, patient in enumerate(patients):
        wanted = right(composer, patient, columnar.kinds)
        pairs = {f"{s} {f}" for s, facts in wanted["missing"].items() for f in facts}
        assert {name for name, on in found["missing_pairs"][i].items() if on} == pairs, patient
        by_bits = words[i]
        assert {name for name, on in by_bits["pairs"].items() if on} == pairs, patient
        assert by_bits["truths"] == wanted["truths"], patient
        assert by_bits["outcomes"] | {"applies": wanted["truths"]["applies"]} == wanted["outcomes"]
        if not lists:
            del wanted["missing"]
        for what, cells in wanted.items():
            row = found[what][i]
            if what == "concluded":  # a table with bounds of a score has two columns more
                flags = {n for n in row if n.endswith("_open") and n not in cells}
                assert not any(row.pop(name) for name in flags)
            different = {k: (row.get(k), v) for k, v in cells.items() if row.get(k) != v}
            assert row.keys() == cells.keys() and not different, (what, different, patient)


def on_duckdb(
    sql: Sql, frame: pl.DataFrame, key: str = "patient", *, bounds: bool = False
) -> list[dict[str, Any]]:
    """Fill the table that a query expects, and give its rows, in the order of the key."""
    ends = [n for n in frame.columns if bounds and n.rpartition(".")[2] in ENDS]
    facts = frame.select(*sql.reads, *ends)
    written = frame.select(pl.col(key).cast(pl.String), *map(_plain, facts))
    with duckdb.connect() as connection, tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        connection.execute(sql.create_table(bounds=bounds))
        written.write_parquet(file.name)
        connection.execute("INSERT INTO facts BY NAME FROM read_parquet(?)", [file.name])
        done = connection.execute(sql.query(bounds=bounds))
        columns = [column[0] for column in done.description or ()]
        found = [dict(zip(columns, row, strict=True)) for row in done.fetchall()]
    return sorted(found, key=lambda row: int(row[key]))


def _plain(column: pl.Series) -> pl.Series:
    """Write codes as text: DuckDB cannot read a list of categories."""
    if column.dtype == pl.List:
        return column.cast(pl.List(pl.String))
    return column.cast(pl.String) if column.dtype == pl.Enum else column


def by_columns(columnar: Columnar, frame: pl.DataFrame, key: str = "patient") -> Any:
    """Give what `on_duckdb` should give."""
    name = columnar.guideline
    truths = columnar.truths(frame.lazy(), [key]).rename({"applies": f"{name} applies"})
    statuses = columnar.outcomes(frame.lazy()).drop("applies")
    found = pl.concat(
        [truths.collect(), statuses.rename(lambda s: f"{s} status").collect()], how="horizontal"
    )
    return found.with_columns(pl.col(key).cast(pl.String)).to_dicts()
