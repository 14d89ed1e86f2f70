"""The public names of the package, as a program uses them."""

from __future__ import annotations

import datetime
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hepatica
from hepatica.compile.network import engine

CASES = Path(__file__).parent / "fixtures" / "cases"


@pytest.fixture(scope="module")
def knowledge() -> hepatica.Knowledge:
    return hepatica.load()


def test_every_public_name_is_there_and_stays_itself_when_its_module_is_imported() -> None:
    importlib.import_module("hepatica.load")
    importlib.import_module("hepatica.lint.rules.units")
    importlib.import_module("hepatica.explain")
    importlib.import_module("hepatica.compile.program")
    for name in hepatica.__all__:
        assert not isinstance(getattr(hepatica, name), type(sys)), name
    assert set(hepatica.__all__) <= {*dir(hepatica), *hepatica._TYPES}
    with pytest.raises(AttributeError, match="no attribute 'diffs'"):
        hepatica.diffs  # noqa: B018


def test_importing_the_package_imports_none_of_it() -> None:
    code = "import sys, hepatica; print(*[m for m in sys.modules if m.startswith('hepatica.')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["hepatica.version"]


def test_a_mapping_a_file_and_a_case_are_answered_alike(knowledge: hepatica.Knowledge) -> None:
    file = CASES / "preferential_methylation.yaml"
    from hepatica.case import CaseReader
    from hepatica.case_files import document_of

    document = document_of(file)
    given = {k: document.data[k] for k in ("id", "title", "as_of", "facts")}
    answers = [
        hepatica.evaluate(case, knowledge, ["easl_2025"])
        for case in (file, str(file), given, CaseReader(knowledge.facts).read(document))
    ]
    assert all(a.guidelines == answers[0].guidelines for a in answers)
    assert [g.id for g in answers[0].guidelines] == ["easl_2025"]
    assert any(c.value == "preferential_methylation" for c in answers[0].guidelines[0].conclusions)


def test_explain_and_compile_answer_as_evaluate_does(knowledge: hepatica.Knowledge) -> None:
    facts = {"current_drugs": ["azathioprine"], "tgn_level": "low", "mmpr_level": "high"}
    statement = "easl_2025/metabolites/preferential_methylation"
    assert hepatica.explain({"id": "a", "facts": facts}, statement, knowledge).truth == "true"
    program = hepatica.compile(knowledge.guidelines["easl_2025"], knowledge)
    given: Any = {**facts, "current_drugs": ("azathioprine",)}
    assert program.truths(given)[0][statement] is True
    assert program.truths({})[0][statement] is None


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ({"facts": {}}, "S"),
        ({"id": "a", "facts": {"no_such_fact": True}}, "D101"),
        ({"id": "a", "facts": {"alt_x_uln": float("nan")}}, "S"),
        ({"id": "a", "facts": {"alt_x_uln": object()}}, "Y102"),
        ("no_such_file.yaml", "Y111"),
        (CASES, "Y111"),
    ],
)
def test_a_bad_case_is_one_clear_error(case: Any, code: str, knowledge: hepatica.Knowledge) -> None:
    with pytest.raises(hepatica.Invalid) as caught:
        hepatica.evaluate(case, knowledge)
    assert [d.code.startswith(code) for d in caught.value.diagnostics] == [True]


def test_a_date_may_be_a_date(knowledge: hepatica.Knowledge) -> None:
    case = {"id": "a", "as_of": datetime.date(2025, 9, 1), "facts": {}}
    assert hepatica.evaluate(case, knowledge).as_of == "2025-09-01"


def test_the_network_is_refused_in_words_where_it_is_not_installed(
    knowledge: hepatica.Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)
    network = sys.modules["hepatica.compile.network"]
    monkeypatch.setattr(network, "engine", engine.__wrapped__)
    with pytest.raises(hepatica.Invalid, match="E103"):
        hepatica.compile(knowledge.guidelines["easl_2025"], knowledge, "network")
