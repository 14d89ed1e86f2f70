"""The ledgers: what a source document says, and what became of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hepatica.cli import app
from hepatica.diagnostics import Invalid
from hepatica.ledger import checked_ledgers
from hepatica.lint import lint
from hepatica.load import load

BASE = Path(__file__).parent / "fixtures" / "lint" / "base"
LEDGER = """\
id: doc
title: A document
text: How it was read.
statements:
  - {id: D-001, label: page, locator: "1", text: Failure is failure.}
  - {id: D-002, label: page, locator: "2", text: What failure is called., becomes: context}
  - {id: D-003, label: page, locator: "3", text: A number., becomes: rejected, reason: Misprinted.}
decisions:
  - id: X01
    about: What failure is
    sides: [One says this., The other says that.]
    decided: This.
    open: true
    statements: [demo/topic/failure]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Knowledge with a ledger of three statements, the first carried by the only definition."""
    root = tmp_path / "knowledge"
    shutil.copytree(BASE, root)
    covering(root, "[D-001]")
    (root / "sources").mkdir()
    (root / "sources" / "doc.yaml").write_text(LEDGER)
    return root


def covering(root: Path, numbers: str) -> None:
    path = root / "demo" / "topic" / "failure.yaml"
    text = (BASE / "demo" / "topic" / "failure.yaml").read_text()
    path.write_text(text.replace('locator: "1",', f'locator: "1", covers: {numbers},'))


def run(root: Path, *args: str) -> Result:
    return CliRunner().invoke(app, ["sources", *args, "--knowledge", str(root)])


def test_what_became_of_each_is_computed(root: Path) -> None:
    assert lint(root) == []
    (ledger,) = checked_ledgers(load(root), root)
    assert [(e.id, e.state, e.statements) for e in ledger.entries] == [
        ("D-001", "encoded", ("demo/topic/failure",)),
        ("D-002", "context", ()),
        ("D-003", "rejected", ()),
    ]
    result = run(root)
    assert result.exit_code == 0 and "all 3 statements accounted for" in result.stdout
    assert "1 encoded, 1 context, 1 rejected" in result.stdout
    assert "1 of them wait" in result.stdout


def test_a_sentence_that_nothing_carries_is_told(root: Path) -> None:
    covering(root, "[]")
    assert [d.code for d in lint(root)] == ["C107"]
    result = run(root)
    assert result.exit_code == 1 and "1 of 3 statements not accounted for" in result.stdout


def test_a_retired_statement_carries_nothing(root: Path) -> None:
    path = root / "demo" / "topic" / "failure.yaml"
    path.write_text(path.read_text().replace("status: draft", "status: retired"))
    (ledger,) = checked_ledgers(load(root), root)
    assert ledger.entries[0].state == "unaccounted"


def test_a_sentence_is_not_both_carried_and_context(root: Path) -> None:
    covering(root, "[D-001, D-002]")
    assert [d.code for d in lint(root)] == ["C108"]


def test_a_rejected_sentence_may_be_carried_in_part(root: Path) -> None:
    covering(root, "[D-001, D-003]")
    assert lint(root) == []
    assert "D-003  rejected in part" in run(root, "doc").stdout


def test_a_number_that_no_document_has_is_told_where_it_stands(root: Path) -> None:
    covering(root, "[D-001, D-004]")
    (found,) = lint(root)
    assert found.code == "N115" and str(found.file).endswith("failure.yaml")
    assert "D-004" in found.message


@pytest.mark.parametrize("what", ["doc", "D-003", "X01", "demo/topic/failure"])
def test_one_document_number_decision_or_statement(root: Path, what: str) -> None:
    result = run(root, what)
    assert result.exit_code == 0
    assert ("Misprinted." in result.stdout) == (what in ("doc", "D-003"))
    assert ("The other says that." in result.stdout) == (what not in ("D-003",))
    assert "demo/topic/failure" in result.stdout or what == "D-003"


def test_what_nobody_knows_is_one_diagnostic(root: Path) -> None:
    result = run(root, "D-00")
    assert isinstance(result.exception, Invalid)
    (found,) = result.exception.diagnostics
    assert found.code == "N115" and "did you mean `D-00" in str(found.help)


def test_json_and_markdown(root: Path) -> None:
    (data,) = json.loads(run(root, "--format", "json").stdout)
    assert [e["state"] for e in data["entries"]] == ["encoded", "context", "rejected"]
    assert "| D-003 | page 3 | A number. | rejected; Misprinted. |" in (
        run(root, "doc", "--format", "markdown").stdout
    )


def test_knowledge_without_ledgers(tmp_path: Path) -> None:
    result = run(BASE)
    assert result.exit_code == 0 and "no numbered statements" in result.stdout
