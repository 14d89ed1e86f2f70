"""Cases that would notice what nothing notices yet, written as files for a clinician to judge.

A file is written whole or not at all, and never over another. What stands there already, proposed
or refused by nobody yet, is not proposed again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from hepatica import ir
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.evaluate import Given
from hepatica.mutation.judge import Verdict
from hepatica.mutation.mutants import Mutant
from hepatica.mutation.notice import Home, Noticer, Tried
from hepatica.mutation.propose import case_patient, expected
from hepatica.mutation.separate import Facts
from hepatica.parse.conditions import plain
from hepatica.walk import concludes
from hepatica.witness import case_of
from hepatica.words import Words

HEAD = """\
# Proposed, for a clinician to accept or refuse: `expect` is what the engine answers now.
# To accept, take the line `proposed` out and keep the file with the cases.
"""


class _Dumper(yaml.SafeDumper):
    """Writes mappings as blocks and lists in one line, as people write cases."""

    def represent_sequence(
        self, tag: str, sequence: Any, flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        return super().represent_sequence(tag, sequence, flow_style=True)

    def represent_mapping(
        self, tag: str, mapping: Any, flow_style: bool | None = None
    ) -> yaml.MappingNode:
        return super().represent_mapping(tag, mapping, flow_style=False)


class Proposal(NamedTuple):
    """A case to be judged, and the mutants that it notices."""

    data: dict[str, Any]
    notices: list[Mutant]


def proposals(
    verdicts: Iterable[Verdict], noticer: Noticer, there: Sequence[Tried] = ()
) -> tuple[list[Proposal], list[Mutant]]:
    """Propose a case for every unnoticed mutant, one case for as many as it notices.

    `there` are proposals that were made before; what they notice is left out. Also gives the
    mutants that no case can tell (evidence and what is never in a status): those need an example.
    """
    words = Words(noticer.knowledge)
    made: list[tuple[Given, str, dict[str, Any], Proposal | None]] = [
        (t.case.facts, name, wanted, None) for t in there for name, wanted in t.wanted.items()
    ]
    untold: list[Mutant] = []
    names = {t.case.id for t in (*noticer.tried, *there)}
    for verdict in verdicts:
        if verdict.state != "unnoticed":
            continue
        mutant, home = verdict.mutant, noticer.home(verdict.mutant.guideline)
        changed = home.with_(mutant)
        for given, guideline, wanted, proposal in made:
            if guideline == mutant.guideline and changed.fails(given, wanted):
                if proposal is not None:
                    proposal.notices.append(mutant)
                break
        else:
            facts = case_patient(home, mutant, verdict.facts)
            if facts is None:
                untold.append(mutant)
                continue
            name = _free(_name(mutant), names)
            wanted = expected(home, facts, mutant)
            proposal = Proposal(_data(name, mutant, facts, wanted, home, words), [mutant])
            made.append((facts, mutant.guideline, wanted, proposal))
    return [proposal for *_, proposal in made if proposal is not None], untold


def _name(mutant: Mutant) -> str:
    s = mutant.statement
    return (s.id if s is not None else f"{mutant.guideline}_applies").replace("/", "_")


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    taken.add(f"{name}_{number}")
    return f"{name}_{number}"


def _data(
    name: str, mutant: Mutant, facts: Facts, wanted: dict[str, Any], home: Home, words: Words
) -> dict[str, Any]:
    s = mutant.statement
    title = s.title if s is not None else f"To whom {home.guideline.short} applies"
    return {
        "id": name,
        "title": f"{title}: {patient_in_words(mutant, facts, words)}",
        "synthetic": True,
        "proposed": True,
        "facts": case_of(name, facts, home.knowledge.facts)["facts"],
        "expect": {mutant.guideline: wanted},
    }


def patient_in_words(mutant: Mutant, facts: Facts, words: Words) -> str:
    """Say in a few words what is particular about a patient for whom a mutant matters."""
    leaf = mutant.change.leaf
    if leaf is None:
        s = mutant.statement
        told = [words.stated(name, value) for name, value in list(facts.items())[:3]]
        if s is not None and mutant.change.kind in ("avoidance", "option", "conclusion"):
            fact = concludes(s)
            told = [words.fact(fact) if fact else s.kind, *told[:2]]
        return "; ".join(told) or "nothing known"
    if leaf.fact not in facts:
        return f"not known: {words.fact(leaf.fact)}"
    value = facts[leaf.fact]
    told_value = words.value(leaf.fact, value)
    if isinstance(value, float):
        exactly = "exactly " if value in leaf.values else ""
        return f"{words.fact(leaf.fact)} {exactly}{told_value}"
    if isinstance(value, bool):
        return f"{words.fact(leaf.fact)}: {told_value}"
    return words.stated(leaf.fact, value)


def write(folder: Path, made: Iterable[Proposal]) -> list[Path]:
    """Write proposals into a folder, made if need be; a file that is there stays as it is.

    Raises `Invalid` (Y111) when the system refuses.
    """
    written = []
    for proposal in made:
        path = folder / f"{proposal.data['id']}.yaml"
        text = HEAD + yaml.dump(
            proposal.data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if _write(path, text):
                written.append(path)
        except OSError as error:
            told = f"cannot write `{path}`: {(error.strerror or 'refused').lower()}"
            raise Invalid([Diagnostic("Y111", "error", told, help="check the folder")]) from None
    return written


def _write(path: Path, text: str) -> bool:
    """Write a file that is not there yet, all at once; says whether it was written."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8")
        try:
            os.link(part, path)  # fails when it is there, unlike a renaming
        except FileExistsError:
            return False
        return True
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def shown_change(mutant: Mutant) -> str:
    """Write a change in one line."""
    return f"`{mutant.change.was}` → {mutant.change.now}"


def shown_facts(facts: Facts, dictionary: dict[str, ir.Fact]) -> str:
    """Write a patient in one line, as the facts of an example."""
    told = []
    for name, value in facts.items():
        if isinstance(value, tuple):
            said = f"[{', '.join(value)}]"
        elif isinstance(value, bool):
            said = str(value).lower()
        else:
            said = plain(value) if isinstance(value, float) else value
            if isinstance(value, float) and dictionary[name].ask_unit:
                said = f'"{said} {dictionary[name].unit}"'
        told.append(f"{name}: {said}")
    return "{" + ", ".join(told) + "}"
