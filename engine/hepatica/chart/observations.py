"""Entries of a chart that observe something: a measurement, a finding, a status."""

from __future__ import annotations

from typing import Any

from hepatica import ir
from hepatica.chart.happenings import Happenings
from hepatica.chart.model import (
    Entry,
    When,
)
from hepatica.chart.numbers import Measured, Refused, measured
from hepatica.derivation import Given
from hepatica.diagnostics import suggestion
from hepatica.parse.conditions import value_of
from hepatica.source import KeyPath


class Observations(Happenings):
    """Reads entries that give a value of a fact; what happens is read by `Happenings`."""

    def is_dated(self, path: KeyPath, name: str) -> bool:
        """Check that an entry may give a value of this fact."""
        if name in self.names.dated:
            return True
        fact = self.names.facts.get(name)
        if fact is None:
            help = suggestion(name, self.names.facts) or "facts are defined in knowledge/facts"
            self.report(path, "D101", f"unknown fact `{name}`", help)
        else:
            text = f"`{name}` is worked out from the record, not told in one entry"
            if fact.derive is None or isinstance(fact.derive, Given):
                text = f"`{name}` is a conclusion, or cannot be dated"
            self.report(path, "D114", text, "give it under `facts` if it is known otherwise")
        return False

    def observed(
        self,
        path: KeyPath,
        name: str,
        data: dict[str, Any],
        when: When,
        places: dict[str, KeyPath],
    ) -> Entry | None:
        """Read what an entry says of a fact; `places` says where a key stands, if elsewhere.

        None, and told, where it cannot be read.
        """
        fact = self.names.facts.get(name) or self.vocabulary.fact(self.document, path, name, "D101")
        if fact is None:
            return None

        def place(key: str) -> KeyPath:
            return places.get(key, (*path, key))

        corrected = data.get("corrected", False)
        if fact.type == "quantity":
            try:
                found = self._measured(fact, data)
            except Refused as refused:
                self.report(place(refused.key), refused.code, refused.text, refused.help)
                return None
            return Entry(
                name, when, found.written, path, found.number, found.limit, found.limit_written,
                found.grade, corrected=corrected,
            )  # fmt: skip
        raw = data.get("result")
        wrong = [key for key in ("value", "upper_limit", "range") if key in data]
        if raw is None or wrong:
            text = f"`{name}` is told by its `result`, not by a number"
            help = f"its values: {', '.join(f'`{v}`' for v in fact.values) or 'true, false'}"
            where = place(wrong[0]) if wrong else path
            self.report(where, "D102", text, help)
            return None
        before = len(self.vocabulary.diagnostics)
        value: ir.Value | tuple[str, ...]
        if fact.type == "codes":
            if not isinstance(raw, list):
                self.report(
                    place("result"), "D102", f"`{name}` is a set, so a list is needed",
                    f"write [{raw}]",
                )  # fmt: skip
                return None
            members = (((*place("result"), i), member) for i, member in enumerate(raw))
            read = [
                value_of(self.vocabulary, self.document, p, fact, member, patient=True)
                for p, member in members
            ]
            value = tuple(sorted({str(v) for v in read}))
        else:
            value = value_of(
                self.vocabulary, self.document, place("result"), fact, raw, patient=True
            )
        if len(self.vocabulary.diagnostics) > before:
            return None
        return Entry(name, when, str(raw), path, value=value, corrected=corrected)

    def _measured(self, fact: ir.Fact, data: dict[str, Any]) -> Measured:
        """Read a measurement, or find it among those read before: a stream repeats itself."""
        value, limit = data.get("value"), data.get("upper_limit")
        key: tuple[object, ...] = (fact.id, value, type(value), limit, type(limit))
        if "result" in data or "range" in data:
            said = (data.get("result"), *data.get("range", ()))
            key += (*said, *map(type, said))
        found = self.names.measured.get(key)
        if found is None:
            found = self.names.measured.keep(key, measured(fact, data))
        return found
