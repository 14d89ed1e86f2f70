"""Every engine against the referee: random rule sets, random patients with holes."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from strategies import Drawn, drawn
from tables import by_columns, compare, on_duckdb, table

from hepatica.check import find_circle
from hepatica.compile.columnar import Columnar
from hepatica.compile.network import Network, NotInstalled, engine, prepare
from hepatica.compile.program import Program
from hepatica.compile.sql import Sql
from hepatica.compose import Composer
from hepatica.evaluate import Meaning
from hepatica.lower import lower

try:
    engine()
    HAS_NETWORK = True
except NotInstalled:
    HAS_NETWORK = False

slow = settings(
    max_examples=int(os.environ.get("HEPATICA_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
tables = settings(slow, max_examples=int(os.environ.get("HEPATICA_EXAMPLES", "15")))


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    faulthandler.dump_traceback_later(400, exit=True)  # a hang in C cannot be interrupted
    yield
    faulthandler.cancel_dump_traceback_later()


def is_circular(case: Drawn) -> bool:
    return bool(find_circle(Meaning(case.guideline, case.knowledge.facts).by_fact))


@slow
@given(drawn())
def test_program_agrees(case: Drawn) -> None:
    facts = case.knowledge.facts
    meaning = Meaning(case.guideline, facts)
    program = Program(lower(case.guideline, facts), facts)
    for patient in case.patients:
        answers = meaning.answers(patient)
        assert program.truths(patient) == (answers.statements, answers.applies)


@pytest.mark.skipif(not HAS_NETWORK, reason="durable-rules is not installed")
@slow
@given(drawn())
def test_network_agrees(case: Drawn) -> None:
    facts = case.knowledge.facts
    meaning = Meaning(case.guideline, facts)
    network = Network(prepare(lower(case.guideline, facts)))
    for patient in case.patients:
        answers = meaning.answers(patient)
        assert network.truths(patient) == (answers.statements, answers.applies)


@tables
@given(drawn())
def test_tables_agree(case: Drawn) -> None:
    columnar = Columnar(case.guideline, case.knowledge)
    frame = table(case.patients, columnar.columns(), key="patient")
    compare(columnar, Composer(case.guideline, case.knowledge), case.patients, frame.lazy())
    wanted = by_columns(columnar, frame)
    empty = [c.name for c in frame if c.null_count() == len(c)]
    assert by_columns(columnar, frame.drop(empty)) == wanted
    assert on_duckdb(Sql(case.guideline, case.knowledge), frame) == wanted
