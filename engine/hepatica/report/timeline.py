"""What a timeline shows: measurements, drugs, events and what guidelines said, each with its days.

Days are ordinals of `datetime.date`. What is known only to a month or year is a stretch of days,
and is drawn as one.
"""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """A measurement: the days it may lie on, its height (None: none was given), and its words.

    `high` says whether it is above its own upper limit; None where that is not known. `label` is
    what is written beside it, `text` all of it.
    """

    first: int
    last: int
    height: float | None
    high: bool | None
    label: str
    text: str


class Panel(NamedTuple):
    """The measurements of one test; `multiples` when heights are multiples of the upper limit."""

    title: str
    unit: str
    multiples: bool
    points: tuple[Point, ...]


class Piece(NamedTuple):
    """A stretch of a drug at one dose; `share` is the dose as a share of the largest, if known."""

    first: int
    last: int
    label: str
    share: float | None
    text: str


class Bar(NamedTuple):
    """A drug: stretches at a dose, the days on which it may have begun, and where it was stopped.

    A stop has the days it may lie on, and its words. `shades` says what light and dark mean where
    stretches are too short for words.
    """

    title: str
    pieces: tuple[Piece, ...]
    unsure: tuple[tuple[int, int], ...]
    stops: tuple[tuple[int, int, str], ...]
    shades: str = ""


class Mark(NamedTuple):
    """Something that happened or was found, on one of these days."""

    first: int
    last: int
    label: str
    text: str
    kind: str


class Span(NamedTuple):
    """Something a guideline said for a time; `goes_on` when it still did at the end."""

    first: int
    last: int
    label: str
    text: str
    kind: str
    goes_on: bool


class Lane(NamedTuple):
    """What one guideline said; `more` is how much of it the table alone shows.

    `turns` are the days on which its answer changed, each with its number in the table. What was
    said again and again stands in `rows`: all the stretches of one thing in each.
    """

    id: str
    title: str
    spans: tuple[Span, ...]
    turns: tuple[tuple[int, int], ...]
    more: int
    rows: tuple[tuple[Span, ...], ...] = ()


class Timeline(NamedTuple):
    """All of it, on one axis from `first` to `last`.

    `courses` are findings that changed often, each as the stretches between its changes.
    """

    first: int
    last: int
    panels: tuple[Panel, ...]
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    lanes: tuple[Lane, ...]
    undated: tuple[str, ...]
    courses: tuple[Bar, ...] = ()
