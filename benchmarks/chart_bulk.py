"""Charts in bulk against the single chart, in the same run: charts of 100 entries, a second.

python benchmarks/chart_bulk.py [PATIENTS]
"""

from __future__ import annotations

import datetime
import random
import sys
import time
from typing import Any

import polars as pl

from hepatica.case import CaseReader
from hepatica.cohort.charts.derive import derive
from hepatica.cohort.charts.read import read_charts
from hepatica.cohort.charts.tables import COLUMNS, Loaded
from hepatica.load import load
from hepatica.source import Document, Source

AS_OF = datetime.date(2024, 6, 10)
ENTRIES, ALONE = 100, 300
LIMITS = {"alt": ("U/L", 30), "ast": ("U/L", 35), "igg": ("g/L", 16)}
Rows = dict[str, list[dict[str, Any]]]


def draw(number: int, partial: float) -> Rows:
    """Draw patients of 100 entries each; a share of them has one date known to the month only."""
    random_ = random.Random(1)
    rows: Rows = {name: [] for name in COLUMNS}
    for i in range(number):
        who = {"patient": f"p{i:06}"}
        born = datetime.date(1940, 1, 1) + datetime.timedelta(days=random_.randrange(25_000))
        rows["patients"].append({
            **who, "sex": random_.choice(["female", "male"]), "birth": str(born),
            "weight": f"{random_.randint(45, 110)} kg", "complete": "medications;adverse_events",
        })  # fmt: skip
        begun = random_.randrange(300, 1600)
        for k in range(ENTRIES):
            day = AS_OF - datetime.timedelta(days=begun - k * begun // ENTRIES)
            dated = {**who, "date": str(day)}
            if k in (0, 5):
                drug, dose = (("prednisolone", "40"), ("azathioprine", "75"))[k > 0]
                rows["medications"].append(
                    {**dated, "drug": drug, "change": "start", "dose": dose, "unit": "mg/d"}
                )
            elif k == 60 and random_.random() < 0.3:
                rows["medications"].append(
                    {**dated, "drug": "azathioprine", "change": "stop", "reason": "intolerance",
                     "permanent": "true"}
                )  # fmt: skip
            elif k % 12 == 3:
                rows["statuses"].append({**dated, "fact": "adherence", "value": "adherent"})
            elif k % 12 == 4:
                rows["statuses"].append({**dated, "fact": "aih_diagnosis", "value": "definite"})
            else:
                name = random_.choice(["alt", "ast", "alt", "igg"])
                unit, limit = LIMITS[name]
                value = random_.randint(8, 30) if name == "igg" else random_.randint(10, 200)
                rows["observations"].append(
                    {**dated, "code": name, "value": str(value), "unit": unit,
                     "upper_limit": str(limit)}
                )  # fmt: skip
        if random_.random() < partial:
            row = rows["statuses"][-1]
            row["date"] = row["date"][:7]
    return rows


def loaded(rows: Rows) -> dict[str, Loaded]:
    """Give the rows as tables of text, as they come from a CSV."""
    return {
        name: Loaded(
            pl.DataFrame(rows[name], schema=dict.fromkeys(columns, pl.String), strict=False)
            .with_row_index("row", offset=1), name, (),
        )
        for name, columns in COLUMNS.items()
    }  # fmt: skip


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    knowledge = load()
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    for partial in (0.0, 0.1):
        tables = loaded(draw(number, partial))
        begun = time.perf_counter()
        found = read_charts(tables, {}, reader.names, str(AS_OF))
        read = time.perf_counter()
        facts = derive(found.charts, reader.names)
        done = time.perf_counter()
        assert not len(found.wrong)
        told, rows = found.charts.told, found.charts.rows
        people = dict(found.charts.people.select("p", "about").head(ALONE).iter_rows())
        cases: dict[int, dict[str, Any]] = {
            p: {"id": str(p), "as_of": str(AS_OF), "chart": {**told[a], "timeline": []}}
            for p, a in people.items()
        }
        for p, e, d, *_ in rows.filter(pl.col("p").is_in(list(people))).iter_rows():
            entry = {**found.charts.times[d], **found.charts.different.written[e]}
            cases[p]["chart"]["timeline"].append(entry)
        documents = [Document(Source("chart", ""), data, ({}, {})) for data in cases.values()]
        alone = time.perf_counter()
        singles = [reader.read(document) for document in documents]
        alone = (time.perf_counter() - alone) / len(singles)
        mine = facts.long.filter(pl.col("p") < ALONE)
        assert len(mine) == sum(len(case.facts) for case in singles)
        print(f"{number:,} charts of {ENTRIES} entries, {partial:.0%} with a partial date "
              f"({facts.exact:,} one by one), charts a second")  # fmt: skip
        print(f"  read and checked     {number / (read - begun):8,.0f}")
        print(f"  facts                {number / (done - read):8,.0f}")
        print(f"  both                 {number / (done - begun):8,.0f}")
        print(f"  the single chart     {1 / alone:8,.0f}")


if __name__ == "__main__":
    main()
