"""Two guidelines compared over every patient, those with missing facts too.

Three things are asked: how the conditions of two statements stand to each other, each with the
definitions of its own side; whether what both tell is told to the same patients by all statements
together, with `applies` and what is contraindicated; and whom the two are for. Every difference
comes with a patient, who was asked of both sides again (`replayed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hepatica import ir
from hepatica.diagnostics import Invalid
from hepatica.diff.data import Basis, Compared, Proof, Reason, Relation, Shows, Telling, Witness
from hepatica.diff.replayed import APPLIES, Asked, AskedTold, Condition, Replayed
from hepatica.diff.tellings import Key, Told, keys, says, tellings
from hepatica.outcome import members
from hepatica.prove import Prover, Side
from hepatica.prove_data import Difference, Verdict
from hepatica.prove_data import Witness as Found
from hepatica.walk import active, conditions_of, leaves
from hepatica.witness import Concludes, Holds, Question, Status, defect, read_back, together
from hepatica.words import Words

RELATIONS: dict[Verdict, Relation] = {
    "equal": "equal",
    "same_when_true": "same_when_true",
    "a_implies_b": "looser",
    "b_implies_a": "stricter",
    "overlapping": "overlapping",
    "disjoint": "disjoint",
}
_ALWAYS = ir.All(())


class Prepared:
    """A guideline made ready for the solver.

    Avoidances name interventions instead of classes, since the two sides may have other classes;
    what several statements tell is one statement more, and so is whom the guideline is for.
    """

    def __init__(self, of: Compared, told: Told, also: Iterable[Key] = ()) -> None:
        """Prepare one side and what it tells; `also` is asked of it, which it may not tell."""
        self.of = of
        self.tellings = told
        self.made: list[ir.Statement] = []
        self._questions = {key: self._question(key) for key in dict.fromkeys((*told, *also))}
        self.applies = self._make(of.guideline.applies or _ALWAYS)
        self._nobody = self._make(ir.Any(()))
        statements = (*map(self._plain, of.guideline.statements), *self.made)
        self.guideline = ir.replace(of.guideline, statements=statements)

    def holds(self, name: str) -> Side:
        """Ask whether a statement's condition is true, false or unknown."""
        return self.guideline, Holds(name)

    def told(self, key: Key) -> Side:
        """Ask what is told, by all statements together."""
        return self.guideline, self._questions[key]

    def nobody(self) -> Side:
        """Ask what holds for no patient."""
        return self.guideline, Holds(self._nobody)

    def points(self, fact: str, number: int) -> Side:
        """Ask whether a score has so many points."""
        return self.guideline, Concludes(fact, float(number))

    def _plain(self, s: ir.Statement) -> ir.Statement:
        if s.avoid is not None:
            names = members(s.avoid, self.of.knowledge.interventions)
            s = ir.replace(s, avoid=ir.Avoid(interventions=names, actions=s.avoid.actions))
        return s if s.when is not None or s.items else ir.replace(s, when=_ALWAYS)

    def _question(self, key: Key) -> Question:
        told = self.tellings.get(key, ())
        if key.kind in ("conclusion", "score"):
            [fact] = key.subject
            return Concludes(fact, key.value if key.value is not None else 0.0)
        name = told[0].id if told else ""
        option = tuple(sorted(key.subject))
        if len(told) != 1:
            any_of = ir.Any(tuple(s.when or _ALWAYS for s in told))
            recommend = None
            if key.kind == "recommendation":
                recommend = ir.Recommend(next(iter(key.manner)), (option,))
            name = self._make(any_of, recommend)
        return Status(name, option) if key.kind == "recommendation" else Holds(name)

    def _make(self, when: ir.Condition, recommend: ir.Recommend | None = None) -> str:
        """Add a statement of which nothing counts but its condition and what it recommends."""
        name = f"{self.of.guideline.id}/~/{len(self.made)}"
        source = ir.Source(ref="", label="page", locator="", confidence="direct")
        kind: ir.Kind = "evidence" if recommend is None else "recommendation"
        self.made.append(
            ir.Statement(
                id=name, guideline=self.of.guideline.id, title="", kind=kind, status="draft",
                since="", text="", source=source, when=when, recommend=recommend,
            )
        )  # fmt: skip
        return name


