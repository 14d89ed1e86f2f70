"""A cohort on many machines: Spark hands out the patients, each worker runs the same Polars plan.

From Python, with a session that is there already:

    from hepatica.cohort.spark import run
    answers = run(session, patients, knowledge, guidelines)

Only this package knows Spark, and it is imported only when it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hepatica import ir

if TYPE_CHECKING:
    from hepatica.cohort.answers import Shape
    from hepatica.cohort.mapping import Mapping


def run(
    session: Any,
    patients: Any,
    knowledge: ir.Knowledge,
    guidelines: Iterable[ir.Guideline],
    *,
    mapping: Mapping | None = None,
    shape: Shape = "long",
    by: Sequence[str] = (),
    skip_unusable: bool = False,
) -> Any:
    """Check a DataFrame of patients, and give their answers as a DataFrame, lazily.

    Without a mapping the columns are named by facts. The rows are those of a file that
    `hepatica cohort` writes, long or wide; `by` names further columns to keep. The plan has no
    shuffle. `patients` must give the same rows whenever it is read: Spark reads it to check it,
    again to answer it, and any part again when a machine is lost.

    Raises `Invalid` with every kind of cell that cannot be used, unless `skip_unusable` leaves
    such rows out (`Patients.rejects` gives them), and with what the cluster lacks.
    """
    from hepatica.cohort.spark.patients import Patients

    asked = Patients(session, patients, knowledge, guidelines, mapping=mapping, by=by, shape=shape)
    found = asked.check()
    if not found.clean and not skip_unusable:
        from hepatica.diagnostics import Invalid

        raise Invalid(found.diagnostics())
    return asked.answers()
