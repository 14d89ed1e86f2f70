"""A result for a terminal: wrapped to its width, with colour where that is wanted.

Marks carry the meaning, colour only repeats it; the colours are those that are legible on a light
and on a dark background.
"""

from __future__ import annotations

import textwrap

from hepatica.diagnostics import printable
from hepatica.report.view_data import Item, Side, View

_STYLES = {
    "bold": "1", "dim": "2", "green": "32", "red": "31", "magenta": "35", "cyan": "36",
}  # fmt: skip
_ASCII = str.maketrans(
    dict(zip("●○✕✓✗▲·–─═“”…", '*ox+-!---="".', strict=True))
    | {"≤": "<=", "≥": ">=", "×": "x", "⁸": "^8", "⁹": "^9", "…": "..."}
)
_INDENT = 4
_MOST_OPEN = 4
_MOST_IN_SHORT = 6
_MOST_MISSING = 12
_LABEL = 13


class Terminal:
    """Draws views for one terminal.

    `width` is in columns, `colour` says whether to use ANSI styles, `unicode` whether marks beyond
    ASCII can be shown. Unless `full`, long lists of what is open are cut short, by saying so.
    """

    def __init__(
        self, width: int = 80, *, colour: bool = False, unicode: bool = True, full: bool = False
    ) -> None:
        """Take what the terminal can do, and whether everything is wanted."""
        self.full = full
        self.width = max(40, min(width, 110))
        self.colour = colour
        self.unicode = unicode

    def page(self, view: View) -> str:
        """Draw the whole page of a result."""
        lines = [*self.wrap(view.title, "", "bold"), *self.wrap(view.subtitle, "", "dim"), ""]
        if view.inputs:
            given = "; ".join(f"{name}: {value}" for name, value in view.inputs)
            lines += [*self.labelled("given", given, 0), ""]
        if view.charted:
            told = "; ".join(f"{name}: {value}" for name, value in view.charted)
            lines += [*self.labelled("from chart", told, 0), ""]
        if view.withheld:
            told = ". ".join(f"{names}: {why}" for names, why in view.withheld)
            lines += [*self.labelled("not used", told, 0), ""]
        for note in view.notes:
            text = f"{note.severity}[{note.code}] {note.message}"
            lines += self.wrap(text, "", "magenta")
            if note.help:
                lines += self.wrap(note.help, "  ", "dim")
        if view.notes:
            lines.append("")
        if len(view.sides) > 1:
            lines += [self.style("IN SHORT", "bold"), *self._in_short(view), ""]
        for side in view.sides:
            lines += self._side(side)
        if view.briefly:
            lines += [self.style("─" * self.width, "dim"), *self.wrap("ALSO ASKED", "", "bold"), ""]
            for name, text in view.briefly:
                lines += self.wrap(f"○ {name}: {text}", "  ")
            lines.append("")
        lines += self.wrap(view.footer, "", "dim")
        return self.finish(lines)

    def finish(self, lines: list[str]) -> str:
        """Join lines into a page that this terminal can show."""
        text = "\n".join(lines) + "\n"
        if self.unicode:
            return text
        return text.translate(_ASCII).encode("ascii", "replace").decode()

    def summary(self, view: View) -> str:
        """Draw a result in a line or two, for many cases."""
        lines = [self.style(printable(view.title), "bold")]
        for side in view.sides:
            recommended, contingent, blocked = side.counts
            counts = f"{recommended} recommended, {contingent} contingent, {blocked} blocked"
            names = "; ".join(item.headline for item in side.recommended)
            label = f"  {side.heading.split(' · ')[0]}: {counts}"
            lines += self.wrap(f"{label}{' – ' + names if names else ''}", "    ", first="")
        return self.finish(lines)

    def _in_short(self, view: View) -> list[str]:
        """Name what each guideline recommends and what it blocks, before the details."""
        lines = []
        for side in view.sides:
            recommended, contingent, blocked = side.counts
            counts = f"{recommended} recommended, {contingent} contingent, {blocked} blocked"
            if not any(side.counts):
                counts = "; ".join(item.headline for item in side.concluded) or "nothing fits"
            lines += self.wrap(f"{side.heading.split(' · ')[0]}: {counts}", "  ", "bold")
            shown = side.recommended if self.full else side.recommended[:_MOST_IN_SHORT]
            for item in shown:
                lines += self.wrap(f"{item.mark} {item.headline}", "    ", "green")
            if more := len(side.recommended) - len(shown):
                lines += self.wrap(f"… and {more} more", "    ", "dim")
            against = (*side.blocked, *side.avoid)
            shown = against if self.full else against[:_MOST_IN_SHORT]
            for item in shown:
                lines += self.wrap(f"{item.mark} {item.headline}", "    ", "red")
            if more := len(against) - len(shown):
                lines += self.wrap(f"… and {more} more against", "    ", "dim")
        return lines

    def _side(self, side: Side) -> list[str]:
        lines = [self.style("─" * self.width, "dim"), *self.wrap(side.heading, "", "bold")]
        if side.caveat:
            lines += self.wrap(side.caveat, "", "magenta")
        lines.append("")
        if side.silent:
            lines += [*self.wrap(side.silent, "  "), ""]
        lines += self._section("CONCLUDED", side.concluded, "cyan")
        lines += self._section("RECOMMENDED", side.recommended, "green")
        lines += self._contingent(side)
        lines += self._section("BLOCKED", side.blocked, "red")
        if side.blocked_anyway:
            text = (
                f"Not known to be indicated, and contraindicated in any case: {side.blocked_anyway}"
            )
            lines += [*self.wrap(text, "  ", "dim"), ""]
        lines += self._section("CONTRAINDICATED", side.avoid, "red")
        lines += self._section("CAUTION", side.cautions, "magenta")
        if side.cautions_elsewhere:
            title = "" if side.cautions else "CAUTION: "
            lines += [*self.wrap(f"{title}… {side.cautions_elsewhere}", "    ", "dim"), ""]
        lines += self._open_contraindications(side)
        if side.missing:
            lines += self.wrap("MISSING, and how many statements each bears on", "  ", "bold")
            shown = side.missing if self.full else side.missing[:_MOST_MISSING]
            text = "; ".join(shown)
            if len(side.missing) > len(shown):
                text += f"; and {len(side.missing) - len(shown)} more"
            lines += [*self.wrap(text, "    "), ""]
        if side.sources:
            lines.append("  " + self.style("SOURCES", "bold"))
            for short, full in side.sources:
                lines += self.wrap(f"– {short}: {full}", "    ", "dim")
            lines.append("")
        return [*lines, *self.labelled("not at hand", side.not_sourced, 2, "dim"), ""]

    def _contingent(self, side: Side) -> list[str]:
        if not side.contingent:
            return []
        lines = ["  " + self.style("DEPENDS ON WHAT IS NOT KNOWN", "magenta", "bold")]
        for group in side.contingent:
            title = f"waiting for: {group.name}" if group.fact else "definitions disagree"
            lines += self.wrap(title, "    ", "bold")
            shown = group.items if self.full else group.items[:_MOST_OPEN]
            for item in shown:
                said = dict(item.details)
                text = f"{item.mark} {item.headline}: {said['action']}"
                lines += self.wrap(text, "      ", "magenta")
                if "also open" in said:
                    lines += self.labelled("also open", said["also open"], 8)
                lines += self.wrap(f"[{item.statement}] {said['source']}", "        ", "dim")
            if rest := group.items[len(shown) :]:
                titles = "; ".join(item.headline for item in rest)
                lines += self.wrap(f"○ and {len(rest)} more: {titles}", "      ", "magenta")
        return [*lines, ""]

    def _open_contraindications(self, side: Side) -> list[str]:
        if not side.not_excluded and not side.elsewhere:
            return []
        lines = self.wrap("NOT EXCLUDED: contraindications and cautions", "  ", "bold")
        for item in side.not_excluded:
            waits = dict(item.details).get("not known", "")
            lines += self.wrap(f"{item.mark} {item.headline} (not known: {waits})", "    ")
        if side.elsewhere:
            lines += self.wrap(f"… {side.elsewhere}", "    ", "dim")
        return [*lines, ""]

    def _section(self, title: str, items: tuple[Item, ...], colour: str) -> list[str]:
        if not items:
            return []
        lines = ["  " + self.style(title, colour, "bold")]
        for item in items:
            lines += self._item(item, colour)
        return [*lines, ""]

    def _item(self, item: Item, colour: str) -> list[str]:
        lines = self.wrap(f"{item.mark} {item.headline}", " " * _INDENT, colour)
        indent = _INDENT + 2
        if item.text:
            lines += self.wrap(item.text, " " * indent)
        for label, text in item.details:
            lines += self.labelled(label, text, indent)
        return [*lines, *self.wrap(f"[{item.statement}]", " " * indent, "dim")]

    def labelled(self, label: str, text: str, indent: int, style: str | None = None) -> list[str]:
        """Wrap text beside a label."""
        room = self.width - indent - _LABEL
        parts = textwrap.wrap(printable(text), room, break_on_hyphens=False) or [""]
        head = " " * indent + self.style(f"{label:<{_LABEL}}", "dim")
        rest = " " * (indent + _LABEL)
        return [(head if i == 0 else rest) + self.style(p, style) for i, p in enumerate(parts)]

    def wrap(self, text: str, indent: str, *styles: str, first: str | None = None) -> list[str]:
        """Wrap text to the width; after a mark such as `● ` later lines hang."""
        later = indent + ("  " if text[1:2] == " " and not text[0].isalnum() else "")
        lines = textwrap.wrap(
            printable(text),
            self.width,
            initial_indent=indent if first is None else first,
            subsequent_indent=later,
            break_on_hyphens=False,
        )
        return [self.style(line, *styles) for line in lines]

    def style(self, text: str, *styles: str | None) -> str:
        """Colour a text, where colour is wanted."""
        codes = [_STYLES[s] for s in styles if s]
        if not self.colour or not codes:
            return text
        body = text.lstrip(" ")
        return f"{text[: len(text) - len(body)]}\x1b[{';'.join(codes)}m{body}\x1b[0m"
