"""The ledgers: every numbered statement of a source document, and what became of it.

A ledger is `knowledge/sources/<source>.yaml`. Which statements carry a sentence of the document is
never written there; it is found out from their `source.covers`. So nobody can claim that something
is encoded when it is not, and a sentence that nobody looked at is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from hepatica import ir
from hepatica.diagnostics import Diagnostic, Invalid, at, from_unreadable, has_errors, suggestion
from hepatica.paths import shipped
from hepatica.reader import read_yaml
from hepatica.schema import check_shape
from hepatica.source import Document, Unreadable, read_source

State = Literal["encoded", "evidence", "context", "rejected", "gap", "unaccounted"]
STATES: tuple[State, ...] = ("encoded", "evidence", "context", "rejected", "gap", "unaccounted")


class Entry(msgspec.Struct, frozen=True):
    """One numbered statement of a document, with what became of it.

    `statements` carry it (rules and evidence). `unaccounted` means that nobody has looked at it.
    """

    id: str
    label: str
    locator: str
    text: str
    state: State
    statements: tuple[str, ...] = ()
    reason: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """A contradiction between sources and how it was decided; `open` until a clinician has."""

    id: str
    about: str
    sides: tuple[str, ...]
    decided: str
    open: bool = False
    statements: tuple[str, ...] = ()


class Ledger(msgspec.Struct, frozen=True):
    """One source document."""

    id: str
    title: str
    text: str
    entries: tuple[Entry, ...]
    decisions: tuple[Decision, ...] = ()
    doi: str | None = None

    def count(self, state: State) -> int:
        """Count the statements of a state."""
        return sum(entry.state == state for entry in self.entries)


class Read(NamedTuple):
    """Every ledger of a knowledge folder, and what was found wrong."""

    ledgers: tuple[Ledger, ...]
    diagnostics: list[Diagnostic]


def read_ledgers(
    knowledge: ir.Knowledge, root: Path | None = None, documents: Mapping[str, Document] = {}
) -> Read:
    """Read the ledgers of a knowledge folder (default: the shipped one).

    `documents` are the files of the statements, so that a wrong number in a `covers` is told where
    it stands. A folder without ledgers gives none, and nothing is checked.
    """
    found: list[Diagnostic] = []
    files: dict[str, Document] = {}
    for path in sorted(((root or shipped("knowledge")) / "sources").glob("*.yaml")):
        document = _read(path, found)
        if document is not None:
            files[path.stem] = document
    carried = _carried(knowledge)
    places: dict[str, str] = {}
    ledgers = []
    for name, document in files.items():
        found += _check(name, document, places, carried, knowledge)
        ledgers.append(_ledger(document, carried))
    if files and not has_errors(found):
        found += _unknown_numbers(knowledge, documents, places)
    return Read(tuple(ledgers), found)


def checked_ledgers(knowledge: ir.Knowledge, root: Path | None = None) -> tuple[Ledger, ...]:
    """Read the ledgers. Raises `Invalid` with every error; what is unaccounted for is none."""
    read = read_ledgers(knowledge, root)
    errors = [d for d in read.diagnostics if d.severity == "error" and d.code != "C107"]
    if errors:
        raise Invalid(errors)
    return read.ledgers


def _read(path: Path, found: list[Diagnostic]) -> Document | None:
    try:
        document = read_yaml(read_source(path))
    except Unreadable as error:
        found += from_unreadable(error)
        return None
    misshapen = check_shape(document, "source")
    found += misshapen
    return None if misshapen else document


def _carried(knowledge: ir.Knowledge) -> dict[str, list[ir.Statement]]:
    carried: dict[str, list[ir.Statement]] = {}
    for guideline in knowledge.guidelines.values():
        for statement in guideline.statements:
            if statement.status != "retired":
                for number in statement.source.covers:
                    carried.setdefault(number, []).append(statement)
    return carried


def _ledger(document: Document, carried: Mapping[str, list[ir.Statement]]) -> Ledger:
    data = document.data
    return Ledger(
        id=data["id"],
        title=data["title"],
        text=data["text"],
        doi=data.get("doi"),
        entries=tuple(_entry(raw, carried.get(raw["id"], ())) for raw in data["statements"]),
        decisions=tuple(msgspec.convert(raw, Decision) for raw in data.get("decisions", ())),
    )


def _entry(raw: Mapping[str, str], by: Iterable[ir.Statement]) -> Entry:
    kinds = {statement.kind for statement in by}
    state: State = "unaccounted"
    if "becomes" in raw:
        state = raw["becomes"]  # type: ignore[assignment]
    elif kinds == {"evidence"}:
        state = "evidence"
    elif kinds:
        state = "encoded"
    plain = {key: raw[key] for key in ("id", "label", "locator", "text")}
    names = tuple(sorted(statement.id for statement in by))
    return Entry(**plain, state=state, statements=names, reason=raw.get("reason"))


def _check(
    name: str,
    document: Document,
    places: dict[str, str],
    carried: Mapping[str, list[ir.Statement]],
    knowledge: ir.Knowledge,
) -> Iterator[Diagnostic]:
    if document.data["id"] != name:
        text = f"the id `{document.data['id']}` is not the name of the file"
        yield at(document, ("id",), "N107", text, help=f"write `{name}`")
    for i, raw in enumerate(document.data["statements"]):
        number, where = raw["id"], ("statements", i, "id")
        if number in places:
            text = f"`{number}` already stands in {places[number]}"
            yield at(document, where, "N108", text, help="give each statement its own number")
        places[number] = document.source.name
        if raw.get("becomes") in ("context", "gap") and number in carried:
            text = (
                f"`{number}` is said to be {raw['becomes']}, but {carried[number][0].id} carries it"
            )
            yield at(document, (*where[:2], "becomes"), "C108", text, help="remove one of the two")
        if "becomes" not in raw and number not in carried:
            text = f"nothing accounts for `{number}`"
            help = "name it in the `covers` of a statement, or say here what it `becomes`"
            yield at(document, where, "C107", text, help=help)
    known = [s.id for g in knowledge.guidelines.values() for s in g.statements]
    for i, raw in enumerate(document.data.get("decisions", ())):
        for j, statement in enumerate(raw.get("statements", ())):
            if statement not in known:
                text = f"unknown statement `{statement}`"
                help = suggestion(statement, known) or "a statement is named by its path"
                path = ("decisions", i, "statements", j)
                yield at(document, path, "N106", text, help=help)


def _unknown_numbers(
    knowledge: ir.Knowledge, documents: Mapping[str, Document], places: Mapping[str, str]
) -> Iterator[Diagnostic]:
    for guideline in knowledge.guidelines.values():
        for statement in guideline.statements:
            for i, number in enumerate(statement.source.covers):
                document = documents.get(statement.id)
                if number not in places and document is not None:
                    text = f"no source document has a statement `{number}`"
                    help = suggestion(number, places) or "the numbers stand in knowledge/sources"
                    yield at(document, ("source", "covers", i), "N115", text, help=help)
