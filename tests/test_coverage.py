"""Coverage: which answers and questions of the rules were seen, and that it cannot be fooled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from hepatica import ir
from hepatica.cli import app
from hepatica.coverage import Coverage, cover, distinct, split
from hepatica.load import load
from hepatica.report import coverage as report
from hepatica.words import Words

BASE = Path(__file__).parent / "fixtures" / "lint" / "base"
HEAD = """\
id: demo/topic/{name}
title: T
kind: definition
status: draft
since: 0.1.0
source:
  {{ref: demo, label: page, locator: "1", confidence: direct, checked: {{by: null, date: null}}}}
text: T.
when: {when}
conclude: {{{concludes}: true}}
examples:
"""
FACTS = """\
domain: more
title: More
facts:
  one: {title: one, type: boolean}
  two: {title: two, type: boolean}
  colour: {title: colour, type: code, values: {red: red, green: green, blue: blue}}
  size: {title: size, type: quantity, unit: "1", range: [0, 100]}
  first: {title: first, type: boolean}
  second: {title: second, type: boolean}
"""


def covered(root: Path, *statements: tuple[str, list[str]]) -> list[Coverage]:
    """Cover definitions, each a condition and the facts of its examples."""
    shutil.copytree(BASE, root)
    (root / "facts" / "more.yaml").write_text(FACTS)
    for name, (when, patients) in zip(("first", "second"), statements, strict=False):
        text = HEAD.format(name=name, when=when, concludes=name)
        for i, facts in enumerate(patients):
            text += f"  - {{name: p{i}, facts: {{{facts}}}, expect: unknown}}\n"
        (root / "demo" / "topic" / f"{name}.yaml").write_text(text)
    knowledge = load(root)
    guideline = knowledge.guidelines["demo"]
    found = cover(guideline, knowledge.facts, [])
    return [c for c in found if c.statement.id.endswith(("/first", "/second"))]


def mattered(coverage: Coverage) -> dict[str, list[str]]:
    return {
        f"{q.leaf.fact} {q.leaf.op} {', '.join(map(str, q.leaf.values))}": sorted(q.mattered)
        for q in coverage.questions
    }


BOTH = "{all: [{fact: one, is: true}, {fact: two, is: true}]}"


def test_a_question_matters_only_where_it_decides(tmp_path: Path) -> None:
    (found,) = covered(tmp_path / "k", (BOTH, ["one: true, two: true", "one: false, two: false"]))
    assert mattered(found) == {"one is True": ["true"], "two is True": ["true"]}
    assert not found.questions[0].covered and not found.complete


def test_each_question_alone_both_ways(tmp_path: Path) -> None:
    patients = ["one: true, two: true", "one: false, two: true", "one: true, two: false", ""]
    (found,) = covered(tmp_path / "k", (BOTH, patients))
    assert all(q.covered for q in found.questions) and found.complete
    assert found.seen == {"true", "false", "unknown"}


def test_unknown_in_the_place_of_false_does_not_cover(tmp_path: Path) -> None:
    patients = ["one: true, two: true", "two: true", "one: true"]
    (found,) = covered(tmp_path / "k", (BOTH, patients))
    assert mattered(found)["one is True"] == ["true", "unknown"]
    assert not found.questions[0].covered


def test_every_value_of_a_list_counts(tmp_path: Path) -> None:
    patients = ["colour: red", "colour: blue"]
    (found,) = covered(tmp_path / "k", ("{fact: colour, in: [red, green]}", patients))
    assert mattered(found) == {
        "colour in red, green": ["false", "true"],
        "colour is red": ["false", "true"],
        "colour is green": ["false"],
    }


def test_a_list_that_two_statements_ask_is_shown_once(tmp_path: Path) -> None:
    one, other = covered(
        tmp_path / "k",
        ("{fact: colour, in: [red, green]}", ["colour: red", "colour: blue"]),
        ("{fact: colour, in: [green, red]}", ["colour: green", "colour: blue"]),
    )
    assert all(q.covered for q in (*one.questions, *other.questions))
    assert len(list(distinct([one, other]))) == 4
    assert report.totals([one, other])[2:] == (4, 4)


def test_a_list_has_to_matter_in_each_statement(tmp_path: Path) -> None:
    one, other = covered(
        tmp_path / "k",
        ("{fact: colour, in: [red, green]}", ["colour: red", "colour: green", "colour: blue"]),
        ("{fact: colour, in: [red, green]}", ["colour: blue"]),
    )
    assert all(q.covered for q in one.questions)
    assert [q.leaf.op for q in other.questions if not q.covered] == ["in"]


def test_both_ends_of_a_range_count(tmp_path: Path) -> None:
    (found,) = covered(tmp_path / "k", ("{fact: size, between: [3, 8]}", ["size: 5", "size: 2"]))
    assert mattered(found) == {"size at_least 3.0": ["false", "true"], "size at_most 8.0": ["true"]}


def test_split_keeps_the_meaning() -> None:
    leaf = ir.Leaf("colour", "in", ("red", "green"))
    assert split(leaf, lists=False) is leaf
    parts = split(ir.Not(leaf))
    assert isinstance(parts, ir.Not) and isinstance(parts.part, ir.Any)


@pytest.mark.parametrize("html", [False, True])
def test_on_the_command_line(tmp_path: Path, html: bool) -> None:
    page = tmp_path / "c.html"
    args = ["test", "--coverage", "--knowledge", str(BASE), *(["--html", str(page)] * html)]
    result = CliRunner().invoke(app, args)
    assert "demo: 100 % of 1 statements in all three values" in result.stdout
    assert "100 % of 1 questions matter both ways" in result.stdout
    if html:
        text = page.read_text()
        assert "demo/topic/failure" in text and "<script" not in text


def test_what_is_open_is_named_with_its_line(tmp_path: Path) -> None:
    found = covered(tmp_path / "k", (BOTH, ["one: true, two: true"]))
    text = report.text({"demo": found}, every=True)
    assert "demo/topic/first: never seen false, unknown" in text
    assert "demo/topic/first:9 `one is true` never mattered false" in text
    words = Words(load(BASE))
    assert [row.state for row in report.rows(found[0], words)] == ["", "half", "half"]
