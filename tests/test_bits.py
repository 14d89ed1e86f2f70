"""Bits of many patients in machine words, as they come from Polars."""

from __future__ import annotations

import numpy
import pyarrow
from hypothesis import given, settings
from hypothesis import strategies as st

from hepatica.compile.words import _fill, spread

TRUTHS = st.lists(st.sampled_from([True, False, None]), max_size=300)


@settings(deadline=None)
@given(TRUTHS, TRUTHS, TRUTHS)
def test_a_column_may_begin_and_end_anywhere(
    before: list[bool | None], values: list[bool | None], behind: list[bool | None]
) -> None:
    """Polars hands over pieces of columns, which may begin within a byte."""
    every = pyarrow.array([*before, *values, *behind], pyarrow.bool_())
    row = numpy.full(-(-len(values) // 64), 2**64 - 1, numpy.uint64)  # what another batch left
    _fill(row, every[len(before) : len(before) + len(values)], len(values))
    assert spread(row, len(values)).tolist() == [int(bool(value)) for value in values]
