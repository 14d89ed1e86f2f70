"""Entries about drugs and events: when one was begun, changed or stopped, and what happened."""

from __future__ import annotations

from typing import Any, cast

from hepatica import ir
from hepatica.chart.model import Amount, Entry, Event, Medication, Performed, When
from hepatica.chart.names import OTHER_DRUG, Names
from hepatica.chart.timeline import Timeline
from hepatica.diagnostics import at, suggestion
from hepatica.parse.conditions import Vocabulary
from hepatica.source import Document, KeyPath
from hepatica.units import is_unit, split_quantity

_COMMON_UNITS = frozenset({"mg/d", "mg/kg/d", "g/d", "ug/d", "mg", "g", "mg/wk"})


class Happenings:
    """What is read of a chart so far, and the entries about drugs and events."""

    def __init__(self, document: Document, names: Names) -> None:
        """Start with nothing read; what is wrong goes into the vocabulary's diagnostics."""
        self.document = document
        self.names = names
        self.vocabulary = Vocabulary(dict(names.facts), {}, {})
        self.entries: dict[str, list[Entry]] = {}
        self.medications: dict[str, list[Medication]] = {}
        self.events: dict[str, list[Event]] = {}
        self.performed: dict[str, list[Performed]] = {}

    def add(self, entry: Entry) -> None:
        """Add a dated value."""
        told = self.entries.get(entry.fact)
        if told is None:
            told = self.entries[entry.fact] = Timeline()
        told.append(entry)

    def report(self, path: KeyPath, code: str, text: str, help: str, key: bool = False) -> None:
        """Add an error about the value (or key) at a place."""
        found = at(self.document, path, code, text, help=help, key=key)
        self.vocabulary.diagnostics.append(found)

    def medication(self, path: KeyPath, kind: str, data: dict[str, Any], when: When) -> None:
        """Read the start, change or stop of a drug."""
        drug = self._drug((*path, kind), data[kind])
        dose = None
        if "dose" in data:
            dose = self._dose((*path, "dose"), data["dose"])
            if dose is None:
                return
        if drug is not None:
            found = Medication(
                drug, cast(Any, kind), when, path, dose, str(data.get("dose", "")),
                data.get("reason"), data.get("permanent"), data.get("corrected", False),
            )  # fmt: skip
            self.medications.setdefault(drug, []).append(found)

    def _drug(self, path: KeyPath, name: str) -> str | None:
        if name in self.names.drugs:
            return name
        help = suggestion(name, self.names.drugs)
        help = help or f"one that is no treatment of the hepatitis is written `{OTHER_DRUG}`"
        self.report(path, "D113", f"unknown drug `{name}`", help)
        return None

    def _dose(self, path: KeyPath, raw: str) -> Amount | None:
        split = split_quantity(raw)
        if split is None or not (split[1] in _COMMON_UNITS or is_unit(split[1])):
            text = f"`{raw[:60]}` is not a dose"
            self.report(path, "D102", text, "write it with a UCUM unit: `40 mg/d`, `1 mg/kg/d`")
            return None
        if split[0] <= 0:
            self.report(path, "D103", "a dose is above zero", "write `stop` for a drug not taken")
            return None
        return Amount(*split)

    def done(self, path: KeyPath, name: str, when: When) -> None:
        """Read that a test or procedure was done."""
        if name in self.names.performed:
            self.performed.setdefault(name, []).append(Performed(name, when, path))
        elif name in self.names.interventions:
            text = f"`{name}` is a drug, which is not done but taken"
            self.report((*path, "done"), "D113", text, "write `start`, `change` or `stop`")
        else:
            help = suggestion(name, self.names.performed)
            help = help or "tests and procedures are defined in knowledge/interventions.yaml"
            self.report((*path, "done"), "D113", f"unknown test or procedure `{name}`", help)

    def event(self, path: KeyPath, data: dict[str, Any], when: When) -> None:
        """Read an event, and what it is attributed to."""
        name = data["event"]
        if name not in self.names.events:
            help = suggestion(name, self.names.events)
            help = help or f"events: {', '.join(self.names.events) or 'none in this dictionary'}"
            self.report((*path, "event"), "D113", f"unknown event `{name}`", help)
            return
        raw = data.get("attributed_to")
        attributed: tuple[str, ...] | None = None
        if raw is not None:
            listed = raw if isinstance(raw, list) else [] if raw == "none" else [raw]
            places = [
                (*path, "attributed_to", i) if isinstance(raw, list) else (*path, "attributed_to")
                for i in range(len(listed))
            ]
            drugs = [self._drug(p, n) for p, n in zip(places, listed, strict=True)]
            if None in drugs:
                return
            attributed = tuple(str(drug) for drug in drugs)
        severity = data.get("severity")
        found = Event(name, when, path, severity, attributed)
        self.events.setdefault(name, []).append(found)
        if name in self.names.dated:
            self._as_state(found)

    def _as_state(self, event: Event) -> None:
        """Let an event that is also a fact be a dated value of it: severe cytopenia is cytopenia.

        One whose severity is not a value of the fact leaves it open, so that an older value does
        not seem to go on.
        """
        fact = self.names.facts[event.event]
        value: ir.Value | None = None
        if fact.type == "boolean":
            value = True
        elif fact.type == "code" and event.severity in fact.values:
            value = event.severity
        written = ", ".join(word for word in (event.event, event.severity) if word)
        entry = Entry(fact.id, event.when, written, event.place, value=value)
        self.add(entry)
