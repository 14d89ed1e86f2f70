"""Phrases for what a statement tells, whoever the patient is: actions, schedules, grades."""

from __future__ import annotations

from collections.abc import Iterable

from hepatica import finding as f
from hepatica import ir
from hepatica.words import ACTIONS, Words, amount, quantity, spaced


def says(s: ir.Statement, words: Words) -> str:
    """Say in one phrase what a statement tells when it holds."""
    if s.recommend is not None:
        return recommended(s.recommend.action, s.recommend.options, words)
    if s.avoid is not None:
        what = "contraindicated" if s.kind == "contraindication" else "caution"
        text = f"{what}: {avoided(s.avoid, words)}"
        if s.avoid.actions:
            text += f" (to {_or([ACTIONS[action] for action in s.avoid.actions])})"
        return text
    if s.conclude is not None:
        return f"concludes: {words.stated(*s.conclude)}"
    if s.score is not None:
        return f"counts: {words.fact(s.score)}"
    assert s.figure is not None
    return f"reports: {reported(s.figure, words)}"


def recommended(action: str, options: Iterable[Iterable[str]], words: Words) -> str:
    """Write an action with its options."""
    return f"{ACTIONS[action]} {_or([words.together(option) for option in options])}"


def avoided(avoid: ir.Avoid, words: Words) -> str:
    """Name what is avoided: interventions, and classes as classes."""
    classes = [words.knowledge.classes.get(name, name) for name in avoid.classes]
    return ", ".join([*map(words.intervention, avoid.interventions), *classes])


def reported(figure: ir.Figure, words: Words) -> str:
    """Write a reported number with what it is about."""
    about = ", ".join(map(words.intervention, figure.interventions))
    who = f" ({figure.population})" if figure.population else ""
    number = amount(figure.amount.low, figure.amount.high, figure.amount.unit)
    return f"{about}: {figure.measure} {number}{who}"


def details(s: ir.Statement, words: Words) -> dict[str, str]:
    """Write dose, schedule, target and duration, those that a statement has."""
    found = {}
    if s.dose:
        found["dose"] = "; ".join(_dose(d, words) for d in s.dose)
    if s.schedule:
        phases = [f.Phase(f.amount(p.every), f.maybe(p.lasts), p.at_least, p.times, p.text)
                  for p in s.schedule]  # fmt: skip
        start = f", counted from {words.fact(s.schedule_from)}" if s.schedule_from else ""
        found["schedule"] = ", then ".join(map(phase, phases)) + start
    if s.target:
        unit = words.knowledge.facts[s.target.fact].unit
        ends = amount(s.target.low, s.target.high, unit or "1")
        found["target"] = f"{words.fact(s.target.fact)} {ends}"
    if s.duration:
        found["duration"] = s.duration
    return found


def _dose(d: ir.Dose, words: Words) -> str:
    text = printed_dose(d, words)
    return f"{text} if {condition(d.when, words)}" if d.when is not None else text


def printed_dose(d: ir.Dose | f.Dose, words: Words) -> str:
    """Write a dose as the source prints it, with its cap and its form."""
    text = (
        f"{words.intervention(d.intervention)} {amount(d.amount.low, d.amount.high, d.amount.unit)}"
    )
    if d.at_most:
        text += f", at most {amount(d.at_most.low, d.at_most.high, d.at_most.unit)}"
    if d.form:
        text += f" ({d.form})"
    return text


def condition(node: ir.Condition, words: Words) -> str:
    """Write a small condition in one line."""
    if isinstance(node, ir.Leaf):
        return words.question(node)
    if isinstance(node, ir.Not):
        return f"not ({condition(node.part, words)})"
    parts = [condition(part, words) for part in node.parts]
    if isinstance(node, ir.Count):
        return f"at least {node.at_least} of ({'; '.join(parts)})"
    joined = (" and " if isinstance(node, ir.All) else " or ").join(parts)
    return joined if len(parts) == 1 else f"({joined})"


def points(s: ir.Statement, words: Words) -> list[str]:
    """List the items of a score, each with its points."""
    return [
        f"{item.name}: {quantity(option.points, None)} if {condition(option.when, words)}"
        for item in s.items
        for option in item.best_of
    ]


def phase(p: f.Phase) -> str:
    """Write one stretch of a schedule."""
    every = amount(p.every.low, p.every.high, p.every.unit)
    if p.times is not None:
        text = f"{'once' if p.times == 1 else f'{p.times} times'} after {every}"
    else:
        text = f"{'at least ' if p.at_least else ''}every {every.removeprefix('1 ')}"
    if p.lasts:
        text += f" for {amount(p.lasts.low, p.lasts.high, p.lasts.unit)}"
    return f"{text} ({p.text})" if p.text else text


def grade(g: f.Grade | None) -> str:
    """Write a grade as printed; nothing where none was."""
    if g is None:
        return ""
    words = [
        f"{g.strength} recommendation" if g.strength else "",
        f"{g.direction} it" if g.direction and g.strength else "",
        f"{spaced(g.certainty.replace('-', ' '))} certainty" if g.certainty else "",
    ]
    said = ", ".join(word for word in words if word)
    printed = f"printed as “{g.as_printed}”" if g.as_printed else ""
    return " – ".join(part for part in (said, printed) if part)


def _or(names: list[str]) -> str:
    return " or ".join(names)
