"""A comparison over a cohort in words: what text, markdown and HTML show of it.

First how many patients are told something else, then row by row who goes where and what makes it
so, then subgroups. What only one side was sourced for is *not sourced* on the other: such rows come
last, as they say more about what was read than about what the guidelines say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hepatica.diff.answers import SILENT, STATUSES
from hepatica.diff.cohort.data import Attribution, CohortDiff, Group, Matrix, Part, Row
from hepatica.report.cohort import percent
from hepatica.report.cohort_diff_data import (
    Cause,
    CohortDiffView,
    Flow,
    GroupView,
    MatrixView,
    Move,
    PartView,
    RowView,
)
from hepatica.report.comparison import side_head
from hepatica.report.view import FOOTER

INVENTED = "invented patients: these numbers are of no population"
KIND_WORDS = {
    "any": "anything", "recommendation": "a recommendation",
    "avoid": "a contraindication or caution", "conclusion": "a conclusion",
}  # fmt: skip
TITLES = {
    "recommendation": "Recommendations", "avoid": "Contraindications and cautions",
    "conclusion": "Conclusions",
}  # fmt: skip
HOW = (
    "Each patient who moves is counted once. A part makes a patient move if it alone, changed from"
    " the old side to the new one with all else as on the old side, gives what the new side says."
    " Where several do so, each by itself, or none does without others, they are named together."
)


def view(found: CohortDiff) -> CohortDiffView:
    """Put a comparison over a cohort into words."""
    return _View(found).view()


class _View:
    def __init__(self, found: CohortDiff) -> None:
        self.found = found
        self.labels = ("old", "new") if found.versions else (found.old.short, found.new.short)

    def view(self) -> CohortDiffView:
        found = self.found
        title = f"{found.old.short} and {found.new.short}"
        if found.versions:
            title = f"{found.old.short}: {found.old.asked} and {found.new.asked}"
        moved = [row for row in found.rows if row.moved != 0]
        rows = sorted(moved, key=lambda r: -(r.moved or 0))
        return CohortDiffView(
            title=f"{title}, compared over {found.patients:,} patients",
            labels=self.labels,
            sides=(side_head(self.labels[0], found.old), side_head(self.labels[1], found.new)),
            warnings=tuple(self._warnings()),
            short=tuple(self._short()),
            movers=tuple(
                (KIND_WORDS[m.kind], self._count(m.paired), self._count(m.patients),
                 self._count(m.apart)) for m in found.movers
            ),
            matrices=tuple(map(self._matrix, found.matrices)),
            flows=tuple(self._flows()),
            rows=tuple(self._row(row) for row in rows if row.both),
            one_sided=tuple(self._row(row) for row in rows if not row.both),
            groups=tuple(self._groups()),
            by=", ".join(found.by),
            notes=tuple(self._notes()),
            footer=f"{HOW} {FOOTER}",
            total=found.patients,
        )  # fmt: skip

    def _warnings(self) -> Iterator[str]:
        if self.found.synthetic:
            yield INVENTED
        if self.found.rejected:
            yield f"{self.found.rejected:,} rows of the table could not be used and are not counted"
        if self.found.hidden_below:
            yield (
                f"numbers from 1 to {self.found.hidden_below - 1} are not shown, nor some from "
                "which they would follow"
            )

    def _short(self) -> Iterator[str]:
        """Say in sentences who moves."""
        found = self.found
        if found.same:
            yield "nobody is told anything else"
            return
        both = {m.kind: m.paired for m in found.movers}
        for kind in ("recommendation", "avoid", "conclusion"):
            yield (
                f"{KIND_WORDS[kind]} changes for {self._count(both[kind])}, by what both sides have"
            )
        waiting = sum(row.missing or 0 for row in found.rows if row.both)
        moves = sum(row.moved or 0 for row in found.rows if row.both)
        if moves and not found.hidden_below:
            share = percent(waiting, moves)
            yield f"{share} of these changes are from or to what waits for missing data"
        if not found.versions:
            yield (
                "what only one side has is told apart: the other may only not have been read"
                " further"
            )

    def _notes(self) -> Iterator[str]:
        for u in self.found.unheard:
            side = self.labels[0 if u.side == "old" else 1]
            yield (
                f"`{u.fact}` is given for {self._count(u.patients)} in a way that the dictionary"
                f" of {side} does not have: it is missing there"
            )

    # --- rows --------------------------------------------------------------------------------

    def _row(self, row: Row) -> RowView:
        names = [n for n in (row.old_statement, row.new_statement) if n]
        notes = []
        if row.missing != 0 and row.moved != row.missing:
            notes.append(f"{self._count(row.missing)} from or to what waits for missing data")
        elif row.missing and row.moved == row.missing:
            notes.append("all of them from or to what waits for missing data")
        if row.besides != 0:
            notes.append(
                f"{self._count(row.besides)} are told the like by another statement of that side"
            )
        return RowView(
            kind=row.kind,
            title=row.title,
            statements=tuple(dict.fromkeys(names)),
            moved=self._count(row.moved),
            number=row.moved,
            share=self._share(row.moved),
            notes=tuple(notes),
            statuses=STATUSES[row.kind],
            moves=tuple(
                Move(t.old, t.new, t.patients, self._count(t.patients), self._share(t.patients),
                     _is_move(t.old, t.new)) for t in row.transitions
            ),
            causes=tuple(self._causes(row)),
            groups=tuple(
                (self._group(g.group), *self._of(g.moved, self._size(g.group))) for g in row.groups
            ),
            paired=row.both,
        )  # fmt: skip

    def _causes(self, row: Row) -> Iterator[Cause]:
        """Name what makes patients move, the most frequent first, all statuses together."""
        sums: dict[tuple[str, tuple[int, ...]], list[Attribution]] = {}
        for a in row.attribution:
            sums.setdefault((a.how, a.parts), []).append(a)

        def number(of: Iterable[Attribution]) -> int | None:
            found = [a.patients for a in of]
            return None if None in found else sum(n or 0 for n in found)

        for (how, parts), of in sorted(sums.items(), key=lambda s: -(number(s[1]) or 0)):
            total = number(of)
            said = {"alone": "", "each": "each by itself", "together": "only together"}[how]
            yield Cause(
                said if parts else "several together, none of them needed",
                tuple(self._part(row.parts[i]) for i in parts),
                self._count(total), total or 0, self._share(total),
            )  # fmt: skip

    def _part(self, part: Part) -> PartView:
        """Name a part, with what the old and the new side print."""
        old, new = part.old or "", part.new or ""
        if part.kind == "rests_on":
            return PartView(f"“{new or old}” is defined otherwise (see conclusions)", "", "")
        if part.kind == "dictionary":
            return PartView(f"“{new or old}” is described otherwise", "", "")
        if part.kind == "other_values":
            return PartView(f"other values of “{new or old}”", "", "")
        name = {
            "threshold": "threshold", "list": "list", "added": "asked by the new side only",
            "removed": "asked by the old side only", "condition": "the condition as a whole",
            "applies": "for whom the guideline is", "contraindications": "contraindications",
            "told": "what is told", "only_old": f"only {self.labels[0]} has it",
            "only_new": f"only {self.labels[1]} has it",
        }[part.kind]  # fmt: skip
        if part.kind in ("added", "removed"):
            asker = self.labels[1 if part.kind == "added" else 0]
            name = f"only {asker} asks"
        return PartView(name, old, new)

    def _matrix(self, matrix: Matrix) -> MatrixView:
        counts = {(c.old, c.new): c.patients for c in matrix.counts}
        downs = [s for s in matrix.statuses if any(old == s for old, _ in counts)]
        across = [s for s in matrix.statuses if any(new == s for _, new in counts)]
        rows = tuple(
            (old, tuple(self._number(counts.get((old, new), 0)) for new in across)) for old in downs
        )
        return MatrixView(matrix.kind, TITLES[matrix.kind], tuple(across), rows,
                          tuple((c.old, c.new, c.patients) for c in matrix.counts))  # fmt: skip

    def _flows(self) -> Iterator[Flow]:
        """Add up, by kind, what both sides have and at least one of them says something of."""
        for matrix in self.found.matrices:
            counts: dict[tuple[str, str], int] = {}
            for row in self.found.rows:
                for t in row.transitions if row.kind == matrix.kind and row.both else ():
                    if not {t.old, t.new} <= {*SILENT, "given"} and t.patients:
                        counts[t.old, t.new] = counts.get((t.old, t.new), 0) + t.patients
            if counts:
                flat = tuple((*pair, number) for pair, number in counts.items())
                yield Flow(TITLES[matrix.kind], matrix.statuses, flat, sum(counts.values()))

    def _groups(self) -> Iterator[GroupView]:
        for g in self.found.groups:
            movers = tuple(
                (KIND_WORDS[m.kind], *self._of(m.paired, g.patients))
                for m in g.movers if m.kind != "any"
            )  # fmt: skip
            yield GroupView(self._group(g.group), self._number(g.patients), movers)

    # --- numbers -----------------------------------------------------------------------------

    def _number(self, number: int | None) -> str:
        if number is None:
            return self._few()
        return f"{number:,}" if number else "·"

    def _few(self) -> str:
        return "not shown"

    def _share(self, number: int | None) -> float:
        return (number or 0) / self.found.patients if self.found.patients else 0.0

    def _count(self, number: int | None) -> str:
        if number is None:
            return self._few()
        return f"{number:,} ({percent(number, self.found.patients)})"

    def _of(self, number: int | None, of: int | None) -> tuple[str, float]:
        if number is None or of is None:
            return self._few(), 0.0
        return f"{number:,} ({percent(number, of)})", number / of if of else 0.0

    def _size(self, group: Group) -> int | None:
        return next((g.patients for g in self.found.groups if g.group == group), None)

    def _group(self, group: Group) -> str:
        return ", ".join("not given" if v is None else v for v in group)


def _is_move(old: str, new: str) -> bool:
    return old != new and not (old in SILENT and new in SILENT)
