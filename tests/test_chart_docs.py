"""docs/charts.md against the engine: its example, its ways, and the windows as they are."""

from __future__ import annotations

import re
from pathlib import Path

from drawn_charts import knowledge

from hepatica import ir
from hepatica.case import CaseReader
from hepatica.derivation import At, Given, Latest, NormalSince, Period, Ratio
from hepatica.reader import read_yaml
from hepatica.schema import load_schema
from hepatica.source import Source

PATH = Path(__file__).resolve().parents[1] / "docs" / "charts.md"
_ORDER = {"d": 1, "wk": 7, "mo": 30, "a": 365}


def text() -> str:
    return PATH.read_text(encoding="utf-8")


def test_the_example_is_a_chart_and_says_what_the_page_says() -> None:
    found = re.search(r"<!-- chart -->\n```yaml\n(.*?)```", text(), re.S)
    assert found
    case = CaseReader(knowledge().facts, knowledge().interventions).read(
        read_yaml(Source("charts.md", found[1]))
    )
    assert case.facts["alt_multiple"] == 4.9
    assert case.origins["alt_multiple"].how == "147 U/L on 2024-05-28, upper limit 30 U/L"
    assert case.facts["cytopenia"] == "severe" and case.facts["current_drugs"] == ()
    assert case.facts["azathioprine_reaction"] == ("cytopenia",)
    assert case.withheld["igg"] == "last seen day 0 (2023-01-10), 17 months before"


def test_every_way_is_explained() -> None:
    ways = load_schema("facts")["$defs"]["fact"]["properties"]["derive"]["properties"]
    told = re.findall(r"^\| `([a-z_]+)", text(), re.M)
    assert set(ways) | {"given"} <= set(told)


def test_every_kind_of_diagnostic_of_charts_is_explained() -> None:
    assert all(f"D11{n}" in text() for n in range(1, 9))


def said(period: Period) -> str:
    noun = {"d": "day", "wk": "week", "mo": "month", "a": "year"}[period.unit]
    return f"{period.number} {noun}{'' if period.number == 1 else 's'}"


def window(fact: ir.Fact) -> tuple[int, str]:
    """Say how long a value counts, with a number to sort by."""
    way = fact.derive
    if isinstance(way, Given):
        return 5000, "given: not from a chart"
    if isinstance(way, Latest) and way.before_treatment:
        return 3000, "before treatment"
    if isinstance(way, At):
        return 4000, "at a time after the start of treatment"
    if isinstance(way, Latest | Ratio | NormalSince):
        if way.within is None:
            return 2000, "always"
        return way.within.number * _ORDER[way.within.unit], said(way.within)
    return 4500, "worked out from drugs, events or birth, as of the date"


def windows() -> str:
    rows: dict[tuple[int, str], list[str]] = {}
    for name, fact in knowledge().facts.items():
        lasting = fact.derive.lasting if isinstance(fact.derive, Latest) else ()
        values = [str(v).lower() if isinstance(v, bool) else str(v) for v in lasting]
        shown = f"`{name}`" + (f" (always where {' or '.join(values)})" if values else "")
        rows.setdefault(window(fact), []).append(shown)
    lines = ["| a value counts for | facts |", "| --- | --- |"]
    lines += [f"| {key[1]} | {', '.join(sorted(rows[key]))} |" for key in sorted(rows)]
    return "\n".join(lines)


def test_the_windows_are_those_of_the_dictionary(reset: bool) -> None:
    start, end = "<!-- windows -->\n", "\n<!-- end -->"
    page = text()
    before, rest = page.split(start)
    told, after = rest.split(end) if end in rest else ("", rest.removeprefix("<!-- end -->"))
    if reset:
        PATH.write_text(f"{before}{start}{windows()}{end}{after}", encoding="utf-8")
        told = windows()
    assert told == windows(), "run pytest --reset and read the diff"
