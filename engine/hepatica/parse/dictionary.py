"""The fact dictionary and the interventions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hepatica import ir
from hepatica.diagnostics import Diagnostic, at, suggestion
from hepatica.parse.conditions import Vocabulary, condition
from hepatica.source import Document


def facts(documents: list[Document]) -> tuple[dict[str, ir.Fact], list[Diagnostic]]:
    """Build the fact dictionary from its files.

    Reports a fact that stands in two files (N108), a file whose `domain` is not its name (N107),
    and, through the conditions of `implies`, unknown facts and values.
    """
    vocabulary = Vocabulary({}, {}, {})
    found = vocabulary.facts
    where: dict[str, str] = {}
    for document in documents:
        domain = document.data["domain"]
        for name, data in document.data["facts"].items():
            if name in found:
                text = f"the fact `{name}` is also defined in {where[name]}"
                vocabulary.report(document, ("facts", name), "N108", text, "keep one of the two")
            where[name] = document.source.name
            found[name] = _fact(vocabulary, document, name, data, domain)
    for document in documents:
        for name, data in document.data["facts"].items():
            if "implies" in data:
                found[name] = _with_implications(vocabulary, document, found[name], data)
    return found, vocabulary.diagnostics


def _fact(
    vocabulary: Vocabulary, document: Document, name: str, data: dict[str, Any], domain: str
) -> ir.Fact:
    low_high = data.get("range")
    unit = data.get("unit")
    if low_high and low_high[0] > low_high[1]:
        place = ("facts", name, "range")
        vocabulary.report(document, place, "N113", "the range is upside down", "lowest first")
    others = tuple(
        ir.OtherUnit(other["unit"], other["factor"], other.get("source"))
        for other in data.get("other_units", ())
    )
    return ir.Fact(
        id=name,
        domain=domain,
        title=data["title"],
        type=data["type"],
        text=data.get("text", ""),
        unit=unit,
        range=(float(low_high[0]), float(low_high[1])) if low_high else None,
        ask_unit=data.get("ask_unit", False),
        values=data.get("values", {}),
        other_units=others,
        burden=data.get("burden", "record"),
    )


def _with_implications(
    vocabulary: Vocabulary, document: Document, fact: ir.Fact, data: dict[str, Any]
) -> ir.Fact:
    implies = tuple(
        ir.Implication(
            condition(vocabulary, document, ("facts", fact.id, "implies", i, "when")),
            condition(vocabulary, document, ("facts", fact.id, "implies", i, "then")),
        )
        for i in range(len(data["implies"]))
    )
    return ir.replace(fact, implies=implies)


def interventions(
    document: Document, facts: Mapping[str, ir.Fact]
) -> tuple[dict[str, ir.Intervention], dict[str, str], list[Diagnostic]]:
    """Build the interventions and their classes.

    Reports an unknown class (N103), and a fact of `done_by` that is unknown (N101).
    """
    classes: dict[str, str] = document.data["classes"]
    found: dict[str, ir.Intervention] = {}
    diagnostics = []
    for name, data in document.data["interventions"].items():
        for i, class_ in enumerate(data.get("classes", ())):
            if class_ not in classes:
                path = ("interventions", name, "classes", i)
                diagnostics.append(
                    at(
                        document,
                        path,
                        "N103",
                        f"unknown class `{class_}`",
                        help=suggestion(class_, classes) or "define it under `classes`",
                    )
                )
        for i, fact in enumerate(data.get("done_by", ())):
            if fact not in facts:
                path = ("interventions", name, "done_by", i)
                help = suggestion(fact, facts)
                diagnostics.append(at(document, path, "N101", f"unknown fact `{fact}`", help=help))
        found[name] = ir.Intervention(
            id=name,
            title=data["title"],
            type=data["type"],
            classes=tuple(data.get("classes", ())),
            abbreviation=data.get("abbreviation"),
            done_by=tuple(data.get("done_by", ())),
        )
    return found, classes, diagnostics
