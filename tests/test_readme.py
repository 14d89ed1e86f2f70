"""The README: its commands exist, its excerpts are what is printed, its table is counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hepatica.cli import COMMANDS, app
from hepatica.ledger import checked_ledgers
from hepatica.load import load
from hepatica.reader import read_yaml
from hepatica.source import Source

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
_CUT = "  …"


def text() -> str:
    return README.read_text(encoding="utf-8")


def test_every_command_is_named_and_exists() -> None:
    named = set(re.findall(r"`hepatica ([a-z]+)", text()))
    assert named == set(COMMANDS)


def test_the_excerpts_are_what_is_printed() -> None:
    found = re.findall(r"<!-- output: (.*?) -->\n```\n(.*?)```", text(), re.S)
    assert found
    for command, excerpt in found:
        args = command.replace("tests/", f"{ROOT}/tests/").split()
        printed = CliRunner().invoke(app, args).stdout
        for part in excerpt.split(f"{_CUT}\n"):
            assert part.strip() and part in printed, part


def test_the_statement_shown_is_the_shipped_one() -> None:
    [excerpt] = re.findall(r"```yaml\n(id: .*?)```", text(), re.S)
    shown = read_yaml(Source("README.md", excerpt)).data
    shipped = read_yaml(
        Source("x", (ROOT / "knowledge" / f"{shown['id']}.yaml").read_text(encoding="utf-8"))
    ).data
    source = shown.pop("source")
    assert {key: shipped["source"][key] for key in source} == source
    assert {key: shipped[key] for key in shown} == shown


def test_the_table_of_the_knowledge(reset: bool) -> None:
    knowledge = load()
    rows = ["| guideline | statements | shown |", "| --- | --- | --- |"]
    order = ("always", "brief", "on_request")
    for g in sorted(knowledge.guidelines.values(), key=lambda g: (order.index(g.show), g.id)):
        kind = g.show.replace("_", " ")
        rows.append(f"| `{g.id}` ({g.short}) | {len(g.statements)} | {kind} |")
    table = "\n".join(rows)
    pattern = re.compile(r"(<!-- table: knowledge -->\n).*?(\n\n)", re.S)
    if reset:
        README.write_text(pattern.sub(rf"\g<1>{table}\g<2>", text()), encoding="utf-8")
    found = re.search(r"<!-- table: knowledge -->\n(.*?)\n\n", text(), re.S)
    assert found and found[1] == table


@pytest.mark.parametrize("path", [README, *sorted((ROOT / "docs").glob("*.md"))], ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / link).exists(), link


def test_the_page_on_sources_names_every_hazard_and_every_open_decision() -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    for ledger in checked_ledgers(load()):
        for entry in ledger.entries:
            if entry.state in ("rejected", "gap"):
                assert entry.id in page, entry.id
        for decision in ledger.decisions:
            assert decision.id in page, decision.id
        assert ledger.count("unaccounted") == 0
