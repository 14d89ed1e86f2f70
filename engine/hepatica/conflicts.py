"""What disagrees: given facts with definitions, definitions with each other, guidelines.

None of these stops an evaluation; each is told beside the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

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
    value: ir.Held,
    by_value: Mapping[ir.Value, list[str]],
    truths: Mapping[str, Truth],
) -> list[Diagnostic]:
    """Compare a given fact with what its definitions say of each value."""
    held: set[ir.Held] = set(value) if isinstance(value, tuple) else {value}
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


def _word(value: ir.Held) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def between_guidelines(findings: Iterable[f.Finding]) -> list[Diagnostic]:
    """Tell where one guideline recommends what another contraindicates for this patient (D108).

    A warning for each drug and each guideline that recommends it; one note for each drug that is
    only among what is open.
    """
    every = list(findings)
    barred = {other.id: _barred(other) for other in every}
    if not any(barred.values()):
        return []
    pairs: list[_Clash] = []
    for one in every:
        wanted = _wanted(one)
        for other in every:
            if one.id != other.id and barred[other.id]:
                pairs += _clashes(one, wanted, other, barred[other.id])
    found = []
    for name, drug in dict.fromkeys((c.one, c.drug) for c in pairs if c.recommended):
        mine = [c for c in pairs if c.recommended and (c.one, c.drug) == (name, drug)]
        against = "; ".join(c.whose for c in mine)
        text = f"{name} recommends `{drug}` ({_some(mine[0].recommended)}); {against}"
        found.append(_told("warning", text))
    only_open = [c for c in pairs if not c.recommended]
    for drug in dict.fromkeys(c.drug for c in only_open):
        mine = [c for c in only_open if c.drug == drug]
        against = "; ".join(dict.fromkeys(c.whose for c in mine))
        names = _listed(dict.fromkeys(c.one for c in mine))
        found.append(_told("note", f"`{drug}` is among what is open in {names}; {against}"))
    return found


class _Clash(NamedTuple):
    drug: str
    one: str
    recommended: tuple[str, ...]
    whose: str


def _barred(finding: f.Finding) -> dict[str, list[f.Avoidance]]:
    """List what is contraindicated, by drug."""
    found: dict[str, list[f.Avoidance]] = {}
    for a in finding.avoid:
        if a.status != "contraindicated":
            break  # they come first
        found.setdefault(a.intervention, []).append(a)
    return found


_Wanted = dict[str, list[tuple[f.Recommendation, f.OptionFinding]]]


def _wanted(finding: f.Finding) -> _Wanted:
    """List what would be given, recommended or open, by drug."""
    found: _Wanted = {}
    for r in finding.recommendations:
        for option in r.options if r.action in GIVES else ():
            for name in option.interventions if option.status != "blocked" else ():
                found.setdefault(name, []).append((r, option))
    return found


def _clashes(
    one: f.Finding, wanted: _Wanted, other: f.Finding, barred: dict[str, list[f.Avoidance]]
) -> Iterator[_Clash]:
    """Find the drugs that one guideline recommends or leaves open and the other contraindicates."""
    for drug in sorted(wanted.keys() & barred.keys()):
        recommended: dict[str, None] = {}
        against: dict[str, f.Avoidance] = {}
        for r, option in wanted[drug]:
            for a in barred[drug]:
                if r.action in (a.actions or GIVES):
                    against[a.statement] = a
                    if option.status == "recommended":
                        recommended[r.statement] = None
        if not against:
            continue
        own = any(a.source.confidence != "borrowed" for a in against.values())
        whose = f"{other.short} contraindicates it ({_some(against)})"
        if not own:
            whose = f"the encoding of {other.short} contraindicates it, by another source"
            whose += f" ({_some(against)})"
        yield _Clash(drug, one.short, tuple(recommended), whose)


def _told(severity: Severity, text: str) -> Diagnostic:
    return Diagnostic("D108", severity, text, help="read both before deciding")


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _some(names: Iterable[str]) -> str:
    """Name a few statements, and count the rest."""
    every = list(names)
    shown = ", ".join(f"`{name}`" for name in every[:2])
    return shown + (f" and {len(every) - 2} more" if len(every) > 2 else "")
