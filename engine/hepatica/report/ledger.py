"""Ledgers for people: what each source document says, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hepatica.ledger import STATES, Decision, Entry, Ledger
from hepatica.report.markdown import escaped
from hepatica.report.text import Terminal

_MARKS = {
    "encoded": ("●", "green"),
    "evidence": ("●", "cyan"),
    "context": ("○", "dim"),
    "rejected": ("✗", "red"),
    "gap": ("?", "magenta"),
    "unaccounted": ("!", "red"),
}


def said(entry: Entry) -> str:
    """Name what became of a statement; a rejected one that is carried was rejected in part."""
    if entry.state == "rejected" and entry.statements:
        return "rejected in part"
    return "unaccounted for" if entry.state == "unaccounted" else entry.state


def summary(ledgers: Iterable[Ledger], terminal: Terminal) -> str:
    """Write a few lines a document: how many statements it has, and what became of them."""
    t = terminal
    lines: list[str] = []
    for ledger in ledgers:
        lines += [*t.wrap(ledger.title, "", "bold"), *t.wrap(f"[{ledger.id}]", "  ", "dim")]
        if ledger.entries:
            lines += t.labelled("statements", _counted(ledger), 2)
        if ledger.decisions:
            lines += t.labelled("decisions", _decided(ledger), 2)
        lines.append("")
    return t.finish([*lines, *t.wrap(verdict(ledgers), "", "bold")])


def page(ledger: Ledger, terminal: Terminal) -> str:
    """Write a document's whole table, then how its contradictions were decided."""
    t = terminal
    lines = [*t.wrap(ledger.title, "", "bold")]
    if ledger.doi:
        lines += t.wrap(f"https://doi.org/{ledger.doi}", "", "dim")
    lines += ["", *t.wrap(ledger.text, "  "), ""]
    for entry in ledger.entries:
        lines += _entry(entry, t)
    for decision in ledger.decisions:
        lines += ["", *_decision(decision, t)]
    if ledger.entries:
        lines += ["", *t.labelled("statements", _counted(ledger), 0)]
    return t.finish([*lines, *t.wrap(verdict([ledger]), "", "bold")])


def some(
    entries: Iterable[tuple[Ledger, Entry]], decisions: Iterable[Decision], terminal: Terminal
) -> str:
    """Write single statements of documents, and single decisions."""
    lines: list[str] = []
    at = None
    for ledger, entry in entries:
        if ledger is not at:
            lines += [*terminal.wrap(ledger.title, "", "bold"), ""]
            at = ledger
        lines += _entry(entry, terminal)
    for decision in decisions:
        lines += _decision(decision, terminal)
    return terminal.finish(lines)


def verdict(ledgers: Iterable[Ledger]) -> str:
    """Say in one line whether everything is accounted for."""
    ledgers = tuple(ledgers)
    total = sum(len(ledger.entries) for ledger in ledgers)
    open_ = sum(ledger.count("unaccounted") for ledger in ledgers)
    if open_:
        return f"{open_} of {total} statements not accounted for"
    return f"all {total} statements accounted for" if total else "no numbered statements"


def markdown(ledgers: Iterable[Ledger]) -> str:
    """Write the tables of documents as markdown."""
    return "\n".join(line for ledger in ledgers for line in _markdown(ledger)) + "\n"


def _counted(ledger: Ledger) -> str:
    counts = [(said_, ledger.count(said_)) for said_ in STATES]
    parts = [f"{n} {'not accounted for' if s == 'unaccounted' else s}" for s, n in counts if n]
    return f"{len(ledger.entries)}: {', '.join(parts)}"


def _decided(ledger: Ledger) -> str:
    open_ = sum(decision.open for decision in ledger.decisions)
    text = f"{len(ledger.decisions)} contradictions decided"
    return text + (f"; {open_} of them wait for a named clinician" if open_ else "")


def _entry(entry: Entry, t: Terminal) -> list[str]:
    mark, colour = _MARKS[entry.state]
    head = f"{mark} {entry.id}  {said(entry)}"
    lines = [t.style(head, colour), *t.wrap(entry.text, "    ")]
    lines += t.wrap(f"{entry.label} {entry.locator}", "    ", "dim")
    if entry.reason:
        lines += t.labelled("because", entry.reason, 4)
    return lines + [line for name in entry.statements for line in t.wrap(name, "    → ", "dim")]


def _decision(decision: Decision, t: Terminal) -> list[str]:
    lines = t.wrap(f"{decision.id}  {decision.about}", "", "bold")
    for side in decision.sides:
        lines += t.wrap(f"– {side}", "    ")
    label = "for now" if decision.open else "decided"
    lines += t.labelled(label, decision.decided, 4, "magenta" if decision.open else "green")
    return lines + [x for name in decision.statements for x in t.wrap(name, "    → ", "dim")]


def _markdown(ledger: Ledger) -> Iterator[str]:
    yield from (f"## {escaped(ledger.title)}", "", escaped(ledger.text), "")
    if ledger.entries:
        yield from ("| | where | what it says | what became of it |", "| --- | --- | --- | --- |")
        for entry in ledger.entries:
            became = [said(entry), *([entry.reason] if entry.reason else []), *entry.statements]
            cells = (entry.id, f"{entry.label} {entry.locator}", entry.text, "; ".join(became))
            yield "| " + " | ".join(map(escaped, cells)) + " |"
        yield ""
    for decision in ledger.decisions:
        yield from (f"### {escaped(decision.id)} {escaped(decision.about)}", "")
        yield from (f"- {escaped(side)}" for side in decision.sides)
        label = "For now" if decision.open else "Decided"
        yield from ("", f"{label}: {escaped(decision.decided)}", "")
        if decision.statements:
            yield from (escaped(", ".join(decision.statements)), "")
