"""One statement file to `ir.Statement`."""

from __future__ import annotations

from typing import Any

from hepatica import ir
from hepatica.parse.conditions import Vocabulary, condition, facts_of, value_of
from hepatica.source import Document
from hepatica.units import CALENDAR

_ANSWER = {True: "true", False: "false", "unknown": "unknown"}


def statement(vocabulary: Vocabulary, document: Document) -> ir.Statement:
    """Build a statement from a document that fits the schema."""
    data = document.data
    return ir.Statement(
        id=data["id"],
        guideline=data["id"].split("/")[0],
        title=data["title"],
        kind=data["kind"],
        status=data["status"],
        since=data["since"],
        text=" ".join(data["text"].split()),
        source=source(data["source"]),
        when=condition(vocabulary, document, ("when",)) if "when" in data else None,
        grade=ir.Grade(**data["grade"]) if "grade" in data else None,
        interpretation=tuple(
            ir.Interpretation(i["term"], " ".join(i["reads"].split()))
            for i in data.get("interpretation", ())
        ),
        examples=tuple(
            _example(vocabulary, document, i) for i in range(len(data.get("examples", ())))
        ),
        no_example=data.get("no_example", {}),
        related=tuple((r["type"], r["id"]) for r in data.get("related", ())),
        conclude=_conclude(vocabulary, document),
        recommend=_recommend(vocabulary, document),
        avoid=_avoid(vocabulary, document),
        score=_score(vocabulary, document),
        items=tuple(_item(vocabulary, document, i) for i in range(len(data.get("items", ())))),
        figure=_figure(vocabulary, document),
        dose=tuple(_dose(vocabulary, document, i) for i in range(len(data.get("dose", ())))),
        schedule=tuple(_phase(phase) for phase in data.get("schedule", ())),
        schedule_from=_schedule_from(vocabulary, document),
        target=_target(vocabulary, document),
        duration=data.get("duration"),
        file=document.source.name,
    )


def source(data: dict[str, Any]) -> ir.Source:
    """Build the source of a statement."""
    checked = data["checked"]
    return ir.Source(
        ref=data["ref"],
        label=data["label"],
        locator=str(data["locator"]),
        confidence=data["confidence"],
        attributed_to=tuple(data.get("attributed_to", ())),
        covers=tuple(data.get("covers", ())),
        anchor=data.get("anchor"),
        checked_by=checked["by"],
        checked_date=checked["date"],
    )


def _example(vocabulary: Vocabulary, document: Document, i: int) -> ir.Example:
    data = document.data["examples"][i]
    points = data.get("points")
    for j, name in enumerate(data.get("missing", ())):
        vocabulary.fact(document, ("examples", i, "missing", j), name)
    return ir.Example(
        name=data["name"],
        facts=facts_of(vocabulary, document, ("examples", i, "facts"), patient=False),
        expect=_ANSWER[data["expect"]] if "expect" in data else "unknown",  # type: ignore[arg-type]
        missing=tuple(data["missing"]) if "missing" in data else None,
        points=(points, points) if isinstance(points, int) else tuple(points) if points else None,
        line=document.line(("examples", i)),
    )


def _conclude(vocabulary: Vocabulary, document: Document) -> tuple[str, ir.Value] | None:
    if "conclude" not in document.data:
        return None
    [(name, raw)] = document.data["conclude"].items()
    path = ("conclude", name)
    fact = vocabulary.fact(document, path, name)
    if fact is None:
        return name, raw
    if fact.type == "quantity":
        help = "a quantity is measured, or summed by a score"
        vocabulary.report(document, path, "N111", f"`{name}` is a quantity", help)
        return name, raw
    if fact.type == "boolean" and raw is not True:
        text = f"a definition concludes that `{name}` is true, never that it is false"
        help = "it is false when all its definitions are false; write the condition for true"
        vocabulary.report(document, path, "N111", text, help)
        return name, True
    return name, value_of(vocabulary, document, path, fact, raw)


def _names(
    vocabulary: Vocabulary, document: Document, path: tuple[str | int, ...], names: Any
) -> tuple[str, ...]:
    return tuple(
        vocabulary.intervention(document, (*path, i), name) for i, name in enumerate(names)
    )


def _recommend(vocabulary: Vocabulary, document: Document) -> ir.Recommend | None:
    data = document.data.get("recommend")
    if data is None:
        return None
    if "any_of" in data:
        options = tuple(
            _names(vocabulary, document, ("recommend", "any_of", i), names)
            for i, names in enumerate(data["any_of"])
        )
    else:
        path = ("recommend", "interventions")
        options = (_names(vocabulary, document, path, data["interventions"]),)
    return ir.Recommend(data["action"], options)


