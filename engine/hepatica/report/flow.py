"""Who goes from which status to which, drawn as bands: old on the left, new on the right.

A band is as high as its patients are many. What moves is in the colour of where it arrives; what
stays is grey. Every node has its name and number beside it, so nothing rests on colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from hepatica.report.svg import tag

_BAR = 12.0
_LEAST = 1.5
"""A band is at least so high: a few patients must not vanish."""


class Size(NamedTuple):
    """The size of a picture: its width, the height of all bands, room for names, gaps."""

    width: float
    height: float
    room: float
    gap: float
    line: float


LARGE = Size(620, 260, 150, 12, 17)
SMALL = Size(360, 120, 104, 6, 14)


def draw(
    counts: Iterable[tuple[str, str, int]],
    statuses: Sequence[str],
    label: str,
    labels: tuple[str, str],
    size: Size = LARGE,
) -> Markup:
    """Draw bands between statuses. `label` says what the picture shows; numbers are of patients."""
    found = sorted(
        (c for c in counts if c[2]), key=lambda c: (statuses.index(c[0]), statuses.index(c[1]))
    )
    total = sum(number for *_, number in found) or 1
    sides = tuple(
        {s: n for s in statuses if (n := sum(c[2] for c in found if c[side] == s))}
        for side in (0, 1)
    )
    scale = size.height / total
    heights = {pair[:2]: max(_LEAST, pair[2] * scale) for pair in found}
    parts: list[Markup] = []
    top = size.line + 10
    places: list[dict[str, float]] = []
    bottoms = []
    for side, nodes in enumerate(sides):
        x = size.room if side == 0 else size.width - size.room - _BAR
        anchor, at = ("end", x - 7) if side == 0 else ("start", x + _BAR + 7)
        head = tag("text", labels[side], x=at, y=size.line - 3, class_="side", text_anchor=anchor)
        parts.append(head)
        y, edge = top, {}
        for status, number in nodes.items():
            height = sum(h for pair, h in heights.items() if pair[side] == status)
            room = max(height, 2 * size.line - 2)  # for the name and the number beside it
            y += (room - height) / 2
            edge[status] = y
            parts.append(tag("rect", x=x, y=y, width=_BAR, height=height,
                             class_=f"node {_css(status)}"))  # fmt: skip
            middle = y + height / 2
            parts.append(tag("text", status, x=at, y=middle - 2, class_="name", text_anchor=anchor))
            parts.append(tag("text", f"{number:,}", x=at, y=middle + size.line - 3, class_="number",
                             text_anchor=anchor))  # fmt: skip
            y += (room + height) / 2 + size.gap
        places.append(edge)
        bottoms.append(y)
    bands = []
    left, right = dict(places[0]), dict(places[1])
    for old, new, number in found:
        height = heights[old, new]
        title = tag("title", f"{old} to {new}: {number:,}")
        kind = "stays" if old == new else _css(new)
        ends = size.room + _BAR, size.width - size.room - _BAR
        shape = _band(*ends, left[old], right[new], height)
        bands.append(tag("path", title, d=shape, class_=f"band {kind}"))
        left[old] += height
        right[new] += height
    body = Markup("\n").join([*bands, *parts])
    words = "; ".join(f"{old} to {new} {number:,}" for old, new, number in found)
    box = f"0 0 {size.width:.0f} {max(bottoms) + 2:.0f}"
    return tag("svg", body, viewBox=box, role="img", aria_label=f"{label}: {words}",
               class_=f"flow {'large' if size is LARGE else 'small'}")  # fmt: skip


def _band(x: float, end: float, y: float, to: float, height: float) -> str:
    middle = (x + end) / 2
    return (
        f"M{x:.1f},{y:.1f} C{middle:.1f},{y:.1f} {middle:.1f},{to:.1f} {end:.1f},{to:.1f} "
        f"l0,{height:.1f} C{middle:.1f},{to + height:.1f} {middle:.1f},{y + height:.1f} "
        f"{x:.1f},{y + height:.1f} z"
    )


def _css(status: str) -> str:
    return "s-" + status.replace(" ", "-")
