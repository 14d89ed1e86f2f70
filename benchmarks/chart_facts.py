"""Charts: how many a second, how the time grows with their entries, and whether memory stays flat.

python benchmarks/chart_facts.py
"""

from __future__ import annotations

import datetime
import json
import random
import resource
import time
from collections.abc import Callable
from typing import Any

from hepatica.case import CaseReader
from hepatica.json_reader import read_json
from hepatica.load import load
from hepatica.run import Evaluator, select
from hepatica.source import Document, Source

AS_OF = datetime.date(2024, 6, 10)
DAYS = 1600


def chart(entries: int, seed: int = 1) -> dict[str, Any]:
    """Make a case with a chart of so many entries over the same four years."""
    draw = random.Random(seed)
    told: list[dict[str, Any]] = []
    for i in range(entries):
        day = AS_OF - datetime.timedelta(days=DAYS - i * DAYS // entries)
        kinds: list[dict[str, Any]] = [
            {"start": "prednisolone", "dose": "40 mg/d"} if i == 0 else
            {"start" if i % 20 else "stop": "azathioprine"},
            {"status": "aih_diagnosis", "result": "definite"},
            {"status": "adherence", "result": "adherent"},
            *({"observe": name, "value": f"{draw.randint(10, 200)} U/L", "upper_limit": "30 U/L"}
              for name in ("alt", "ast", "alt")),
            {"observe": "igg", "value": f"{draw.randint(8, 30)} g/L", "range": [6, 16]},
        ]  # fmt: skip
        told.append({"date": str(day), **kinds[i % len(kinds)]})
    patient = {"sex": "female", "birth": "1961-05-02", "weight": "75 kg"}
    timeline = {"patient": patient, "complete": ["medications"], "timeline": told}
    return {"id": f"c{seed}", "as_of": str(AS_OF), "chart": timeline}


def a_second(work: Callable[[], object], times: int) -> float:
    begun = time.perf_counter()
    for _ in range(times):
        work()
    return times / (time.perf_counter() - begun)


def main() -> None:
    knowledge = load()
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    source = Source("chart.json", json.dumps(chart(100)))
    case = reader.read(read_json(source))
    print("charts of 100 entries, a second on one core")
    print(
        f"  read and made into facts   {a_second(lambda: reader.read(read_json(source)), 500):,.0f}"
    )
    for names in (["easl_2025"], []):
        chosen = select(knowledge, names)
        evaluator = Evaluator(knowledge, chosen, "program")
        rate = a_second(lambda e=evaluator: e.evaluate(case), 50)  # type: ignore[misc]
        print(f"  evaluated, {len(chosen):2} guideline(s)  {rate:,.0f}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for i in range(2_000):  # before the large ones, which would hide a growth
        reader.read(read_json(Source("chart.json", json.dumps(chart(100, seed=i)))))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"2,000 different charts read: the peak of memory grew by {grown / 1024:.1f} MB")
    print("one chart, seconds, microseconds an entry")
    for entries in (100, 1_000, 10_000, 100_000):
        document = Document(Source("chart", ""), chart(entries), ({}, {}))
        begun = time.perf_counter()
        reader.read(document)
        took = time.perf_counter() - begun
        print(f"  {entries:7,} entries  {took:7.3f}  {took / entries * 1e6:5.1f}")


if __name__ == "__main__":
    main()
