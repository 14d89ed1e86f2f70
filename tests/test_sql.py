"""The exported SQL, run on DuckDB: the text, every case, the traps of tables, the command."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import golden
import pytest
from strategies import guideline, knowledge, statement
from tables import by_columns, cases, nested, on_duckdb, shipped, table
from test_cli import BASE, run

from hepatica import ir
from hepatica.compile.columnar import Columnar
from hepatica.compile.sql import Sql
from hepatica.interval import ENDS

GOLDEN = Path(__file__).parent / "fixtures" / "golden" / "sql"


def one(when: ir.Condition, title: str = "r") -> Sql:
    recommend = ir.Recommend("start", (("drug_a",), ("drug_b",)))
    rule = statement("r", "recommendation", when=when, recommend=recommend)
    avoid = statement("c", "contraindication", when=ir.Leaf("flag_2", "is", (True,)),
                      avoid=ir.Avoid(classes=("cls",)))  # fmt: skip
    of = guideline([ir.replace(rule, title=title), avoid])
    return Sql(of, knowledge(of))


def ask(sql: Sql, column: str, values: list[Any], dtype: str) -> list[Any]:
    """Answer `g/t/r` for a table with one column of a type of its own."""
    with duckdb.connect() as connection:
        connection.execute(f'CREATE TABLE facts (patient INTEGER, "{column}" {dtype})')
        rows = [list(row) for row in enumerate(values)]
        connection.executemany("INSERT INTO facts VALUES (?, ?)", rows)
        query = f'SELECT "g/t/r" FROM ({sql.query(columns=[column])}) ORDER BY patient'
        return [row[0] for row in connection.execute(query).fetchall()]


@pytest.mark.parametrize("name", ["aasld_reproductive_2021", "cpic_2018", "easl_2025"])
def test_every_case_is_as_in_polars(name: str) -> None:
    read = shipped()
    columnar = Columnar(read.guidelines[name], read)
    sql = Sql(read.guidelines[name], read)
    frame = table(cases(bounds=False), columnar.columns(), key="patient")
    wanted = by_columns(columnar, frame)
    assert on_duckdb(sql, frame) == wanted and on_duckdb(sql, frame, bounds=True) == wanted


def with_bounds(op: ir.Operator, values: tuple[Any, ...], *rows: tuple[Any, ...]) -> list[Any]:
    """Answer `g/t/r` for rows of a number, low, high, low_open and high_open."""
    sql = one(ir.Leaf("number_0", op, values))
    ends = [f'"number_0.{end}" {"BOOLEAN" if "_" in end else "DOUBLE"}' for end in ENDS]
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE facts (patient INTEGER, number_0 DOUBLE, {', '.join(ends)})"
        )
        for i, row in enumerate(rows):
            connection.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", [i, *row])
        query = sql.query(columns=["number_0"], bounds=True)
        found = connection.execute(f'SELECT "g/t/r" FROM ({query}) ORDER BY patient').fetchall()
    return [row[0] for row in found]


def test_bounds_are_answered_and_a_number_beside_them_holds() -> None:
    open_, closed = (None, None, 5.0, None, True), (None, None, 5.0, None, None)
    nan, number = (math.nan, math.nan, 5.0, None, False), (7.0, None, 4.0, None, None)
    assert with_bounds("below", (5.0,), open_, closed, nan, number) == [True, None, None, False]
    assert with_bounds("at_least", (5.0,), open_, closed, nan, number) == [False, None, None, True]
    known = with_bounds("known", (False,), open_, (None,) * 5, number, (math.nan, *(None,) * 4))
    assert known == [None, True, False, True]
    low = [(None, 5.0, None, is_open, None) for is_open in (True, False)]
    assert with_bounds("above", (5.0,), *low) == [True, None]
    assert with_bounds("between", (5.0, 9.0), (None, 5.0, 9.0, None, None), *low) == [
        True, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [(None, 9.0, 5.0, None, None), (None, 5.0, 5.0, True, None), (None, math.inf, None, None, None),
     (None, None, math.inf, None, None)],
)  # fmt: skip
def test_bounds_that_cannot_be_stop_the_query(row: tuple[Any, ...]) -> None:
    with pytest.raises(duckdb.Error, match=r"number_0\.high hold what no bounds can be"):
        with_bounds("below", (5.0,), row)
    sql = one(ir.Leaf("number_0", "known", (True,)))
    names = ["number_0", *(f'"number_0.{end}"' for end in ENDS)]
    with duckdb.connect() as connection:
        connection.execute(sql.create_table(bounds=True))
        insert = f"INSERT INTO facts (patient, {', '.join(names)}) VALUES ('p', ?, ?, ?, ?, ?)"
        if row[3] is None:
            with pytest.raises(duckdb.ConstraintException):
                connection.execute(insert, list(row))


def test_what_is_written(reset: bool) -> None:
    written = run("export", "sql", "--knowledge", str(BASE)).stdout
    schema = run("export", "sql", "--knowledge", str(BASE), "--schema").stdout
    golden.compare(schema + written, GOLDEN / "demo.sql", reset)
    when = ir.All((ir.Leaf("number_0", "between", (0.0, 1.5)), ir.Leaf("drugs", "includes", ("p",)),
                   ir.Count(2, tuple(ir.Leaf(f"flag_{i}", "is", (True,)) for i in range(3))),
                   ir.Not(ir.Leaf("code", "in", ("a", "c")))))  # fmt: skip
    sql = one(when, "two\nlines -- and a 'quote'")
    golden.compare(f"{sql.create_table()};\n{sql.query()};\n", GOLDEN / "rule.sql", reset)
    bounds = one(ir.Any((ir.Not(ir.Leaf("number_0", "below", (5.0,))),
                         ir.Leaf("number_0", "known", (False,)))))  # fmt: skip
    written = f"{bounds.create_table(bounds=True)};\n{bounds.query(bounds=True)};\n"
    golden.compare(written, GOLDEN / "bounds.sql", reset)


def test_the_file_runs_as_it_is(tmp_path: Path) -> None:
    options = ["--knowledge", str(BASE), "--table", "main.odd name", "--key", 'the "patient"']
    for flags in (["--schema", "--bounds"], ["--bounds"]):
        path = tmp_path / f"{len(flags) - 1}.sql"
        result = run("export", "sql", *options, *flags, "-o", str(path))
        assert result.exit_code == 0 and not result.stdout
    with duckdb.connect() as connection:
        connection.execute((tmp_path / "1.sql").read_text())
        connection.execute('INSERT INTO "odd name" BY NAME SELECT \'p\' AS "the ""patient"""')
        found = connection.execute((tmp_path / "0.sql").read_text()).fetchall()
    assert found == [("p", True, None, "unknown")]


