"""Skeletons of a statement and of a guideline, which pass lint as they are written."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hepatica import ir
from hepatica.diagnostics import Diagnostic, Invalid, suggestion
from hepatica.walk import concludes

_STATEMENT_ID = re.compile(r"[a-z][a-z0-9_]*(/[a-z0-9][a-z0-9_]*){2}\Z")
_GUIDELINE_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")

_OWN = {
    "recommendation": """recommend:
  action: start                    # {actions}
  interventions: [{intervention}]
""",
    "contraindication": "avoid: {{interventions: [{intervention}]}}\n",
    "caution": "avoid: {{interventions: [{intervention}]}}\n",
    "definition": "conclude: {{{conclude}}}\n",
}
_STATEMENT = """\
# yaml-language-server: $schema=../../../schemas/completed/statement.schema.json
id: {id}
title: "TODO: a few words that a clinician recognises"
kind: {kind}
status: draft                      # active needs `checked` below
since: {since}
source:
  ref: {ref}{space}# where it was read: a key of references.json
  attributed_to: []                # what that page cites for it
  label: section                   # page, section, table, figure, paragraph, line
  locator: "TODO"
  covers: []                       # numbered statements of the source document
  confidence: candidate            # or direct, translated, attributed_by_review, secondary ...
  checked: {{by: null, date: null}}  # a named clinician who compared this file with the page
text: >-
  TODO: what the source says, in our own words.
when: {{fact: {fact}, {true}}}
{own}examples:                          # a patient for each answer; the boundary of every number
  - {{name: it holds, facts: {{{fact}: {yes}}}, expect: true}}
  - {{name: it does not hold, facts: {{{fact}: {no}}}, expect: false}}
  - {{name: not known, facts: {{}}, expect: unknown{missing}}}
"""
_GUIDELINE = """\
# yaml-language-server: $schema=../../schemas/completed/guideline.schema.json
id: {id}
title: "TODO: the title as published"
short: "{short}"
publisher: "TODO: who published it"
edition: "TODO: journal, year, volume, pages"
published: "{year}"
version: 0.1.0
status: draft
experimental: true
text: >-
  TODO: what this guideline is about, and what the encoding rests on.
not_sourced: >-
  TODO: what was not at hand.
applies: {{fact: {fact}, {true}}}
references: references.json
copyright: >-
  TODO: whose the guideline is. This encoding is in our own words.
