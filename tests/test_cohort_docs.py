"""docs/cohorts.md against the engine: its table, its mapping, its commands, its codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from drawn_charts import knowledge
from test_cli import ROOT, run

from hepatica.diagnostics import CODES
from hepatica.schema import load_schema

PAGE = (ROOT / "docs" / "cohorts.md").read_text(encoding="utf-8")
_CUT = "  …\n"


def test_the_commands_of_the_page_show_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hepatica.cli.cohort.load", lambda root: knowledge())
    monkeypatch.chdir(tmp_path)
    for name, text in re.findall(r"<!-- file: (.*?) -->\n```\w*\n(.*?)```", PAGE, re.S):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    steps = re.findall(r"<!-- run -->\n```\n(.*?)```\n\n<!-- shows -->\n```\n(.*?)```", PAGE, re.S)
    assert len(steps) == 4
    for command, shown in steps:
        program, *args = command.split()
        result = run(*args)
        assert program == "hepatica" and result.exit_code == (args[0] == "diff"), result.stderr
        for part in shown.split(_CUT):
            assert part.strip() and part in result.stdout
    assert run("lint", "registry.yaml").exit_code == 0


def test_the_example_in_python_prints_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hepatica.load", knowledge)
    monkeypatch.chdir(tmp_path)
    for name, text in re.findall(r"<!-- file: (registry.*?) -->\n```\w*\n(.*?)```", PAGE, re.S):
        Path(name).write_text(text)
    pattern = r"<!-- python -->\n```python\n(.*?)```\n\n<!-- shows -->\n```\n(.*?)```"
    [(code, shown)] = re.findall(pattern, PAGE, re.S)
    exec(code, {})
    assert capsys.readouterr().out == shown


def test_every_key_of_a_mapping_and_every_code_is_explained() -> None:
    schema = load_schema("cohort")
    keys = {*schema["properties"], *schema["$defs"]["column"]["properties"]}
    told = set(re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.M))))
    assert keys - {"column"} <= told
    named = {int(n) for n in re.findall(r"D3(\d\d)", PAGE)} | {17, 18}  # "D316 to D319"
    assert {f"D3{n:02}" for n in named} == {c for c in CODES if c.startswith("D3")}
