"""What disagrees: given facts with definitions, definitions with each other, guidelines.

None of these stops an evaluation; each is told beside the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hepatica import finding as f
from hepatica import ir
from hepatica.diagnostics import Diagnostic
from hepatica.evaluate import Given, Truth, definitions_of, disjunction
from hepatica.outcome import GIVES


def in_guideline(
    guideline: ir.Guideline,
    facts: Mapping[str, ir.Fact],
    truths: Mapping[str, Truth],
    given: Given,
) -> list[Diagnostic]:
    """Tell where given facts and definitions disagree (D106), or definitions conflict (D107)."""
    said: dict[str, dict[ir.Value, dict[str, Truth]]] = {}
    for s in definitions_of(guideline):
        if s.conclude is not None:
            name, value = s.conclude
            said.setdefault(name, {}).setdefault(value, {})[s.id] = truths[s.id]
    found = []
    for name, by_value in said.items():
        concluded = {value: disjunction(by_value[value].values()) for value in by_value}
        if name in given:
            found += _against(guideline, name, given[name], concluded, by_value)
        elif facts[name].type == "code" and sum(t is True for t in concluded.values()) > 1:
            values = " and ".join(f"`{v}`" for v, t in concluded.items() if t)
            ids = _true_ids(by_value)
            text = f"{guideline.short} concludes `{name}` as {values} ({ids})"
            help = f"`{name}` counts as unknown; give it, or mend the definitions"
            found.append(Diagnostic("D107", "warning", text, help=help))
    return found


def _against(
    guideline: ir.Guideline,
    name: str,
    value: ir.Value | tuple[str, ...],
    concluded: Mapping[ir.Value, Truth],
    by_value: Mapping[ir.Value, Mapping[str, Truth]],
) -> list[Diagnostic]:
    """Compare a given fact with what its definitions say of each value."""
    held = set(value) if isinstance(value, tuple) else {value}
    odd = []
    for option, truth in concluded.items():
        if truth is not None and truth is not (option in held):
            word = "is concluded" if truth else "is not"
            odd.append(f"`{_word(option)}` {word}")
    if not odd:
        return []
    ids = _true_ids(by_value) or ", ".join(f"`{i}`" for told in by_value.values() for i in told)
    shown = ", ".join(_word(v) for v in value) if isinstance(value, tuple) else _word(value)
    text = f"{guideline.short}: `{name}` is given as `{shown}`, but {', '.join(odd)} ({ids})"
    help = "the given value holds; check it against the record"
    return [Diagnostic("D106", "warning", text, help=help)]


def _true_ids(by_value: Mapping[ir.Value, Mapping[str, Truth]]) -> str:
    return ", ".join(f"`{i}`" for told in by_value.values() for i, t in told.items() if t)


def _word(value: ir.Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def between_guidelines(findings: Iterable[f.Finding]) -> list[Diagnostic]:
    """Tell where one guideline recommends what another contraindicates for this patient (D108)."""
    every = list(findings)
    found = []
    for one in every:
        for r in one.recommendations:
            if r.status == "blocked" or r.action not in GIVES:
                continue
            names = {n for o in r.options if o.status != "blocked" for n in o.interventions}
            for other in every:
                for a in other.avoid:
                    if other.id == one.id or a.status != "contraindicated":
                        continue
                    if a.intervention in names and r.action in (a.actions or GIVES):
                        text = (
                            f"{one.short} has `{a.intervention}` among its options"
                            f" (`{r.statement}`), {other.short} contraindicates it"
                            f" (`{a.statement}`)"
                        )
                        help = "read both statements before deciding"
                        found.append(Diagnostic("D108", "warning", text, help=help))
    return list(dict.fromkeys(found))