"""


def new_statement(
    root: Path,
    knowledge: ir.Knowledge,
    name: str,
    kind: str,
    fact: str | None,
    conclude: str | None,
) -> Path:
    """Write the skeleton of a statement and return its path.

    `fact` is the fact it asks about; `conclude` (for a definition) is a fact, or `fact=value`.
    Raises `Invalid` for a bad id, an unknown guideline or fact, or a file that is there already.
    """
    if not _STATEMENT_ID.match(name):
        raise _refuse(
            "N107", f"`{name}` is not a statement's id", "write guideline/topic/statement"
        )
    guideline = knowledge.guidelines.get(name.split("/")[0])
    if guideline is None:
        text = f"unknown guideline `{name.split('/')[0]}`"
        help = (
            suggestion(name.split("/")[0], knowledge.guidelines)
            or "make it first: hepatica new guideline"
        )
        raise _refuse("N105", text, help)
    path = root / f"{name}.yaml"
    if path.exists():
        raise _refuse("N108", f"`{path}` is there already", "choose another id, or edit the file")
    asked = _fact(knowledge, fact)
    own = _OWN[kind].format(
        actions="or add continue increase reduce taper stop switch_to test monitor ...",
        intervention=next(iter(knowledge.interventions)),
        conclude=_conclude(knowledge, conclude) if kind == "definition" else "",
    )
    operator, yes, no = _question(asked)
    concluded = {concludes(s) for s in (*guideline.definitions, *guideline.statements)}
    ref = next(iter(guideline.references), guideline.id)
    text = _STATEMENT.format(
        id=name, kind=kind, since=guideline.version, ref=ref, space=" " * max(1, 28 - len(ref)),
        fact=asked.id, true=operator, yes=yes, no=no, own=own,
        missing="" if asked.id in concluded else f", missing: [{asked.id}]",
    )  # fmt: skip
    _write(path, text)
    return path


def new_guideline(root: Path, knowledge: ir.Knowledge, name: str, year: int) -> list[Path]:
    """Write the skeleton of a guideline folder and return the paths.

    Raises `Invalid` for a bad id, or a folder that is there already.
    """
    if not _GUIDELINE_ID.match(name):
        raise _refuse("N107", f"`{name}` is not a guideline's id", "write it as easl_2025")
    folder = root / name
    if folder.exists():
        raise _refuse("N108", f"`{folder}` is there already", "choose another id")
    fact = knowledge.facts.get("aih_diagnosis") or _fact(knowledge, None)
    operator, _, _ = _question(fact)
    manifest = _GUIDELINE.format(
        id=name, short=name.replace("_", " ").upper(), year=year, fact=fact.id, true=operator
    )
    reference: dict[str, object] = {
        "id": name,
        "type": "article-journal",
        "title": "TODO",
        "title-short": name,
    }
    reference["issued"] = {"date-parts": [[year]]}
    changelog = f"# Changelog of {name}\n\n## 0.1.0\n\n- TODO: what is encoded.\n"
    files = {
        folder / "guideline.yaml": manifest,
        folder / "references.json": json.dumps([reference], indent=2, ensure_ascii=False) + "\n",
        folder / "CHANGELOG.md": changelog,
    }
    for path, text in files.items():
        _write(path, text)
    return list(files)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        text = f"cannot write `{path}`: {(error.strerror or 'refused').lower()}"
        raise _refuse("Y111", text, "check the folder") from None


def _fact(knowledge: ir.Knowledge, name: str | None) -> ir.Fact:
    if name is None:
        return next(f for f in knowledge.facts.values() if f.type in ("boolean", "code"))
    if name not in knowledge.facts:
        help = suggestion(name, knowledge.facts) or "facts are defined in knowledge/facts"
        raise _refuse("N101", f"unknown fact `{name}`", help)
    return knowledge.facts[name]


def _question(fact: ir.Fact) -> tuple[str, str, str]:
    """Write a question about a fact, with a value that answers it yes and one that answers no."""
    if fact.type == "boolean":
        return "is: true", "true", "false"
    if fact.type == "quantity":
        low, high = fact.range or (0.0, 1.0)
        middle = low + (high - low) / 2
        unit = f" {fact.unit}" if fact.ask_unit else ""
        quoted = [f'"{n:g}{unit}"' if unit else f"{n:g}" for n in (middle, high, low)]
        return f"above: {quoted[0]}", quoted[1], quoted[2]
    first, second, *_ = fact.values
    if fact.type == "codes":
        return f"includes: {first}", f"[{first}]", f"[{second}]"
    return f"is: {first}", first, second


def _conclude(knowledge: ir.Knowledge, wanted: str | None) -> str:
    if wanted is None:
        help = "name the fact it concludes: --conclude treatment_failure, or fact=value"
        raise _refuse("N111", "a definition concludes a fact", help)
    name, _, value = wanted.partition("=")
    fact = _fact(knowledge, name)
    if fact.type == "quantity":
        raise _refuse(
            "N111", f"`{name}` is a quantity", "a quantity is measured, or summed by a score"
        )
    if fact.type == "boolean":
        return f"{name}: true"
    if value not in fact.values:
        help = f"write {name}=VALUE with one of {', '.join(fact.values)}"
        raise _refuse("N102", f"`{value}` is not a value of `{name}`", help)
    return f"{name}: {value}"


def _refuse(code: str, message: str, help: str) -> Invalid:
    return Invalid([Diagnostic(code, "error", message, help=help)])
