"""What a rule of logic stands on: one guideline over every patient, and patients that are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hepatica import ir
from hepatica.compile.outcomes import Guide
from hepatica.compile.patients import Patients
from hepatica.compile.solver import Deadline, Formula, NotInstalled, Undecided
from hepatica.compile.solvers import start
from hepatica.diagnostics import Diagnostic, Invalid, at
from hepatica.evaluate import Given, Referee
from hepatica.lint.context import Context
from hepatica.prove import not_installed
from hepatica.source import KeyPath
from hepatica.walk import active
from hepatica.witness import case_of, defect, read_back
from hepatica.words import Words

Path = KeyPath


class Ground:
    """One guideline over every patient. Raises `Invalid` (E103) where there is no solver."""

    def __init__(self, context: Context, guideline: ir.Guideline, seconds: float) -> None:
        """Take what was loaded, the guideline, and the time for each question."""
        try:
            self.solver = start()
        except NotInstalled:
            raise Invalid([not_installed()]) from None
        self.context = context
        self.guideline = guideline
        self.seconds = seconds
        self.facts = context.knowledge.facts
        self.meaning = context.meanings[guideline.id]
        self.patients = Patients(self.solver, self.facts)
        self.guide = Guide(self.patients, guideline, context.knowledge.interventions)
        self.words = Words(context.knowledge)

    def statements(self) -> Iterator[ir.Statement]:
        """Walk over the guideline's own statements, but retired ones."""
        yield from active(self.guideline.statements)

    def conditions(self) -> Iterator[tuple[ir.Statement, Path, ir.Condition]]:
        """Walk over every condition of every statement, with its place in the file."""
        for s in self.statements():
            if s.when is not None:
                yield s, ("when",), s.when
            for i, item in enumerate(s.items):
                whole = "best_of" in self.context.documents[s.id].data["items"][i]
                for j, option in enumerate(item.best_of):
                    place: Path = ("items", i, *(("best_of", j) if whole else ()), "when")
                    yield s, place, option.when

    def is_seen(self, s: ir.Statement, condition: ir.Condition, truth: bool) -> bool:
        """Say whether an example shows a condition with this truth: then no search is needed."""
        for example in s.examples:
            if Referee(self.meaning, example.facts).truth(condition) is truth:
                return True
        return False

    def exists(self, formula: Formula, facts: Iterable[str]) -> bool:
        """Say whether a patient fulfils a formula. Raises `Undecided`."""
        demands = self.patients.possible(self.patients.around(facts))
        return self.solver.find([*demands, formula], Deadline(self.seconds)) is not None

    def smallest(
        self, formula: Formula, facts: Iterable[str], confirms: Callable[[Given], bool]
    ) -> Given | None:
        """Find the smallest patient who fulfils a formula, confirmed by the referee.

        Raises `Undecided`, and `Invalid` (E105) for a patient who does not confirm it.
        """
        names = self.patients.around(facts)
        counted = [self.patients.given(name) for name in names]
        demands = [*self.patients.possible(names), formula]
        said = [self.patients.given(name) for name in names if name in self.meaning.by_fact]
        model, _ = self.solver.fewest(demands, counted, Deadline(self.seconds), said)
        if model is None:
            return None
        given = self.patients.patient(model, names)
        read = read_back(case_of("witness", given, self.facts), self.facts).facts
        if not confirms(read):
            raise Invalid([defect(f"in `{self.guideline.id}`, {self.told(given)}")])
        return read

    def told(self, given: Given) -> str:
        """Put a patient into words, as short as a help needs it."""
        written = case_of("witness", given, self.facts)["facts"]
        parts = (
            f"{name}: {str(value).lower() if isinstance(value, bool) else value}".replace("'", "")
            for name, value in written.items()
        )
        return "{" + ", ".join(parts) + "}"

    def say(
        self, s: ir.Statement, path: Path, code: str, text: str, help: str, severity: str = "error"
    ) -> Diagnostic:
        """Make a diagnostic about a place of a statement."""
        document = self.context.documents[s.id]
        return at(document, path, code, text, help=help, severity=severity)  # type: ignore[arg-type]

    def undecided(self, s: ir.Statement, what: str) -> Diagnostic:
        """Tell that the time did not suffice."""
        text = f"it was not decided in {self.seconds:g} s whether {what}"
        help = "nothing is known to be wrong; a simpler condition would be decided"
        return self.say(s, ("when",), "L107", text, help, "note")


__all__ = ["Ground", "Path", "Undecided"]
