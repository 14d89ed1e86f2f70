"""An explanation for a terminal."""

from __future__ import annotations

from pathlib import Path

from hepatica.explain import Explanation, Node, Settles
from hepatica.report import phrases
from hepatica.report.text import Terminal
from hepatica.words import Words

_MARKS = {"true": ("✓", "green"), "false": ("✗", "red"), "unknown": ("?", "magenta")}


def page(found: Explanation, terminal: Terminal, words: Words) -> str:
    """Draw why a statement holds, why not, and what is missing."""
    t = terminal
    lines = [
        *t.wrap(found.title, "", "bold"),
        *t.wrap(f"{found.statement} · case {found.case}", "", "dim"),
        "",
        *t.wrap(found.text, "  "),
        "",
        *t.labelled("outcome", found.outcome, 2, "bold"),
    ]
    for statement in found.blocked_by:
        lines += t.labelled("blocked by", statement, 2)
    for statement in found.open_on:
        lines += t.labelled("not excluded", statement, 2)
    if found.because:
        lines += t.labelled("because of", ", ".join(map(words.fact, found.because)), 2)
    for title, node in (("the guideline applies", found.applies), ("condition", found.condition)):
        if node is not None:
            lines += ["", "  " + t.style(title.upper(), "bold"), *_tree(node, t, 4)]
    if found.settles:
        lines += ["", "  " + t.style("WHAT WOULD SETTLE IT", "bold")]
        for settles in found.settles:
            lines += _settles(settles, t)
    cited, full = phrases.citation(found.statement.split("/")[0], found.source, words)
    said = phrases.brief(found.statement.split("/")[0], cited, found.source, words)
    lines += ["", *t.labelled("source", f"{said}: {full}", 2)]
    if found.covers:
        numbers = f"{', '.join(found.covers)} (hepatica sources {found.covers[0]})"
        lines += t.labelled("carries", numbers, 2)
    lines += ["", *t.wrap(_near(found.file), "", "dim")]
    return t.finish(lines)


def _tree(node: Node, t: Terminal, indent: int) -> list[str]:
    mark, colour = _MARKS[node.truth]
    text = f"{mark} {node.question}"
    if node.origin == "missing":
        text += f" – not known ({node.how})" if node.how else " – not known"
    elif node.origin == "chart":
        text += f" – {node.value} ({node.how})"
    elif node.value is not None:
        text += f" – {node.value}{' (concluded)' if node.origin == 'concluded' else ''}"
    lines = t.wrap(text, " " * indent, colour)
    if node.by:
        lines += [x for by in node.by for x in t.wrap(f"[{by}]", " " * (indent + 4), "dim")]
    return [*lines, *(line for part in node.parts for line in _tree(part, t, indent + 2))]


def _settles(settles: Settles, t: Terminal) -> list[str]:
    head = f"{settles.title} ({settles.fact})"
    head += " – alone would settle it" if settles.settled else " – not by itself"
    lines = t.wrap(f"? {head}", "    ", "bold")
    for outcome, values in settles.outcomes.items():
        lines += t.wrap(f"{outcome}: if {', '.join(values)}", "      ")
    return lines


def _near(file: str) -> str:
    """Name a file from where the reader stands, if it lies below."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
