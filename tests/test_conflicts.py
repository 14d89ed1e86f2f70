"""What disagrees between guidelines is told once for each drug, and told whose word it is."""

from __future__ import annotations

import functools
from pathlib import Path

from hepatica import evaluate, ir, load
from hepatica.diagnostics import Diagnostic

CASES = Path(__file__).parent / "fixtures" / "cases"


@functools.cache
def knowledge() -> ir.Knowledge:
    return load()


def told(name: str) -> list[Diagnostic]:
    result = evaluate(CASES / f"{name}.yaml", knowledge(), engine="referee")
    return [d for d in result.diagnostics if d.code == "D108"]


def test_what_one_recommends_and_others_contraindicate_is_one_warning() -> None:
    found = [d for d in told("azathioprine_and_mycophenolate_failed") if d.severity == "warning"]
    [warning] = found
    assert warning.message.startswith("AASLD 2019 recommends `tacrolimus`")
    assert "EASL 2025 contraindicates it" in warning.message
    assert "Narciso-Schiavon 2025 contraindicates it" in warning.message
    assert warning.help


def test_what_is_only_open_is_one_note_for_each_drug() -> None:
    found = told("acute_severe_few_facts")
    assert {d.severity for d in found} == {"note"}
    drugs = [d.message.split("`")[1] for d in found]
    assert len(drugs) == len(set(drugs)) and "azathioprine" in drugs


def test_a_borrowed_contraindication_is_not_called_the_guidelines() -> None:
    found = " ".join(d.message for d in told("page_acute_severe_after_intolerance"))
    assert "the encoding of ACG DILI 2021 contraindicates it, by another source" in found
    assert "; ACG DILI 2021 contraindicates" not in found


def test_one_guideline_alone_disagrees_with_nobody() -> None:
    case = CASES / "azathioprine_and_mycophenolate_failed.yaml"
    result = evaluate(case, knowledge(), ["aasld_2019"], "referee")
    assert not [d for d in result.diagnostics if d.code == "D108"]
