"""UCUM units: which are valid, and exact conversion between those of one dimension.

pint and ucumvert do the work; they are imported only when a unit really has to be looked up, since
that takes longer than everything else a small evaluation does. Factors are kept as exact ratios:
0.57 g/dL must be 5.7 g/L, not 5.699999999999999, or a threshold of 5.7 would be missed.
"""

from __future__ import annotations

import functools
import math
import re
import warnings
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(
    r"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?)(?:\s+|(?=[^\W\d_]|[\[%/{]))(\S+)\Z"
)
CALENDAR = ("d", "wk", "mo", "a")
"""The units of time that can be counted on a calendar."""

_ANNOTATION = re.compile(r"\{[^{}]*\}\Z")


def split_quantity(text: str) -> tuple[Fraction, str] | None:
    """Split `3 mg/dL` into an exact number and a unit; None when the text is not of that form."""
    match = _QUANTITY.match(text.strip())
    return (Fraction(match[1]), match[2]) if match else None


@functools.cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()


@functools.lru_cache(maxsize=512)
def _quantity(unit: str) -> Any:
    """Look a unit up; None when it is not UCUM."""
    if unit == "1" or _ANNOTATION.match(unit):
        unit = "1"
    registry = _registry()  # that it works at all is not a question about this unit
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return registry.from_ucum(unit)
    except Exception:  # the parser below raises many kinds for text that is not a unit
        return None


def is_unit(unit: str) -> bool:
    """Say whether text is a UCUM unit. `1` and annotations such as `{score}` are."""
    return _quantity(unit) is not None


@functools.lru_cache(maxsize=512)
def factor(unit: str, to: str) -> Fraction | None:
    """Give the ratio that turns a number in `unit` into one in `to`; None across dimensions."""
    if unit == to:
        return Fraction(1)
    one, other = _quantity(unit), _quantity(to)
    if one is None or other is None:
        return None
    try:
        ratio = float((one / other).to("dimensionless").magnitude)
    except Exception:  # pint raises DimensionalityError, and others for odd units
        return None
    exact = Fraction(ratio).limit_denominator(10**9)
    near = exact and abs(float(exact) - ratio) <= 1e-12 * abs(ratio)
    return exact if near else Fraction(ratio)


def convert(number: Fraction, ratio: Fraction) -> float:
    """Multiply exactly, then round once; infinite where no float is as large."""
    product = number * ratio
    try:
        return float(product)
    except OverflowError:
        return math.inf if product > 0 else -math.inf


def exact(number: float | int) -> Fraction:
    """Give the decimal a number was written as, as a ratio: 0.57 is 57/100."""
    return Fraction(repr(number))
