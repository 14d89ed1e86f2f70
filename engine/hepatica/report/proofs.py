"""What was proved of two guidelines, in words: the patients who show it, and what is the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hepatica.diff.data import Condition, Diff, Pair, Proof, Reason, Telling, Witness

Labels = tuple[str, str]

_STATUSES = {
    "true": "holds", "false": "does not hold", "unknown": "not known", "silent": "not told",
}  # fmt: skip
_MOST = 3
UNREAD = (
    "“Not sourced” means that what the other guideline says of it was not read here. It never means"
    " that the guideline is silent."
)
_LESS = (
    "Where one guideline tells something to fewer patients, what it says of the others may only not"
    " have been sourced."
)


class WitnessView(NamedTuple):
    """A patient who shows a difference: `head` says of what, then who, then what each side says."""

    head: str
    patient: str
    old: str
    new: str
    name: str


class TellingView(NamedTuple):
    """Something that both sides tell: how they differ over every patient, and for whom."""

    says: str
    said: str
    statements: tuple[str, ...]
    witnesses: tuple[WitnessView, ...]
    equal: bool


class ProofView(NamedTuple):
    """All that both sides tell, taken together: `differing` at length, then what is the same."""

    method: str
    differing: tuple[TellingView, ...]
    merged: tuple[TellingView, ...]
    same: tuple[str, ...]


def proof_view(diff: Diff, labels: Labels) -> ProofView | None:
    """Put what was proved into words; None where no solver was asked."""
    proof = diff.proof
    if proof is None:
        return None
    views = [(t, _telling(t, proof, labels)) for t in proof.tellings]
    text = method(proof)
    if not diff.versions:
        text += f" {_LESS}"
    return ProofView(
        method=text,
        differing=tuple(_joined(view for _, view in views if not view.equal)),
        merged=tuple(_joined(view for t, view in views if view.equal and t.split)),
        same=tuple(view.says for t, view in views if view.equal and not t.split),
    )


def _joined(views: Iterable[TellingView]) -> Iterator[TellingView]:
    """Tell once what the same statements tell of several interventions to the same patients."""
    groups: dict[object, list[TellingView]] = {}
    for view in views:
        patients = tuple(w._replace(name="") for w in view.witnesses)
        groups.setdefault((view.said, view.statements, patients), []).append(view)
    for group in groups.values():
        yield group[0]._replace(says="; ".join(view.says for view in group))


def method(proof: Proof) -> str:
    """Say how it was proved, and who confirmed the patients."""
    return (
        "What is proved holds for every patient, those with missing facts too, each side with its"
        " own definitions. Each patient shown has the fewest known facts that show it, and was"
        f" asked of both sides again by the {' and the '.join(proof.engines)}."
    )


def how_compared(diff: Diff) -> str:
    """Say at the foot of the page how statements and conditions were compared."""
    text = "Statements are put together by what they tell, the nearest condition first."
    if diff.proof is not None:
        return f"{text} {method(diff.proof)}"
    return (
        f"{text} Conditions are compared by their structure, so “another condition” may still hold"
        " for the same patients."
    )


def within(seconds: float | None) -> str:
    """Say that the time was over."""
    return "not decided" if seconds is None else f"not decided within {seconds:g} s"


def said(condition: Condition, text: str, proof: Proof | None) -> str:
    """Say on what basis a condition is compared; `text` is how the two stand to each other."""
    if condition.basis == "proved":
        return f"proved: {text}"
    if condition.basis == "structure":
        return text
    late = within(proof.seconds if proof else None)
    if condition.relation == "different" and not condition.questions and not condition.joined:
        text = "the same condition, on conclusions that are defined otherwise"
    if condition.basis == "cases":
        shown = ", ".join(condition.cases[:_MOST])
        return f"{late}; by cases: the two differ for {shown}; by its structure: {text}"
    return f"{late}; by its structure: {text}"


def together(pair: Pair, proof: Proof | None) -> str:
    """Say that statements tell the same when they are taken together, if they do."""
    if not pair.together or (pair.condition is not None and pair.condition.relation == "equal"):
        return ""
    if proof is None:
        return "all definitions of this conclusion, taken together, are equal"
    names = {n for n in pair.names if n}
    found = {
        name for t in proof.tellings if names & {*t.old, *t.new} for name in (*t.old, *t.new)
    } - names  # fmt: skip
    others = f" (with {', '.join(sorted(found))})" if found else ""
    return f"proved: all that tell this, taken together{others}, tell it to the same patients"


def relation(name: str, labels: Labels) -> str:
    """Say how the new side stands to the old one, where only a proof can say it."""
    old, new = labels
    return {
        "overlapping": f"other patients: some fit both, some only {old}, some only {new}",
        "disjoint": "no patient fits both",
        "same_when_true": "the same patients fit; what is false and what is not known differs",
    }.get(name, "")


def witnesses(found: Iterable[Witness], labels: Labels) -> tuple[WitnessView, ...]:
    """Put patients into words."""
    old, new = labels
    heads = {
        "only_old": f"only {old}", "only_new": f"only {new}",
        "difference": "not the same",
    }  # fmt: skip
    return tuple(
        WitnessView(
            heads[w.shows] + ("" if w.minimal else "; perhaps not the smallest"),
            "; ".join(w.patient) or "nothing is known",
            reason(w.old),
            reason(w.new),
            w.name,
        )
        for w in found
    )


def reason(r: Reason) -> str:
    """Say what one side says of a patient, and why."""
    text = _STATUSES.get(r.status, r.status)
    if r.blocked_by:
        text += f" by {_some(r.blocked_by)}"
    elif r.missing:
        text += f", waits for {_some(r.missing)}"
    elif r.because:
        text += f" ({_some(r.because)})"
    return text


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")


def _telling(t: Telling, proof: Proof, labels: Labels) -> TellingView:
    old, new = labels
    told = {
        "equal": "told to the same patients",
        "stricter": f"{new} tells it to fewer: whoever it tells, {old} tells too",
        "looser": f"{new} tells it to more: whoever {old} tells, it tells too",
        "overlapping": (
            f"told to other patients: some by both, some only by {old}, some only by {new}"
        ),
        "disjoint": "told to no patient by both",
        "same_when_true": "told to the same patients; what depends on missing facts differs",
        "different": "counted otherwise",
    }[t.relation]
    text = f"proved: {told}" if t.basis == "proved" else within(proof.seconds)
    if t.split:
        text += f" ({_number(t.old)} by {old}, {_number(t.new)} by {new}, taken together)"
    return TellingView(
        t.says, text, (*t.old, *t.new), witnesses(t.witnesses, labels), t.relation == "equal"
    )


def _number(names: tuple[str, ...]) -> str:
    return f"{len(names)} statement{'' if len(names) == 1 else 's'}"


def short(proof: Proof, diff: Diff) -> Iterator[str]:
    """Count what was proved, for the head of the page."""
    every = proof.tellings
    equal = sum(t.relation == "equal" for t in every)
    late = sum(t.basis == "not_decided" for t in every)
    late += sum(p.condition is not None and p.condition.basis in ("not_decided", "cases")
                for p in diff.pairs)  # fmt: skip
    yield (
        f"proved over every patient: of {len(every)} things that both tell, {equal} are told to the"
        f" same patients, {len(every) - equal - sum(t.basis == 'not_decided' for t in every)} to"
        " others"
    )
    if late:
        yield f"{within(proof.seconds)}: {late} questions"
