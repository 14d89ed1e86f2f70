"""Which solver is used: the SAT solver, and z3 where that is not there (docs/decisions/0027)."""

from __future__ import annotations

from typing import Literal

from hepatica.compile.cnf import Sat
from hepatica.compile.smt import Smt
from hepatica.compile.solver import NotInstalled, Solver

Which = Literal["sat", "smt"]


def start(which: Which | None = None) -> Solver:
    """Make a solver: this one, or the first that is installed. Raises `NotInstalled`."""
    if which is not None:
        return Sat() if which == "sat" else Smt()
    try:
        return Sat()
    except NotInstalled:
        return Smt()