class Proofs:
    """Asks the solver about two sides. Made once for a comparison.

    Raises `Invalid`: E103 without the solver, N117 where a fact that is asked about is of another
    kind on the two sides, E105 where a patient that was found is not confirmed.
    """

    def __init__(
        self, old: Compared, new: Compared, seconds: float | None, *, per_action: bool = False
    ) -> None:
        """Take the two sides, and the time for each question (None: as long as it takes).

        `per_action` looks at each action apart that a contraindication or caution is about.
        """
        self.seconds = seconds
        self.facts = _facts(old, new)
        self.prover = Prover(self.facts, {}, seconds=seconds, network=False)
        mine, its = (tellings(of, per_action=per_action) for of in (old, new))
        self.old, self.new = Prepared(old, mine, its), Prepared(new, its, mine)
        self.sides = (
            Replayed(old, self.facts, self.old.tellings),
            Replayed(new, self.facts, self.new.tellings),
        )
        self.words = Words(self.sides[0].of.knowledge), Words(self.sides[1].of.knowledge)
        self._names: set[str] = set()
        self._told: dict[Key, Telling] = {}

    # --- questions ---------------------------------------------------------------------------

    def condition(
        self, old: ir.Statement, new: ir.Statement
    ) -> tuple[Relation | None, tuple[Witness, ...]]:
        """Compare the conditions of two statements; no relation when it was not decided."""
        name = old.id.split("/", 1)[1].replace("/", "_")
        if old.score is not None and new.score is not None:
            return self._score(old, new, name)
        found = self.prover.differ(self.old.holds(old.id), self.new.holds(new.id))
        return self._read(found, name, (Condition(old.when, old.id), Condition(new.when, new.id)))

    def alone(self, s: ir.Statement, *, is_old: bool) -> tuple[Witness, ...]:
        """Find the smallest patient for whom a statement holds that only one side has."""
        if s.when is None:
            return ()
        mine, its = (self.old, self.new) if is_old else (self.new, self.old)
        found = self.prover.differ(mine.holds(s.id), its.nobody()).only_a
        if found is None:
            return ()
        shows: Shows = "only_old" if is_old else "only_new"
        asked: tuple[Asked, Asked] = Condition(s.when, s.id), Condition(ir.Any(()))
        if not is_old:
            found = ir.replace(found, a=found.b, b=found.a)
            asked = asked[1], asked[0]
        name = s.id.split("/", 1)[1].replace("/", "_")
        witness = self.witness(shows, found, name, asked)
        nothing = Reason("silent", (), (), ())
        return (ir.replace(witness, **{"new" if is_old else "old": nothing}),)

    def applies(self) -> tuple[Relation | None, tuple[Witness, ...]]:
        """Compare whom the two guidelines are for."""
        sides = self.old.holds(self.old.applies), self.new.holds(self.new.applies)
        asked = (
            Condition(self.old.of.guideline.applies, APPLIES),
            Condition(self.new.of.guideline.applies, APPLIES),
        )
        return self._read(self.prover.differ(*sides), "applies", asked)

    def shared(self) -> Iterator[Key]:
        """List what both sides tell, in the order of the old side."""
        return (key for key in self.old.tellings if key in self.new.tellings)

    def equal_together(self, s: ir.Statement, of: Compared) -> bool:
        """Say whether all that a statement of a side tells is proved to be told alike by both."""
        wanted = list(keys(s, of.knowledge))
        shared = [key for key in wanted if key in self.old.tellings and key in self.new.tellings]
        return (
            bool(wanted)
            and len(shared) == len(wanted)
            and all(self.telling(key).relation == "equal" for key in shared)
        )

    def telling(self, key: Key) -> Telling:
        """Compare to whom something is told that both sides tell; each thing is asked once."""
        if key not in self._told:
            self._told[key] = self._telling(key)
        return self._told[key]

    def _telling(self, key: Key) -> Telling:
        mine, its = self.old.tellings[key], self.new.tellings[key]
        if key.kind == "score":
            relation, witnesses = self._score(mine[0], its[0], key.name)
        else:
            found = self.prover.differ(self.old.told(key), self.new.told(key))
            relation, witnesses = self._read(
                found, f"told_{key.name}", (AskedTold(key), AskedTold(key))
            )
        basis: Basis = "not_decided" if relation is None else "proved"
        kind: Any = key.kind if key.kind == "recommendation" else "avoid"
        if key.kind in ("conclusion", "score"):
            kind = "conclusion"
        return Telling(
            kind, says(key, self.words[0]), tuple(s.id for s in mine), tuple(s.id for s in its),
            relation or "different", basis, witnesses,
        )  # fmt: skip

    def proof(self) -> Proof:
        """Compare all that both sides tell."""
        engines = ("referee", *dict.fromkeys(side.engine for side in self.sides))
        return Proof(self.seconds, engines, tuple(map(self.telling, self.shared())))

    def _score(
        self, old: ir.Statement, new: ir.Statement, name: str
    ) -> tuple[Relation | None, tuple[Witness, ...]]:
        """Compare two scores, by asking of every number of points whether it is reached alike."""
        assert old.score is not None and new.score is not None
        low, high = _reach(old, new)
        for points in range(low, high + 1):
            leaf = ir.Leaf(old.score, "between", (float(points), float(points)))
            other = ir.replace(leaf, fact=new.score)
            sides = self.old.points(old.score, points), self.new.points(new.score, points)
            found = self.prover.differ(*sides)
            if found.verdict != "equal":
                asked = (Condition(leaf), Condition(other))
                relation, witnesses = self._read(found, name, asked)
                # Of points "stricter" means nothing: they are others.
                return None if relation is None else "different", witnesses
        return "equal", ()

    # --- patients ----------------------------------------------------------------------------

    def _read(
        self, found: Difference, name: str, asked: tuple[Asked, Asked]
    ) -> tuple[Relation | None, tuple[Witness, ...]]:
        shown = {"only_old": found.only_a, "only_new": found.only_b}
        if not any(shown.values()):
            shown = {"difference": found.difference}
        witnesses = tuple(
            self.witness(shows, patient, name, asked)  # type: ignore[arg-type]
            for shows, patient in shown.items() if patient is not None
        )  # fmt: skip
        return RELATIONS.get(found.verdict), witnesses

    def witness(self, shows: Shows, found: Found, name: str, asked: tuple[Asked, Asked]) -> Witness:
        """Ask both sides again about a patient. Raises `Invalid` (E105) if they do not confirm."""
        name = self._unused(f"{name}_{shows}")
        case = read_back({**found.case, "id": name}, self.facts)
        confirmed = [side.outcome(a, case) for side, a in zip(self.sides, asked, strict=True)]
        if confirmed != [found.a, found.b]:
            told = f"{found.a} and {found.b} are claimed, {' and '.join(confirmed)} are found"
            raise Invalid([defect(told)])
        old, new = (side.reason(a, case) for side, a in zip(self.sides, asked, strict=True))
        engines = (*found.engines, *dict.fromkeys(side.engine for side in self.sides))
        return Witness(
            shows, name, found.case["facts"], self.stated(case.facts), old, new, found.minimal,
            tuple(dict.fromkeys(engines)),
        )  # fmt: skip

    def stated(self, facts: Mapping[str, Any]) -> tuple[str, ...]:
        """Put the facts of a patient into words, of the side whose dictionary has them."""
        of = ((self.words[0 if n in self.old.of.knowledge.facts else 1], n) for n in facts)
        return tuple(f"{words.fact(n)}: {words.value(n, facts[n])}" for words, n in of)

    def _unused(self, name: str) -> str:
        number, found = 1, name
        while found in self._names:
            number += 1
            found = f"{name}_{number}"
        self._names.add(found)
        return found


