"""Coverage as text, and as an annotated listing of the rules in HTML."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.coverage import Coverage, Place, Question, distinct
from hepatica.diagnostics import printable
from hepatica.words import Words

Found = dict[str, list[Coverage]]


class Row(NamedTuple):
    """One line of an annotated condition."""

    depth: int
    text: str
    state: str
    mattered: str


def totals(found: list[Coverage]) -> tuple[int, int, int, int]:
    """Count statements seen in all values, statements, questions covered, questions."""
    questions = [q for _, q in distinct(found)]
    whole = sum(c.complete for c in found)
    return whole, len(found), sum(q.covered for q in questions), len(questions)


def text(found: Found, *, every: bool) -> str:
    """Write a line a guideline, and what is not covered; all of it, or the first of each."""
    lines = []
    for name, coverages in found.items():
        whole, statements, covered, questions = totals(coverages)
        lines.append(
            f"{name}: {_share(whole, statements)} of {statements} statements in all three values,"
            f" {_share(covered, questions)} of {questions} questions matter both ways"
        )
        open_ = list(_open(coverages))
        for line in open_ if every else open_[:10]:
            lines.append(f"  {line}")
        if not every and len(open_) > 10:
            lines.append(f"  … and {len(open_) - 10} more (--html FILE lists all)")
    return "\n".join(lines) + "\n"


def _open(coverages: list[Coverage]) -> Iterator[str]:
    for c in coverages:
        if not c.complete:
            lacking = {"true", "false", "unknown"} - c.seen - set(c.excused)
            yield f"{c.statement.id}: never seen {', '.join(sorted(lacking))}"
    for c, q in distinct(coverages):
        if not q.covered:
            how = " or ".join(sorted({"true", "false"} - q.mattered))
            yield f"{c.statement.id}:{q.leaf.line} {_asked(q.leaf)} never mattered {how}"


def _asked(leaf: ir.Leaf) -> str:
    return f"`{leaf.fact} {leaf.op} {', '.join(str(v).lower() for v in leaf.values)}`"


def _share(part: int, whole: int) -> str:
    """Write a share so that 100 % means all of them."""
    return "100 %" if part == whole else f"{int(1000 * part / whole) / 10} %"


def as_data(found: Found) -> list[dict[str, Any]]:
    """Give the coverage as data for JSON."""
    return [
        {
            "statement": c.statement.id,
            "seen": sorted(c.seen),
            "excused": dict(c.excused),
            "questions": [
                {"line": q.leaf.line, "fact": q.leaf.fact, "op": q.leaf.op,
                 "values": list(q.leaf.values), "of_a_list": q.of is not None,
                 "mattered": sorted(q.mattered)}
                for q in c.questions
            ],
        }
        for coverages in found.values()
        for c in coverages
    ]  # fmt: skip


def rows(coverage: Coverage, words: Words) -> list[Row]:
    """List a condition line by line, each question with the answers in which it mattered."""
    questions = {q.place: q for q in coverage.questions}
    return list(_rows(coverage.when, (), questions, words))


def _rows(
    node: ir.Condition, at: Place, questions: dict[Place, Question], words: Words
) -> Iterator[Row]:
    if at in questions:  # a question, or a list as a whole
        q = questions[at]
        state = "covered" if q.covered else "half" if q.mattered & {"true", "false"} else "open"
        yield Row(len(at), words.question(q.leaf), state, ", ".join(sorted(q.mattered)) or "never")
    if isinstance(node, ir.Leaf):
        return
    if isinstance(node, ir.Not):
        yield Row(len(at), "not", "", "")
        yield from _rows(node.part, (*at, 0), questions, words)
        return
    word = "all of" if isinstance(node, ir.All) else "any of"
    if isinstance(node, ir.Count):
        word = f"at least {node.at_least} of"
    if at not in questions:
        yield Row(len(at), word, "", "")
    for i, part in enumerate(node.parts):
        yield from _rows(part, (*at, i), questions, words)


@functools.cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("hepatica.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["clean"] = printable
    return environment.get_template("coverage.html")


def html(found: Found, words: Words) -> str:
    """Write the annotated listing as one self-contained page."""
    sides = []
    for name, coverages in found.items():
        whole, statements, covered, questions = totals(coverages)
        summary = (
            f"{_share(whole, statements)} of {statements} statements in all three values, "
            f"{_share(covered, questions)} of {questions} questions matter both ways"
        )
        listed = [(c, rows(c, words)) for c in coverages]
        sides.append((words.knowledge.guidelines[name].short, summary, listed))
    return str(_template().render(sides=sides))
