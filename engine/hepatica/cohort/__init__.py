"""The same rules over a table of patients: reading it, checking it, answering it, summing it up.

Nothing of a table is guessed: what a column means stands in a mapping file (or its name is a fact),
every cell that cannot be used is told before the work starts, and none becomes a "no".
"""

from __future__ import annotations


def need_polars() -> None:
    """Raise `Invalid` (E103) without the extra `cohort`."""
    from importlib.util import find_spec

    from hepatica.diagnostics import Diagnostic, Invalid

    if any(find_spec(name) is None for name in ("numpy", "polars", "pyarrow")):
        text = "cohorts need NumPy, Polars and PyArrow, which are not installed here"
        help = 'pip install ".[cohort]" in the checkout'
        raise Invalid([Diagnostic("E103", "error", text, help=help)])
