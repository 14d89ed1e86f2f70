"""A comparison to keep or to publish: markdown, and one self-contained HTML page.

Both sides stand beside each other with their words, grades and citations; the questions that only
one of them asks are marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hepatica.report.answers import AnswersView, AnswerView, CaseView
from hepatica.report.comparison_data import ComparisonView, PairView, SideHead, SideItem, Step
from hepatica.report.html import head, template
from hepatica.report.markdown import escaped
from hepatica.report.proofs import ProofView

TITLES = {
    "same": "the same",
    "reworded": "told alike, in other words",
    "changed": "told otherwise",
    "added": "only new",
    "removed": "only old",
}


def html(view: ComparisonView) -> str:
    """Write a comparison as one HTML page: columns on a wide screen, one on a phone."""
    body: Any = template("comparison.html")
    return head(view.title) + str(body.render(view=view, titles=TITLES)) + "</body>\n</html>\n"


def markdown(view: ComparisonView) -> str:
    """Write a comparison as markdown."""
    return "\n".join(_page(view)) + "\n"


def side_lines(sides: Iterable[SideHead]) -> Iterator[str]:
    """Write what the two sides are as a markdown list."""
    for side in sides:
        yield f"- **{escaped(side.label)}**: {escaped(side.title)}. {escaped(side.heading)}"
        if side.caveat:
            yield f"  - *{escaped(side.caveat)}*"
        yield f"  - not at hand: {escaped(side.not_sourced)}"


def _page(view: ComparisonView) -> Iterator[str]:
    old, new = view.labels
    yield from (f"# {escaped(view.title)}", "")
    yield from side_lines(view.sides)
    yield ""
    yield from (f"- {escaped(text)}" for text in (*view.short, view.unread) if text)
    yield ""
    if view.applies is not None:
        yield from ("## For whom", "", *_two([view.applies], old, new), "")
    if view.facts:
        yield from ("## Facts described otherwise", "", *_two(view.facts, old, new), "")
    for topic in view.topics:
        yield from (f"## {escaped(topic.name.capitalize())}", "")
        for pair in topic.pairs:
            if not pair.plainly_same:
                yield from _pair(pair, old, new)
        same = [pair for pair in topic.pairs if pair.plainly_same]
        if same:
            yield from ("Without any difference:", "")
            for p in same:
                names = " · ".join(f"`{name}`" for name in p.statements)
                yield f"- {escaped(p.headline)} {names}"
            yield ""
    if view.proof is not None:
        yield from _proof(view.proof, old, new)
    if view.answers is not None:
        yield from _answers(view.answers, old, new)
    yield from ("## Sources", "")
    for short, full in dict.fromkeys(s for side in view.sources for s in side):
        yield f"- {escaped(short)}: {escaped(full)}"
    yield from ("", "---", "", f"*{escaped(view.footer)}*", "")


def _pair(pair: PairView, old: str, new: str) -> Iterator[str]:
    yield from (f"### {pair.mark} {escaped(pair.headline)}", "")
    if pair.said:
        yield from (f"**{escaped(pair.said)}**", "")
    if pair.through:
        text = f"rests on conclusions that are defined otherwise: {pair.through}"
        yield from (f"*{escaped(text)}*", "")
    if pair.elsewhere:
        yield from (f"*{escaped(pair.elsewhere)}*", "")
    yield from (f"| | {escaped(old)} | {escaped(new)} |", "| --- | --- | --- |")
    sides = (pair.old, pair.new)
    yield _row("statement", [f"`{s.statement}`" if s else f"*{pair.absent}*" for s in sides])
    for label, values in _cells(sides):
        yield _row(label, values)
    for step in pair.questions:
        cells = (f"**{escaped(text)}**" if text else "–" for text in (step.old, step.new))
        yield _row(f"deciding: {'threshold' if step.what == 'threshold' else 'question'}", cells)
    for w in pair.witnesses:
        label = f"a patient ({escaped(w.head)}): {escaped(w.patient)}"
        yield _row(label, (escaped(w.old), escaped(w.new)))
    yield ""


def _proof(proof: ProofView, old: str, new: str) -> Iterator[str]:
    yield from ("## All statements together, over every patient", "", escaped(proof.method), "")
    for told in (*proof.differing, *proof.merged):
        mark = "=" if told.equal else "≠"
        yield f"- {mark} **{escaped(told.says)}**: {escaped(told.said)}"
        for w in told.witnesses:
            yield f"  - {escaped(w.head)}: a patient with {escaped(w.patient)}"
            yield f"    - {escaped(old)}: {escaped(w.old)}"
            yield f"    - {escaped(new)}: {escaped(w.new)}"
        if told.equal:
            yield f"  - {' · '.join(f'`{name}`' for name in told.statements)}"
    if proof.same:
        yield f"- = told to the same patients: {escaped('; '.join(proof.same))}"
    yield ""


def _cells(sides: tuple[SideItem | None, SideItem | None]) -> Iterator[tuple[str, list[str]]]:
    yield "told", [escaped(s.says) if s else "" for s in sides]
    yield "title", [escaped(s.title) if s else "" for s in sides]
    yield "words", [escaped(s.text) if s else "" for s in sides]
    yield "condition", [_condition(s) if s else "" for s in sides]
    labels = dict.fromkeys(label for s in sides if s for label, _ in s.details)
    for label in labels:
        cells = [
            "<br>".join(escaped(text) for name, text in s.details if name == label) if s else ""
            for s in sides
        ]
        yield label, cells


def _condition(item: SideItem) -> str:
    lines = (
        "&nbsp;&nbsp;" * row.depth + (f"**{escaped(row.text)}**" if row.differs else
                                      escaped(row.text))
        for row in item.condition
    )  # fmt: skip
    return "<br>".join(lines) or "always"


def _row(label: str, cells: Iterable[str]) -> str:
    return f"| {label} | {' | '.join(cells)} |"


def _two(steps: Iterable[Step], old: str, new: str) -> Iterator[str]:
    yield from (f"| | {escaped(old)} | {escaped(new)} |", "| --- | --- | --- |")
    for step in steps:
        yield _row(escaped(step.what), (escaped(step.old), escaped(step.new)))


def _answers(found: AnswersView, old: str, new: str) -> Iterator[str]:
    yield from ("## Cases", "")
    for text in found.unheard:
        yield from (f"*{escaped(text)}*", "")
    for table in found.tables:
        yield from (f"### {table.name}: {escaped(old)} down, {escaped(new)} across", "")
        yield _row("", table.columns)
        yield _row("---", ["---:"] * len(table.columns))
        yield from (_row(name, map(str, counts)) for name, counts in table.rows)
        yield ""
    if found.moved:
        yield from ("### Statement by statement, how many cases", "")
        for moved in found.moved:
            yield f"- **{escaped(moved.title)}**: {escaped('; '.join(moved.counts))}"
        yield ""
    for case in found.cases:
        yield from _case(case, old, new)
    if found.alike:
        names = ", ".join(f"`{name}`" for name in found.alike)
        yield from (f"Alike, or nothing said: {names}", "")


def _case(case: CaseView, old: str, new: str) -> Iterator[str]:
    yield from (f"### {escaped(case.title)}", "", f"`{case.name}`: {escaped(case.note)}", "")
    if case.unheard:
        yield from (f"*{escaped(case.unheard)}*", "")
    yield from (f"- both {escaped(text)}" for text in case.agreed)
    yield from ("", f"| | {escaped(old)} | {escaped(new)} |", "| --- | --- | --- |")
    yield _row("says", map(escaped, case.said))
    if case.differs:
        for answer in (*case.both, *case.only_old, *case.only_new):
            yield _row(escaped(answer.title), _answer(answer))
    yield ""


def _answer(answer: AnswerView) -> Iterator[str]:
    for status, why in ((answer.old, answer.why_old), (answer.new, answer.why_new)):
        yield "<br>".join((f"**{escaped(status)}**", *map(escaped, why)))
