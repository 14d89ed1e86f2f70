"""Two questions compared over every patient, those with missing facts too.

The solver decides; whatever it shows is a patient, as small as possible, who is read as a case and
asked again by the referee (and by the network where it is installed) before anyone sees it. What
the time did not suffice for is "not_decided", never "equal".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from hepatica import ir
from hepatica.compile.outcomes import Guide, Outcomes
from hepatica.compile.patients import Patients
from hepatica.compile.solver import Deadline, Formula, NotInstalled, Solver, Undecided
from hepatica.compile.solvers import Which, start
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.prove_data import Difference as Difference
from hepatica.prove_data import Shows, Transitions
from hepatica.prove_data import Verdict as Verdict
from hepatica.prove_data import Witness as Witness
from hepatica.witness import (
    Answerer,
    Concludes,
    Holds,
    Question,
    Status,
    case_of,
    defect,
    question_of,
    read_back,
)

Side = tuple[ir.Guideline, Question]
SECONDS = 10.0


def differ(
    a: Side,
    b: Side,
    facts: Mapping[str, ir.Fact],
    interventions: Mapping[str, ir.Intervention] | None = None,
    *,
    seconds: float | None = SECONDS,
) -> Difference:
    """Compare two questions, each a guideline and what is asked of it, over every patient.

    `facts` is the dictionary of both (see `witness.together`); `interventions` is needed for what
    concerns recommendations. For many questions make one `Prover`. Raises as that does.
    """
    return Prover(facts, interventions or {}, seconds=seconds).differ(a, b)


class Prover:
    """Compares questions over one fact dictionary; made once, used for many.

    Raises `Invalid` (E103) where the solver is not installed.
    """

    def __init__(
        self,
        facts: Mapping[str, ir.Fact],
        interventions: Mapping[str, ir.Intervention],
        *,
        seconds: float | None = SECONDS,
        network: bool = True,
        solver: Which | None = None,
    ) -> None:
        """Take the dictionaries, and the time for each comparison (None: as long as it takes).

        With `network`, witnesses are replayed through the network too, where it is installed.
        """
        try:
            self.solver = start(solver)
        except NotInstalled:
            raise Invalid([not_installed()]) from None
        self.facts = dict(facts)
        self.interventions = interventions
        self.seconds = seconds
        self.network = network
        self.patients = Patients(self.solver, self.facts)
        self._asked: dict[tuple[int, Question], Outcomes] = {}
        self._guides: dict[int, tuple[Guide, Answerer]] = {}

    # --- comparing ---------------------------------------------------------------------------

    def differ(self, a: Side, b: Side) -> Difference:
        """Compare two questions of the same kind. Raises as `_outcomes`, and `Invalid` (E105)."""
        one, other = self._outcomes(a, b)
        deadline = Deadline(self.seconds)
        if _is_identical(self.solver, one, other):
            return Difference("equal")
        found: dict[Shows, Witness | None] = {}
        first = next(iter(one.formulas))
        holds_a, holds_b = one.formulas[first], other.formulas[first]
        s = self.solver
        wanted: dict[Shows, Formula] = {
            "difference": _apart(s, one, other),
            "only_a": s.all_of((holds_a, s.no(holds_b))),
            "only_b": s.all_of((holds_b, s.no(holds_a))),
            "both": s.all_of((holds_a, holds_b)),
        }
        try:
            with self.solver.within(self._demands(one, other)):
                for shows, formula in wanted.items():
                    found[shows] = self._witness(shows, formula, (a, b), one, other, deadline)
                    if shows == "difference" and found[shows] is None:
                        return Difference("equal")
        except Undecided:
            return Difference("not_decided", **found)
        return Difference(_verdict(found), **found)

    def transitions(self, a: Side, b: Side, *, smallest: bool = True) -> Transitions:
        """Find every change of outcome from a to b, each with a patient, by default the smallest.

        Raises as `differ` does.
        """
        one, other = self._outcomes(a, b)
        deadline = Deadline(self.seconds)
        if _is_identical(self.solver, one, other):
            return Transitions({})
        found: dict[tuple[str, str], Witness] = {}
        undecided = []
        pairs = list(itertools.permutations(one.formulas, 2))
        with self.solver.within(self._demands(one, other)):
            try:
                if self.solver.find([_apart(self.solver, one, other)], deadline) is None:
                    return Transitions({})
            except Undecided:
                return Transitions({}, tuple(pairs))
            for before, after in pairs:
                formula = self.solver.all_of((one.formulas[before], other.formulas[after]))
                try:
                    witness = self._witness(
                        "difference", formula, (a, b), one, other, deadline, smallest
                    )
                except Undecided:
                    undecided.append((before, after))
                    continue
                if witness is not None:
                    found[before, after] = witness
        return Transitions(found, tuple(undecided))

    # --- formulas ----------------------------------------------------------------------------

    def _outcomes(self, a: Side, b: Side) -> tuple[Outcomes, Outcomes]:
        """Give both questions as formulas.

        Raises `KeyError` for a name that a guideline does not have, and `ValueError` when the
        questions have different outcomes, so that there is nothing to compare.
        """
        one, other = self._outcome(a), self._outcome(b)
        if list(one.formulas) != list(other.formulas):
            raise ValueError(f"{a[1]} and {b[1]} have different outcomes")
        return one, other

    def _outcome(self, side: Side) -> Outcomes:
        key = (id(side[0]), side[1])
        if key not in self._asked:
            self._asked[key] = self._formulas(self._side(side)[0], side[1])
        return self._asked[key]

    def _formulas(self, guide: Guide, question: Question) -> Outcomes:
        if isinstance(question, Holds):
            return guide.truth(guide.statement(question.statement))
        if isinstance(question, Concludes):
            leaf = question_of(self.facts[question.fact], question.value)
            return guide.truth(guide.formulas.rail(leaf))
        if isinstance(question, Status):
            return guide.status(question.statement, question.option)
        return guide.said(question.action, question.intervention)

    def _side(self, side: Side) -> tuple[Guide, Answerer]:
        guideline = side[0]
        if id(guideline) not in self._guides:  # the guide keeps it, so that the id stays its own
            self._guides[id(guideline)] = (
                Guide(self.patients, guideline, self.interventions),
                Answerer(guideline, self.facts, self.interventions),
            )
        return self._guides[id(guideline)]

    def _demands(self, one: Outcomes, other: Outcomes) -> list[Formula]:
        return self.patients.possible(self.patients.around(one.facts | other.facts))

    def _concluded(self, sides: Iterable[Side]) -> set[str]:
        """Name what either guideline concludes: a record is the better witness, if as small."""
        return {fact for side in sides for fact in self._side(side)[1].meaning.by_fact}

    # --- witnesses ---------------------------------------------------------------------------

    def _witness(
        self,
        shows: Shows,
        formula: Formula,
        sides: tuple[Side, Side],
        one: Outcomes,
        other: Outcomes,
        deadline: Deadline,
        smallest: bool = True,
    ) -> Witness | None:
        """Find the smallest patient (else any) for a formula, within the demands on every one."""
        if self.solver.identical(formula, self.solver.never):
            return None
        names = self.patients.around(one.facts | other.facts)
        if smallest:
            counted = [self.patients.given(name) for name in names]
            concluded = self._concluded(sides)
            said = [self.patients.given(name) for name in names if name in concluded]
            model, minimal = self.solver.fewest([formula], counted, deadline, said)
        else:
            model, minimal = self.solver.find([formula], deadline), False
        if model is None:
            return None
        given = self.patients.patient(model, names)
        claimed = tuple(
            next(word for word, f in outcomes.formulas.items() if model.holds(f))
            for outcomes in (one, other)
        )
        return self._replay(shows, given, sides, claimed, minimal)

    def _replay(
        self,
        shows: Shows,
        given: dict[str, Any],
        sides: tuple[Side, Side],
        claimed: tuple[str, ...],
        minimal: bool,
    ) -> Witness:
        """Ask the engines again. Raises `Invalid` (E105) when they do not confirm."""
        case = case_of(f"witness_{shows}", given, self.facts)
        read = read_back(case, self.facts).facts
        answerers = [self._side(side)[1] for side in sides]
        engines = ["referee"]
        confirmed = tuple(
            answerer.answer(side[1], read) for answerer, side in zip(answerers, sides, strict=True)
        )
        if confirmed != claimed:
            raise Invalid([defect(f"{claimed} is claimed, {confirmed} is found")])
        if self.network:
            again = tuple(
                answerer.by_network(side[1], read)
                for answerer, side in zip(answerers, sides, strict=True)
            )
            if None not in again:
                engines.append("network")
            if any(got not in (None, was) for got, was in zip(again, claimed, strict=True)):
                raise Invalid([defect(f"{claimed} is claimed, {again} by the network")])
        return Witness(shows, case, claimed[0], claimed[1], minimal, tuple(engines))


def _is_identical(solver: Solver, one: Outcomes, other: Outcomes) -> bool:
    """Say whether two questions are the same formulas, so that no search is needed."""
    return all(solver.identical(f, other.formulas[word]) for word, f in one.formulas.items())


def _apart(solver: Solver, one: Outcomes, other: Outcomes) -> Formula:
    """The outcomes are not the same (the last follows from the others)."""
    words = list(one.formulas)[:-1]
    return solver.any_of(
        solver.no(solver.same(one.formulas[word], other.formulas[word])) for word in words
    )


def _verdict(found: Mapping[Shows, Witness | None]) -> Verdict:
    only_a, only_b = found["only_a"], found["only_b"]
    if only_a is None and only_b is None:
        return "same_when_true"
    if found["both"] is None:
        return "disjoint"
    if only_a is None:
        return "a_implies_b"
    return "b_implies_a" if only_b is None else "overlapping"


def not_installed() -> Diagnostic:
    """Tell that the solver is not there, and how to get it."""
    help = 'pip install ".[prove]" in the checkout'
    return Diagnostic("E103", "error", "no solver is installed here", help=help)
