"""Scores: points, intervals while items are missing, and silence while nothing is known."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from hepatica import evaluate, ir, load
from hepatica.case import CaseReader
from hepatica.cases import check_result
from hepatica.finding import Finding
from hepatica.reader import read_yaml
from hepatica.run import Evaluator, select
from hepatica.source import Source

BASE: dict[str, Any] = {"aih_diagnosis": "suspected", "treatment_started": False}
SIX: dict[str, Any] = {"ana_titre": 80, "igg_multiple": 1.5, "viral_hepatitis": False}


@functools.cache
def knowledge() -> ir.Knowledge:
    return load()


def finding(**facts: Any) -> Finding:
    case = {"id": "c", "facts": BASE | facts}
    return evaluate(case, knowledge(), ["iaihg_2008"], "referee").guidelines[0]


def concluded(found: Finding, fact: str) -> list[Any]:
    return [c.value for c in found.conclusions if c.fact == fact]


def test_a_score_that_nobody_began_is_silent() -> None:
    found = finding()
    assert concluded(found, "simplified_score") == [] and found.missing == ()


def test_missing_items_make_an_interval_and_are_named() -> None:
    found = finding(**SIX)
    assert concluded(found, "simplified_score") == ["6 to 8"]
    assert concluded(found, "simplified_score_limits") == ["probable"]
    assert "biopsy_hepatitis" in [m.fact for m in found.missing]
    assert "ana_titre" not in [m.fact for m in found.missing]


@pytest.mark.parametrize(
    ("histology", "points", "limits"),
    [
        ("atypical", 6, ["probable"]),
        ("compatible", 7, ["definite", "probable"]),
        ("typical", 8, ["definite", "probable"]),
    ],
)
def test_a_whole_score(histology: str, points: int, limits: list[str]) -> None:
    found = finding(**SIX, aih_histology=histology)
    assert concluded(found, "simplified_score") == [points]
    assert concluded(found, "simplified_score_limits") == limits
    assert found.missing == ()


@pytest.mark.parametrize(
    ("said", "right"), [("[6, 8]", True), ("6", False), ("[5, 8]", False), ("[8, 6]", False)]
)
def test_a_case_can_expect_points(said: str, right: bool) -> None:
    text = (
        "id: c\nfacts: {aih_diagnosis: suspected, treatment_started: false, ana_titre: 80,"
        " igg_multiple: 1.5, viral_hepatitis: false}\n"
        f"expect: {{iaihg_2008: {{conclude: {{simplified_score: {said}}}}}}}\n"
    )
    document = read_yaml(Source("c.yaml", text))
    case = CaseReader(knowledge().facts).read(document)
    result = Evaluator(knowledge(), select(knowledge(), ["iaihg_2008"]), "referee").evaluate(case)
    assert (list(check_result(case, document, result, knowledge())) == []) is right
