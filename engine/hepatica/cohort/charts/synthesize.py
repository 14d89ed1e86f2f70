"""Invented charts, clearly marked, as the tables of a cohort: for trying things out."""

from __future__ import annotations

import datetime
import math
import random
from collections.abc import Iterator
from typing import Any

import polars as pl

from hepatica import ir
from hepatica.chart.names import FAILURE, Names
from hepatica.cohort.charts.tables import COLUMNS
from hepatica.derivation import HOLDINGS, Latest

AS_OF = datetime.date(2024, 6, 10)
AT_ONCE = 10_000
_LIMITS = {"alt": 40.0, "ast": 35.0, "igg": 16.0}
_DAYS = 900
Row = dict[str, Any]


def synthesize_charts(names: Names, number: int, seed: int) -> Iterator[dict[str, pl.DataFrame]]:
    """Draw charts as of 10 June 2024, in parts of `AT_ONCE` patients; the same for one seed.

    Each part has a frame of text for each table; `patients` says in a column that they are
    invented. Some dates are known to the month only, some values have bounds.
    """
    stated = [f for f in names.facts.values() if type(f.derive) is Latest and f.type in
              ("boolean", "code") and f.id != "sex"]  # fmt: skip
    for start in range(0, number, AT_ONCE):
        draw = _Draw(names, stated, f"{seed} {start // AT_ONCE}")
        for i in range(start, min(start + AT_ONCE, number)):
            draw.patient(f"synthetic-{i + 1:06}")
        yield {
            name: pl.DataFrame(
                [[row.get(c) for c in (*columns, *_more(name))] for row in draw.rows[name]],
                schema=dict.fromkeys((*columns, *_more(name)), pl.String), orient="row",
            )
            for name, columns in COLUMNS.items()
        }  # fmt: skip


def _more(name: str) -> tuple[str, ...]:
    return ("synthetic",) if name == "patients" else ()


class _Draw:
    def __init__(self, names: Names, stated: list[ir.Fact], seed: str) -> None:
        self.names = names
        self.stated = stated
        self.chance = random.Random(seed)
        self.measured = {n: v for n, v in _LIMITS.items() if n in names.facts}
        self.tests = random.Random(f"{seed} done")
        self.rows: dict[str, list[Row]] = {name: [] for name in COLUMNS}

    def patient(self, name: str) -> None:
        """Draw one patient and the entries of the chart."""
        c = self.chance
        born = AS_OF - datetime.timedelta(days=c.randint(18 * 366, 80 * 365))
        self.rows["patients"].append({
            "patient": name, "synthetic": "true", "sex": c.choice(["female", "male"]),
            "birth": str(born)[: c.choice([10, 10, 7])], "weight": f"{c.randint(45, 110)} kg",
            "as_of": str(AS_OF), "complete": ";".join(HOLDINGS) if c.random() < 0.8 else None,
        })  # fmt: skip
        begun = c.randint(20, _DAYS)
        for _ in range(c.randint(5, 20)):
            self._observation(name, self._date(c.randint(0, _DAYS)))
        for fact in c.sample(self.stated, min(len(self.stated), c.randint(3, 12))):
            values = ["true", "false"] if fact.type == "boolean" else list(fact.values)
            row = {"patient": name, "date": self._date(c.randint(0, 60)), "fact": fact.id,
                   "value": c.choice(values)}  # fmt: skip
            self.rows["statuses"].append(row)
        drugs = c.sample(list(self.names.treatment), min(2, len(self.names.treatment)))
        for drug in drugs if c.random() < 0.8 else ():
            self._treatment(name, drug, max(0, begun - c.randint(0, 30)))
        if c.random() < 0.2:
            kinds = [event for event in self.names.events if event != FAILURE]
            row = {"patient": name, "date": self._date(c.randint(0, begun)),
                   "event": c.choice(kinds), "severity": c.choice(["mild", "severe"]),
                   "attributed_to": c.choice([*drugs, "none"])}  # fmt: skip
            self.rows["events"].append(row)

        if self.names.performed and self.tests.random() < 0.3:
            day = str(AS_OF - datetime.timedelta(days=self.tests.randint(0, _DAYS)))
            test = self.tests.choice(self.names.performed)
            self.rows["done"].append({"patient": name, "date": day, "test": test})

    def _date(self, ago: int) -> str:
        day = str(AS_OF - datetime.timedelta(days=ago))
        return day[:7] if self.chance.random() < 0.01 else day

    def _observation(self, name: str, date: str) -> None:
        c = self.chance
        fact = c.choice(list(self.measured))
        limit = self.measured[fact]
        value = f"{limit * math.exp(c.uniform(-1, 2)):.1f}"
        row: Row = {"patient": name, "date": date, "code": fact, "value": value,
                    "unit": self.names.facts[fact].unit, "upper_limit": f"{limit:g}"}  # fmt: skip
        if c.random() < 0.03:
            row |= {"value": f"<{limit / 4:g}"}
        self.rows["observations"].append(row)

    def _treatment(self, name: str, drug: str, begun: int) -> None:
        c = self.chance
        row = {"patient": name, "drug": drug}
        dose = {"dose": str(c.choice([5, 10, 50, 75])), "unit": "mg/d"}
        told = self.rows["medications"]
        told.append({**row, "date": self._date(begun), "change": "start", **dose})
        if c.random() < 0.4:
            reason = c.choice(["intolerance", "failure", "tapered", "remission"])
            told.append({**row, "date": self._date(c.randint(0, begun)), "change": "stop",
                         "reason": reason, "permanent": c.choice(["true", "false"])})  # fmt: skip
