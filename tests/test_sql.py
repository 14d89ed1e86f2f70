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
    frame = table(cases(bounds=False), columnar.columns(), key="patient")
    assert on_duckdb(Sql(read.guidelines[name], read), frame) == by_columns(columnar, frame)


def test_what_is_written(reset: bool) -> None:
    written = run("export", "sql", "--knowledge", str(BASE)).stdout
    schema = run("export", "sql", "--knowledge", str(BASE), "--schema").stdout
    golden.compare(schema + written, GOLDEN / "demo.sql", reset)
    when = ir.All((ir.Leaf("number_0", "between", (0.0, 1.5)), ir.Leaf("drugs", "includes", ("p",)),
                   ir.Count(2, tuple(ir.Leaf(f"flag_{i}", "is", (True,)) for i in range(3))),
                   ir.Not(ir.Leaf("code", "in", ("a", "c")))))  # fmt: skip
    sql = one(when, "two\nlines -- and a 'quote'")
    golden.compare(f"{sql.create_table()};\n{sql.query()};\n", GOLDEN / "rule.sql", reset)


def test_the_file_runs_as_it_is(tmp_path: Path) -> None:
    options = ["--knowledge", str(BASE), "--table", "main.odd name", "--key", 'the "patient"']
    for flags in (["--schema"], []):
        path = tmp_path / f"{len(flags)}.sql"
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
