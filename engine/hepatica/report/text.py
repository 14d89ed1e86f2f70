"""A result for a terminal: wrapped to its width, with colour where that is wanted.

Marks carry the meaning, colour only repeats it; the colours are those that are legible on a light
and on a dark background.
"""

from __future__ import annotations

import textwrap

from hepatica.diagnostics import printable
from hepatica.report.view import Item, Side, View

_STYLES = {
    "bold": "1", "dim": "2", "green": "32", "red": "31", "magenta": "35", "cyan": "36",
}  # fmt: skip
_ASCII = str.maketrans(
    {"●": "*", "○": "o", "✕": "x", "▲": "!", "·": "-", "–": "-", "─": "-", "═": "=", "≤": "<=",
     "≥": ">=", "×": "x", "“": '"', "”": '"', "⁸": "^8", "⁹": "^9", "…": "..."}
)  # fmt: skip
_INDENT = 4
_LABEL = 11


class Terminal:
    """Draws views for one terminal.

    `width` is in columns, `colour` says whether to use ANSI styles, `unicode` whether marks beyond
    ASCII can be shown.
    """

    def __init__(self, width: int = 80, *, colour: bool = False, unicode: bool = True) -> None:
        """Take what the terminal can do."""
        self.width = max(40, min(width, 110))
        self.colour = colour
        self.unicode = unicode

    def page(self, view: View) -> str:
        """Draw the whole page of a result."""
        lines = [*self._wrap(view.title, "", "bold"), *self._wrap(view.subtitle, "", "dim"), ""]
        if view.inputs:
            given = "; ".join(f"{name}: {value}" for name, value in view.inputs)
            lines += [*self._labelled("given", given, 0), ""]
        for note in view.notes:
            text = f"{note.severity}[{note.code}] {note.message}"
            lines += self._wrap(text, "", "magenta")
            if note.help:
                lines += self._wrap(note.help, "  ", "dim")
        if view.notes:
            lines.append("")
        for side in view.sides:
            lines += self._side(side)
        lines += self._wrap(view.footer, "", "dim")
        text = "\n".join(lines) + "\n"
        return text if self.unicode else text.translate(_ASCII)

    def summary(self, view: View) -> str:
        """Draw a result in a line or two, for many cases."""
        lines = [self._style(printable(view.title), "bold")]
        for side in view.sides:
            recommended, contingent, blocked = side.counts
            counts = f"{recommended} recommended, {contingent} contingent, {blocked} blocked"
            names = "; ".join(item.headline for item in side.recommended)
            label = f"  {side.heading.split(' · ')[0]}: {counts}"
            lines += self._wrap(f"{label}{' – ' + names if names else ''}", "    ", first="")
        text = "\n".join(lines) + "\n"
        return text if self.unicode else text.translate(_ASCII)

    def _side(self, side: Side) -> list[str]:
        rule = "─" * self.width
        lines = [self._style(rule, "dim"), *self._wrap(side.heading, "", "bold")]
        if side.caveat:
            lines += self._wrap(side.caveat, "", "magenta")
        lines.append("")
        if side.silent:
            lines += [*self._wrap(side.silent, "  "), ""]
        lines += self._section("CONCLUDED", side.concluded, "cyan")
        lines += self._section("RECOMMENDED", side.recommended, "green")
        lines += self._section("BLOCKED", side.blocked, "red")
        if side.contingent:
            lines += ["  " + self._style("DEPENDS ON WHAT IS NOT KNOWN", "magenta", "bold")]
            for group in side.contingent:
                count = len(group.items)
                title = f"once {group.name} is known ({group.fact}) – {count} open"
                lines += self._wrap(title if group.fact else "definitions disagree", "    ", "bold")
                for item in group.items:
                    lines += self._item(item, "magenta", brief=True)
            lines.append("")
        lines += self._section("CONTRAINDICATED", side.avoid, "red")
        lines += self._section("CAUTION", side.cautions, "magenta")
        lines += self._open_contraindications(side)
        if side.missing:
            lines.append("  " + self._style("MISSING", "bold"))
            lines += [line for text in side.missing for line in self._wrap(f"? {text}", "    ")]
            lines.append("")
        return [*lines, *self._labelled("not at hand", side.not_sourced, 2, "dim"), ""]

    def _open_contraindications(self, side: Side) -> list[str]:
        if not side.not_excluded:
            return []
        lines = ["  " + self._style("NOT EXCLUDED: contraindications and cautions", "bold")]
        for item in side.not_excluded:
            waits = next((text for label, text in item.details if label == "not known"), "")
            lines += self._wrap(f"{item.mark} {item.headline} (not known: {waits})", "    ")
        return [*lines, ""]

    def _section(self, title: str, items: tuple[Item, ...], colour: str) -> list[str]:
        if not items:
            return []
        lines = ["  " + self._style(title, colour, "bold")]
        for item in items:
            lines += self._item(item, colour)
        return [*lines, ""]

    def _item(self, item: Item, colour: str, *, brief: bool = False) -> list[str]:
        first = self._wrap(f"{item.mark} {item.headline}", " " * _INDENT, colour, hang=2)
        lines = first
        indent = _INDENT + 2
        if item.text and not brief:
            lines += self._wrap(item.text, " " * indent)
        for label, text in item.details:
            if not (brief and label == "source"):
                lines += self._labelled(label, text, indent)
        lines += self._wrap(f"[{item.statement}]", " " * indent, "dim")
        return lines

    def _labelled(self, label: str, text: str, indent: int, style: str | None = None) -> list[str]:
        room = self.width - indent - _LABEL
        parts = textwrap.wrap(printable(text), room, break_on_hyphens=False) or [""]
        head = " " * indent + self._style(f"{label:<{_LABEL}}", "dim")
        rest = " " * (indent + _LABEL)
        return [(head if i == 0 else rest) + self._style(p, style) for i, p in enumerate(parts)]

    def _wrap(
        self, text: str, indent: str, style: str | None = None, *, hang: int = 2,
        first: str | None = None,
    ) -> list[str]:  # fmt: skip
        later = indent + " " * (
            hang if text[:2] in ("● ", "○ ", "✕ ", "▲ ", "! ", "? ", "= ") else 0
        )
        lines = textwrap.wrap(
            printable(text), self.width, initial_indent=indent if first is None else first,
            subsequent_indent=later, break_on_hyphens=False,
        )  # fmt: skip
        return [self._style(line, style) for line in lines]

    def _style(self, text: str, *styles: str | None) -> str:
        codes = [_STYLES[s] for s in styles if s]
        if not self.colour or not codes:
            return text
        body = text.lstrip(" ")
        return f"{text[: len(text) - len(body)]}\x1b[{';'.join(codes)}m{body}\x1b[0m"
