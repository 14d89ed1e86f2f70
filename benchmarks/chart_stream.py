"""Charts: from a dated record to the recommendations of all guidelines.

    python benchmarks/chart_stream.py [CHARTS]

First charts of 100 entries a second, from a line of JSON to a line of JSON, and where the time
goes: of a clinic whose patients are alike, and of patients as unlike as the dictionary allows, each
met once; then the time of one chart as its entries grow to 100,000; then resident memory over
CHARTS (default 20,000) charts in one process. Flat means that the last reading is that of the first
tenth.
"""

from __future__ import annotations

import datetime
import gc
import itertools
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hepatica import ir
from hepatica.case import CaseReader
from hepatica.case_files import document_of
from hepatica.chart.names import Names
from hepatica.compile.program import Program
from hepatica.json_reader import read_json
from hepatica.load import load
from hepatica.lower import lower
from hepatica.run import Evaluator, select
from hepatica.source import Source, decode
from hepatica.written import to_json

BEGIN = datetime.date(2014, 1, 6)
SIZES = (100, 1_000, 10_000, 100_000)
ROUNDS = 5
WARM, MANY = 300, 1_000  # charts
LIMITS = {"alt": ("U/L", 40), "ast": ("U/L", 35), "igg": ("g/L", 16)}


def record(entries: int, seed: int = 7, days: int = 3650) -> dict[str, Any]:
    """Make the record of a constructed patient: treatment, then visits over some years."""
    rng = random.Random(seed)
    timeline: list[dict[str, Any]] = [
        {"date": BEGIN, "status": "aih_diagnosis", "result": "definite"},
        {"date": BEGIN, "status": "disease_activity", "result": "active"},
        {"date": BEGIN, "start": "prednisolone", "dose": "40 mg/d"},
        {"date": BEGIN + datetime.timedelta(days=14), "start": "azathioprine", "dose": "50 mg/d"},
    ]
    while len(timeline) < entries:
        date = BEGIN + datetime.timedelta(days=rng.randrange(days))
        kind = rng.random()
        if kind < 0.75:
            name = rng.choice(list(LIMITS))
            unit, limit = LIMITS[name]
            value = round(limit * rng.uniform(0.4, 3), 1)
            found = {"observe": name, "value": f"{value} {unit}", "upper_limit": limit}
        elif kind < 0.85:
            drug = rng.choice(["prednisolone", "azathioprine"])
            found = {"change": drug, "dose": f"{rng.choice([5, 10, 50, 75])} mg/d"}
        elif kind < 0.95:
            found = {"status": "adherence", "result": rng.choice(["adherent", "non_adherent"])}
        else:
            found = {"observe": "weight", "value": f"{rng.randint(60, 80)} kg"}
        timeline.append({"date": date, **found})
    for entry in timeline:
        entry["date"] = entry["date"].isoformat()
    return {
        "id": f"chart_{seed}",
        "synthetic": True,
        "as_of": (BEGIN + datetime.timedelta(days=days)).isoformat(),
        "chart": {
            "patient": {"sex": "female", "birth": "1970-05"},
            "complete": ["medications", "adverse_events", "failures", "relapses"],
            "timeline": timeline,
        },
    }


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()  # of one core, whatever else the machine does
    work()
    return time.process_time() - start


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def varied(knowledge: ir.Knowledge, entries: int, seed: int) -> dict[str, Any]:
    """Make the record of a patient unlike others: any findings, drugs and events, any gaps."""
    rng = random.Random(seed)
    found = record(entries - entries // 4, seed)
    names = Names(knowledge.facts, knowledge.interventions)
    stated = [
        fact for fact in knowledge.facts.values()
        if fact.id in names.dated and fact.type in ("boolean", "code")
    ]  # fmt: skip
    timeline = found["chart"]["timeline"]
    while len(timeline) < entries:
        date = (BEGIN + datetime.timedelta(days=rng.randrange(3650))).isoformat()
        kind = rng.random()
        if kind < 0.8:
            fact = rng.choice(stated)
            result = rng.choice(list(fact.values) or [True, False])
            timeline.append({"date": date, "status": fact.id, "result": result})
        elif kind < 0.95:
            timeline.append({"date": date, "start": rng.choice(names.drugs)})
        else:
            timeline.append({"date": date, "event": rng.choice(names.events)})
    found["chart"]["complete"] = rng.sample(found["chart"]["complete"], rng.randint(0, 4))
    return found


def speed(
    knowledge: ir.Knowledge, evaluator: Evaluator, make: Callable[[int], dict[str, Any]]
) -> None:
    """Answer charts that are each met once, after some that fill what is kept between patients."""
    clock = time.process_time
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    lines = [msgspec.json.encode(make(seed)) for seed in range(WARM + MANY)]
    compiled_ = [Program(lower(g, knowledge.facts), knowledge.facts) for g in evaluator.guidelines]
    names = ("reading JSON", "checking the entries", "deriving the facts", "program and findings",
             "writing JSON", "from JSON to JSON", "(the program alone)")  # fmt: skip
    taken: list[list[float]] = [[] for _ in names]
    size = 0
    gc.collect()
    gc.freeze()  # as the command does for a stream
    for number, line in enumerate(lines):
        times = [clock()]
        document = read_json(decode("<chart>", line, private=True))
        times.append(clock())
        _, on = reader.days(document)
        times.append(clock())
        case = on(document.data["as_of"])
        times.append(clock())
        result = evaluator.evaluate(case)
        times.append(clock())
        size += len(to_json(result))
        times.append(clock())
        for compiled in compiled_:
            compiled.truths(case.facts)
        after = clock()
        if number >= WARM:
            steps = [b - a for a, b in itertools.pairwise(times)]
            for step, all_ in zip((*steps, sum(steps), after - times[-1]), taken, strict=True):
                all_.append(step)
    gc.unfreeze()
    print("| 100 entries, all guidelines | median ms | mean ms | charts a second |")
    print("| --- | --- | --- | --- |")
    for name, all_ in zip(names, taken, strict=True):
        mean = statistics.fmean(all_)
        middle = statistics.median(all_)
        print(f"| {name} | {middle * 1e3:.2f} | {mean * 1e3:.2f} | {1 / mean:,.0f} |")
    print(f"\n{size / len(lines) / 1e3:,.0f} kB of JSON a chart\n")


def growth(knowledge: ir.Knowledge, evaluator: Evaluator) -> None:
    print("| entries | read and check ms | derive ms | to recommendations ms | µs an entry |")
    print("| --- | --- | --- | --- | --- |")
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    for size in SIZES:
        text = msgspec.json.encode(record(size)).decode()
        document = read_json(Source("<chart>", text))  # a file holds 4 MB, about 40,000 entries
        date = document.data["as_of"]
        rounds = ROUNDS if size < 100_000 else 3
        gc.collect()
        gc.disable()  # as the command does for one case
        read = statistics.median(timed(lambda: reader.days(document)) for _ in range(rounds))
        _, on = reader.days(document)
        derived = statistics.median(timed(lambda: on(date)) for _ in range(rounds))
        case = on(date)
        last = statistics.median(timed(lambda: evaluator.evaluate(case)) for _ in range(rounds))
        gc.enable()
        whole = read + derived + last
        print(
            f"| {size:,} | {read * 1e3:,.1f} | {derived * 1e3:,.2f} | {whole * 1e3:,.1f} |"
            f" {whole / size * 1e6:,.1f} |"
        )
    print()


def memory(knowledge: ir.Knowledge, evaluator: Evaluator, charts: int) -> None:
    lines = [msgspec.json.encode(record(100, seed)) for seed in range(500)]
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    print(f"| charts | MB |\n| --- | --- |\n| 0 | {resident_mb():.1f} |")
    for i in range(1, charts + 1):
        data = msgspec.json.decode(lines[i % len(lines)])
        data["id"] = f"chart_{i}"
        to_json(evaluator.evaluate(reader.read(document_of(data))))
        if i in (charts // 10, charts // 2, charts):
            print(f"| {i:,} | {resident_mb():.1f} |", flush=True)


def main() -> None:
    charts = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    knowledge = load()
    evaluator = Evaluator(knowledge, select(knowledge, ()), "program")
    print("Patients alike\n")
    speed(knowledge, evaluator, lambda seed: record(100, seed))
    print("Patients unlike each other\n")
    other = Evaluator(knowledge, evaluator.guidelines, "program")
    speed(knowledge, other, lambda seed: varied(knowledge, 100, seed))
    growth(knowledge, evaluator)
    memory(knowledge, evaluator, charts)


if __name__ == "__main__":
    main()
