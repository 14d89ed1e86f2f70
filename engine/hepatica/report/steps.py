"""From one version of a guideline to the next, in words."""

from __future__ import annotations

from collections.abc import Iterator

from hepatica.diff.versions import LEVELS, Cause, Level, Step, said
from hepatica.report.proofs import reason, within
from hepatica.report.text import Terminal

_MEANS = {
    "none": "nothing has changed",
    "patch": "no patient is told anything different",
    "minor": "some patients are told something more, and nobody loses anything",
    "major": "some patient loses or changes what they are told",
}
_COLOURS = {"major": "magenta", "minor": "cyan", "patch": "dim"}
_MOST = 3


def step_page(step: Step, seconds: float | None, terminal: Terminal) -> str:
    """Draw what a version changes; unless `full`, the first causes of each level."""
    t = terminal
    old, new = step.old, step.new
    head = f"{new.guideline.short}: {old.side.asked} and {new.side.asked}"
    lines = [*t.wrap(head, "", "bold"), ""]
    lines += t.labelled("changes", f"{step.needed}: {_MEANS[step.needed]}", 0)
    lines += t.labelled("the number", number(step), 0)
    if step.undecided:
        text = f"{step.undecided} questions {within(seconds)}; each counts as major"
        lines += t.labelled("open", text, 0, "magenta")
    lines.append("")
    for level in reversed(LEVELS):
        causes = [c for c in step.causes if c.level == level]
        shown = causes if t.full or level == step.needed else causes[:_MOST]
        for cause in shown:
            lines += _cause(cause, t)
        if more := len(causes) - len(shown):
            lines += t.wrap(f"… and {more} more that are {level} (--full shows all)", "  ", "dim")
    return t.finish(lines)


def number(step: Step) -> str:
    """Say what the version number says, and whether it suffices."""
    before, now = step.old.guideline.version, step.new.guideline.version
    told: Level = said(before, now)
    text = f"{before} then, {now} now" + (f" ({told})" if told != "none" else "")
    if step.suffices:
        return f"{text}: it suffices"
    return f"{text}: it should be at least {step.least}"


def _cause(cause: Cause, t: Terminal) -> Iterator[str]:
    yield from t.wrap(f"{cause.level}: {cause.what}", "  ", _COLOURS[cause.level])
    if (w := cause.witness) is not None:
        yield from t.labelled("a patient", "; ".join(w.patient) or "nothing is known", 4)
        if w.shows == "difference":
            yield from t.labelled("", f"before: {reason(w.old)}", 4)
            yield from t.labelled("", f"now: {reason(w.new)}", 4)
    if cause.statements:
        shown = " · ".join(cause.statements if t.full else cause.statements[:_MOST])
        more = "" if t.full else f" and {len(cause.statements) - _MOST} more"
        text = shown + (more if len(cause.statements) > _MOST else "")
        yield from t.wrap(f"[{text}]", "    ", "dim")


def entry(step: Step) -> Iterator[str]:
    """Propose lines for a changelog: what changes, and who is affected."""
    for level, title in (("major", "Changed or lost"), ("minor", "Added")):
        causes = [c for c in step.causes if c.level == level]
        if causes:
            yield f"{title}:"
            yield ""
        for cause in causes:
            who = ""
            if cause.witness is not None:
                patient = "; ".join(cause.witness.patient) or "nothing known"
                who = f" – affects, for one, a patient with {patient}"
            yield f"- {cause.what}{who}"
        if causes:
            yield ""
    words = sum(c.level == "patch" for c in step.causes)
    if words:
        yield f"In words, sources or files only: {words}."
