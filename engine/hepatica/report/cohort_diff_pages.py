"""A comparison over a cohort to keep or to share: markdown, and one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from markupsafe import Markup

from hepatica.report.cohort_diff import TITLES
from hepatica.report.cohort_diff_data import CohortDiffView, MatrixView, RowView
from hepatica.report.comparison_pages import side_lines
from hepatica.report.flow import LARGE, SMALL, draw
from hepatica.report.html import head, template
from hepatica.report.markdown import escaped

MOST_PICTURES = 12


def html(view: CohortDiffView) -> str:
    """Write a comparison as one HTML page."""
    flows = [
        (flow, draw(flow.counts, flow.statuses, flow.title, view.labels, LARGE))
        for flow in view.flows
    ]
    told = [row for row in view.rows if row.kind == "recommendation"] or list(view.rows)
    pictures = [(row, _picture(row, view.labels)) for row in told[:MOST_PICTURES]]
    body: Any = template("cohort_diff.html")
    sections = [
        (title, [row for row in view.rows if row.kind == kind]) for kind, title in TITLES.items()
    ]
    page = body.render(view=view, flows=flows, pictures=pictures, sections=sections)
    return head(view.title) + str(page) + "</body>\n</html>\n"


def _picture(row: RowView, labels: tuple[str, str]) -> Markup:
    """Draw a row; whom neither side tells anything is left out, as there are most of them."""
    counts = [
        (m.old, m.new, m.number) for m in row.moves
        if m.number and not {m.old, m.new} <= {"silent", "not concluded", "given"}
    ]  # fmt: skip
    return draw(counts, row.statuses, row.title, labels, SMALL)


def markdown(view: CohortDiffView) -> str:
    """Write a comparison as markdown."""
    return "\n".join(_page(view)) + "\n"


def _page(view: CohortDiffView) -> Iterator[str]:
    yield from (f"# {escaped(view.title)}", "")
    for text in view.warnings:
        yield from (f"> **{escaped(text)}**", "")
    yield from side_lines(view.sides)
    yield ""
    yield from (f"- {escaped(text)}" for text in (*view.short, *view.notes))
    yield from ("", "## Who is told something else", "")
    yield from _table(
        ("changes", "by what both have", "by anything", "not told the like by another statement"),
        view.movers,
    )
    for matrix in view.matrices:
        yield from _matrix(matrix, view.labels)
    if view.groups:
        yield from (f"## By {escaped(view.by)}", "")
        heads = [kind for kind, *_ in view.groups[0].movers]
        yield from _table(
            (view.by, "patients", *heads),
            [(g.name, g.patients, *(n for _, n, _ in g.movers)) for g in view.groups],
        )
    for kind, title in TITLES.items():
        rows = [row for row in view.rows if row.kind == kind]
        if rows:
            yield from (f"## {title}", "")
        for row in rows:
            yield from _row(row, view)
    if view.one_sided:
        yield from ("## Only one side has it", "")
        yield from _table(
            ("statement", "only in", "changes for", "how"),
            [(r.title, r.causes[0].text, r.moved, _moves(r)) for r in view.one_sided],
        )
    yield from ("---", "", f"*{escaped(view.footer)}*", "")


def _matrix(matrix: MatrixView, labels: tuple[str, str]) -> Iterator[str]:
    yield from (f"### {matrix.title}: {escaped(labels[0])} down, {escaped(labels[1])} across", "")
    yield from _table(("patients × rows", *matrix.columns),
                      [(name, *cells) for name, cells in matrix.rows])  # fmt: skip


def _row(row: RowView, view: CohortDiffView) -> Iterator[str]:
    yield from (f"### {escaped(row.title)}: {escaped(row.moved)}", "")
    yield from (f"{escaped(_moves(row))}", "")
    yield from (f"- *{escaped(note)}*" for note in row.notes)
    if row.notes:
        yield ""
    cells = [
        (
            cause.patients, cause.text,
            "<br>".join(escaped(p.old) for p in cause.parts if p.old),
            "<br>".join(escaped(p.new) for p in cause.parts if p.new),
        ) for cause in row.causes
    ]  # fmt: skip
    yield from _table(("patients", "what makes it so", *view.labels), cells, escape=2)
    if row.groups:
        told = "; ".join(f"{name} {number}" for name, number, _ in row.groups)
        yield from (f"By {escaped(view.by)}: {escaped(told)}", "")
    yield from (" · ".join(f"`{name}`" for name in row.statements), "")


def _moves(row: RowView) -> str:
    moves = sorted((m for m in row.moves if m.moves), key=lambda m: -(m.number or 0))
    return "; ".join(f"{m.old} → {m.new} {m.patients}" for m in moves)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], escape: int = 99) -> Iterator[str]:
    """Write a table; cells from the number `escape` on are markdown already."""
    names = list(heads)
    yield f"| {' | '.join(map(escaped, names))} |"
    yield f"| {' | '.join('---' for _ in names)} |"
    for row in rows:
        cells = (escaped(c) if i < escape else c for i, c in enumerate(row))
        yield f"| {' | '.join(cells)} |"
    yield ""
