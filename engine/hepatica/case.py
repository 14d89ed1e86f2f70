"""One patient as facts: reading, and refusing what cannot be true.

A case is YAML, JSON, or one line of a JSON-lines stream. Nothing is guessed: an unknown fact, a
value outside its type or plausible range, or facts that exclude each other are errors with a place.
A case with a chart has the facts that follow from the chart as of a date, beside those given.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from hepatica import ir
from hepatica.case_files import document_of as document_of
from hepatica.case_files import documents as documents
from hepatica.chart.found import Found
from hepatica.chart.model import Chart, Seen
from hepatica.chart.names import Names
from hepatica.chart.time import FIRST_YEAR, LAST_YEAR
from hepatica.diagnostics import Diagnostic, Invalid, at, has_errors
from hepatica.evaluate import Given, Referee, bare_meaning
from hepatica.interval import Interval, may_agree
from hepatica.parse.conditions import Vocabulary, facts_of
from hepatica.source import Document
from hepatica.units import split_quantity
from hepatica.walk import leaves


class Case(msgspec.Struct, frozen=True):
    """A checked case. `facts` holds quantities as floats in the unit of their fact.

    `written` keeps what stood in the file for quantities that came in another unit. `origins` are
    the facts that come from a chart; `withheld` says why others do not; `notes` are about both.
    """

    id: str
    facts: Mapping[str, ir.Held]
    title: str | None = None
    synthetic: bool = False
    as_of: str | None = None
    expect: dict[str, Any] = {}
    written: dict[str, str] = {}
    file: str = ""
    origins: dict[str, Found] = {}
    withheld: dict[str, str] = {}
    notes: tuple[Diagnostic, ...] = ()
    chart: Chart | None = None

    def last_seen(self) -> Seen | None:
        """Give what tells when the chart shows a fact or a test last; None without a chart."""
        if self.chart is None or self.as_of is None:
            return None
        now = datetime.date.fromisoformat(self.as_of).toordinal()
        return Seen(self.chart, now)


class CaseReader:
    """Reads cases against a fact dictionary, and entries about tests against the interventions."""

    def __init__(
        self,
        facts: dict[str, ir.Fact],
        interventions: Mapping[str, ir.Intervention] = MappingProxyType({}),
    ) -> None:
        """Take the dictionaries; without that of interventions no entry can say what was done."""
        self.facts = facts
        self.interventions = interventions

    @functools.cached_property
    def names(self) -> Names:
        """The names that a chart may use; most cases have none."""
        return Names(self.facts, self.interventions)

    def _is_converted(self, name: str, raw: Any) -> bool:
        fact = self.facts[name]
        return fact.type == "quantity" and isinstance(raw, str) and _unit(raw) != fact.unit

    def read(self, document: Document, as_of: str | None = None) -> Case:
        """Read a case from a document, for a date (default: the one in the document).

        Raises `Invalid` with every S and D diagnostic.
        """
        return self._dated(self._checked(document, as_of, dated=True), document)

    def days(self, document: Document) -> tuple[Case, Callable[[str], Case]]:
        """Read a chart once, to be asked for many days.

        Gives the case without the facts of its chart, and a function that gives it on a day. Raises
        `Invalid` with every S and D diagnostic, and (D115) when there is no chart.
        """
        case = self._checked(document, None, dated=False)
        if case.chart is None:
            text = f"`{case.id}` has no chart, so nothing has a date"
            help = "give it a `chart` with a `timeline`; `hepatica eval` answers for facts"
            raise Invalid([at(document, ("facts",), "D115", text, help=help, key=True)])
        return case, lambda day: self._dated(msgspec.structs.replace(case, as_of=day), document)

    def _checked(self, document: Document, as_of: str | None, *, dated: bool) -> Case:
        """Read everything that does not depend on the day."""
        if not is_plainly_a_case(document.data):
            from hepatica.schema import check_shape  # only where it is needed

            misshapen = check_shape(document, "case")
            if misshapen:
                raise Invalid(misshapen)
        vocabulary = Vocabulary(self.facts, {}, {})
        data = document.data
        written = data.get("facts", {})
        given: dict[str, ir.Held] = {}
        if written:
            bounds = self._bounds(vocabulary, document, written)
            exact = facts_of(vocabulary, document, ("facts",), patient=True, without=bounds)
            given = {**exact, **{n: value for n, value in bounds.items() if value is not None}}
        found = vocabulary.diagnostics
        for value, path in ((data.get("as_of"), ("as_of",)), (as_of, ())):
            if value is not None and not _is_day(value):
                text = f"`{value}` is not a day of the calendar"
                found.append(at(document, path, "D102", text, help="write it as 2025-09-01"))
        date = as_of or data.get("as_of")
        chart = None
        if "chart" in data:
            from hepatica.chart.read import read_chart  # most cases have none

            chart, wrong = read_chart(document, self.names, data.get("as_of"))
            found += wrong
            if date is None and dated:
                help = "give `as_of` in the file, or --as-of"
                text = "a chart is answered for a date, and none is given"
                found.append(at(document, ("chart",), "D115", text, help=help, key=True))
            elif date and _is_day(date) and not FIRST_YEAR <= int(date[:4]) <= LAST_YEAR:
                text = f"a chart is not answered for `{date}`"
                help = f"give a date from {FIRST_YEAR} to {LAST_YEAR}"
                found.append(at(document, ("chart",), "D115", text, help=help, key=True))
        if not has_errors(found):
            for name, others in contradictions(self.facts, given):
                text, help = exclusion(name, others)
                found.append(at(document, ("facts", name), "D105", text, help=help, key=True))
        if has_errors(found):
            raise Invalid(found)
        return Case(
            id=data["id"],
            facts=given,
            title=data.get("title"),
            synthetic=data.get("synthetic", False),
            as_of=date,
            expect=data.get("expect", {}),
            written={n: written[n] for n in given if self._is_converted(n, written[n])},
            file=document.source.name,
            chart=chart,
        )

    def _bounds(
        self, vocabulary: Vocabulary, document: Document, written: Mapping[str, Any]
    ) -> dict[str, float | Interval | None]:
        """Read the quantities that may be written as bounds: `<5 U/L`."""
        texts = {n: raw for n, raw in written.items() if isinstance(raw, str) and n in self.facts}
        odd = {
            n: raw for n, raw in texts.items()
            if self.facts[n].type == "quantity" and split_quantity(raw) is None
        }  # fmt: skip
        if not odd:
            return {}
        from hepatica.chart.bounds import read_bounds  # rarely needed

        return read_bounds(vocabulary, document, odd)

    def _dated(self, case: Case, document: Document) -> Case:
        """Add what a chart says on the date of a case; what is given holds."""
        if case.chart is None or case.as_of is None:
            return case
        from hepatica.chart.derive import derive

        derived = derive(
            case.chart, self.names, datetime.date.fromisoformat(case.as_of).toordinal()
        )
        notes = [
            at(document, n.place, n.code, n.text, help=n.help, severity="note")
            for n in derived.notes
        ]
        withheld = {n: why for n, why in derived.withheld.items() if n not in case.facts}
        origins = {n: f for n, f in derived.found.items() if n not in case.facts}
        for name, told in derived.found.items():
            if name in case.facts and not may_agree(case.facts[name], told.value):
                text = f"`{name}` as given differs from the chart ({told.how}); as given it holds"
                help = "leave it out of `facts`, or mend the chart"
                place = ("facts", name)
                found = at(document, place, "D117", text, help=help, severity="note", key=True)
                notes.append(found)
        facts = {**{n: f.value for n, f in origins.items()}, **case.facts}
        while wrong := contradictions(self.facts, facts):
            for name, others in wrong:
                dropped = [n for n in (name, *others) if n in origins]
                text, _ = exclusion(name, others)
                text = text.replace("as given", "as known")
                help = "none of them that comes from the chart is used; mend the entries"
                place = ("chart", "timeline")
                found = at(document, place, "D118", text, help=help, severity="note", key=True)
                notes.append(found)
                for other in dropped:
                    del facts[other], origins[other]
                    withheld[other] = "what the chart says of it excludes another fact"
        return msgspec.structs.replace(
            case, facts=facts, origins=origins, withheld=withheld, notes=tuple(notes)
        )


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_LONGEST_ID = 200
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TEXTS = frozenset({"id", "title", "source"})


def is_plainly_a_case(data: Any) -> bool:
    """Say whether data is surely a well-formed case of the usual kind, without asking the schema.

    Loading a schema takes longer than evaluating a patient. False only means: ask the schema.
    """
    if type(data) is not dict or not isinstance(data.get("facts"), dict) or "id" not in data:
        return False
    for key, value in data.items():
        if key in _TEXTS:
            if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
                return False
        elif key == "as_of":
            if not isinstance(value, str) or not _DATE.fullmatch(value):
                return False
        elif key == "synthetic":
            if type(value) is not bool:
                return False
        elif key != "facts":
            return False
    return all(
        type(value) in (bool, int, float, str)
        or (type(value) is list and all(type(member) is str for member in value))
        for value in data["facts"].values()
    )


def contradictions(facts: Mapping[str, ir.Fact], given: Given) -> list[tuple[str, tuple[str, ...]]]:
    """Find given facts that exclude each other by what the dictionary says they imply.

    Each is the fact that implies something and the facts that deny it.
    """
    referee = Referee(bare_meaning(facts), given)
    found = []
    for name in given:
        for implication in facts[name].implies:
            if referee.truth(implication.when) and referee.truth(implication.then) is False:
                others = dict.fromkeys(leaf.fact for leaf in leaves(implication.then))
                found.append((name, tuple(others)))
    return found


def exclusion(name: str, others: tuple[str, ...]) -> tuple[str, str]:
    """Put a contradiction into words: what is wrong, and what to do."""
    names = " and ".join(f"`{other}`" for other in others)
    text = f"`{name}` as given and {names} as given exclude each other"
    return text, "one of them is wrong; leave out what is not known"


def _unit(text: str) -> str | None:
    split = split_quantity(text)
    return split[1] if split else None
