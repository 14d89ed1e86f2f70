"""Mutants as text and as JSON: who was not noticed, where it stands, and who would notice it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hepatica.mutation.generate import shown_change, shown_facts
from hepatica.mutation.judge import STATES, Verdict, scores
from hepatica.mutation.mutants import Mutant
from hepatica.source import Document
from hepatica.witness import case_of

_FIRST = 10
_KEYS = {"conclusion": "conclude", "avoidance": "avoid", "option": "recommend"}


def place(mutant: Mutant, documents: Mapping[str, Document]) -> tuple[str, int]:
    """Give the file and the line of what was changed."""
    s, change = mutant.statement, mutant.change
    if s is None:
        beside = next(d for name, d in documents.items() if name.startswith(f"{mutant.guideline}/"))
        return _near(str(Path(beside.source.name).parents[1] / "guideline.yaml")), change.line
    document = documents[s.id]
    key = _KEYS.get(change.kind)
    line = document.place((key,), key=True).line if key else change.line
    return _near(document.source.name), line


def _near(file: str) -> str:
    """Write a file as it is named from here, where it lies below."""
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def text(
    verdicts: Iterable[Verdict],
    documents: Mapping[str, Document],
    facts: Mapping[str, Any],
    *,
    every: bool,
) -> str:
    """Write a line for each guideline, and what is not noticed; all of it, or the first of each."""
    verdicts = list(verdicts)
    lines = []
    for score in scores(verdicts):
        counts = score.counts
        asked = sum(counts.values()) - counts["equivalent"]
        lines.append(
            f"{score.guideline}: {share(score.share)} of {asked:,} changes are noticed;"
            f" {counts['unnoticed']} not, {counts['not_decided']} not decided,"
            f" {counts['equivalent']} without effect"
        )
        of = [v for v in verdicts if v.mutant.guideline == score.guideline]
        open_ = [v for v in of if v.state == "unnoticed"]
        undecided = [v for v in of if v.state == "not_decided"]
        told = [*open_, *undecided]
        for verdict in told if every else told[:_FIRST]:
            lines += _told(verdict, documents, facts)
        if not every and len(told) > _FIRST:
            lines.append(f"  … and {len(told) - _FIRST} more (-g {score.guideline} lists all)")
    return "\n".join(lines) + "\n"


def _told(
    verdict: Verdict, documents: Mapping[str, Document], facts: Mapping[str, Any]
) -> Iterable[str]:
    file, line = place(verdict.mutant, documents)
    yield f"  {file}:{line} {shown_change(verdict.mutant)}"
    if verdict.state == "not_decided":
        yield "      not decided: no patient was found for whom it matters, and no proof of none"
    elif verdict.facts is not None:
        yield f"      would be noticed with {shown_facts(verdict.facts, dict(facts))}"


def data(
    verdicts: Iterable[Verdict], documents: Mapping[str, Document], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the scores, and every mutant that is not noticed, as plain data."""
    verdicts = list(verdicts)
    return {
        "guidelines": [
            {"id": s.guideline, "share": round(s.share, 4)} | {n: s.counts[n] for n in STATES}
            for s in scores(verdicts)
        ],
        "open": [
            _entry(v, documents, facts) for v in verdicts if v.state in ("unnoticed", "not_decided")
        ],
    }


def _entry(
    verdict: Verdict, documents: Mapping[str, Document], facts: Mapping[str, Any]
) -> dict[str, Any]:
    mutant = verdict.mutant
    file, line = place(mutant, documents)
    patient = None
    if verdict.facts is not None:
        patient = case_of("patient", verdict.facts, facts)["facts"]
    return {
        "state": verdict.state, "guideline": mutant.guideline,
        "statement": mutant.statement.id if mutant.statement else None,
        "file": file, "line": line, "kind": mutant.change.kind,
        "was": mutant.change.was, "now": mutant.change.now, "facts": patient,
    }  # fmt: skip


def share(part: float) -> str:
    """Write a share in per cent; what is not whole is never rounded up to 100 %."""
    return f"{int(part * 1000) / 10:.1f} %" if part < 1 else "100 %"
