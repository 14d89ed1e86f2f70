"""Evaluate cases with an engine: the network checked by the referee, the program, or the referee.

For one patient the network answers, and the referee answers too; should they ever disagree, nothing
is recommended. For many, the generated program answers alone (its agreement with the referee is
what the tests are about), or is checked as well when that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from hepatica import conflicts, ir
from hepatica.case import Case
from hepatica.compose import Answered, Composer
from hepatica.diagnostics import Diagnostic, Invalid, suggestion
from hepatica.evaluate import WORDS, Truth
from hepatica.finding import Finding, Input, Result
from hepatica.kept import Kept
from hepatica.lower import lower
from hepatica.nodes import Rails
from hepatica.questions import Questions

if TYPE_CHECKING:
    from hepatica.compile.columnar import Columnar
    from hepatica.compile.network import Network, Prepared
    from hepatica.compile.program import Program

EngineName = Literal["network", "program", "referee"]
Truths = tuple[dict[str, Truth], Truth]
_Said = tuple[Answered, list[Diagnostic]]
_MOST_KEPT = 2_000


class Evaluator:
    """Evaluates cases against some guidelines; made once, used for many.

    `engine` None means the network where durable-rules is installed, else the referee. Raises
    `Invalid` (E102) when the network cannot take a guideline, and (E103) when it is asked for by
    name but not installed.
    """

    def __init__(
        self,
        knowledge: ir.Knowledge,
        guidelines: Iterable[ir.Guideline],
        engine: EngineName | None = None,
        *,
        check: bool = False,
        prepared: Mapping[str, Prepared] | None = None,
    ) -> None:
        """Compile the guidelines for an engine; with `check`, the referee confirms the program.

        `prepared` are networks made ready before, by the digest of their guideline.
        """
        self.knowledge = knowledge
        self.guidelines = tuple(guidelines)
        self.composers = [Composer(g, knowledge) for g in self.guidelines]
        self.missing_engine: str | None = None
        self._compiled: list[Network | Program | None] = [None] * len(self.guidelines)
        asked = engine
        engine = engine or "network"
        if engine == "network":
            from hepatica.compile.network import Network, NotInstalled, prepare  # only what is used

            prepared = prepared or {}
            try:
                self._compiled = [
                    Network(prepared.get(g.digest) or prepare(self._lowered(g)))
                    for g in self.guidelines
                ]
            except NotInstalled as error:
                self.missing_engine = str(error)
                if asked:
                    raise Invalid([not_installed("error")]) from None
                engine = "referee"
        if engine == "program":
            from hepatica.compile.program import Program

            self._compiled = [Program(self._lowered(g), knowledge.facts) for g in self.guidelines]
        self.engine: EngineName = engine
        self.check = check or engine == "network"
        self._kept: Kept[_Said] = Kept(_MOST_KEPT)
        self._questions: Questions | None = None
        if engine == "program" and not check:  # it is for many patients
            self._questions = Questions()
            for composer in self.composers:
                composer.ask(self._questions)

    def _lowered(self, guideline: ir.Guideline) -> Rails:
        return lower(guideline, self.knowledge.facts)

    def evaluate(self, case: Case) -> Result:
        """Evaluate one case.

        Raises `Invalid` (E101), naming both answers, when the engine and the referee disagree.
        """
        diagnostics: list[Diagnostic] = list(case.notes)
        findings: list[Finding] = []
        done = case.last_seen()
        pattern = None if self._questions is None else self._questions.pattern(case.facts)
        for i, composer in enumerate(self.composers):
            answered, notes = self._answer(i, case, pattern)
            findings.append(composer.finish(answered, case.facts, case.as_of, done))
            diagnostics += notes
        if len(findings) > 1:
            diagnostics += conflicts.between_guidelines(findings)
        return Result(
            case=case.id,
            title=case.title,
            as_of=case.as_of,
            engine=self.engine,
            inputs=self._inputs(case),
            withheld=dict(sorted(case.withheld.items())),
            guidelines=tuple(findings),
            diagnostics=tuple(diagnostics),
        )

    def _answer(self, number: int, case: Case, pattern: int | None) -> _Said:
        """Answer for one guideline, or find what was said to a patient with the same answers."""
        composer, given = self.composers[number], case.facts
        key = None
        # A value that is given against its definitions is shown, so that nothing is kept then.
        if pattern is not None and composer.concluded.isdisjoint(given):
            key = (number, pattern & composer.mask, given.get(self.knowledge.taken or ""))
            said = self._kept.get(key)
            if said is not None:
                return said
        compiled = self._compiled[number]
        if compiled is None:
            answers = composer.referee(given).answers()
            statements, applies = answers.statements, answers.applies
        else:
            statements, applies = compiled.truths(given)
            if self.check:
                right = composer.referee(given).answers()
                one, other = (statements, applies), (right.statements, right.applies)
                self._compare(composer.guideline, case, one, other)
        referee = composer.referee(given, statements)
        answered = composer.answered(applies, statements, referee, pattern)
        notes = conflicts.in_guideline(composer.guideline, composer.meaning, statements, given)
        said = (answered, notes)
        return said if key is None else self._kept.keep(key, said)

    def _inputs(self, case: Case) -> dict[str, Input]:
        facts = self.knowledge.facts
        inputs = {}
        for name, value in sorted(case.facts.items()):
            shown = list(value) if isinstance(value, tuple) else value
            told = case.origins.get(name)
            if told is None:
                inputs[name] = Input(shown, facts[name].unit, written=case.written.get(name))
            else:
                unit = facts[name].unit
                inputs[name] = Input(shown, unit, "chart", told.date, how=told.how)
        return inputs

    def _compare(self, guideline: ir.Guideline, case: Case, one: Truths, right: Truths) -> None:
        if one == right:
            return
        wrong = [
            f"`{name}`: {self.engine} says {WORDS[one[0].get(name)]}, referee says {WORDS[truth]}"
            for name, truth in right[0].items()
            if one[0].get(name, "nothing") != truth
        ]
        if one[1] != right[1]:
            wrong.append(
                f"`applies`: {self.engine} says {WORDS[one[1]]}, referee {WORDS[right[1]]}"
            )
        text = f"two engines disagree on case `{case.id}` ({guideline.id}): {'; '.join(wrong[:5])}"
        help = "nothing is recommended; please report this with the case and the knowledge"
        raise Invalid([Diagnostic("E101", "error", text, file=case.file, help=help)])


def select(
    knowledge: ir.Knowledge, names: Iterable[str], *, every: bool = False
) -> list[ir.Guideline]:
    """Pick guidelines by id; when none is named all that are not only shown on request.

    With `every`, those too. Raises `Invalid` (N105) for an unknown name.
    """
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in knowledge.guidelines]
    if unknown:
        raise Invalid(
            Diagnostic(
                "N105",
                "error",
                f"unknown guideline `{name}`",
                help=suggestion(name, knowledge.guidelines)
                or f"guidelines: {', '.join(knowledge.guidelines)}",
            )
            for name in unknown
        )
    if wanted:
        return [knowledge.guidelines[name] for name in wanted]
    return [g for g in knowledge.guidelines.values() if every or g.show != "on_request"]


def columnar(guideline: ir.Guideline, knowledge: ir.Knowledge) -> Columnar:
    """Compile a guideline for tables of patients. Raises `Invalid` (E103) without polars."""
    try:
        from hepatica.compile.columnar import Columnar
    except ImportError:
        text = "the engine for cohorts (polars) is not installed here"
        help = 'pip install ".[cohort]" in the checkout'
        raise Invalid([Diagnostic("E103", "error", text, help=help)]) from None
    return Columnar(guideline, knowledge)


def not_installed(severity: Literal["error", "note"]) -> Diagnostic:
    """Tell that the network engine is not there, and how to get it."""
    text = "the network engine (durable-rules) is not installed here; the referee answers"
    if severity == "error":
        text = "the network engine (durable-rules) is not installed here"
    help = 'pip install ".[network]" in the checkout: Python 3.11 or 3.12, and a C compiler'
    return Diagnostic("E103", severity, text, help=help)
