"""A strict reader for YAML that keeps the place of every key and value.

It builds plain data (dict, list, str, int, float, bool, None) and is stricter than YAML: no
duplicate keys, no anchors, no tags, no second document, and no scalar that YAML 1.1 and 1.2 (or a
human) read differently: `yes`, `010`, `1:30`. Nothing in a file can run code or name another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from hepatica.quick import MAX_DEPTH, Loader, read_quickly
from hepatica.scalars import LIKE_A_BOOLEAN, MAX_DIGITS, NUMERIC_START, ODD, plain_scalar
from hepatica.source import (
    ROOT,
    Document,
    KeyPath,
    Place,
    Places,
    Problem,
    Source,
    Unreadable,
)


def read_yaml(source: Source) -> Document:
    """Read one strict YAML document with its places. Raises `Unreadable` with all Y problems."""
    quick = read_quickly(source.text)
    if quick is None:  # something is odd: read again, to say what and where
        return Reader(source).read()
    data, lines = quick

    def places() -> Places:
        reader = Reader(source)
        reader.read()
        return reader.values, reader.keys

    return Document(source, data, places, lines)


_YES = frozenset({"y", "yes", "on", "true"})


class Reader:
    """Builds data from YAML events on a stack of its own, so that depth cannot exhaust Python's."""

    def __init__(self, source: Source) -> None:
        """Take the text to read."""
        self.source = source
        self.problems: list[Problem] = []
        self.values: dict[KeyPath, Place] = {}
        self.keys: dict[KeyPath, Place] = {}

    def read(self) -> Document:
        """Read it. Raises `Unreadable` with every problem."""
        data: Any = None
        try:
            data = self._build(yaml.parse(self.source.text, Loader=Loader))
        except yaml.MarkedYAMLError as error:
            self.problems.append(_syntax(error, self.source))
        except yaml.YAMLError as error:  # characters YAML does not allow
            reason = getattr(error, "reason", "characters that YAML does not allow")
            self.problems.append(Problem("Y101", str(reason), None, "remove the control character"))
        if self.problems:
            raise Unreadable(self.source, self.problems)
        return Document(self.source, data, (self.values, self.keys))

    def _build(self, events: Iterator[Any]) -> Any:
        stack: list[list[Any]] = []  # [container, path, waiting key or None, opened at]
        result: Any = None
        documents = 0
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                place = _place(event)
                if event.anchor or event.tag:
                    self._forbid(event, place)
                top = stack[-1] if stack else None
                if top is not None and type(top[0]) is dict and top[2] is None:
                    self._key(top, event, place)
                    continue
                value: Any = self._scalar(event, place)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                place = _place(event)
                if event.anchor or event.tag:
                    self._forbid(event, place)
                if len(stack) >= MAX_DEPTH:
                    self.problems.append(too_deep(place))
                    return None
                top = stack[-1] if stack else None
                if top is not None and type(top[0]) is dict and top[2] is None:
                    self.problems.append(
                        Problem("Y113", "a key must be plain text", place, "use a word as the key")
                    )
                    return None
                path = self._path(top)
                stack.append([{} if kind is yaml.MappingStartEvent else [], path, None, place])
                self.values[path] = place
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                value, path, _, opened = stack.pop()
                mark = event.end_mark
                self.values[path] = opened._replace(
                    end_line=mark.line + 1, end_column=mark.column + 1
                )
                place = None
            elif kind is yaml.AliasEvent:
                self._forbid(event, _place(event))
                value, place = None, _place(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self.problems.append(
                        Problem(
                            "Y107",
                            "the file holds more than one document",
                            _place(event),
                            "remove `---`, or write one file each",
                        )
                    )
                    return None
                continue
            else:
                continue
            if not stack:
                result = value
                if place is not None:
                    self.values[ROOT] = place
                continue
            top = stack[-1]
            if place is not None:
                self.values[self._path(top)] = place
            if type(top[0]) is dict:
                if isinstance(top[2], str):
                    top[0][top[2]] = value
                top[2] = None
            else:
                top[0].append(value)
        if result is None and not self.problems:
            self.problems.append(Problem("Y108", "the file is empty", None, "write its content"))
        return result

    def _path(self, top: list[Any] | None) -> KeyPath:
        if top is None:
            return ROOT
        step = top[2] if type(top[0]) is dict else len(top[0])
        path: KeyPath = (*top[1], step)
        return path

    def _key(self, top: list[Any], event: Any, place: Place) -> None:
        name: str = event.value
        if event.implicit[0]:
            value = self._scalar(event, place)
            if not isinstance(value, str) and name not in LIKE_A_BOOLEAN:
                self.problems.append(
                    Problem("Y113", f"the key `{name}` is not text", place, "quote it")
                )
        if name in top[0]:
            self.problems.append(duplicate(name, place))
        top[0].setdefault(name, None)
        top[2] = name
        self.keys[(*top[1], name)] = place

    def _forbid(self, event: Any, place: Place) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            message, help = "anchors and aliases are not used here", "write the value out"
            code = "Y105"
        elif event.tag == "!":
            return  # a quoted scalar under the pure-Python reader
        else:
            message, help, code = f"the tag `{event.tag}` is not used here", "remove it", "Y106"
        self.problems.append(Problem(code, message, place, help))

    def _scalar(self, event: Any, place: Place) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            return text
        value = plain_scalar(text)
        if value is not ODD:
            return value
        if text[0] in NUMERIC_START:
            self.problems.append(not_a_number(text, place))
        else:
            word = "true" if text.lower() in _YES else "false"
            self.problems.append(
                Problem(
                    "Y109",
                    f"`{text}` is a boolean to some YAML readers and a word to others",
                    place,
                    f'write `{word}`, or "{text}" in quotes if the word is meant',
                )
            )
        return text


def _place(event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def duplicate(name: str, place: Place | None) -> Problem:
    """A key that stands twice."""
    return Problem("Y104", f"the key `{name}` stands here twice", place, "keep one of the two")


def too_deep(place: Place | None) -> Problem:
    """Nesting without sense."""
    return Problem("Y110", f"nested deeper than {MAX_DEPTH} levels", place, "flatten it")


def not_a_number(text: str, place: Place | None) -> Problem:
    """A number that readers take differently, or that is not finite."""
    shown = text if len(text) <= MAX_DIGITS else text[:MAX_DIGITS] + "…"
    return Problem(
        "Y112",
        f"`{shown}` is not a number that every reader takes alike",
        place,
        "write it as 0.5, -12 or 1e3, finite; or quote it if text is meant",
    )


def _syntax(error: yaml.MarkedYAMLError, source: Source) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = None
    if mark is not None:
        place = Place(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 1)
        if "\t" in source.line(mark.line + 1)[: mark.column + 1]:
            return Problem("Y103", "a tab indents this line", place, "indent with spaces")
    what = (error.problem or "cannot be read").lower()
    return Problem(
        "Y102",
        f"not YAML: {what}",
        place,
        "mend the indentation or brackets; quote text that holds : { } [ ] or #",
    )
