"""Charts on the command line and from Python: pages, JSON, streams, other dates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from drawn_charts import knowledge
from golden import compare
from test_cli import run

import hepatica
from hepatica.case import CaseReader
from hepatica.case_files import documents
from hepatica.report import html, markdown
from hepatica.report.text import Terminal
from hepatica.report.view import view
from hepatica.run import Evaluator, select
from hepatica.schema import fits
from hepatica.source import Document
from hepatica.words import Words

HERE = Path(__file__).parent / "fixtures"
FLARE = HERE / "charts" / "flare_on_azathioprine.yaml"
GOLDEN = HERE / "golden" / "report"


def flare() -> dict[str, object]:
    [document] = documents(str(FLARE))
    assert isinstance(document, Document)
    return {key: document.data[key] for key in ("id", "as_of", "chart")}


def test_the_page_of_a_chart(reset: bool) -> None:
    [document] = documents(str(HERE / "charts" / "igg_never_measured.yaml"))
    assert isinstance(document, Document)
    case = CaseReader(knowledge().facts).read(document)
    chosen = select(knowledge(), ["iaihg_2022"])
    result = Evaluator(knowledge(), chosen, "referee").evaluate(case)
    page = view(result, Words(knowledge()))
    compare(Terminal(80).page(page), GOLDEN / "chart.80.txt", reset)
    compare(markdown.page(page), GOLDEN / "chart.md", reset)
    compare(html.body(page), GOLDEN / "chart.html", reset)


def test_reasons_name_the_entries_they_rest_on() -> None:
    shown = " ".join(run("eval", "-g", "aasld_2019", "--full", str(FLARE)).stdout.split())
    assert "upper limit: 4.9 (147 U/L on 2024-05-28, upper limit 30 U/L)" in shown
    assert "because cytopenia: severe (on 2024-06-01)" in shown
    old = HERE / "charts" / "record_not_complete.yaml"
    shown = " ".join(run("eval", "-g", "aasld_2019", "--full", str(old)).stdout.split())
    assert "upper limit: last seen 2023-11-02, 7 months before" in shown
    assert re.search(r"upper limit \(\d+; last seen 2023-11-02, 7 months before\)", shown)


def test_json_fits_the_schema_and_says_where_each_fact_is_from() -> None:
    result = run("eval", "--format", "json", "-g", "easl_2025", str(FLARE))
    data = json.loads(result.stdout)
    assert result.exit_code == 0 and fits(data, "result")
    assert data["inputs"]["alt_multiple"] == {
        "value": 4.9, "unit": "1", "from": "chart", "date": "2024-05-28", "written": None,
        "how": "147 U/L on 2024-05-28, upper limit 30 U/L",
    }  # fmt: skip
    assert data["withheld"]["igg"] == "last seen 2023-01-10, 17 months before"


def test_another_date_gives_the_facts_of_that_date() -> None:
    args = ("eval", "--format", "json", "-g", "easl_2025", "--as-of", "2023-03-01", str(FLARE))
    data = json.loads(run(*args).stdout)
    assert data["as_of"] == "2023-03-01"
    assert data["inputs"]["current_drugs"]["value"] == ["azathioprine", "prednisolone"]
    assert "cytopenia" not in data["inputs"] and data["inputs"]["azathioprine_weeks"]["value"] == 4
    assert run(*args[:-2], "2023-02-30", str(FLARE)).exit_code == 2


def test_one_bad_chart_of_a_stream_does_not_stop_the_others(tmp_path: Path) -> None:
    entry = {"date": "2024-06-31", "observe": "alt", "value": "9 U/L"}
    bad = {"id": "bad", "as_of": "2024-06-10", "chart": {"timeline": [entry]}}
    undated = {"id": "undated", "chart": {"timeline": []}}
    path = tmp_path / "charts.jsonl"
    lines = [json.dumps(each) for each in (flare(), bad, undated, {**flare(), "id": "last"})]
    path.write_text("\n".join(lines))
    result = run("eval", "--format", "json", "-g", "easl_2025", str(path))
    assert result.exit_code == 2
    assert [json.loads(line)["case"] for line in result.stdout.splitlines()] == [
        "flare_on_azathioprine",
        "last",
    ]
    assert "charts.jsonl:2" in result.stderr and "D111" in result.stderr
    assert "charts.jsonl:3" in result.stderr and "D115" in result.stderr


def test_explain_shows_the_entries() -> None:
    statement = "aasld_2019/azathioprine/severe_cytopenia_stop"
    shown = run("explain", str(FLARE), statement).stdout
    assert "severe (on 2024-06-01)" in shown
    earlier = run("explain", "--as-of", "2023-03-01", str(FLARE), statement).stdout
    assert "azathioprine, prednisolone" in " ".join(earlier.split())


def test_lint_and_test_take_charts() -> None:
    assert run("lint", str(HERE / "charts")).exit_code == 0
    result = run("test", str(HERE / "charts"))
    assert result.exit_code == 0, result.stdout


def test_a_mapping_is_a_chart_too() -> None:
    result = hepatica.evaluate(flare(), knowledge(), ["easl_2025"], "referee")
    assert result.inputs["alt_multiple"].how == "147 U/L on 2024-05-28, upper limit 30 U/L"
    with pytest.raises(hepatica.Invalid, match="D115"):
        hepatica.evaluate({"id": "c", "chart": {"timeline": []}}, knowledge())
