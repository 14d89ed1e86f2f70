"""How much a new version of a guideline changes: patch, minor or major, and for whom.

*Patch*: no patient is told anything different. *Minor*: some patient is told something more.
*Major*: some patient loses or changes what they are told. Each thing that is told is looked at over
every patient, all statements together; doses, grades and the like by statement. What was not
decided in time counts as major: nobody has shown that it is less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from hepatica import ir
from hepatica.diff import compare
from hepatica.diff.data import Change, Compared, Diff, Pair, Witness
from hepatica.diff.proof import Proofs
from hepatica.diff.proof_data import SECONDS
from hepatica.diff.replayed import APPLIES, AskedTold, Condition
from hepatica.diff.tellings import Key, says
from hepatica.outcome import GIVES
from hepatica.prove_data import Transitions
from hepatica.walk import active, unplaced
from hepatica.words import ACTIONS

Level = Literal["none", "patch", "minor", "major"]
LEVELS: tuple[Level, ...] = ("none", "patch", "minor", "major")
_SHOWN = {"dose", "schedule", "target", "duration", "figure", "grade", "items"}


class Cause(NamedTuple):
    """One change: how much it is, what it is in words, where, and a patient who meets it.

    `actions` are those of an avoidance that changes for some of them only.
    """

    level: Level
    what: str
    statements: tuple[str, ...] = ()
    witness: Witness | None = None
    actions: frozenset[str] = frozenset()


class Step(NamedTuple):
    """From one version to the next: what changes, the largest first, and what its number says.

    `least` is the lowest number that suffices. `undecided` counts the questions that took too long.
    """

    old: Compared
    new: Compared
    needed: Level
    causes: tuple[Cause, ...]
    least: str
    undecided: int

    @property
    def suffices(self) -> bool:
        """Say whether the number of the new version is high enough."""
        return _parts(self.new.guideline.version) >= _parts(self.least)


def step(old: Compared, new: Compared, seconds: float | None = SECONDS) -> Step:
    """Compare two versions of a guideline.

    `seconds` is the time for each question to the solver (None: as long as it takes). Raises as
    `proof.Proofs` does, but for a fact that is of another kind now: that alone is major.
    """
    found = _Step(old, new, seconds)
    causes = sorted(
        _joined(found.causes()), key=lambda c: (-LEVELS.index(c.level), c.witness is None)
    )
    needed: Level = max((c.level for c in causes), key=LEVELS.index, default="none")
    if needed == "none" and old.guideline.digest != new.guideline.digest:
        needed = "patch"
        causes = [Cause("patch", "nothing that a patient is told: the files differ")]
    least = least_after(old.guideline.version, needed)
    return Step(old, new, needed, tuple(causes), least, found.undecided)


def least_after(version: str, level: Level) -> str:
    """Give the lowest version number that says a change of this level.

    Before 1.0.0 the second number stands for a major change, as is usual, and the third for all
    others.
    """
    major, minor, patch = _parts(version)
    if level == "none":
        return version
    if level == "major":
        return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    if level == "minor" and major:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def said(old: str, new: str) -> Level:
    """Give the level that two version numbers say; none when the number is the same or lower."""
    for level in reversed(LEVELS):
        if _parts(new) >= _parts(least_after(old, level)) and new != old:
            return level
    return "none"


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


class _Step:
    def __init__(self, old: Compared, new: Compared, seconds: float | None) -> None:
        self.old, self.new = old, new
        self.seconds = seconds
        self.undecided = 0

    def causes(self) -> Iterator[Cause]:
        """List what changes."""
        if self.old.guideline.digest == self.new.guideline.digest:
            return
        diff: Diff = compare(self.old, self.new)
        yield from self._described(diff)
        if any(c.what in ("type", "unit") for c in diff.facts):
            return  # no patient is possible in both; `_described` has told it
        self.proofs = Proofs(self.old, self.new, self.seconds, per_action=True)
        yield from self._applies()
        every = dict.fromkeys((*self.proofs.old.tellings, *self.proofs.new.tellings))
        for key in every:
            yield from self._telling(key)
        for pair in diff.pairs:
            yield from self._content(pair)

    # --- what is told ------------------------------------------------------------------------

    def _telling(self, key: Key) -> Iterator[Cause]:
        proofs = self.proofs
        mine, its = (side.tellings.get(key, ()) for side in (proofs.old, proofs.new))
        names = tuple(_changed_statements(mine, its))
        whole = key if key.kind == "recommendation" else key._replace(manner=GIVES)
        what = says(whole, proofs.words[0 if mine else 1])
        if key.kind == "score":
            yield from self._score(key, what, names)
            return
        sides = proofs.old.told(key), proofs.new.told(key)
        yield from self._read(proofs.prover.transitions(*sides), key, what, names)

    def _read(
        self, found: Transitions, key: Key, what: str, names: tuple[str, ...]
    ) -> Iterator[Cause]:
        asked = AskedTold(key), AskedTold(key)
        worst: dict[Level, tuple[tuple[str, str], Cause]] = {}
        for change, patient in found.found.items():
            level = _level(key, *change)
            if level not in worst:
                witness = self.proofs.witness("difference", patient, key.name, asked)
                text = f"{what}: {' → '.join(map(_word, change))}"
                actions = frozenset[str]() if key.kind == "recommendation" else key.manner
                worst[level] = change, Cause(level, text, names, witness, actions)
        yield from (cause for _, cause in worst.values())
        if found.undecided and "major" not in worst:
            self.undecided += len(found.undecided)
            late = f"not decided within {self.seconds:g} s" if self.seconds is not None else ""
            yield Cause("major", f"{what}: {late}, so it may be major", names)

    def _score(self, key: Key, what: str, names: tuple[str, ...]) -> Iterator[Cause]:
        proofs = self.proofs
        if key not in proofs.old.tellings or key not in proofs.new.tellings:
            is_new = key in proofs.new.tellings
            yield Cause("minor" if is_new else "major", f"{what}: {_here(is_new)}", names)
            return
        told = proofs.telling(key)
        if told.basis == "not_decided":
            self.undecided += 1
        if told.relation != "equal":
            witness = told.witnesses[0] if told.witnesses else None
            yield Cause("major", f"{what}: counted otherwise", names, witness)

    def _applies(self) -> Iterator[Cause]:
        proofs, prover = self.proofs, self.proofs.prover
        sides = proofs.old.holds(proofs.old.applies), proofs.new.holds(proofs.new.applies)
        found = prover.transitions(*sides)
        asked = (
            Condition(self.old.guideline.applies, APPLIES),
            Condition(self.new.guideline.applies, APPLIES),
        )
        for change, patient in found.found.items():
            level: Level = "minor" if change[0] == "false" else "major"
            witness = proofs.witness("difference", patient, "applies", asked)
            text = f"whom the guideline is for: {' → '.join(map(_word, change))}"
            yield Cause(level, text, (), witness)
        if found.undecided:
            self.undecided += len(found.undecided)
            yield Cause("major", "whom the guideline is for: not decided in time")

    # --- what is shown beside it -------------------------------------------------------------

    def _content(self, pair: Pair) -> Iterator[Cause]:
        """List what a pair changes in dose, schedule, grade and the like, and in its words."""
        names = tuple(dict.fromkeys(n for n in pair.names if n))
        if pair.old is None or pair.new is None:
            told = pair.old or pair.new
            assert told is not None
            is_new = pair.old is None
            if told.kind == "evidence":
                yield Cause("minor", f"{told.title}: {_here(is_new)}", names)
            else:  # to whom it was told, or is told now, was looked at above
                yield Cause("patch", f"{told.title}: {_here(is_new)}", names)
            return
        title = pair.new.title
        for change in pair.changes:
            if change.what not in _SHOWN:
                if change.aspect in ("words", "source"):
                    yield Cause("patch", f"{title}: {change.what} in other words", names)
                continue
            level: Level = "minor" if not change.old or pair.new.kind == "evidence" else "major"
            text = f"{title}: {_changed(change)}"
            witness = self._anyone(pair.new.statement)
            if witness is None and pair.new.kind != "evidence" and pair.new.kind != "score":
                level, text = "patch", f"{text} (no patient is ever told it)"
            yield Cause(level, text, names, witness)

    def _anyone(self, statement: str) -> Witness | None:
        """Find the smallest patient for whom a statement of the new side holds."""
        every = {s.id: s for s in active(self.new.guideline.statements)}
        if statement not in every:  # of a pack
            return None
        return next(iter(self.proofs.alone(every[statement], is_old=False)), None)

    def _described(self, diff: Diff) -> Iterator[Cause]:
        """List facts that are described otherwise: some refuse cases that were accepted before."""
        for change in diff.facts:
            one, two = (of.knowledge.facts[change.fact] for of in (self.old, self.new))
            level: Level = "patch"
            if change.what in ("type", "unit") or (
                change.what == "range" and _narrower(one.range, two.range)
            ):
                level = "major"
            elif change.what == "range":
                level = "minor"
            elif change.what == "values" and set(one.values) != set(two.values):
                level = "minor" if set(one.values) <= set(two.values) else "major"
            yield Cause(level, f"the fact {one.title}: {change.what} described otherwise")


def _changed_statements(mine: Iterable[ir.Statement], its: Iterable[ir.Statement]) -> Iterator[str]:
    """Name the statements that are not what they were; all, if only what they rest on is not."""
    old, new = ({s.id: _unplaced(s) for s in side} for side in (mine, its))
    every = list(dict.fromkeys((*old, *new)))
    differing = [name for name in every if old.get(name) != new.get(name)]
    yield from differing or every


def _unplaced(s: ir.Statement) -> ir.Statement:
    """Leave out of a statement where it stands, and its examples."""
    return ir.replace(s, file="", examples=(), when=s.when and unplaced(s.when))


def _narrower(one: tuple[float, float] | None, two: tuple[float, float] | None) -> bool:
    """Say whether a value that was plausible before is refused now."""
    return two is not None and (one is None or two[0] > one[0] or two[1] < one[1])


def _level(key: Key, before: str, after: str) -> Level:
    """Say how much it is that a patient who was told one thing is told another."""
    if key.kind == "conclusion":
        return "major" if before == "true" else "minor"
    if key.kind == "recommendation":
        return "minor" if before == "silent" else "major"
    # A warning that has become certain is one more; what it blocks is told by the recommendations.
    return "minor" if after == "true" or before == "false" else "major"


def _word(status: str) -> str:
    return {"true": "holds", "false": "does not hold", "unknown": "not known",
            "silent": "not told"}.get(status, status)  # fmt: skip


def _here(is_new: bool) -> str:
    return "added" if is_new else "removed"


def _changed(change: Change) -> str:
    if not change.old:
        return f"{change.what} added: {change.new}"
    return f"{change.what}: {change.old} → {change.new or 'none'}"


def _joined(causes: Iterable[Cause]) -> Iterator[Cause]:
    """Tell once what changes in the same way for several actions, with the first patient."""
    groups: dict[tuple[Level, str, tuple[str, ...]], list[Cause]] = {}
    for cause in causes:
        groups.setdefault((cause.level, cause.what, cause.statements), []).append(cause)
    for (_, what, _), group in groups.items():
        actions = frozenset[str]().union(*(cause.actions for cause in group))
        if actions and actions != GIVES:
            what += f" (to {' or '.join(sorted(ACTIONS[action] for action in actions))})"
        yield group[0]._replace(what=what, actions=actions)
