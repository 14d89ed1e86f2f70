"""Cases that say what every guideline must answer, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from hepatica import ir
from hepatica.case import Case
from hepatica.chart.numbers import Refused, number
from hepatica.diagnostics import Diagnostic, at, suggestion
from hepatica.evaluate import WORDS, Meaning, Referee
from hepatica.finding import Finding, Result
from hepatica.interval import Interval
from hepatica.source import Document, KeyPath
from hepatica.words import quantity


def check_expectations(document: Document, knowledge: ir.Knowledge) -> Iterator[Diagnostic]:
    """Check the names in what a case expects: guidelines, facts, statements, interventions."""
    for _, where in days(document):
        yield from _check_names(document, where, knowledge)


def days(document: Document) -> list[tuple[str | None, KeyPath]]:
    """List the days for which a case expects something, and where it says what.

    None is the day of the case itself.
    """
    data = document.data
    others: list[tuple[str | None, KeyPath]] = [
        (day["as_of"], ("at", i, "expect")) for i, day in enumerate(data.get("at", ()))
    ]
    return others if others and "expect" not in data else [(None, ("expect",)), *others]


def wanted_at(document: Document, where: KeyPath) -> dict[str, Any]:
    """Give what a case expects at a place that `days` lists, by guideline."""
    found: Any = document.data
    for step in where:
        found = found.get(step, {}) if isinstance(found, dict) else found[step]
    return dict(found)


def _check_names(
    document: Document, where: KeyPath, knowledge: ir.Knowledge
) -> Iterator[Diagnostic]:
    for name, wanted in wanted_at(document, where).items():
        path: KeyPath = (*where, name)
        guideline = knowledge.guidelines.get(name)
        if guideline is None:
            help = suggestion(name, knowledge.guidelines)
            text = f"unknown guideline `{name}`"
            yield at(document, path, "N105", text, help=help, key=True)
            continue
        statements = {_short(s.id): s for s in guideline.statements}
        known: tuple[tuple[str, str, str, Mapping[str, Any]], ...] = (
            ("conclude", "N101", "fact", knowledge.facts),
            ("recommend", "N106", "statement", statements),
            ("avoid", "N103", "intervention", knowledge.interventions),
        )
        for section, code, noun, names in known:
            for key in wanted.get(section, {}):
                if key not in names:
                    text = f"unknown {noun} `{key}`"
                    help = suggestion(key, names)
                    yield at(document, (*path, section, key), code, text, help=help, key=True)
        for i, key in enumerate(wanted.get("missing", ())):
            if key not in knowledge.facts:
                help = suggestion(key, knowledge.facts)
                place = (*path, "missing", i)
                yield at(document, place, "N101", f"unknown fact `{key}`", help=help)


def check_result(
    case: Case,
    document: Document,
    result: Result,
    knowledge: ir.Knowledge,
    where: KeyPath = ("expect",),
) -> Iterator[Diagnostic]:
    """Compare a result with what a case expects at a place (of `days`): a D109 for a difference."""
    expected = wanted_at(document, where)
    day = f" on {case.as_of}" if len(where) > 1 else ""
    for finding in result.guidelines:
        wanted = expected.get(finding.id)
        if wanted is not None:
            guideline = knowledge.guidelines[finding.id]
            referee = Referee(Meaning(guideline, knowledge.facts), case.facts)
            for path, text in differences(finding, wanted, referee):
                place: KeyPath = (*where, finding.id, *path)
                yield at(document, place, "D109", f"{finding.id}{day}: {text}", key=True)


def _short(statement: str) -> str:
    return statement.split("/", 1)[1]


def differences(
    finding: Finding, wanted: dict[str, Any], referee: Referee
) -> Iterator[tuple[KeyPath, str]]:
    """Tell where a finding is not as wanted: the place in what is wanted, and what is wrong."""
    applies = wanted.get("applies")
    if applies is not None and _word(applies) != finding.applies:
        yield ("applies",), f"`applies` is {finding.applies}, not {_word(applies)}"
    for fact, value in wanted.get("conclude", {}).items():
        about = referee.meaning.facts[fact]
        if about.type == "quantity" and fact in referee.given:
            known = referee.given[fact]
            if not _is_number(about, known, value):
                shown = quantity(known, about.unit) if isinstance(known, float | Interval) else ""
                yield ("conclude", fact), f"`{fact}` is {shown}, not {value}"
            continue
        expected = sorted(map(_word, value)) if isinstance(value, list) else [_word(value)]
        if referee.meaning.facts[fact].type == "quantity":
            expected = list(map(_word, value)) if isinstance(value, list) else expected
        found = concluded(referee, fact)
        if found != expected:
            yield ("conclude", fact), f"`{fact}` is {_list(found)}, not {_list(expected)}"
    yield from _statuses(
        "recommend",
        {_short(r.statement): r.status for r in finding.recommendations},
        wanted.get("recommend"),
        ("recommended", "blocked"),
    )
    avoid: dict[str, str] = {}
    for a in finding.avoid:  # the gravest first
        avoid.setdefault(a.intervention, a.status)
    yield from _statuses("avoid", avoid, wanted.get("avoid"), ("contraindicated",))
    missing = {m.fact for m in finding.missing}
    for i, fact in enumerate(wanted.get("missing", ())):
        if fact not in missing:
            yield ("missing", i), f"`{fact}` is not told missing"


def _is_number(fact: ir.Fact, known: object, wanted: Any) -> bool:
    """Say whether a number that is given, or worked out of a chart, is the one expected.

    What is worked out may differ in the ninth decimal: a third has no end.
    """
    try:
        expected = number(fact, wanted)[0].held()
    except Refused:
        return False
    if isinstance(known, float | int) and isinstance(expected, float | int):
        return math.isclose(known, expected, rel_tol=1e-9)
    return known == expected


def concluded(referee: Referee, name: str) -> list[str]:
    """Say what a fact is: true, false, a value, the members of a set, `none`, or `unknown`.

    A score that is not given is its points, or the lowest and the highest that are possible.
    """
    fact = referee.meaning.facts[name]
    if fact.type == "quantity":
        interval = referee.concluded(name).score if name in referee.by_fact else None
        return [str(n) for n in dict.fromkeys(interval)] if interval else ["unknown"]
    if fact.type == "boolean":
        return [WORDS[referee.leaf(ir.Leaf(name, "is", (True,)))]]
    op: ir.Operator = "includes" if fact.type == "codes" else "is"
    truths = {value: referee.leaf(ir.Leaf(name, op, (value,))) for value in fact.values}
    found = sorted(value for value, truth in truths.items() if truth)
    if fact.type == "codes":
        return found
    return found or ["unknown" if None in truths.values() else "none"]


def _statuses(
    section: str,
    found: dict[str, str],
    wanted: dict[str, str] | None,
    complete: tuple[str, ...],
) -> Iterator[tuple[KeyPath, str]]:
    if wanted is None:
        return
    for name, status in wanted.items():
        actual = found.get(name, "silent")
        if actual != status:
            yield (section, name), f"`{name}` is {actual}, not {status}"
    for name, status in found.items():
        if status in complete and name not in wanted:
            yield (section,), f"`{name}` is {status}, which was not expected"


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "nothing"
