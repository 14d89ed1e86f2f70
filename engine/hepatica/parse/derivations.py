"""The `derive` of every fact: names, classes and types resolved.

Reads documents of the fact dictionary that already have the right shape. Reports unknown names
(N101 to N103) and a way that does not suit its fact (N119).
"""

from __future__ import annotations

from typing import Any, cast

from hepatica import ir
from hepatica.derivation import (
    Age,
    At,
    Count,
    Derivation,
    Dose,
    Drugs,
    Earliest,
    Extreme,
    Given,
    Latest,
    Line,
    NormalSince,
    Period,
    PeriodUnit,
    Ratio,
    Reactions,
    Since,
    Started,
    TimeOn,
)
from hepatica.parse.conditions import Vocabulary
from hepatica.source import Document, KeyPath

_MONTH = Period(30, "d")
_TIMES = ("d", "wk", "a")
_DOSE = "mg/kg/d"
_KINDS = {"codes": "set of codes"}


def with_derivations(
    vocabulary: Vocabulary, documents: list[Document], weight: str | None
) -> dict[str, ir.Fact]:
    """Give the facts of a vocabulary with their `derive`; `weight` names the body weight."""
    found = dict(vocabulary.facts)
    for document in documents:
        for name, data in document.data["facts"].items():
            if "derive" in data and name in found:
                reader = _Reader(vocabulary, document, found[name], weight)
                found[name] = ir.replace(found[name], derive=reader.read(data["derive"]))
    _check_started(vocabulary, documents, found)
    return found


def _check_started(
    vocabulary: Vocabulary, documents: list[Document], facts: dict[str, ir.Fact]
) -> None:
    """Report a way that counts from the start of treatment when nothing says what treatment is."""
    started = [f for f in facts.values() if isinstance(f.derive, Started)]
    if len(started) == 1:
        return
    for document in documents:
        for name in document.data["facts"]:
            way = facts[name].derive
            counts = isinstance(way, At) or (isinstance(way, Latest) and way.before_treatment)
            if counts or (isinstance(way, Started) and started):
                text = "the start of treatment is defined by one fact with `started`, not "
                path = ("facts", name, "derive")
                help = "let one fact say which drugs are treatment"
                vocabulary.report(document, path, "N119", f"{text}{len(started)}", help)


