"""The proofs themselves broken on purpose, in one place each: the checks here have to notice.

A proof that nothing differs is believed on the strength of its tests. So each way to break the
encoding (a rail, a clause, a threshold, an axiom, a bound) is tried, and is seen to be found.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable

import pytest

pytest.importorskip("pysat")

from small_domain import EVERYONE, SMALL, pigeons
from strategies import Given, guideline, knowledge, statement

from hepatica import ir
from hepatica.compile import cnf, gates, outcomes, patients, solver
from hepatica.compile.outcomes import Guide
from hepatica.compile.patients import Formulas, Patients
from hepatica.compile.solvers import start
from hepatica.diagnostics import Invalid
from hepatica.lower import Lowering
from hepatica.prove import Prover
from hepatica.witness import Answerer, Concludes, Holds, Question, Said, Status

FLAG = ir.Leaf("flag_0", "is", (True,))
LOW, HIGH = ir.Leaf("number_0", "at_most", (0.0,)), ir.Leaf("number_0", "at_least", (5.0,))
MID = ir.Leaf("number_0", "between", (0.0, 5.0))
P = ir.Leaf("drugs", "includes", ("p",))
X = ir.Leaf("pair", "is", ("x",))
EITHER = ir.Leaf("drugs", "includes_any", ("p", "q"))


def rules(number: float = 5.0) -> ir.Guideline:
    """One of everything: layers, a conflict, a count, a set, a range, `known`, a blocked option."""
    high = ir.Leaf("number_0", "above", (number,))
    return guideline(
        [
            statement("d0", "definition", when=ir.Any((FLAG, high)), conclude=("verdict_1", True)),
            statement("d1", "definition", when=LOW, conclude=("stage", "s1")),
            statement("d2", "definition", when=ir.Any((X, HIGH)), conclude=("stage", "s2")),
            statement("e0", "evidence", when=ir.Count(2, (FLAG, X, ir.Not(P), high))),
            statement("e1", "evidence", when=ir.Not(ir.All((EITHER, MID)))),
            statement("e2", "evidence", when=ir.Leaf("stage", "known", (False,))),
            statement("e3", "evidence", when=ir.Leaf("pair", "in", ("x", "y"))),
            statement("r0", "recommendation", when=ir.Leaf("verdict_1", "is", (True,)),
                      recommend=ir.Recommend("start", (("drug_a",), ("drug_b",)))),
            statement("c0", "contraindication", when=ir.Any((P, ir.Leaf("stage", "is", ("s2",)))),
                      avoid=ir.Avoid(interventions=("drug_a",))),
        ],
        ir.Any((FLAG, ir.Leaf("stage", "is", ("s1",)), MID, P)),
    )  # fmt: skip


ASKED: tuple[Question, ...] = (
    *(Holds(f"g/t/{name}") for name in ("d0", "e0", "e1", "e2", "e3")),
    Concludes("stage", "s1"),
    Status("g/t/r0"),
    Status("g/t/r0", ("drug_a",)),
    Said("start", "drug_a"),
)
SOME = EVERYONE[::11]


def formulas_agree() -> bool:
    """Ask formulas and referee everything of some patients: each has just the outcome it has."""
    of = rules()
    drugs = knowledge(of, SMALL).interventions
    answerer = Answerer(of, SMALL, drugs)
    people = Patients(start("sat"), SMALL)
    guide = Guide(people, of, drugs)
    asked = {q: Prover(SMALL, drugs)._formulas(guide, q) for q in ASKED}
    names = people.around(SMALL)
    with people.solver.within(people.possible(names)):
        for patient in SOME:
            fixed = [people.is_(name, patient.get(name)) for name in names]
            model = people.solver.find(fixed, solver.Deadline(None))
            if model is None:
                return False
            for question, outcomes_ in asked.items():
                found = [word for word, f in outcomes_.formulas.items() if model.holds(f)]
                if found != [answerer.answer(question, patient)]:
                    return False
    return True


def verdicts_agree() -> bool:
    """Compare every transition between two versions, and its size, with brute force."""
    old, new = rules(), rules(0.0)
    drugs = knowledge(old, SMALL).interventions
    one, other = Answerer(old, SMALL, drugs), Answerer(new, SMALL, drugs)
    # A bound that is too loose goes on until the time is over.
    prover = Prover(SMALL, drugs, seconds=3, network=False, solver="sat")
    for question in ASKED:
        fewest: dict[tuple[str, str], int] = {}
        for patient in EVERYONE:
            pair = one.answer(question, patient), other.answer(question, patient)
            if pair[0] != pair[1]:
                fewest[pair] = min(fewest.get(pair, 99), len(patient))
        try:
            found = prover.transitions((old, question), (new, question))
        except Invalid:  # a patient who does not replay: noticed as well
            return False
        if {p: len(w.case["facts"]) for p, w in found.found.items()} != fewest:
            return False
        if not all(witness.minimal for witness in found.found.values()):
            return False
    return True


def impossible_patients_are_found() -> bool:
    """Look for a patient of stage 2 without the flag, whom the dictionary rules out."""
    people = Patients(start("sat"), SMALL)
    wanted = people.is_("stage", "s2"), people.is_("flag_0", False)
    demands = [*people.possible(people.around(["stage", "flag_0"])), *wanted]
    return people.solver.find(demands, solver.Deadline(None)) is not None


def numbers_beyond_the_range_are_found() -> bool:
    people = Patients(start("sat"), SMALL)
    beyond = people.ask(ir.Leaf("number_0", "above", (10.0,)), True)
    demands = [*people.possible(["number_0"]), beyond]
    return people.solver.find(demands, solver.Deadline(None)) is not None


def conjunctions_are_kept() -> bool:
    people = Patients(start("sat"), SMALL)
    wanted: Given = {"flag_0": True, "number_0": 5.0, "pair": "y"}
    both = people.solver.all_of(people.is_(name, value) for name, value in wanted.items())
    people.ask(ir.Leaf("number_0", "at_least", (5.0,)), True)
    model = people.solver.find([both], solver.Deadline(None))
    return model is not None and people.patient(model, list(wanted)) == wanted


def smallest_are_smallest() -> bool:
    """Compare the fewest that have to be true with brute force, on formulas that mislead."""
    rng = random.Random(0)
    for _ in range(20):
        by = start("sat")
        flags = [by.boolean(str(i)) for i in range(8)]
        parts = [[rng.sample(range(8), rng.randint(1, 4)) for _ in range(3)] for _ in range(4)]
        wanted = by.all_of(
            by.any_of(by.all_of(flags[i] for i in some) for some in part) for part in parts
        )
        fewest = min(
            sum(chosen)
            for chosen in itertools.product((False, True), repeat=8)
            if all(any(all(chosen[i] for i in some) for some in part) for part in parts)
        )
        model, minimal = by.fewest([wanted], flags, solver.Deadline(2))
        if model is None or not minimal or sum(map(model.holds, flags)) != fewest:
            return False
    return True


def time_over_is_told() -> bool:
    """Ask for what takes long to prove impossible: it is not to be called so."""
    hard, facts = pigeons(11)
    people = Patients(start("sat"), facts)
    never = Formulas(people, Lowering(guideline([]), facts)).rail(hard).true
    try:
        people.solver.find([never], solver.Deadline(0.2))
    except solver.Undecided:
        return True
    return False


def all_is_well() -> bool:
    return (
        formulas_agree()
        and verdicts_agree()
        and conjunctions_are_kept()
        and smallest_are_smallest()
        and time_over_is_told()
        and not impossible_patients_are_found()
        and not numbers_beyond_the_range_are_found()
    )


# --- the mutants ---------------------------------------------------------------------------------

Break = Callable[[pytest.MonkeyPatch], None]
real_ask = patients.Patients.ask
real_at_least = gates.Gates.at_least
real_weigh = gates.Gates.weigh
real_all_of = gates.Gates.all_of
real_add = cnf._Search._add
real_fewer = cnf._Search.fewer
real_option = outcomes.Guide._option


def swapped_rail(patch: pytest.MonkeyPatch) -> None:
    def ask(self: Patients, leaf: ir.Leaf, want: bool) -> int:
        wrong = leaf.op == "in"
        found: int = real_ask(self, leaf, want is not wrong)
        return found

    patch.setattr(patients.Patients, "ask", ask)


def cut_off_by_one(patch: pytest.MonkeyPatch) -> None:
    def at_least(self: gates.Gates, order: gates.Order, value: float) -> int:
        return real_at_least(self, order, math.nextafter(value, math.inf))

    patch.setattr(gates.Gates, "at_least", at_least)


def strictness_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cnf.Sat, "above", cnf.Sat.at_least)


def range_forgotten(patch: pytest.MonkeyPatch) -> None:
    def number(self: cnf.Sat, name: str, low: float, high: float) -> gates.Order:
        return gates.Order(-math.inf, math.inf)

    patch.setattr(cnf.Sat, "number", number)
    patch.setattr(cnf.Sat, "axiom", lambda self, formula: self.always)


def order_of_cuts_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cnf._Search, "_add_cut", lambda self, cut: self.cuts.setdefault(cut.order, []))


def axioms_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gates.Gates, "demand", lambda self, formula: None)


def implications_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(patients.Patients, "_implications", lambda self, name: [])


def count_off_by_one(patch: pytest.MonkeyPatch) -> None:
    def weigh(self: gates.Gates, parts: list[tuple[int, int]], at_least: int) -> int:
        return real_weigh(self, parts, at_least + 1)

    patch.setattr(gates.Gates, "weigh", weigh)


def part_of_a_gate_dropped(patch: pytest.MonkeyPatch) -> None:
    def all_of(self: gates.Gates, parts: object) -> int:
        every = list(parts)  # type: ignore[call-overload]
        return real_all_of(self, every[:-1] if len(every) == 2 else every)

    patch.setattr(gates.Gates, "all_of", all_of)


def without(wanted: Callable[[list[int]], bool]) -> Break:
    """Drop some of the clauses that say what a gate is."""

    def break_(patch: pytest.MonkeyPatch) -> None:
        def add(self: cnf._Search, variable: int) -> None:
            keep = self.solver.add_clause
            patch.setattr(self.solver, "add_clause", lambda c: None if wanted(list(c)) else keep(c))
            real_add(self, variable)
            patch.setattr(self.solver, "add_clause", keep)

        patch.setattr(cnf._Search, "_add", add)

    return break_


def bound(shift: int) -> Break:
    """Ask for fewer, or not so few, as were meant."""

    def break_(patch: pytest.MonkeyPatch) -> None:
        def fewer(self: cnf._Search, counted: list[int], number: int) -> int:
            return real_fewer(self, counted, number + shift)

        patch.setattr(cnf._Search, "fewer", fewer)

    return break_


def contraindication_ignored(patch: pytest.MonkeyPatch) -> None:
    def option(self: Guide, name: str, option: object) -> outcomes.Outcomes:
        return real_option(self, name, option._replace(contraindications=()))  # type: ignore[attr-defined]

    patch.setattr(outcomes.Guide, "_option", option)


def gates_confused(patch: pytest.MonkeyPatch) -> None:
    """Take a gate and its opposite for the same one, as a wrong hash would."""
    patch.setattr(gates.Gates, "any_of", gates.Gates.all_of)


def only_the_first_demand(patch: pytest.MonkeyPatch) -> None:
    real = cnf._Search.require

    def require(self: cnf._Search, formula: int) -> None:
        meaning = self.gates.meaning[abs(formula)]
        if formula > 0 and isinstance(meaning, tuple):
            formula = meaning[0]
        real(self, formula)

    patch.setattr(cnf._Search, "require", require)


def time_over_taken_for_none(patch: pytest.MonkeyPatch) -> None:
    real = cnf._Search.check

    def check(self: cnf._Search, deadline: solver.Deadline) -> cnf._Model | None:
        try:
            return real(self, deadline)
        except solver.Undecided:
            return None

    patch.setattr(cnf._Search, "check", check)


MUTANTS: dict[str, Break] = {
    "time over taken for no patient": time_over_taken_for_none,
    "a rail swapped": swapped_rail,
    "a threshold one float too high": cut_off_by_one,
    "above taken for at least": strictness_lost,
    "the plausible range forgotten": range_forgotten,
    "thresholds out of order": order_of_cuts_dropped,
    "two values of a code at once": axioms_dropped,
    "implications dropped": implications_dropped,
    "a count one too high": count_off_by_one,
    "a part of a gate dropped": part_of_a_gate_dropped,
    "gates that hold without their parts": without(lambda c: len(c) == 2 and c[0] < 0),
    "gates that need not hold": without(lambda c: len(c) > 2 and c[0] > 0),
    "a bound too loose": bound(1),
    "a bound too tight": bound(-1),
    "a contraindication ignored": contraindication_ignored,
    "or taken for and": gates_confused,
    "only the first demand kept": only_the_first_demand,
}


def test_what_is_not_broken_passes() -> None:
    assert all_is_well()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_proof_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    assert not all_is_well()
