"""A cohort for people: what a check has found, and the summary, as text or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hepatica.cohort.check import Check
from hepatica.cohort.summary import Line, Summary, patients_in, sections
from hepatica.words import Words

EXPERIMENTAL = "experimental: no named clinician has checked these encodings"
_COLUMNS = {
    "recommendation": ("recommended", "contingent", "blocked"),
    "contraindication": ("contraindicated", "contingent"),
    "caution": ("caution", "contingent"),
    "definition": ("true", "unknown"),
}
_HEADS = {
    "recommendation": "recommendations",
    "contraindication": "contraindications",
    "caution": "cautions",
    "definition": "definitions",
}
Row = Sequence[str]


def check_text(found: Check, facts: int = 0) -> str:
    """Write what a check has found; a table of the facts, then what is wrong is told apart."""
    files = "1 file" if found.files == 1 else f"{found.files:,} files"
    lines = [f"{found.rows:,} patients in {files}", ""]
    some = any(seen.bounds for seen in found.facts)
    rows = [("fact", "column", "given", *(("bounds",) if some else ()), "missing")]
    for seen in sorted(found.facts, key=lambda s: (-s.missing, s.fact)):
        column = "" if seen.column == seen.fact else seen.column
        bounds = (f"{seen.bounds:,}",) if some else ()
        missing = percent(seen.missing, found.rows)
        rows.append((seen.fact, column, f"{seen.given:,}", *bounds, missing))
    lines += _aligned(rows, numbers=(2, 3, 4)[: len(rows[0]) - 2])
    if found.absent:
        lines += ["", "asked by the guidelines, and not in the table (unknown for everybody):"]
        lines += _wrapped(found.absent)
    if found.unused:
        lines += ["", "columns that are not used:", *_wrapped(found.unused)]
    lines.append("")
    if found.problems:
        rows_ = "1 row" if found.unusable == 1 else f"{found.unusable:,} rows"
        lines.append(f"{rows_} cannot be used")
    else:
        lines.append("every row can be used")
    return "\n".join(lines) + "\n"


def summary_text(shown: Summary, words: Words) -> str:
    """Write a summary for a terminal."""
    lines = [*_headline(shown), ""]
    for group, guideline, found in sections(shown):
        total = patients_in(shown)[group]
        lines += [_section(shown, group, guideline, found, total), ""]
        for kind, columns in _COLUMNS.items():
            rows = _rows(found, kind, columns, total, words)
            if rows:
                lines += [_HEADS[kind].upper()]
                head = ("", *columns, *_waits(kind))
                lines += _aligned([head, *rows], numbers=range(1, len(columns) + 1))
                lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def summary_markdown(shown: Summary, words: Words) -> str:
    """Write a summary as Markdown."""
    first, *others = _headline(shown)
    lines = [f"# {first}", "", *[f"> **{line}**" for line in others], ""]
    for group, guideline, found in sections(shown):
        total = patients_in(shown)[group]
        lines += [f"## {_section(shown, group, guideline, found, total)}", ""]
        for kind, columns in _COLUMNS.items():
            rows = _rows(found, kind, columns, total, words)
            if rows:
                lines += [f"### {_HEADS[kind].capitalize()}", ""]
                lines.append(_pipes(["statement", *columns, *_waits(kind)]))
                lines.append(
                    _pipes(["---", *["---:"] * len(columns), *["---"] * len(_waits(kind))])
                )
                lines += [_pipes(row) for row in rows]
                lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _waits(kind: str) -> tuple[str, ...]:
    """Name the column of what is missing; what a definition waits for is told with what asks it."""
    return () if kind == "definition" else ("most often missing",)


def _headline(shown: Summary) -> list[str]:
    rejected = f" ({shown.rejected:,} rows rejected)" if shown.rejected else ""
    lines = [f"{shown.patients:,} patients{rejected}", EXPERIMENTAL]
    if shown.synthetic:
        lines.append("invented patients: these numbers are of no population")
    return lines


def _section(
    shown: Summary, group: tuple[str | None, ...], guideline: str, lines: list[Line], total: int
) -> str:
    about = next(g for g in shown.guidelines if g.id == guideline)
    title = f"{about.short} · encoding {about.version}"
    if group:
        named = zip(shown.by, group, strict=True)
        title += " · " + ", ".join(f"{n}: {'not given' if v is None else v}" for n, v in named)
    applies = next(line for line in lines if line.kind == "applies").patients
    told = ", ".join(
        f"{word} {percent(applies[status], total)}"
        for status, word in (("true", "applies to"), ("unknown", "not known for"))
        if applies.get(status)
    ) or "applies to nobody"  # fmt: skip
    return f"{title} · {total:,} patients: {told}"


def _rows(
    found: Iterable[Line], kind: str, columns: tuple[str, ...], total: int, words: Words
) -> list[Row]:
    rows: list[Row] = []
    for line in found:
        if line.kind == kind and any(line.patients.get(status) for status in columns):
            cells = [_cell(line.patients.get(status, 0), total) for status in columns]
            missing = "; ".join(
                f"{words.fact(w.fact)} {percent(w.patients, total)}" for w in line.missing
            )
            rows.append((line.title, *cells, *([missing] if _waits(kind) else [])))
    return rows


def _cell(number: int, total: int) -> str:
    return f"{number:,} ({percent(number, total)})" if number else "–"


def percent(number: int, total: int) -> str:
    """Write a share; what is not none is not written as 0 %."""
    share = 100 * number / total if total else 0.0
    if 0 < share < 0.1:
        return "<0.1 %"
    if 99.9 < share < 100:
        return ">99.9 %"
    return f"{share:.1f} %" if share % 1 else f"{share:.0f} %"


def _aligned(rows: Sequence[Row], numbers: Iterable[int]) -> list[str]:
    """Put cells below each other; long titles are cut, so that numbers stay in line."""
    cut = [[c if i or len(c) <= 60 else c[:59] + "…" for i, c in enumerate(row)] for row in rows]
    right = set(numbers)
    widths = [max(len(row[i]) for row in cut) for i in range(len(rows[0]))]
    return [
        "  ".join(
            c.rjust(w) if i in right else c.ljust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cut
    ]  # fmt: skip


def _wrapped(names: Iterable[str]) -> list[str]:
    import textwrap

    return textwrap.wrap(", ".join(names), 76, initial_indent="  ", subsequent_indent="  ")


def _pipes(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
