"""Units: exact, and refused where dimensions differ."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepatica.case import CaseReader
from hepatica.diagnostics import Invalid
from hepatica.load import load
from hepatica.reader import read_yaml
from hepatica.source import Source
from hepatica.units import convert, factor, is_unit, split_quantity

BASE = Path(__file__).parent / "fixtures" / "lint" / "base"


@pytest.mark.parametrize(
    ("unit", "to", "ratio"),
    [
        ("g/dL", "g/L", "10"), ("mg/dL", "g/L", "1/100"), ("ng/mL", "ug/L", "1"), ("wk", "d", "7"),
        ("10*3/uL", "10*9/L", "1"), ("{score}", "1", "1"), ("a", "mo", "12"), ("kg", "g", "1000"),
    ],
)  # fmt: skip
def test_factors_are_exact(unit: str, to: str, ratio: str) -> None:
    assert factor(unit, to) == Fraction(ratio)


@pytest.mark.parametrize(
    ("unit", "to"),
    [("umol/L", "mg/dL"), ("pmol/(0.2.mL)", "pmol/(8.10*8.{RBC})"), ("cm", "kg"),
     ("nonsense", "kg")],
)  # fmt: skip
def test_no_factor_across_dimensions(unit: str, to: str) -> None:
    assert factor(unit, to) is None


def test_what_is_a_unit() -> None:
    assert all(map(is_unit, ("mg/kg/d", "[IU]/mL", "%", "1", "{titer}", "10*9/L", "mm[Hg]")))
    assert not any(map(is_unit, ("mg/kilo/day", "weeks", "x10^9/L", "")))


@given(st.integers(1, 10**6), st.integers(0, 4))
def test_conversion_rounds_once(digits: int, decimals: int) -> None:
    """A decimal in g/dL is the same decimal moved one place in g/L, to the last bit."""
    number = Fraction(digits, 10**decimals)
    assert convert(number, Fraction(10)) == float(number * 10)


@pytest.mark.parametrize(
    "text", ["3 mg/dL", "3mg/dL", "-0.5 kg", "1e3 U/L", "450 pmol/(8.10*8.{RBC})"]
)
def test_quantities_with_units(text: str) -> None:
    assert split_quantity(text) is not None


@pytest.mark.parametrize(
    "text", ["5.2", "low", "", "3 mg / dL", "1,5 kg", "<3 kg", "3-4 kg", "٣ kg"]
)
def test_not_a_quantity(text: str) -> None:
    assert split_quantity(text) is None


def given_weight(text: str) -> float:
    reader = CaseReader(load(BASE).facts)
    case = reader.read(read_yaml(Source("c", f"id: c\nfacts: {{weight: {text}}}\n")))
    value = case.facts["weight"]
    assert isinstance(value, float)
    return value


def test_a_value_in_another_unit_is_converted_once() -> None:
    assert given_weight("70") == given_weight("70 kg") == given_weight("70000 g") == 70.0
    with pytest.raises(Invalid):
        given_weight("70 cm")


def test_listed_units_need_no_unit_library() -> None:
    igg = next(o for o in load().facts["igg"].other_units if o.unit == "mg/dL")
    assert Fraction(igg.factor) == factor("mg/dL", "g/L")
