"""What disagrees: given facts with definitions, definitions with each other, guidelines.

None of these stops an evaluation; each is told beside the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hepatica import finding as f
from hepatica import ir
from hepatica.diagnostics import Diagnostic, Severity
from hepatica.evaluate import Given, Meaning, Truth, disjunction
from hepatica.outcome import GIVES


def in_guideline(
    guideline: ir.Guideline, meaning: Meaning, truths: Mapping[str, Truth], given: Given
) -> list[Diagnostic]:
    """Tell where given facts and definitions disagree (D106), or definitions conflict (D107)."""
    found = []
    said = meaning.values
    for name in said.keys() & given.keys():
        found += _against(guideline, name, given[name], said[name], truths)
    for name, by_value in said.items():
        if len(by_value) > 1 and meaning.facts[name].type == "code" and name not in given:
            true = {v: ids for v, ids in by_value.items() if any(truths[i] for i in ids)}
            if len(true) > 1:
                values = " and ".join(f"`{v}`" for v in true)
                text = f"{guideline.short} concludes `{name}` as {values}"
                text += f" ({_ids(true.values(), truths)})"
                help = f"`{name}` counts as unknown; give it, or mend the definitions"
                found.append(Diagnostic("D107", "warning", text, help=help))
    return sorted(found, key=lambda d: d.message)


def _against(
    guideline: ir.Guideline,
    name: str,
    value: ir.Value | tuple[str, ...],
    by_value: Mapping[ir.Value, list[str]],
    truths: Mapping[str, Truth],
) -> list[Diagnostic]:
    """Compare a given fact with what its definitions say of each value."""
    held = set(value) if isinstance(value, tuple) else {value}
    odd = []
    for option, ids in by_value.items():
        truth = disjunction(truths[i] for i in ids)
        if truth is not None and truth is not (option in held):
            odd.append(f"`{_word(option)}` {'is concluded' if truth else 'is not'}")
    if not odd:
        return []
    ids_shown = _ids(by_value.values(), truths) or ", ".join(
        f"`{i}`" for ids in by_value.values() for i in ids
    )
    shown = ", ".join(map(_word, value)) if isinstance(value, tuple) else _word(value)
    text = f"{guideline.short}: `{name}` is given as `{shown}`, but {', '.join(odd)} ({ids_shown})"
    help = "the given value holds; check it against the record"
    return [Diagnostic("D106", "warning", text, help=help)]


def _ids(groups: Iterable[list[str]], truths: Mapping[str, Truth]) -> str:
    """Name the definitions that are true."""
    return ", ".join(f"`{i}`" for ids in groups for i in ids if truths[i])


def _word(value: ir.Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def between_guidelines(findings: Iterable[f.Finding]) -> list[Diagnostic]:
    """Tell where one guideline recommends what another contraindicates for this patient (D108).

    One diagnostic for each drug and pair of guidelines: a warning where it is recommended, a note
    where it is only among what is open.
    """
    every = list(findings)
    found = []
    for one in every:
        for other in every:
            if one.id != other.id:
                found += _between(one, other)
    return found


def _between(one: f.Finding, other: f.Finding) -> list[Diagnostic]:
    barred = [a for a in other.avoid if a.status == "contraindicated"]
    own: set[str] = set()
    told: dict[str, tuple[dict[str, None], dict[str, None], dict[str, None]]] = {}
    for r in one.recommendations:
        if r.action not in GIVES:
            continue
        for option in r.options:
            for a in barred:
                if a.intervention in option.interventions and r.action in (a.actions or GIVES):
                    sides = told.setdefault(a.intervention, ({}, {}, {}))
                    if option.status != "blocked":
                        sides[0 if option.status == "recommended" else 1][r.statement] = None
                        sides[2][a.statement] = None
                        if a.source.confidence != "borrowed":
                            own.add(a.intervention)
    found = []
    for name, (recommended, open_, against) in sorted(told.items()):
        whose = f"{other.short} contraindicates it"
        if name not in own:
            whose = f"the encoding of {other.short} contraindicates it, by another source"
        if not recommended and not open_:
            continue
        says = "recommends" if recommended else "has among what is open"
        text = (
            f"{one.short} {says} `{name}` ({_some(recommended or open_)}),"
            f" {whose} ({_some(against)})"
        )
        help = "read both before deciding"
        severity: Severity = "warning" if recommended else "note"
        found.append(Diagnostic("D108", severity, text, help=help))
    return found


def _some(names: Iterable[str]) -> str:
    """Name a few statements, and count the rest."""
    every = list(names)
    shown = ", ".join(f"`{name}`" for name in every[:2])
    return shown + (f" and {len(every) - 2} more" if len(every) > 2 else "")
