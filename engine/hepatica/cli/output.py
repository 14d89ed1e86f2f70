"""Writing results in the asked form, one case or many, and showing how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from hepatica import ir
from hepatica.cli.common import has_unicode, wants_colour, width
from hepatica.diagnostics import Invalid
from hepatica.finding import Result
from hepatica.source import Document
from hepatica.written import to_json

_PATIENCE = 1.0


class Writer:
    """Writes results to standard output as they come."""

    def __init__(
        self, form: str, knowledge: ir.Knowledge, *, many: bool, full: bool, brief: bool
    ) -> None:
        """Take the form (text, json, markdown, html) and whether one case or many will come.

        Text for many cases is a summary each, unless `full`; then nothing is cut short either.
        With `brief`, companions in which nothing is known to hold get a line each.
        """
        self.form = form
        self.knowledge = knowledge
        self.summary = many and not full
        self.full = full
        self.brief = brief and not full
        self.written = 0

    def write(self, result: Result) -> None:
        """Write one result."""
        self.written += 1
        if self.form == "json":
            sys.stdout.buffer.write(to_json(result) + b"\n")
            return
        text = self._rendered(result)
        if self.form == "text":
            click.echo(text, nl=False, color=wants_colour(sys.stdout))
        else:  # a file to keep: always UTF-8
            sys.stdout.buffer.write(text.encode())

    def _rendered(self, result: Result) -> str:
        from hepatica.report.view import view
        from hepatica.words import Words

        shown = view(result, Words(self.knowledge), brief=self.brief)
        if self.form == "text":
            from hepatica.report.text import Terminal

            terminal = Terminal(
                width(),
                colour=wants_colour(sys.stdout),
                unicode=has_unicode(sys.stdout),
                full=self.full,
            )
            return terminal.summary(shown) if self.summary else terminal.page(shown)
        if self.form == "markdown":
            from hepatica.report.markdown import page

            return page(shown)
        from hepatica.report import html

        return (html.head(shown.title) if self.written == 1 else "") + html.body(shown)

    def end(self) -> None:
        """Write what comes after the last result."""
        if self.form == "html" and self.written:
            from hepatica.report import html

            sys.stdout.buffer.write(html.tail().encode())
        sys.stdout.flush()


def progress(
    found: Iterable[Document | Invalid], paths: Iterable[str]
) -> Iterator[Document | Invalid]:
    """Pass documents on, with a bar on standard error when it is a terminal and takes a while."""
    if not sys.stderr.isatty():
        yield from found
        return
    total = sum(_size(Path(path)) for path in paths)
    start = time.monotonic()
    bar: Any = None
    done = 0
    for document in found:
        yield document
        done += 1 if isinstance(document, Invalid) else len(document.source.text)
        if bar is None and time.monotonic() - start > _PATIENCE:
            bar = click.progressbar(length=total or None, label="cases", file=sys.stderr)
            bar.__enter__()
            bar.update(done)
            done = 0
        elif bar is not None:
            bar.update(done)
            done = 0
    if bar is not None:
        bar.__exit__(None, None, None)


class Ticker:
    """A bar on standard error, when that is a terminal and the work takes a while."""

    def __init__(self, length: int, label: str) -> None:
        """Take how many steps there are, and what they are called."""
        self.length = length
        self.label = label
        self.done = 0
        self.start = time.monotonic()
        self.bar: Any = None

    def __enter__(self) -> Ticker:
        """Begin."""
        return self

    def tick(self) -> None:
        """Count one step."""
        self.advance(1)

    def advance(self, steps: int) -> None:
        """Count some steps."""
        self.done += steps
        if self.bar is not None:
            self.bar.update(steps)
        elif sys.stderr.isatty() and time.monotonic() - self.start > _PATIENCE:
            self.bar = click.progressbar(length=self.length, label=self.label, file=sys.stderr)
            self.bar.__enter__()
            self.bar.update(self.done)

    def __exit__(self, *error: object) -> None:
        """End."""
        if self.bar is not None:
            self.bar.__exit__(*error)


def _size(path: Path) -> int:
    try:
        if path.is_dir():
            return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
        return path.stat().st_size
    except OSError:
        return 0
