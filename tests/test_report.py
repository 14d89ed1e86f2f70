"""What people see: whole pages as golden files, and nothing that a text from a file could break."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from golden import compare

from hepatica.case import Case, CaseReader
from hepatica.case_files import documents
from hepatica.finding import Result
from hepatica.ir import Knowledge
from hepatica.load import load
from hepatica.report import html, markdown
from hepatica.report.text import Terminal
from hepatica.report.view import view
from hepatica.report.view_data import View
from hepatica.run import Evaluator, select
from hepatica.source import Document
from hepatica.words import Words

FIXTURES = Path(__file__).parent / "fixtures"
GOLDEN = FIXTURES / "golden" / "report"
CASES = ["underexposure_adherence_unknown", "acute_severe_few_facts"]
HOSTILE = "<script>alert(1)</script>\x1b[31m`x` {{ 7*7 }} | [a](javascript:x) &amp; \"'"


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load()


def evaluate(knowledge: Knowledge, case: Case) -> Result:
    return Evaluator(knowledge, knowledge.guidelines.values(), "referee").evaluate(case)


def shown(knowledge: Knowledge, name: str) -> View:
    [document] = documents(str(FIXTURES / "cases" / f"{name}.yaml"))
    assert isinstance(document, Document)
    case = CaseReader(knowledge.facts).read(document)
    result = Evaluator(knowledge, select(knowledge, ()), "referee").evaluate(case)
    return view(result, Words(knowledge), brief=True)


def whole(page: View) -> str:
    return html.head(page.title) + html.body(page) + html.tail()


@pytest.mark.parametrize("name", CASES)
def test_pages(knowledge: Knowledge, name: str, reset: bool) -> None:
    page = shown(knowledge, name)
    compare(Terminal(80).page(page), GOLDEN / f"{name}.80.txt", reset)
    compare(Terminal(120).page(page), GOLDEN / f"{name}.120.txt", reset)
    compare(markdown.page(page), GOLDEN / f"{name}.md", reset)
    compare(whole(page), GOLDEN / f"{name}.html", reset)


@pytest.mark.parametrize("width", [40, 80, 110])
def test_no_line_is_wider_than_the_terminal(knowledge: Knowledge, width: int) -> None:
    page = shown(knowledge, CASES[0])
    assert max(map(len, Terminal(width, full=True).page(page).splitlines())) <= width


def test_colour_repeats_what_marks_say(knowledge: Knowledge) -> None:
    page = shown(knowledge, CASES[0])
    coloured = Terminal(80, colour=True).page(page)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == Terminal(80).page(page)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_a_hostile_text_stays_text(knowledge: Knowledge) -> None:
    result = evaluate(knowledge, Case(HOSTILE, {}, title=HOSTILE))
    page = view(result, Words(knowledge))
    parser = Tags()
    parser.feed(whole(page))
    assert not {tag for tag, _ in parser.tags} & {"script", "iframe", "img", "a", "link", "object"}
    assert not any(name.startswith("on") for _, attrs in parser.tags for name in attrs)
    assert "default-src 'none'" in html.head("x") and "49" not in html.head(HOSTILE)
    assert "\x1b" not in whole(page) + markdown.page(page) + Terminal(80).page(page)
    first = markdown.page(page).splitlines()[0]
    assert "<script" not in first.replace("\\<", "") and "\\[a\\]" in first


def test_hostile_knowledge_stays_text(knowledge: Knowledge) -> None:
    import msgspec

    text = msgspec.json.encode(knowledge).decode()
    hostile = text.replace("Evaluate for liver transplantation", "<img src=x onerror=alert(1)>")
    changed = msgspec.json.decode(hostile, type=Knowledge)
    case = Case("c", {"aih_diagnosis": "definite", "acute_severe_aih": True})
    page = view(evaluate(changed, case), Words(changed))
    assert any("<img" in item.headline for side in page.sides for item in side.recommended)
    assert "<img" not in whole(page)


def test_every_recommendation_names_guideline_statement_and_source(knowledge: Knowledge) -> None:
    page = shown(knowledge, CASES[0])
    text = Terminal(200, full=True).page(page)
    for side in page.sides:
        assert side.heading in text
        items = (*side.recommended, *side.blocked, *(i for g in side.contingent for i in g.items))
        for item in items:
            assert item.statement in re.sub(r"\s+", "", text)
            assert dict(item.details)["source"]
