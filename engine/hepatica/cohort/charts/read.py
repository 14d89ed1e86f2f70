"""The charts of a cohort, read from their tables: every different cell once, every error told."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from hepatica.chart.found import plain, reading
from hepatica.chart.names import Names
from hepatica.chart.newest import Open
from hepatica.chart.read import read_chart
from hepatica.chart.time import FIRST_YEAR, LAST_YEAR, read_date
from hepatica.cohort.charts.derive import Charts
from hepatica.cohort.charts.entries import BETWEEN, Row, Wrong, number_of, read_different
from hepatica.cohort.charts.pool import DAY, ID, Pool, Schema, mapped
from hepatica.cohort.charts.tables import COLUMNS, TIMES, Loaded, blamed, coded
from hepatica.cohort.charts.times import dated, out_of_place
from hepatica.cohort.mapping import ChartTable
from hepatica.derivation import HOLDINGS
from hepatica.diagnostics import Diagnostic
from hepatica.source import Document, Source

_ABOUT = ("sex", "birth", "weight", "until", "day_zero", "complete")
WRONG: Schema = {"table": pl.String, "row": pl.UInt32, "patient": pl.String, "code": pl.String,
          "text": pl.String, "help": pl.String}  # fmt: skip
_TYPES: Any = WRONG
_PLACES = {name: i for i, name in enumerate(COLUMNS)}


class ReadCharts(NamedTuple):
    """Charts of the patients that can be used, and what is wrong with others.

    `wrong` has a row for each bad row of a table (`WRONG`); `unused` says of each table which
    columns, and how often which codes, are not used. `rows` counts the rows of each table.
    """

    charts: Charts
    wrong: pl.DataFrame
    unused: dict[str, tuple[tuple[str, ...], dict[str, int]]]
    rows: dict[str, int]
    files: dict[str, str]


def read_charts(
    tables: Mapping[str, Loaded], mapping: Mapping[str, ChartTable], names: Names,
    as_of: str | None,
) -> ReadCharts:  # fmt: skip
    """Read and check all rows; `as_of` goes before the column of that name."""
    return _Reader(tables, mapping, names, as_of).read()


class _Reader:
    def __init__(
        self, tables: Mapping[str, Loaded], mapping: Mapping[str, ChartTable], names: Names,
        as_of: str | None,
    ) -> None:  # fmt: skip
        self.tables, self.mapping, self.names, self.as_of = tables, mapping, names, as_of
        self.pool = Pool()
        self.wrong: list[pl.DataFrame] = [pl.DataFrame(schema=WRONG)]
        self.told: list[dict[str, Any]] = []
        self.different: list[tuple[str, Row]] = []

    def read(self) -> ReadCharts:
        unused: dict[str, tuple[tuple[str, ...], dict[str, int]]] = {}
        frames = []
        for name, loaded in self.tables.items():
            codes: dict[str, int] = {}
            if name != "patients":
                frame, codes = coded(name, loaded.frame, self.mapping.get(name, ChartTable()))
                if name == "events":  # the drugs that are blamed have the codes of drugs
                    frame = blamed(frame, self.mapping.get("medications", ChartTable()))
                frames.append(self._numbered(name, frame))
            unused[name] = (loaded.unused, codes)
        rows = pl.concat(frames)
        people = self._people(rows)
        different = read_different(self.different, self.names)
        problems = [(e, *_parts(d)) for e, d in enumerate(different.wrong) if d is not None]
        bad = pl.DataFrame(problems, schema={"e": ID, "code": pl.String, "text": pl.String,
                                             "help": pl.String}, orient="row")  # fmt: skip
        self.wrong.append(rows.join(bad, on="e", maintain_order="left").select(*WRONG))
        rows, times = dated(rows, people, lambda *said: self._add(said[0], "D111", *said[1:]))
        self._add(
            rows.filter(pl.col("last") < pl.col("birth_first")),
            "D111",
            "before the birth of the patient",
            "mend the date of the entry, or of birth",
        )
        wrong = pl.concat(self.wrong).sort("table", "row", maintain_order=True)
        people, rows = _without(people, rows, wrong)
        denied = out_of_place(rows, people, times, different.written, self.told, self.names)
        if len(denied):
            self._add(denied, "D111", pl.col("why"), "mend the date, or the `seq`")
            wrong = pl.concat(self.wrong).sort("table", "row", maintain_order=True)
            people, rows = _without(people, rows, denied)
        charts = Charts(people, rows.select("p", "e", "d", "first", "last", "ordered"), different,
                        self.told, times, self.pool)  # fmt: skip
        sizes = {name: len(loaded.frame) for name, loaded in self.tables.items()}
        files = {name: loaded.file for name, loaded in self.tables.items()}
        return ReadCharts(charts, wrong, unused, sizes, files)

    def _add(self, rows: pl.DataFrame, code: str, text: str | pl.Expr, help: str | pl.Expr) -> None:
        said, mend = (pl.lit(s) if isinstance(s, str) else s for s in (text, help))
        self.wrong.append(rows.select(
            pl.col("table", "row", "patient"), pl.lit(code).alias("code"), said.alias("text"),
            mend.alias("help"),
        ).cast(_TYPES))  # fmt: skip

    def _numbered(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Number the different entries of a table, whatever their patient and date."""
        columns = [c for c in COLUMNS[name] if c not in ("patient", "code", *TIMES)]
        columns += ["fact"] if name == "observations" else []
        frame = frame.with_columns(pl.lit(name).alias("table"))
        self._add(frame.filter(pl.col("patient").is_null()), "D305", "a row without a patient's id",
                  "leave no row without an id")  # fmt: skip
        keys = frame.select(columns).unique(maintain_order=True)
        start = len(self.different)
        self.different += [(name, row) for row in keys.iter_rows(named=True)]
        keys = keys.with_columns(pl.int_range(start, start + len(keys), dtype=ID).alias("e"))
        found = frame.join(keys, on=columns, nulls_equal=True, maintain_order="left")
        times = [pl.col(name).cast(pl.String) for name in TIMES]
        return found.select("table", "row", "patient", *times, "e")

    # --- patients ------------------------------------------------------------------------------

    def _people(self, rows: pl.DataFrame) -> pl.DataFrame:
        given = self.tables.get("patients")
        if given is None:
            ids = rows.unique("patient", keep="first", maintain_order=True).drop_nulls("patient")
            table = pl.col("table").replace_strict(_PLACES, return_dtype=pl.Int64)
            empty = [pl.lit(None, pl.String).alias(c) for c in COLUMNS["patients"][1:]]
            frame = ids.select("patient", *empty, pl.lit(0, pl.UInt32).alias("row"),
                               place=table * 2**32 + pl.col("row"))  # fmt: skip
        else:
            frame = given.frame.with_columns(place=pl.col("row").cast(pl.Int64))
        frame = frame.with_columns(pl.lit("patients").alias("table"))
        self._add(frame.filter(pl.col("patient").is_null()), "D305", "a row without a patient's id",
                  "leave no patient without an id")  # fmt: skip
        frame = frame.filter(pl.col("patient").is_not_null())
        twice = frame.filter(pl.col("patient").is_duplicated())
        self._add(twice, "D306", "a patient who stands more than once", "one row a patient")
        frame = frame.unique("patient", keep="first", maintain_order=True)
        lost = rows.join(frame.select("patient"), on="patient", how="anti", maintain_order="left")
        self._add(
            lost.filter(pl.col("patient").is_not_null()),
            "D320",
            "a patient who has no row in `patients`",
            "give every patient a row there",
        )
        frame = frame.with_row_index("p").cast({"p": ID})
        frame = frame.rename({"as_of": "file_as_of"})
        asked = pl.lit(self.as_of, pl.String) if self.as_of else pl.col("file_as_of")
        frame = frame.with_columns(as_of=asked)
        frame = mapped(frame, ["as_of"], "now", _day, DAY)
        wrong = pl.col("now").is_null()
        shown = (
            pl.when(pl.col("as_of").is_null())
            .then(pl.lit("a patient without a date to answer for"))
            .otherwise(pl.format("`{}` is not a day that a chart is answered for", "as_of"))
        )
        self._add(frame.filter(wrong), "D115", shown,
                  "give --as-of, or a column `as_of` with days as 2025-09-01")  # fmt: skip
        return self._about(frame)

    def _about(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Read what the patients table says of each, once for each different row."""
        columns = [*_ABOUT, "file_as_of"]
        keys = frame.select(columns).unique(maintain_order=True)
        rows: list[tuple[Any, ...]] = []
        for row in keys.iter_rows(named=True):
            rows.append(self._one(row))
        schema: Schema = {
            "about": ID, "code": pl.String, "text": pl.String, "help": pl.String, "sex": ID,
            "weight": ID, "birth_first": DAY, "birth_last": DAY, "until": DAY,
            "zero_first": DAY, "zero_last": DAY,
            **{f"has {name}": pl.Boolean for name in HOLDINGS},
        }  # fmt: skip
        read = pl.DataFrame(rows, schema=schema, orient="row")
        keys = keys.select(pl.all().name.prefix("raw ")).hstack(read)
        kept = frame.select("p", "place", "table", "row", "patient", "as_of", "file_as_of", "now",
                            *[pl.col(c).alias(f"raw {c}") for c in columns])  # fmt: skip
        found = kept.join(keys, on=[f"raw {c}" for c in columns], nulls_equal=True,
                          maintain_order="left")  # fmt: skip
        self.wrong.append(found.filter(pl.col("code").is_not_null()).select(*WRONG).cast(_TYPES))
        reaches = (pl.col("until") >= pl.col("now")).fill_null(True)
        holds = [(pl.col(f"has {n}") & reaches).alias(f"holds {n}") for n in HOLDINGS]
        is_read = pl.col("code").is_null().alias("read")
        out = found.with_columns(is_read, *holds).drop("code", "text", "help", "table", "row")
        return out.select(pl.exclude("^raw .*$"))

    def _one(self, row: Row) -> tuple[Any, ...]:
        number = len(self.told)
        self.told.append({})
        try:
            chart = _beside(row)
            document = Document(Source("chart", ""), {"chart": {**chart, "timeline": []}}, ({}, {}))
            read, wrong = read_chart(document, self.names, row["file_as_of"])
            if wrong:
                raise Wrong(*_parts(wrong[0]))
        except Wrong as error:
            return (number, *error.args, *(None,) * 7, *(False,) * len(HOLDINGS))
        self.told[number] = chart
        values = []
        for name in ("sex", "weight"):
            entry = read.undated.get(name)
            value = None if entry is None else reading(entry, name, "value")
            known = value is not None and not isinstance(value, Open)
            values.append(self.pool.id(plain(value)) if known else None)  # type: ignore[arg-type]
        birth = read.birth or (None, None)
        zero = read_date(row["day_zero"] or "") or (None, None)
        has = [name in read.complete for name in HOLDINGS]
        return (number, None, None, None, *values, *birth, read.until, *zero, *has)


def _beside(row: Row) -> dict[str, Any]:
    """Give what a chart says beside its timeline. Raises `Wrong`."""
    for name, code in (("file_as_of", "D115"), ("until", "D111")):
        if row[name] is not None and _day(row[name]) is None:
            text = f"`{row[name]}` is not a day of the calendar"
            raise Wrong(code, text, "write it as 2025-09-01")
    listed = [word.strip() for word in (row["complete"] or "").split(BETWEEN) if word.strip()]
    unknown = [word for word in listed if word not in HOLDINGS]
    if unknown:
        text = f"`{unknown[0]}` is nothing that a record can hold completely"
        raise Wrong("D308", text, f"one of {', '.join(HOLDINGS)}")
    about = {"sex": row["sex"], "birth": row["birth"], "weight": number_of(row["weight"], None)}
    patient = {key: said for key, said in about.items() if said is not None}
    times = {name: row[name] for name in ("until", "day_zero") if row[name] is not None}
    return {"patient": patient, "complete": listed, **times}


def _without(
    people: pl.DataFrame, rows: pl.DataFrame, wrong: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Leave out the patients of whom something is wrong, and their rows."""
    gone = wrong.select("patient").unique()
    people = people.join(gone, on="patient", how="anti", maintain_order="left")
    return people, rows.join(people.select("p"), on="p", how="semi", maintain_order="left")


def _parts(diagnostic: Diagnostic) -> tuple[str, str, str]:
    return diagnostic.code, diagnostic.message, diagnostic.help


def _day(text: str | None) -> int | None:
    """Read a day that a chart may be answered for; None for anything else."""
    try:
        day = datetime.date.fromisoformat(text or "")
    except ValueError:
        return None
    whole = day.isoformat() == text and FIRST_YEAR <= day.year <= LAST_YEAR
    return day.toordinal() if whole else None
