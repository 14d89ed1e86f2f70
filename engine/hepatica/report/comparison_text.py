"""A comparison for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hepatica.report.answers import AnswersView, AnswerView, CaseView, Table
from hepatica.report.comparison_data import ComparisonView, PairView, SideItem, Step, Topic
from hepatica.report.proofs import ProofView, WitnessView
from hepatica.report.text import Terminal

_COLOURS = {
    "same": "dim", "reworded": "cyan", "changed": "magenta", "added": "green", "removed": "red",
}  # fmt: skip
_MOST_CASES = 12
_ROOM = 13


class ComparisonPage:
    """Draws one comparison for one terminal.

    Unless the terminal is `full`, only what differs in whom or what is told is drawn at length.
    """

    def __init__(self, view: ComparisonView, terminal: Terminal) -> None:
        """Take the comparison and what the terminal can do."""
        self.view = view
        self.t = terminal
        self.labels = view.labels

    def page(self) -> str:
        """Draw the whole page."""
        t, view = self.t, self.view
        lines = [*t.wrap(view.title, "", "bold"), ""]
        for head in view.sides:
            lines += self._named(head.label, head.heading, 0)
            if head.caveat:
                lines += t.labelled("", head.caveat, 0, "magenta")
        lines += ["", t.style("IN SHORT", "bold")]
        for text in view.short:
            lines += t.wrap(f"– {text}", "  ")
        if view.unread:
            lines += t.wrap(f"– {view.unread}", "  ")
        if view.applies is not None:
            lines += ["", *t.wrap("≠ for other patients", "  ", "magenta")]
            lines += self._two(view.applies, 4)
        for step in view.facts:
            lines += ["", *t.wrap(f"≠ {step.what}", "  ", "magenta")]
            lines += self._two(Step("described", step.old, step.new), 4)
        lines.append("")
        for topic in view.topics:
            lines += self._topic(topic)
        if view.proof is not None:
            lines += self._proof(view.proof)
        lines += self._same()
        if view.answers is not None:
            lines += self._answers(view.answers)
        lines += self._sources()
        for head in view.sides:
            lines += t.labelled("not at hand", f"{head.label}: {head.not_sourced}", 0, "dim")
        lines += ["", *t.wrap(view.footer, "", "dim")]
        return t.finish(lines)

    def _topic(self, topic: Topic) -> list[str]:
        t = self.t
        pairs = [pair for pair in topic.pairs if t.full or not pair.plainly_same]
        if not pairs:
            return []
        lines = [t.style("─" * t.width, "dim"), *t.wrap(topic.name.upper(), "", "bold"), ""]
        for pair in pairs:
            if self._is_long(pair):
                lines += [*self._pair(pair), ""]
        for verdict, title in self._titles().items():
            rest = [p for p in pairs if p.verdict == verdict and not self._is_long(p)]
            if rest:
                lines += t.wrap(title, "  ", "bold")
                lines += [line for pair in rest for line in self._briefly(pair)]
                lines.append("")
        return lines

    def _titles(self) -> dict[str, str]:
        old, new = self.labels
        one_sided = {
            "removed": f"only in {old} (not sourced: {new})",
            "added": f"only in {new} (not sourced: {old})",
        }
        if self.view.versions:
            one_sided = {"removed": "removed", "added": "added"}
        proved = ", proved" if self.view.proof is not None else ""
        return {
            "reworded": f"told alike, in other words or from another page{proved}",
            "same": f"the same{proved}",
            **one_sided,
        }

    def _is_long(self, pair: PairView) -> bool:
        if pair.verdict == "reworded":
            return self.t.full or self.view.versions
        return pair.verdict == "changed" or (self.t.full and pair.verdict != "same")

    def _same(self) -> list[str]:
        """Count what is the same, where it was not drawn."""
        counts = self.view.plainly_same
        if self.t.full or not counts:
            return []
        text = "; ".join(f"{name} {n}" for name, n in counts.items())
        return [*self.t.labelled("the same", f"{text} (--full lists them)", 0), ""]

    def _briefly(self, pair: PairView) -> list[str]:
        item = pair.old or pair.new
        assert item is not None
        lines = self.t.wrap(f"{pair.mark} {pair.headline}: {item.says}", "    ",
                            _COLOURS[pair.verdict])  # fmt: skip
        if pair.through:
            lines += self.t.labelled("rests on", f"{pair.through} (defined otherwise)", 6)
        if pair.elsewhere:
            lines += self.t.wrap(pair.elsewhere, "      ", "dim")
        lines += [line for w in pair.witnesses for line in self._witness(w, 6)]
        return [*lines, *self.t.wrap(f"[{' · '.join(pair.statements)}]", "      ", "dim")]

    def _pair(self, pair: PairView) -> list[str]:
        t = self.t
        lines = t.wrap(f"{pair.mark} {pair.headline}", "  ", _COLOURS[pair.verdict])
        both = [item for item in (pair.old, pair.new) if item is not None]
        if len({item.says for item in both}) == 1:
            lines += t.labelled("told", both[0].says, 4)
        else:
            lines += self._two(Step("told", *(item.says for item in both)), 4)
        if pair.absent:
            lines += t.labelled("other side", pair.absent, 4, "magenta")
        if pair.elsewhere:
            lines += t.labelled("", pair.elsewhere, 4)
        if pair.said:
            lines += t.labelled("condition", pair.said, 4, "bold")
        lines += [line for step in pair.questions for line in self._question(step)]
        lines += [line for w in pair.witnesses for line in self._witness(w, 4)]
        if pair.through:
            lines += t.labelled("rests on", f"{pair.through} (defined otherwise)", 4)
        for step in pair.told:
            if step.what not in ("kind", "action", "options", "figure", "conclusion"):
                lines += self._two(step, 4)
        for step in pair.words if self.view.versions else ():
            lines += self._two(step, 4)
        if t.full:
            for label, item in zip(self.labels, (pair.old, pair.new), strict=True):
                lines += self._whole(label, item)
        return [*lines, *t.wrap(f"[{' · '.join(pair.statements)}]", "    ", "dim")]

    def _witness(self, w: WitnessView, indent: int) -> Iterator[str]:
        """Draw a patient who shows a difference, and what either side says of them."""
        yield from self.t.labelled("a patient", f"{w.patient} ({w.head})", indent, "cyan")
        for label, text in zip(self.labels, (w.old, w.new), strict=True):
            yield from self.t.labelled("", f"{label}: {text}", indent)

    def _proof(self, proof: ProofView) -> list[str]:
        """Draw what both tell, all statements together: what differs, and what is the same."""
        t = self.t
        lines = [t.style("─" * t.width, "dim")]
        lines += [t.style("ALL STATEMENTS TOGETHER, OVER EVERY PATIENT", "bold"), ""]
        for told in (*proof.differing, *proof.merged):
            lines += t.wrap(f"{'=' if told.equal else '≠'} {told.says}: {told.said}", "  ",
                            "dim" if told.equal else "magenta")  # fmt: skip
            for w in told.witnesses if t.full else told.witnesses[:1]:
                lines += self._witness(w, 4)
            if t.full or told.equal:
                lines += t.wrap(f"[{' · '.join(told.statements)}]", "    ", "dim")
        if proof.same:
            lines += t.wrap(f"= told to the same patients: {'; '.join(proof.same)}", "  ", "dim")
        return [*lines, ""]

    def _question(self, step: Step) -> list[str]:
        old, new = self.labels
        lines = self.t.wrap(f"− {old}: {step.old}", "        ", "red") if step.old else []
        if step.new:
            lines += self.t.wrap(f"+ {new}: {step.new}", "        ", "green")
        return lines

    def _whole(self, label: str, item: SideItem | None) -> Iterator[str]:
        """Draw all that one side says."""
        if item is None:
            return
        t = self.t
        yield from t.wrap(label, "    ", "bold")
        yield from t.wrap(item.text, "      ")
        for row in item.condition:
            mark = "»" if row.differs else " "
            yield from t.wrap(f"{mark} {row.text}", "      " + "  " * row.depth,
                              *(["bold"] if row.differs else ["dim"]))  # fmt: skip
        for name, text in item.details:
            yield from t.labelled(name, text, 6)

    def _two(self, step: Step, indent: int) -> list[str]:
        old, new = self.labels
        return [
            *self._named(step.what, f"{old}: {step.old}", indent),
            *self.t.labelled("", f"{new}: {step.new}", indent),
        ]

    def _named(self, label: str, text: str, indent: int) -> list[str]:
        """Wrap text beside the name of a side, or after it where the name is long."""
        if len(label) < _ROOM:
            return self.t.labelled(label, text, indent)
        return self.t.wrap(f"{label}: {text}", " " * indent)

    def _sources(self) -> list[str]:
        if not self.t.full:
            return []
        lines = [self.t.style("SOURCES", "bold")]
        for cited in self.view.sources:
            for short, full in cited:
                lines += self.t.wrap(f"– {short}: {full}", "  ", "dim")
        return [*lines, ""]

    # --- cases -------------------------------------------------------------------------------

    def _answers(self, found: AnswersView) -> list[str]:
        t = self.t
        lines = [t.style("─" * t.width, "dim"), t.style("CASES", "bold"), ""]
        for text in found.unheard:
            lines += [*t.wrap(text, "  ", "magenta"), ""]
        for table in found.tables:
            lines += [*self._table(table), ""]
        if len(found.cases) + len(found.alike) > 1 and found.moved:
            lines += t.wrap("Statement by statement, how many cases", "  ", "bold")
            for moved in found.moved:
                lines += t.wrap(f"≠ {moved.title}: {'; '.join(moved.counts)}", "    ", "magenta")
                lines += t.wrap(f"[{moved.statements}]", "      ", "dim")
            lines.append("")
        shown = found.cases if t.full else found.cases[:_MOST_CASES]
        for case in shown:
            lines += [*self._case(case), ""]
        if more := len(found.cases) - len(shown):
            lines += [*t.wrap(f"… and {more} more cases (--full shows all)", "  ", "dim"), ""]
        if found.alike:
            text = f"alike, or nothing said, in {len(found.alike)} of the cases"
            text += (
                f": {', '.join(found.alike)}" if t.full or len(found.alike) < _MOST_CASES else ""
            )
            lines += [*t.wrap(text, "  "), ""]
        return lines

    def _table(self, table: Table) -> list[str]:
        """Draw a matrix: rows are the old side's statuses, columns the new side's."""
        t = self.t
        old, new = self.labels
        lines = t.wrap(f"{table.name}: {old} down, {new} across", "  ", "bold")
        width = max(len(name) for name, _ in table.rows)
        if 4 + width + sum(2 + max(len(name), 6) for name in table.columns) > t.width:
            return [*lines, *self._listed(table)]
        widths = [max(len(name), 6) for name in table.columns]
        names = "  ".join(f"{n:>{w}}" for n, w in zip(table.columns, widths, strict=True))
        lines.append(f"    {'':<{width}}  {names}".rstrip())
        for name, counts in table.rows:
            cells = "  ".join(f"{n or '·':>{w}}" for n, w in zip(counts, widths, strict=True))
            lines.append(f"    {name:<{width}}  {cells}")
        return lines

    def _listed(self, table: Table) -> Iterator[str]:
        """List what a matrix holds, where the terminal is too narrow for it."""
        for old, counts in table.rows:
            for new, number in zip(table.columns, counts, strict=True):
                if number:
                    yield from self.t.wrap(f"{old} → {new}: {number}", "    ")

    def _case(self, case: CaseView) -> list[str]:
        t = self.t
        old, new = self.labels
        lines = [*t.wrap(case.title, "  ", "bold"), *t.wrap(f"[{case.name}]", "  ", "dim")]
        if case.unheard:
            lines += t.wrap(case.unheard, "  ", "magenta")
        for label, said in zip(self.labels, case.said, strict=True):
            lines += self._named(label, said, 4)
        for text in case.agreed:
            lines += t.wrap(f"= both {text}", "    ", "green")
        for answer in case.both:
            lines += self._answer(answer)
        for label, other, only in ((old, new, case.only_old), (new, old, case.only_new)):
            if only:
                text = f"only {label} was sourced for this (not sourced: {other})"
                if self.view.versions:
                    text = f"only the {label} version has this"
                lines += t.wrap(text, "    ", "bold")
                lines += self._only(only)
        return [*lines, *t.wrap(case.note, "    ", "dim")]

    def _answer(self, answer: AnswerView) -> list[str]:
        t = self.t
        lines = t.wrap(f"≠ {answer.title}", "    ", "magenta")
        sides = zip(self.labels, (answer.old, answer.new), (answer.why_old, answer.why_new),
                    strict=True)  # fmt: skip
        for label, status, why in sides:
            text = f"{status} – {'; '.join(why)}" if why else status
            lines += self._named(label, text, 6)
        return lines

    def _only(self, answers: Iterable[AnswerView]) -> Iterator[str]:
        for answer in answers:
            mine = answer.new == "not sourced"
            status, besides = (answer.old, answer.why_new) if mine else (answer.new, answer.why_old)
            yield from self.t.wrap(f"– {answer.title}: {status}", "      ")
            for text in besides:
                yield from self.t.wrap(f"{self.labels[1 if mine else 0]}: {text}", "        ",
                                       "dim")  # fmt: skip
