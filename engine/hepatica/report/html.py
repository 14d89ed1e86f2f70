"""A result as one self-contained HTML page: no script, nothing loaded from elsewhere.

Every text goes through Jinja's escaping, and a Content-Security-Policy forbids what a text could
still try. It reads on a phone, on paper, in light and in dark.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from hepatica.diagnostics import printable

if TYPE_CHECKING:
    from hepatica.report.course import CourseView
    from hepatica.report.timeline import Timeline
    from hepatica.report.view_data import View


@functools.cache
def template(name: str) -> Any:
    """Prepare a template of this package, with escaping."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("hepatica.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["clean"] = printable
    return environment.get_template(name)


def head(title: str) -> str:
    """Write the beginning of a page."""
    return str(template("head.html").render(title=title))


def body(view: View) -> str:
    """Write one result."""
    return str(template("result.html").render(view=view))


def replay(view: CourseView, timeline: Timeline) -> str:
    """Write a replay: the timeline as a picture, and the changes as a table."""
    from hepatica.report.svg import draw

    page = template("replay.html")
    return str(page.render(view=view, svg=draw(timeline), undated=timeline.undated))


def tail() -> str:
    """Write the end of a page."""
    return "</main>\n</body>\n</html>\n"
