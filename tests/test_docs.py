"""The tables and examples of the documentation, against the engine."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from hepatica import ir
from hepatica.diagnostics import Diagnostic
from hepatica.evaluate import (
    WORDS,
    Referee,
    Truth,
    at_least,
    bare_meaning,
    conjunction,
    disjunction,
    negation,
)
from hepatica.load import load
from hepatica.parse.conditions import Vocabulary, condition, facts_of
from hepatica.reader import read_yaml
from hepatica.source import Source
from hepatica.trace import Tracer

ROOT = Path(__file__).resolve().parents[1]
SEMANTICS = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
VALUES: tuple[Truth, ...] = (True, False, None)


def table(name: str) -> str:
    found = re.search(rf"<!-- table: {name} -->\n(.*?)\n\n", SEMANTICS, re.S)
    assert found, name
    return found[1]


def rows(header: str, lines: list[str]) -> str:
    bar = "| " + " | ".join(["---"] * (header.count("|") - 1)) + " |"
    return "\n".join([header, bar, *lines])


@pytest.mark.parametrize(("name", "operator"), [("and", conjunction), ("or", disjunction)])
def test_truth_tables(name: str, operator: object) -> None:
    assert callable(operator)
    lines = [
        f"| **{WORDS[a]}** | " + " | ".join(WORDS[operator([a, b])] for b in VALUES) + " |"
        for a in VALUES
    ]
    assert table(name) == rows(f"| {name} | true | false | unknown |", lines)


def test_not_and_count() -> None:
    lines = [f"| **{WORDS[a]}** | {WORDS[negation(a)]} |" for a in VALUES]
    assert table("not") == rows("| | not |", lines)
    counts = []
    for true, false in itertools.product(range(4), range(4)):
        unknown = 3 - true - false
        if unknown >= 0:
            parts: list[Truth] = [True] * true + [False] * false + [None] * unknown
            counts.append(f"| {true} | {false} | {unknown} | {WORDS[at_least(2, parts)]} |")
    header = "| true parts | false parts | unknown parts | at least 2 of 3 |"
    assert table("count 2 of 3") == rows(header, counts)


EXAMPLES = re.findall(r"<!-- example -->\n```yaml\n(.*?)```", SEMANTICS, re.S)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("text", EXAMPLES)
def test_worked_examples(text: str) -> None:
    knowledge = load()
    document = read_yaml(Source("semantics.md", text))
    vocabulary = Vocabulary(knowledge.facts, {}, {})
    when: ir.Condition = condition(vocabulary, document, ("when",))
    given = facts_of(vocabulary, document, ("facts",), patient=True)
    nothing: list[Diagnostic] = []
    assert vocabulary.diagnostics == nothing
    referee = Referee(bare_meaning(knowledge.facts), given)
    truth = WORDS[referee.truth(when)]
    expected = document.data["gives"]
    assert truth == (expected if isinstance(expected, str) else WORDS[expected])
    if "missing" in document.data:
        assert list(Tracer(referee).missing(when)) == document.data["missing"]
