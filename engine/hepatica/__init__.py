"""Hepatica: guidelines you can run, compare, and prove things about.

    import hepatica

    knowledge = hepatica.load()                    # the shipped guidelines
    result = hepatica.evaluate({"id": "p1", "facts": {"aih_diagnosis": "definite"}}, knowledge)
    for finding in result.guidelines:              # one Finding a guideline
        for r in finding.recommendations:
            print(finding.id, r.status, r.title, r.source.citation)

Everything is imported only when it is used, so that a command starts quickly.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, overload

from hepatica.version import VERSION as __version__

if TYPE_CHECKING:
    from hepatica.case import Case
    from hepatica.cohort.frames import Given
    from hepatica.cohort.in_memory import Answered
    from hepatica.compile.columnar import Columnar
    from hepatica.compile.network import Network
    from hepatica.compile.program import Program
    from hepatica.diagnostics import Diagnostic, Invalid
    from hepatica.diff.cohort.data import CohortDiff
    from hepatica.diff.data import Diff
    from hepatica.explain import Explanation
    from hepatica.finding import Finding, Result
    from hepatica.ir import Guideline, Kind, Knowledge, Statement
    from hepatica.run import EngineName

__all__ = [
    "Answered",
    "Case",
    "CohortDiff",
    "Diagnostic",
    "Diff",
    "Explanation",
    "Finding",
    "Guideline",
    "Invalid",
    "Knowledge",
    "Result",
    "Statement",
    "__version__",
    "compile",
    "diff",
    "diff_cohort",
    "evaluate",
    "evaluate_cohort",
    "explain",
    "lint",
    "load",
]

_TYPES = {
    "Answered": "cohort.in_memory",
    "Case": "case",
    "CohortDiff": "diff.cohort.data",
    "Diagnostic": "diagnostics",
    "Diff": "diff.data",
    "Explanation": "explain",
    "Finding": "finding",
    "Guideline": "ir",
    "Invalid": "diagnostics",
    "Knowledge": "ir",
    "Result": "finding",
    "Statement": "ir",
}


def load(root: Path | str | None = None) -> Knowledge:
    """Read and check a knowledge folder; the shipped one by default.

    Raises `Invalid` with every error of every file.
    """
    from hepatica.load import load

    return load(root)


def lint(root: Path | str | None = None) -> list[Diagnostic]:
    """Find everything that can be said against a knowledge folder, in order of place.

    Raises `Invalid` when the folder is not a knowledge folder.
    """
    from hepatica.lint import lint

    return lint(root)


def evaluate(
    case: Case | Mapping[str, Any] | Path | str,
    knowledge: Knowledge | None = None,
    guidelines: Iterable[str] = (),
    engine: EngineName | None = None,
) -> Result:
    """Evaluate one case: what each guideline concludes, recommends, blocks, and still asks.

    A case is a mapping as in a case file (`{"id": …, "as_of": …, "facts": {fact: value}}`, or with
    a `chart`), the path of a case file, or a `Case`. `guidelines` are names; by default all but
    those shown on request only. `engine` None is the network checked by the referee, or the referee
    alone where the network is not installed. For many cases make one `hepatica.run.Evaluator`, with
    the engine "program". Raises `Invalid` when the case or a name is wrong.
    """
    from hepatica.run import Evaluator, select

    knowledge = load() if knowledge is None else knowledge
    chosen = select(knowledge, guidelines)
    return Evaluator(knowledge, chosen, engine).evaluate(_case(case, knowledge))


def explain(
    case: Case | Mapping[str, Any] | Path | str,
    statement: str,
    knowledge: Knowledge | None = None,
    *,
    changes: bool = False,
) -> Explanation:
    """Say why a statement holds for a case, why not, and which answer would settle it.

    `statement` is its path under `knowledge/`. With `changes`, `why_not` holds the smallest sets of
    changes that would make it fire (needs the extra `prove`). Raises `Invalid` when the case or the
    name is wrong.
    """
    from hepatica.explain import explain

    knowledge = load() if knowledge is None else knowledge
    return explain(knowledge, _case(case, knowledge), statement, changes=changes)


def diff(
    old: str,
    new: str,
    knowledge: Knowledge | None = None,
    cases: Iterable[Mapping[str, Any] | Path | str] = (),
    *,
    prove: bool = False,
) -> Diff:
    """Compare two guidelines, or two versions of one, by statement and by case.

    Each is the name of a guideline of `knowledge` (by default the shipped one), `name@revision` of
    the git repository here, or the path of a guideline's folder. A case is given as to `evaluate`.
    With `prove` a solver compares them over every patient (needs the extra `prove`). Raises
    `Invalid` when one of them cannot be read.
    """
    from hepatica.diff import diff

    return diff(old, new, knowledge, cases, prove=prove)


def evaluate_cohort(
    patients: Given,
    knowledge: Knowledge | None = None,
    guidelines: Iterable[str] = (),
    *,
    mapping: Path | str | None = None,
    shape: Literal["long", "wide"] = "long",
    by: Sequence[str] = (),
    brief: bool = False,
    kinds: Sequence[Kind] = (),
    skip_unusable: bool = False,
) -> Answered:
    """Answer a table of patients: a Polars frame, or the files of one (needs the extra `cohort`).

    Columns are named by facts, or a `mapping` file says what they mean. Of the result `rows` is a
    frame, long or wide as docs/cohorts.md says (`brief` leaves out what is missing, `kinds` are
    those of the statements it tells of, by default all), and `summary` says how many patients each
    statement tells what, also in each subgroup of the columns `by`. `guidelines` are names,
    as for `evaluate`. All of it is held in memory: for more patients than that, `hepatica cohort`
    writes files. Raises `Invalid` with every kind of cell that cannot be used, unless
    `skip_unusable`: then such rows are its `rejects`; and `ValueError` for a kind that no statement
    has.
    """
    from hepatica.cohort import need_polars

    need_polars()
    from hepatica.cohort.in_memory import evaluate_cohort
    from hepatica.run import select

    knowledge = load() if knowledge is None else knowledge
    return evaluate_cohort(
        patients, knowledge, select(knowledge, guidelines), mapping=mapping, shape=shape, by=by,
        brief=brief, kinds=kinds, skip_unusable=skip_unusable,
    )  # fmt: skip


def diff_cohort(
    old: str | Guideline,
    new: str | Guideline,
    patients: Given,
    knowledge: Knowledge | None = None,
    *,
    mapping: Path | str | None = None,
    by: Sequence[str] = (),
    hide_below: int = 0,
    skip_unusable: bool = False,
) -> CohortDiff:
    """Compare two guidelines over a table of patients: who moves, and what makes them move.

    The two are named as for `diff`, or are guidelines of `knowledge`; the table, `mapping`, `by`
    and `skip_unusable` are as for `evaluate_cohort` (and need the same extra). Numbers of patients
    from 1 to below `hide_below` are None. The result is what `hepatica diff --cohort --format json`
    writes (`hepatica.diff.cohort.data.to_json`). Raises `Invalid`.
    """
    from hepatica.cohort import need_polars

    need_polars()
    from hepatica.diff.cohort.in_memory import diff_cohort

    return diff_cohort(
        old, new, patients, knowledge, mapping=mapping, by=by, hide_below=hide_below,
        skip_unusable=skip_unusable,
    )  # fmt: skip


@overload
def compile(
    guideline: Guideline,
    knowledge: Knowledge,
    engine: Literal["program", "network"] = "program",
) -> Program | Network: ...


@overload
def compile(
    guideline: Guideline, knowledge: Knowledge, engine: Literal["columnar"]
) -> Columnar: ...


def compile(
    guideline: Guideline,
    knowledge: Knowledge,
    engine: Literal["program", "network", "columnar"] = "program",
) -> Program | Network | Columnar:
    """Compile a guideline; `truths(facts)` of the result gives each statement's truth.

    Facts are values as a `Case` holds them: in the fact's own unit, typed. "columnar" is for a
    Polars table of patients instead (see `hepatica.compile.columnar`). Raises `Invalid` when the
    network cannot take a guideline, or an engine is not installed.
    """
    if engine == "columnar":
        from hepatica.run import columnar

        return columnar(guideline, knowledge)
    from hepatica.lower import lower

    rails = lower(guideline, knowledge.facts)
    if engine == "program":
        from hepatica.compile.program import Program

        return Program(rails, knowledge.facts)
    from hepatica.compile.network import Network, NotInstalled, prepare
    from hepatica.diagnostics import Invalid
    from hepatica.run import not_installed

    try:
        return Network(prepare(rails))
    except NotInstalled:
        raise Invalid([not_installed("error")]) from None


def _case(case: Case | Mapping[str, Any] | Path | str, knowledge: Knowledge) -> Case:
    from hepatica.case import Case, CaseReader
    from hepatica.case_files import document_of

    return (
        case
        if isinstance(case, Case)
        else CaseReader(knowledge.facts, knowledge.interventions).read(document_of(case))
    )


def __getattr__(name: str) -> Any:
    if name in _TYPES:
        from importlib import import_module

        return getattr(import_module(f"hepatica.{_TYPES[name]}"), name)
    raise AttributeError(f"module 'hepatica' has no attribute {name!r}")


class _Package(ModuleType):
    """Keeps a public function in place when a module of the same name is imported.

    `hepatica.load` is the function, and stays it after `from hepatica.load import load_files`.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in __all__):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
