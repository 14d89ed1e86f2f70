"""Small numbers left out, so that a page about patients can be shared.

A number below the limit is not shown. Where a table adds up to a number that is shown, and only one
of its numbers is not, that one could be worked out: so the next smallest is left out too. Numbers
of 0 are not hidden: nobody is not somebody.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hepatica import ir
from hepatica.diff.cohort.data import Attribution, CohortDiff, Matrix, Movers, Row, Subgroup
from hepatica.diff.cohort.data import Count as MatrixCount

Numbers = list[int | None]


def hide(found: CohortDiff, least: int) -> CohortDiff:
    """Leave out numbers below `least` (0: none)."""
    if least <= 1:
        return found
    rows = tuple(_row(row, least) for row in found.rows)
    groups = _groups(found.groups, least)
    hidden_groups = {g.group for g in groups if g.patients is None}
    rows = tuple(
        ir.replace(row, groups=tuple(
            ir.replace(g, moved=None) if g.group in hidden_groups else g for g in row.groups
        )) for row in rows
    )  # fmt: skip
    return ir.replace(
        found,
        hidden_below=least,
        movers=tuple(_movers(m, found.patients, least) for m in found.movers),
        groups=groups,
        matrices=tuple(_matrix(m, rows, least) for m in found.matrices),
        rows=rows,
        unheard=tuple(ir.replace(u, patients=_small(u.patients, least)) for u in found.unheard),
    )


def covered(numbers: Sequence[int | None], least: int) -> Numbers:
    """Leave out small numbers of a table whose sum is known."""
    shown: Numbers = [_small(n, least) for n in numbers]
    if shown.count(None) == 1:
        others = [(n, i) for i, n in enumerate(shown) if n]
        if others:
            shown[min(others)[1]] = None
    return shown


def _small(number: int | None, least: int) -> int | None:
    return None if number is not None and 0 < number < least else number


def _near(number: int | None, of: int | None, least: int) -> int | None:
    """Leave out a number that is small, or that leaves a small rest of a known whole."""
    if number is None or of is None:
        return None
    return None if 0 < number < least or 0 < of - number < least else number


def _row(row: Row, least: int) -> Row:
    moves = [t for t in row.transitions if _moves(t.old, t.new)]
    stays = [t for t in row.transitions if not _moves(t.old, t.new)]
    # Both sums are shown: who moves (`moved`), and all (the cohort).
    one = covered([t.patients for t in moves], least)
    other = covered([t.patients for t in stays], least)
    total = sum(t.patients or 0 for t in row.transitions)
    moved = _near(row.moved, total, least)
    if moved is None and one + other and (one + other).count(None) < 2:
        together = covered([t.patients for t in (*moves, *stays)], least)
        one, other = together[: len(moves)], together[len(moves) :]
    numbers = {(t.old, t.new): n for t, n in zip([*moves, *stays], one + other, strict=True)}
    transitions = tuple(
        ir.replace(t, patients=numbers[t.old, t.new],
                   besides=_near(t.besides, numbers[t.old, t.new], least) if t.besides else 0)
        for t in row.transitions
    )  # fmt: skip
    return ir.replace(
        row,
        moved=moved,
        missing=_near(row.missing, moved, least) if row.missing else row.missing,
        besides=_near(row.besides, moved, least) if row.besides else row.besides,
        transitions=transitions,
        attribution=(attribution := _attribution(row.attribution, numbers, least)),
        parts=tuple(ir.replace(p, patients=_sum(
            [a.patients for a in attribution if a.how == "alone" and a.parts == (i,)]
        )) for i, p in enumerate(row.parts)),
        groups=tuple(
            ir.replace(g, moved=n)
            for g, n in zip(row.groups, covered([g.moved for g in row.groups], least), strict=True)
        ),
    )  # fmt: skip


def _attribution(
    found: Sequence[Attribution], numbers: dict[tuple[str, str], int | None], least: int
) -> tuple[Attribution, ...]:
    shown: list[Attribution] = []
    for pair in dict.fromkeys((a.old, a.new) for a in found):
        of = [a for a in found if (a.old, a.new) == pair]
        hidden = numbers[pair] is None
        counts: Numbers = [None] * len(of) if hidden else covered([a.patients for a in of], least)
        shown += [ir.replace(a, patients=n) for a, n in zip(of, counts, strict=True)]
    return tuple(shown)


def _sum(numbers: Numbers) -> int | None:
    return None if None in numbers else sum(n or 0 for n in numbers)


def _groups(groups: Sequence[Subgroup], least: int) -> tuple[Subgroup, ...]:
    """Leave out numbers of subgroups; they add up to those of the cohort, which are shown."""
    counts = covered([g.patients for g in groups], least)
    found = [
        ir.replace(g, patients=n, movers=tuple(_movers(m, n, least) for m in g.movers))
        for g, n in zip(groups, counts, strict=True)
    ]
    for place in range(len(found[0].movers) if found else 0):
        for name in ("patients", "paired", "apart"):
            numbers = [getattr(g.movers[place], name) for g in found]
            shown = covered(numbers, least)
            for i, number in enumerate(shown):
                movers = list(found[i].movers)
                movers[place] = msgspec.structs.replace(movers[place], **{name: number})
                found[i] = ir.replace(found[i], movers=tuple(movers))
    return tuple(found)


def _movers(movers: Movers, of: int | None, least: int) -> Movers:
    return ir.replace(
        movers, patients=_near(movers.patients, of, least), paired=_near(movers.paired, of, least),
        apart=_near(movers.apart, of, least),
    )  # fmt: skip


def _matrix(matrix: Matrix, rows: Sequence[Row], least: int) -> Matrix:
    """Leave out small numbers, and those from which one hidden number of one row follows."""

    def hidden(count: MatrixCount) -> bool:
        of = [t.patients for r in rows if r.kind == matrix.kind for t in r.transitions
              if (t.old, t.new) == (count.old, count.new)]  # fmt: skip
        return of.count(None) == 1

    counts = [None if hidden(c) else c.patients for c in matrix.counts]
    shown = zip(matrix.counts, covered(counts, least), strict=True)
    return ir.replace(matrix, counts=tuple(ir.replace(c, patients=n) for c, n in shown))


def _moves(old: str, new: str) -> bool:
    from hepatica.diff.answers import SILENT

    return old != new and not (old in SILENT and new in SILENT)