def _avoid(vocabulary: Vocabulary, document: Document) -> ir.Avoid | None:
    data = document.data.get("avoid")
    if data is None:
        return None
    names = data.get("interventions", ())
    return ir.Avoid(
        interventions=_names(vocabulary, document, ("avoid", "interventions"), names),
        classes=tuple(
            vocabulary.class_(document, ("avoid", "classes", i), name)
            for i, name in enumerate(data.get("classes", ()))
        ),
        actions=tuple(data.get("actions", ())),
    )


def _score(vocabulary: Vocabulary, document: Document) -> str | None:
    name: str | None = document.data.get("score")
    if name is not None:
        fact = vocabulary.fact(document, ("score",), name)
        if fact is not None and fact.type != "quantity":
            vocabulary.report(document, ("score",), "N111", f"`{name}` is not a quantity")
    return name


def _item(vocabulary: Vocabulary, document: Document, i: int) -> ir.ScoreItem:
    data = document.data["items"][i]
    if "best_of" not in data:
        when = condition(vocabulary, document, ("items", i, "when"))
        return ir.ScoreItem(data["name"], (ir.ScoreOption(data["points"], when),))
    options = (
        ir.ScoreOption(
            option["points"], condition(vocabulary, document, ("items", i, "best_of", j, "when"))
        )
        for j, option in enumerate(data["best_of"])
    )
    return ir.ScoreItem(data["name"], tuple(sorted(options, key=lambda o: o.points)))


def amount(value: Any, unit: str) -> ir.Amount:
    """Build an amount from a number or a [low, high] pair."""
    low, high = value if isinstance(value, list) else (value, value)
    return ir.Amount(float(low), float(high), unit)


def _figure(vocabulary: Vocabulary, document: Document) -> ir.Figure | None:
    data = document.data.get("evidence")
    if data is None:
        return None
    names = _names(vocabulary, document, ("evidence", "interventions"), data["interventions"])
    return ir.Figure(
        names, data["measure"], amount(data["amount"], data["unit"]), data.get("population")
    )


def _dose(vocabulary: Vocabulary, document: Document, i: int) -> ir.Dose:
    data = document.data["dose"][i]
    cap = data.get("at_most")
    path = ("dose", i)
    return ir.Dose(
        intervention=vocabulary.intervention(
            document, (*path, "intervention"), data["intervention"]
        ),
        amount=amount(data["amount"], data["unit"]),
        at_most=amount(cap["amount"], cap["unit"]) if cap else None,
        form=data.get("form"),
        when=condition(vocabulary, document, (*path, "when")) if "when" in data else None,
    )


def _phase(data: dict[str, Any]) -> ir.Phase:
    return ir.Phase(
        every=amount(data["every"], data["unit"]),
        lasts=amount(data["lasts"], data["lasts_unit"]) if "lasts" in data else None,
        at_least=data.get("at_least", False),
        times=data.get("times"),
        text=data.get("text"),
    )


def _schedule_from(vocabulary: Vocabulary, document: Document) -> str | None:
    name: str | None = document.data.get("schedule_from")
    if name is None:
        return None
    fact = vocabulary.fact(document, ("schedule_from",), name)
    help = f"units that a calendar has: {', '.join(CALENDAR)}"
    if fact is not None and fact.unit not in CALENDAR:
        text = f"`{name}` does not say how long ago something began"
        vocabulary.report(document, ("schedule_from",), "N110", text, help)
    for i, phase in enumerate(document.data["schedule"]):
        for key in ("unit", "lasts_unit"):
            if phase.get(key, "d") not in CALENDAR:
                text = f"`{phase[key]}` cannot be laid over a calendar"
                vocabulary.report(document, ("schedule", i, key), "U102", text, help)
    return name


def _target(vocabulary: Vocabulary, document: Document) -> ir.Target | None:
    data = document.data.get("target")
    if data is None:
        return None
    fact = vocabulary.fact(document, ("target", "fact"), data["fact"])
    if fact is None or fact.type != "quantity":
        if fact is not None:
            text = f"`{fact.id}` is not a quantity"
            vocabulary.report(document, ("target", "fact"), "N110", text)
        return None
    low, high = (
        value_of(vocabulary, document, ("target", "between", i), fact, data["between"][i])
        for i in (0, 1)
    )
    return ir.Target(fact.id, float(low), float(high))