def _facts(old: Compared, new: Compared) -> dict[str, ir.Fact]:
    """Make the dictionary of every patient of either side, over the facts that either asks about.

    What nobody asks about may be of another kind on the two sides without harm.
    """
    asked = _asked(old) | _asked(new)
    sides = [{n: f for n, f in of.knowledge.facts.items() if n in asked} for of in (old, new)]
    return together(*sides)


def _asked(of: Compared) -> set[str]:
    """Name the facts that a guideline asks about or concludes, and all that they imply."""
    g = of.guideline
    every = active((*g.statements, *g.definitions))
    conditions = [c for s in every for c in conditions_of(s)]
    conditions += [g.applies] if g.applies is not None else []
    names = {leaf.fact for c in conditions for leaf in leaves(c)}
    names |= {name for s in every if (name := s.score or (s.conclude or ("",))[0])}
    waiting = list(names)
    while waiting:
        for implication in of.knowledge.facts[waiting.pop()].implies:
            found = {leaf.fact for c in (implication.when, implication.then) for leaf in leaves(c)}
            waiting += found - names
            names |= found
    return names


def _reach(*scores: ir.Statement) -> tuple[int, int]:
    """Give the fewest and the most points that scores can come to."""
    low = high = 0
    for s in scores:
        points = [[option.points for option in item.best_of] for item in s.items]
        low = min(low, sum(min(0, *each) for each in points))
        high = max(high, sum(max(0, *each) for each in points))
    return low, high
