"""A replay of long charts over ten years: seconds, and the size of its page.

python benchmarks/chart_replay.py [ENTRIES...]
"""

from __future__ import annotations

import datetime
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from chart_stream import record

from hepatica.case import CaseReader
from hepatica.case_files import document_of
from hepatica.load import load
from hepatica.replay import replay
from hepatica.report import html
from hepatica.report.course import view
from hepatica.report.picture import picture
from hepatica.run import Evaluator, select
from hepatica.turns import to_json
from hepatica.words import Words


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [500, 5_000]
    knowledge = load()
    words = Words(knowledge)
    print("| entries | changes | replay s | page s | page kB | JSON kB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for size in sizes:
        document = document_of(record(size))
        evaluator = Evaluator(knowledge, select(knowledge, ()), "program")
        start = time.process_time()
        case, on = CaseReader(knowledge.facts, knowledge.interventions).days(document)
        assert case.chart is not None
        days = case.chart.days()
        assert days is not None
        first, last = (datetime.date.fromordinal(day) for day in days)
        course = replay(evaluator, on, first, last)
        replayed = time.process_time()
        page = html.replay(view(course, words), picture(course, case.chart, words))
        drawn = time.process_time()
        print(
            f"| {size:,} | {len(course.replay.moments):,} | {replayed - start:.1f} |"
            f" {drawn - replayed:.1f} | {len(page.encode()) / 1e3:,.0f} |"
            f" {len(to_json(course.replay)) / 1e3:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