@pytest.mark.parametrize("op", ["above", "at_least", "below", "at_most"])
def test_not_a_number_is_missing_and_infinity_stops_the_query(op: ir.Operator) -> None:
    sql = one(ir.Leaf("number_0", op, (5.0,)))
    assert ask(sql, "number_0", [math.nan, None], "DOUBLE") == [None, None]
    for value in (math.inf, -math.inf):
        with pytest.raises(duckdb.Error, match="number_0 holds what its fact cannot be"):
            ask(sql, "number_0", [1.0, value], "DOUBLE")


def test_sets_that_are_empty_missing_or_not_complete() -> None:
    sql = one(ir.Leaf("drugs", "includes_any", ("p", "q")))
    values = [[], None, ["r"], ["q", "r"], ["r", None], ["p", None]]
    assert ask(sql, "drugs", values, "VARCHAR[]") == [False, None, False, True, None, None]


def test_a_code_that_no_value_has_stops_the_query() -> None:
    sql = one(ir.Leaf("code", "is", ("a",)))
    assert ask(sql, "code", ["a", "b", None], "VARCHAR") == [True, False, None]
    assert ask(sql, "code", ["a", "b", None], "ENUM ('a', 'b', 'c')") == [True, False, None]
    with pytest.raises(duckdb.Error, match="code holds what its fact cannot be: z"):
        ask(sql, "code", ["z"], "VARCHAR")
    with pytest.raises(duckdb.Error, match="drugs holds what its fact cannot be"):
        ask(one(ir.Leaf("drugs", "includes", ("p",))), "drugs", [["p", "z"]], "VARCHAR[]")


def test_the_table_refuses_what_a_fact_cannot_be() -> None:
    leaves = [ir.Leaf(name, "known", (True,)) for name in ("number_0", "code", "drugs")]
    sql = one(ir.Any(tuple(leaves)))
    with duckdb.connect() as connection:
        connection.execute(sql.create_table())
        connection.execute("INSERT INTO facts BY NAME SELECT 'p' AS patient, ['p', 'q'] AS drugs")
        for wrong in ("'z' AS code", "'inf'::DOUBLE AS number_0", "['p', 'z'] AS drugs"):
            with pytest.raises(duckdb.ConstraintException):
                connection.execute(f"INSERT INTO facts BY NAME SELECT 'p' AS patient, {wrong}")


def test_nested_definitions_are_not_written_out() -> None:
    """Each definition asks the last twice: written out, 40 of them would be 2^40 questions."""
    short, long = (len(Sql(*nested(length)).query()) for length in (20, 40))
    assert long < 5 * short  # each step also passes on the answers of those before


def test_another_dialect_is_one_clear_error() -> None:
    result = run("export", "sql", "--dialect", "oracle")
    assert result.exit_code == 2 and not result.stdout
    assert "E120" in result.stderr and "`oracle`" in result.stderr and "duckdb" in result.stderr
