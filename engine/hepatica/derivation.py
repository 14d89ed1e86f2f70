"""How a fact follows from a dated record: one small form for each way. Data only, no behaviour.

`hepatica.chart` works them out; docs/charts.md says what each means. Every entry of the fact
dictionary has one; `Given` says that the fact cannot be read from a record.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Holdings = Literal["medications", "adverse_events", "failures", "relapses"]
HOLDINGS: tuple[Holdings, ...] = ("medications", "adverse_events", "failures", "relapses")
"""What a record can say that it holds completely."""

PeriodUnit = Literal["d", "wk", "mo", "a"]


class _Way(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all ways: immutable, compared by value."""


class Period(_Way, frozen=True):
    """A stretch of the calendar: whole days, weeks, months or years."""

    number: int
    unit: PeriodUnit


class Latest(_Way, frozen=True, tag="latest"):
    """The newest dated value of the fact itself.

    It counts for `within` (None: always), a value in `lasting` always. With `before_treatment`
    only what is not later than the first day of treatment counts; with `since_change_of` only what
    is later than the last start, change of dose or stop of every one of these drugs.
    """

    within: Period | None = None
    lasting: tuple[bool | str, ...] = ()
    before_treatment: bool = False
    since_change_of: tuple[str, ...] = ()


class Ratio(_Way, frozen=True, tag="ratio"):
    """The newest value of `of`, divided by the upper limit that was printed with it."""

    of: str
    within: Period


class At(_Way, frozen=True, tag="at"):
    """The value of `of` nearest to a time `after` the first day of treatment.

    Counted are values from `before` earlier to `tolerance` later, both ends included. `fall` is
    the fall in per cent since the newest value of the `baseline` before treatment.
    """

    of: str
    reads: Literal["value", "ratio", "fall"]
    after: Period
    tolerance: Period
    before: Period
    baseline: Period


class Drugs(_Way, frozen=True, tag="drugs"):
    """The drugs taken now, with an adverse event, stopped for good because of one, or failed."""

    which: Literal["now", "adverse_event", "stopped_for_good", "failed"]


class Reactions(_Way, frozen=True, tag="reactions"):
    """The kinds of adverse event attributed to a drug; with `severe`, whether one was severe."""

    drug: str
    severe: bool = False


class TimeOn(_Way, frozen=True, tag="time_on"):
    """The time since the present course of any of these drugs began, without interruption."""

    drugs: tuple[str, ...]


class Started(_Way, frozen=True, tag="started"):
    """Whether any of these drugs was ever begun."""

    drugs: tuple[str, ...]


class Dose(_Way, frozen=True, tag="dose"):
    """The present dose of a drug, per kilogram of the body weight that `weight` names."""

    of: str
    weight: str


class NormalSince(_Way, frozen=True, tag="normal_since"):
    """The time in which every one of `of` was normal without interruption, up to now.

    Results may be `gap` apart, and the newest of each may be `within` old.
    """

    of: tuple[str, ...]
    gap: Period
    within: Period


class Age(_Way, frozen=True, tag="age"):
    """Completed years since birth."""


class Count(_Way, frozen=True, tag="count"):
    """The number of events of a kind, in a record that says it holds all of them."""

    of: str
    held: Holdings


class Earliest(_Way, frozen=True, tag="earliest"):
    """The oldest dated value of the fact itself."""


class Extreme(_Way, frozen=True, tag="extreme"):
    """The highest or lowest recorded value of `of`, or multiple of its upper limit, in a time."""

    of: str
    take: Literal["highest", "lowest"]
    reads: Literal["value", "ratio"]
    within: Period


class Since(_Way, frozen=True, tag="since"):
    """The time since the last event of a kind, in a record that says it holds all of them."""

    event: str
    held: Holdings


class Line(_Way, frozen=True, tag="line"):
    """The number of the last of some lines of treatment of which a drug was ever begun; or 0."""

    lines: tuple[tuple[str, ...], ...]


class Given(_Way, frozen=True, tag="given"):
    """Not read from a record: a conclusion, or a judgement that cannot be dated."""


Derivation = (
    Latest | Ratio | At | Drugs | Reactions | TimeOn | Started | Dose | NormalSince | Age | Count
    | Earliest | Extreme | Since | Line | Given
)  # fmt: skip
DATED = (Latest, Ratio, At, Earliest)
"""The ways of facts of which an entry may give a dated value itself."""
ONE_BY_ONE = (Earliest, Extreme, Since, Line)
"""The ways that charts in bulk leave to the single chart: no shipped fact uses them yet."""