class _Reader:
    """Reads the `derive` of one fact."""

    def __init__(
        self, vocabulary: Vocabulary, document: Document, fact: ir.Fact, weight: str | None
    ) -> None:
        self.vocabulary = vocabulary
        self.document = document
        self.fact = fact
        self.weight = weight
        self.path: KeyPath = ("facts", fact.id, "derive")

    def read(self, data: Any) -> Derivation:
        if data == "given":
            return Given()
        [(word, how)] = data.items()
        self.path = (*self.path, word)
        reader = getattr(self, f"_{word}")
        return cast(Derivation, reader(how))

    def _refuse(self, text: str, help: str) -> None:
        self.vocabulary.report(self.document, self.path, "N119", text, help)

    def _needs(self, *types: ir.FactType) -> None:
        if self.fact.type not in types:
            kind = _KINDS.get(self.fact.type, self.fact.type)
            text = f"`{self.path[-1]}` does not suit `{self.fact.id}`, which is a {kind}"
            self._refuse(text, f"it suits a {' or '.join(_KINDS.get(t, t) for t in types)}")

    def _needs_unit(self, *units: str) -> None:
        self._needs("quantity")
        if self.fact.type == "quantity" and self.fact.unit not in units:
            text = f"`{self.path[-1]}` does not suit `{self.fact.id}`, which is in {self.fact.unit}"
            self._refuse(text, f"it gives {' or '.join(units)}")

    def _measured(self, name: str, *steps: str | int) -> str:
        fact = self.vocabulary.fact(self.document, (*self.path, *steps), name)
        if fact is not None and fact.type != "quantity":
            self._refuse(f"`{name}` is not measured", "name a fact with a unit")
        return name

    def _drug(self, name: str, *steps: str | int) -> str:
        return self.vocabulary.intervention(self.document, (*self.path, *steps), name)

    def _group(self, data: dict[str, list[str]]) -> tuple[str, ...]:
        found = [self._drug(name, "drugs", i) for i, name in enumerate(data.get("drugs", ()))]
        for i, name in enumerate(data.get("classes", ())):
            self.vocabulary.class_(self.document, (*self.path, "classes", i), name)
            every = self.vocabulary.interventions.values()
            found += [each.id for each in every if name in each.classes]
        return tuple(dict.fromkeys(found))

    def _latest(self, data: Any) -> Latest:
        if data == "always":
            return Latest()
        lasting = tuple(data.get("lasting", ()))
        allowed = {True, False} if self.fact.type == "boolean" else set(self.fact.values)
        for value in lasting:
            if value not in allowed or isinstance(value, bool) != (self.fact.type == "boolean"):
                text = f"`{value}` is not a value of `{self.fact.id}`"
                self._refuse(text, "name values of the fact")
        within = period(data["within"]) if "within" in data else None
        drugs: tuple[str, ...] = ()
        if "since_change_of" in data:
            self.path = (*self.path, "since_change_of")
            drugs = self._group(data["since_change_of"])
        return Latest(within, lasting, "before" in data, drugs)

    def _ratio(self, data: dict[str, str]) -> Ratio:
        self._needs_unit("1")
        return Ratio(self._measured(data["of"], "of"), period(data["within"]))

    def _at(self, data: dict[str, str]) -> At:
        of = self._measured(data["of"], "of")
        source = self.vocabulary.facts.get(of)
        unit = source.unit if source is not None and source.unit else "1"
        reads = cast(Any, data["as"])
        self._needs_unit({"value": unit, "ratio": "1", "fall": "%"}[reads])
        tolerance = period(data["tolerance"])
        before = period(data["before"]) if "before" in data else tolerance
        baseline = period(data["baseline"]) if "baseline" in data else _MONTH
        return At(of, reads, period(data["after"]), tolerance, before, baseline)

    def _drugs(self, data: Any) -> Drugs:
        self._needs("codes")
        return Drugs(data)

    def _reactions(self, data: dict[str, Any]) -> Reactions:
        self._needs("boolean" if data.get("severe") else "codes")
        return Reactions(self._drug(data["drug"], "drug"), bool(data.get("severe")))

    def _time_on(self, data: dict[str, list[str]]) -> TimeOn:
        self._needs_unit(*_TIMES)
        return TimeOn(self._group(data))

    def _started(self, data: dict[str, list[str]]) -> Started:
        self._needs("boolean")
        return Started(self._group(data))

    def _dose(self, data: dict[str, str]) -> Dose:
        self._needs_unit(_DOSE)
        if self.weight is None:
            self._refuse("no fact is the body weight", "name it as `weight` in interventions.yaml")
        return Dose(self._drug(data["of"], "of"), self.weight or "")

    def _normal_since(self, data: dict[str, Any]) -> NormalSince:
        self._needs_unit(*_TIMES)
        of = tuple(self._measured(name, "of", i) for i, name in enumerate(data["of"]))
        return NormalSince(of, period(data["gap"]), period(data["within"]))

    def _age(self, data: str) -> Age:
        self._needs_unit("a")
        return Age()

    def _count(self, data: dict[str, Any]) -> Count:
        self._needs_unit("1")
        return Count(data["of"], data["held"])

    def _earliest(self, data: str) -> Earliest:
        return Earliest()

    def _extreme(self, data: dict[str, str]) -> Extreme:
        of = self._measured(data["of"], "of")
        source = self.vocabulary.facts.get(of)
        unit = source.unit if source is not None and source.unit else "1"
        reads = cast(Any, data["as"])
        self._needs_unit("1" if reads == "ratio" else unit)
        return Extreme(of, cast(Any, data["take"]), reads, period(data["within"]))

    def _since(self, data: dict[str, Any]) -> Since:
        self._needs_unit(*_TIMES)
        return Since(data["event"], data["held"])

    def _line(self, data: list[dict[str, list[str]]]) -> Line:
        self._needs_unit("1")
        path, lines = self.path, []
        for i, group in enumerate(data):
            self.path = (*path, i)
            lines.append(self._group(group))
        self.path = path
        return Line(tuple(lines))


def period(text: str) -> Period:
    """Read `30 d`, `6 mo`."""
    number, unit = text.split(" ")
    return Period(int(number), cast(PeriodUnit, unit))
