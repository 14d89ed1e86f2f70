"""A result as markdown, for a record or an issue. Text from files is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hepatica.diagnostics import printable
from hepatica.report.view_data import Item, Lines, Side, View

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~&$])")


def page(view: View) -> str:
    """Write the whole page of a result."""
    return "\n".join(_page(view)) + "\n"


def _page(view: View) -> Iterator[str]:
    yield from (f"# {escaped(view.title)}", "", escaped(view.subtitle), "")
    yield from _table("given", view.inputs)
    yield from _table("from the chart", view.charted)
    yield from _table("in the chart, not used", view.withheld)
    for note in view.notes:
        yield from (
            f"> **{note.severity} {note.code}** {escaped(note.message)}. {escaped(note.help)}",
            "",
        )
    for side in view.sides:
        yield from _side(side)
    if view.briefly:
        yield from ("## Also asked", "")
        yield from (f"- **{escaped(name)}**: {escaped(text)}" for name, text in view.briefly)
        yield ""
    yield from ("---", "", f"*{escaped(view.footer)}*", "")


def _table(title: str, lines: Lines) -> Iterator[str]:
    if lines:
        yield from (f"| {title} | |", "| --- | --- |")
        yield from (f"| {escaped(name)} | {escaped(value)} |" for name, value in lines)
        yield ""


def _side(side: Side) -> Iterator[str]:
    yield from (f"## {escaped(side.heading)}", "")
    for text in (side.caveat, side.silent):
        if text:
            yield from (f"*{escaped(text)}*", "")
    yield from _section("Concluded", side.concluded)
    yield from _section("Recommended", side.recommended)
    if side.contingent:
        yield from ("### Depends on what is not known", "")
        for group in side.contingent:
            name = f"Waiting for: {group.name}" if group.fact else "Definitions disagree"
            yield from (f"**{escaped(name)}** ({len(group.items)} open)", "")
            for item in group.items:
                yield from _item(item)
            yield ""
    yield from _section("Blocked", side.blocked)
    if side.blocked_anyway:
        text = "Not known to be indicated, and contraindicated in any case"
        yield from (f"{text}: {escaped(side.blocked_anyway)}", "")
    yield from _section("Contraindicated", side.avoid)
    yield from _section("Caution", side.cautions)
    if side.cautions_elsewhere:
        yield from (f"Cautions: {escaped(side.cautions_elsewhere)}", "")
    yield from _section("Not excluded", side.not_excluded)
    if side.elsewhere:
        yield from (escaped(side.elsewhere), "")
    if side.missing:
        yield from ("### Missing, and how many statements each bears on", "")
        yield from (f"- {escaped(text)}" for text in side.missing)
        yield ""
    if side.sources:
        yield from ("### Sources", "")
        yield from (f"- {escaped(short)}: {escaped(full)}" for short, full in side.sources)
        yield ""
    yield from (f"Not at hand: {escaped(side.not_sourced)}", "")


def _section(title: str, items: tuple[Item, ...]) -> Iterator[str]:
    if items:
        yield from (f"### {title}", "")
        for item in items:
            yield from _item(item)
        yield ""


def _item(item: Item) -> Iterator[str]:
    yield f"- **{escaped(item.headline)}**" + (f" – {escaped(item.text)}" if item.text else "")
    yield from (f"  - {label}: {escaped(text)}" for label, text in item.details)
    yield f"  - statement: `{item.statement}`"


def escaped(text: str) -> str:
    """Escape what markdown or HTML in it would read as more than text."""
    return _SPECIAL.sub(r"\\\1", " ".join(printable(text).split()))
