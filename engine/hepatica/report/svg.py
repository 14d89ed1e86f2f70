"""A timeline drawn as SVG: no script, colours from the page, every text escaped.

Everything shares one axis of days. What carries meaning is never colour alone: a value above its
limit is a filled dot above a line, what a guideline said has its words beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from markupsafe import Markup

from hepatica.diagnostics import printable
from hepatica.report.axes import Scale, ticks
from hepatica.report.timeline import Bar, Lane, Mark, Panel, Point, Span, Timeline

WIDTH = 1180
_LEFT, _RIGHT = 176, 14
_INSET = 16  # room for what is written beside the first and the last day
_PANEL, _SHORT, _ROW, _GAP = 66, 44, 19, 10
_CHARACTER = 5.9  # the mean width of a letter at the size of labels
_BOLD = 6.8  # and of one in semi-bold, as what is said is written
_MANY_POINTS = 120  # more than can be read one by one
_MANY_TURNS = 40
_MOST_ROWS = 14
_APART = 8.0  # between days of the table that are drawn
_ICON = {"said": "=", "go": "●", "no": "▲"}


def draw(timeline: Timeline) -> Markup:
    """Draw a timeline."""
    return _Drawing(timeline).svg()


class _Drawing:
    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.length = max(1, timeline.last - timeline.first)
        self.parts: list[Markup] = []
        self.y = 30.0

    def svg(self) -> Markup:
        """Draw everything from the top down, then the grid behind it."""
        for panel in self.timeline.panels:
            self._panel(panel)
        if self.timeline.bars:
            self._heading("Drugs")
            for bar in self.timeline.bars:
                self._bar(bar)
        if self.timeline.marks or self.timeline.courses:
            self._heading("Findings and events")
            self._marks(self.timeline.marks)
            for course in self.timeline.courses:
                self._bar(course, "course")
        for lane in self.timeline.lanes:
            self._lane(lane)
        height = self.y + 26
        grid = list(self._grid(height - 20))
        body = Markup("\n").join([*grid, *self.parts])
        title = "Timeline: laboratory values against their own limits, drugs, events, and what"
        return tag(
            "svg", body, viewBox=f"0 0 {WIDTH} {height:.0f}", role="img",
            aria_label=f"{title} each guideline said. The table below holds the same as text.",
            class_="timeline",
        )  # fmt: skip

    def x(self, day: int) -> float:
        """Place a day on the axis."""
        inside = min(max(day, self.timeline.first), self.timeline.last) - self.timeline.first
        return _LEFT + _INSET + inside / self.length * (WIDTH - _LEFT - _RIGHT - 2 * _INSET)

    def add(self, name: str, content: object = "", **attributes: object) -> None:
        """Add a shape."""
        self.parts.append(tag(name, content, **attributes))

    def text(self, x: float, y: float, words: str, class_: str, anchor: str = "start") -> None:
        """Add a text."""
        self.add("text", words, x=x, y=y, class_=class_, text_anchor=anchor)

    def _grid(self, bottom: float) -> Iterator[Markup]:
        for day, label in ticks(self.timeline.first, self.timeline.last):
            x = self.x(day)
            yield tag("line", x1=x, x2=x, y1=22, y2=bottom, class_="grid")
            yield tag("text", label, x=x, y=14, class_="tick", text_anchor="middle")
            yield tag("text", label, x=x, y=bottom + 15, class_="tick", text_anchor="middle")

    def _heading(self, title: str) -> None:
        self.y += 6
        self.add("line", x1=0, x2=WIDTH, y1=self.y, y2=self.y, class_="rule")
        self.y += 17
        self.text(0, self.y, title, "heading")
        self.y += 7

    def _panel(self, panel: Panel) -> None:
        top = self.y + 8
        bottom = self.y + (_PANEL if len(panel.points) > 1 else _SHORT)
        scale = Scale(panel, top + 6, bottom - 4)
        self.text(0, top + 14, panel.title, "name")
        self.text(0, top + 29, "× upper limit" if panel.multiples else panel.unit, "soft")
        left, right = _LEFT, WIDTH - _RIGHT
        if panel.multiples:
            limit = scale.y(1)
            self.add("rect", x=left, y=limit, width=right - left, height=bottom - limit,
                     class_="normal")  # fmt: skip
            self.add("line", x1=left, x2=right, y1=limit, y2=limit, class_="limit")
        for value in scale.marks:
            self.text(left - 6, scale.y(value) + 3.5, f"{value:g}", "scale", "end")
        self.add("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="base")
        placed = [
            (p, self.x((p.first + p.last) // 2), scale.y(p.height)) for p in panel.points
            if p.height is not None
        ]  # fmt: skip
        line = " ".join(f"{x:.1f},{y:.1f}" for _, x, y in placed)
        if len(placed) > 1:
            thin = " thin" if len(placed) > _MANY_POINTS else ""
            self.add("polyline", points=line, class_=f"line{thin}")
        ends: list[tuple[float, float]] = []
        many = len(placed) > _MANY_POINTS
        for point, x, y in placed:
            self._dot(point, x, y, 2.2 if many else 3.6)
            if many:
                continue  # each has its words on it, and all stand in the table
            half = len(point.label) * _CHARACTER / 2
            if all(x - half > end + 3 or abs(y - other) > 11 for end, other in ends[-4:]):
                self.text(x, y - 6, point.label, "value", "middle")
                ends.append((x + half, y))
        for point in panel.points:
            if point.height is None:
                self._worded(point, bottom)
        self.y = bottom + _GAP

    def _dot(self, point: Point, x: float, y: float, radius: float) -> None:
        if point.first != point.last:
            self.add("line", x1=self.x(point.first), x2=self.x(point.last), y1=y, y2=y,
                     class_="unsure")  # fmt: skip
        kind = "high" if point.high else "plain" if point.high is None else "fine"
        self.add("circle", _title(point.text), cx=x, cy=y, r=radius, class_=f"dot {kind}")

    def _worded(self, point: Point, bottom: float) -> None:
        """Mark a result that has no number to be drawn: a diamond on the base, with its word."""
        x = self.x((point.first + point.last) // 2)
        y = bottom - 4
        shape = f"M{x:.1f},{y - 4:.1f} l4,4 l-4,4 l-4,-4 z"
        kind = "high" if point.high else "plain" if point.high is None else "fine"
        self.add("path", _title(point.text), d=shape, class_=f"dot {kind}")
        self.text(x + 7, y + 3, point.label, "value")

    def _bar(self, bar: Bar, kind: str = "drug") -> None:
        y = self.y + 3
        self.text(0, y + 13, bar.title, "name")
        for piece in bar.pieces:
            x, end = self.x(piece.first), self.x(piece.last)
            width = max(1.5, end - x)
            opacity = 0.5 if piece.share is None else 0.25 + 0.6 * piece.share
            self.add("rect", _title(piece.text), x=x, y=y, width=width, height=_ROW - 3, rx=2,
                     class_=kind, fill_opacity=f"{opacity:.2f}")  # fmt: skip
            if len(piece.label) * _CHARACTER + 6 < width:
                self.text(x + 4, y + 12, piece.label, "dose")
        for first, last in bar.unsure:
            x = self.x(first)
            self.add("rect", _title("begun on one of these days"), x=x, y=y,
                     width=max(2, self.x(last) - x), height=_ROW - 3, class_="unknown")  # fmt: skip
        for first, last, text in bar.stops:
            x = self.x((first + last) // 2)
            self.add("path", _title(text), d=f"M{x - 4:.1f},{y + 4:.1f} l8,8 m0,-8 l-8,8",
                     class_="stop")  # fmt: skip
        self.y += _ROW + 2
        if bar.shades:
            self.text(_LEFT + _INSET, self.y + 8, bar.shades, "soft")
            self.y += 14

    def _marks(self, marks: Iterable[Mark]) -> None:
        rows: list[float] = []
        crowded = False
        for mark in sorted(marks, key=lambda m: (m.first, m.last, m.label)):
            x = self.x((mark.first + mark.last) // 2)
            width = len(mark.label) * _CHARACTER + 12
            left = x if x + width < WIDTH else x - width
            row = next((i for i, end in enumerate(rows) if left > end + 6), len(rows))
            if row < _MOST_ROWS:
                rows[row : row + 1] = [max(x, left + width)]
            y = self.y + row * (_ROW - 3) + 10
            if mark.first != mark.last:
                self.add("line", x1=self.x(mark.first), x2=self.x(mark.last), y1=y, y2=y,
                         class_="unsure")  # fmt: skip
            shape = (f"M{x:.1f},{y - 5:.1f} l5,9 h-10 z" if mark.kind == "event"
                     else f"M{x:.1f},{y - 4:.1f} l4,4 l-4,4 l-4,-4 z")  # fmt: skip
            self.add("path", _title(mark.text), d=shape, class_=f"mark {mark.kind}")
            if row == _MOST_ROWS:
                crowded = True
                continue  # only its words on it
            anchored = (x + 8, "start") if left == x else (x - 8, "end")
            self.text(anchored[0], y + 4, mark.label, f"label {mark.kind}", anchored[1])
        self.y += (len(rows) + crowded) * (_ROW - 3) + 6

    def _lane(self, lane: Lane) -> None:
        self._heading(lane.title)
        y = self.y - 11
        if lane.more:
            self.text(0, y + 19, f"{lane.more} more in the table", "soft")
        edge = -math.inf
        for day, number in lane.turns:
            if len(lane.turns) > _MANY_TURNS and self.x(day) - edge < _APART:
                continue  # the table has it
            edge = self.x(day)
            dot = tag("circle", _title(f"change {number} of the table"), cx=self.x(day), cy=y,
                       r=4, class_="turn")  # fmt: skip
            self.parts.append(tag("a", dot, href=f"#day-{number}"))
        for repeated in lane.rows:
            self._row(repeated)
        rows: list[float] = []
        for span in sorted(lane.spans, key=lambda s: (s.first, -s.last, s.label)):
            x, end = self.x(span.first), self.x(span.last)
            words = f"{_ICON[span.kind]} {span.label}"
            width = len(words) * _BOLD + 8
            fits = x + width < WIDTH  # else the words stand before the bar, not on it
            left = x if fits else max(_LEFT, x - width)
            row = next((i for i, edge in enumerate(rows) if min(left, x) > edge + 5), len(rows))
            rows[row : row + 1] = [max(end, left + width)]
            top = self.y + row * _ROW + 2
            self.add("rect", _title(span.text), x=x, y=top, width=max(2.5, end - x),
                     height=_ROW - 4, rx=2, class_=f"span {span.kind}")  # fmt: skip
            self.add("line", x1=x, x2=x, y1=top, y2=top + _ROW - 4, class_=f"edge {span.kind}")
            if not span.goes_on:
                self.add("line", x1=end, x2=end, y1=top, y2=top + _ROW - 4,
                         class_=f"edge {span.kind}")  # fmt: skip
            place, anchor = (x - 6, "end") if not fits and left > _LEFT else (left + 5, "start")
            self.text(place, top + 11.5, words, f"label {span.kind}", anchor)
        self.y += len(rows) * _ROW + 4

    def _row(self, spans: tuple[Span, ...]) -> None:
        """Draw the stretches of one thing under its words."""
        kind = spans[0].kind
        words = f"{_ICON[kind]} {spans[0].label} ({len(spans)} times)"
        self.text(_LEFT + 5, self.y + 11.5, words, f"label {kind}")
        for span in spans:
            x, end = self.x(span.first), self.x(span.last)
            self.add("rect", _title(span.text), x=x, y=self.y + 16, width=max(2.0, end - x),
                     height=7, class_=f"span {kind} again")  # fmt: skip
        self.y += _ROW + 8


def _title(text: str) -> Markup:
    return tag("title", text)


def tag(name: str, content: object = "", **attributes: object) -> Markup:
    """Write an element; texts and attributes are escaped."""
    parts = [Markup(name)]
    for key, value in attributes.items():
        shown = f"{value:.1f}" if isinstance(value, float) else printable(str(value))
        attribute = key.rstrip("_")
        if attribute != "viewBox":
            attribute = attribute.replace("_", "-")
        parts.append(Markup('{}="{}"').format(Markup(attribute), shown))
    inner = content if isinstance(content, Markup) else Markup.escape(printable(str(content)))
    return Markup("<{}>{}</{}>").format(Markup(" ").join(parts), inner, Markup(name))
