"""A comparison over a cohort for a terminal."""

from __future__ import annotations

from hepatica.report.cohort_diff import TITLES
from hepatica.report.cohort_diff_data import CohortDiffView, MatrixView, RowView
from hepatica.report.text import Terminal

_MOST_ROWS, _MOST_CAUSES, _MOST_MOVES = 12, 4, 4


def page(view: CohortDiffView, terminal: Terminal) -> str:
    """Draw the whole page; unless `full`, only rows that move many, and what moves most."""
    return _Page(view, terminal).page()


class _Page:
    def __init__(self, view: CohortDiffView, terminal: Terminal) -> None:
        self.view, self.t = view, terminal

    def page(self) -> str:
        """Draw heads, sentences, tables, rows and subgroups, in this order."""
        t, view = self.t, self.view
        lines = [*t.wrap(view.title, "", "bold"), ""]
        for head in view.sides:
            lines += t.labelled(head.label[:12], head.heading, 0)
            if head.caveat:
                lines += t.labelled("", head.caveat, 0, "magenta")
        for text in view.warnings:
            lines += t.wrap(text, "", "magenta", "bold")
        lines += ["", t.style("IN SHORT", "bold")]
        for text in (*view.short, *view.notes):
            lines += t.wrap(f"– {text}", "  ")
        lines.append("")
        for matrix in view.matrices:
            lines += self._matrix(matrix)
        lines += self._groups()
        lines += self._rows(view.rows)
        if view.one_sided:
            lines += [
                t.style("─" * t.width, "dim"),
                *t.wrap("ONLY ONE SIDE HAS IT", "", "bold"),
                "",
            ]
            shown = view.one_sided if t.full else view.one_sided[:_MOST_ROWS]
            for row in shown:
                lines += t.wrap(f"{row.title}: {row.moved}", "  ")
                lines += t.wrap(f"{row.causes[0].text}; {self._moves(row)}", "    ", "dim")
            lines += self._more(len(view.one_sided) - len(shown))
        return t.finish([*lines, "", *t.wrap(view.footer, "", "dim")])

    def _matrix(self, matrix: MatrixView) -> list[str]:
        old, new = self.view.labels
        head = f"{matrix.title.upper()}: {old} down, {new} across; patients × rows"
        table = [("", *matrix.columns), *((name, *cells) for name, cells in matrix.rows)]
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        lines = self.t.wrap(head, "", "bold")
        for row in table:
            cells = [c.ljust(w) if i == 0 else c.rjust(w)
                     for i, (c, w) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
            lines.append("  " + "  ".join(cells).rstrip())
        return [*lines, ""]

    def _groups(self) -> list[str]:
        if not self.view.groups:
            return []
        lines = self.t.wrap(f"BY {self.view.by}: who moves, by what both sides have", "", "bold")
        for group in self.view.groups:
            told = "; ".join(f"{kind} {number}" for kind, number, _ in group.movers)
            lines += self.t.wrap(f"{group.name}: {group.patients} patients: {told}", "  ")
        return [*lines, ""]

    def _rows(self, rows: tuple[RowView, ...]) -> list[str]:
        t = self.t
        lines: list[str] = []
        for kind, title in TITLES.items():
            of = [row for row in rows if row.kind == kind]
            if not of:
                continue
            shown = of if t.full else of[:_MOST_ROWS]
            lines += [t.style("─" * t.width, "dim"), *t.wrap(title.upper(), "", "bold"), ""]
            for row in shown:
                lines += self._row(row)
            lines += self._more(len(of) - len(shown))
        return lines

    def _row(self, row: RowView) -> list[str]:
        t = self.t
        lines = t.wrap(f"≠ {row.title}: {row.moved}", "  ", "bold")
        lines += t.wrap(self._moves(row), "    ")
        for note in row.notes:
            lines += t.wrap(note, "    ", "magenta")
        shown = row.causes if t.full else row.causes[:_MOST_CAUSES]
        for cause in shown:
            lines += t.wrap(f"· {cause.patients}: {cause.text}", "    ")
            for part in cause.parts:
                for label, said in zip(self.view.labels, (part.old, part.new), strict=True):
                    if said:
                        lines += t.labelled(label[:12], said, 8)
        if more := len(row.causes) - len(shown):
            lines += t.wrap(f"… and {more} more ways", "    ", "dim")
        if row.groups:
            told = "; ".join(f"{name} {number}" for name, number, _ in row.groups)
            lines += t.wrap(f"by {self.view.by}: {told}", "    ", "dim")
        return [*lines, *t.wrap(f"[{' · '.join(row.statements)}]", "    ", "dim"), ""]

    def _moves(self, row: RowView) -> str:
        moves = sorted((m for m in row.moves if m.moves), key=lambda m: -(m.number or 0))
        shown = moves if self.t.full else moves[:_MOST_MOVES]
        told = "; ".join(f"{m.old} → {m.new} {m.patients}" for m in shown)
        more = len(moves) - len(shown)
        return f"{told}; {more} more" if more else told

    def _more(self, more: int) -> list[str]:
        return (
            [*self.t.wrap(f"… and {more} more (--full shows them)", "  ", "dim"), ""]
            if more
            else []
        )
