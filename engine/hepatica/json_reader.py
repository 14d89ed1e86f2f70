"""A strict reader for JSON: no duplicate keys, no NaN, no infinity, no half characters."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any

import msgspec

from hepatica.quick import MAX_DEPTH
from hepatica.reader import Reader, duplicate, not_a_number, read_yaml, too_deep
from hepatica.scalars import MAX_DIGITS, to_number
from hepatica.source import ROOT, START, Document, Place, Places, Problem, Source, Unreadable


def read_json(source: Source) -> Document:
    """Read one JSON document, as strictly: no duplicate keys, no NaN, no infinity.

    Raises `Unreadable` with Y problems.
    """
    plain = _read_plainly(source.text)
    if plain is not None:
        return Document(source, plain, lambda: _places(source))
    problems: list[Problem] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            twice = next(k for i, (k, _) in enumerate(items) if k in dict(items[:i]))
            problems.append(duplicate(twice, None))
        return found

    def number(text: str) -> Any:
        value = to_number(text)
        if value is None:
            problems.append(not_a_number(text, _find(text, source)))
        return value

    try:
        data = json.loads(
            source.text,
            object_pairs_hook=pairs,
            parse_float=number,
            parse_int=number,
            parse_constant=number,
        )
    except json.JSONDecodeError as error:
        place = Place(error.lineno, error.colno, error.lineno, error.colno)
        if not source.text.strip():
            problem = Problem("Y108", "the file is empty", None, "write an object")
        else:
            help = "check commas, quotes and brackets before this place"
            problem = Problem("Y102", "this is not JSON", place, help)
        raise Unreadable(source, [problem]) from None
    except RecursionError:
        raise Unreadable(source, [too_deep(None)]) from None
    if "\\u" in source.text and (bad := _lone_surrogate(data)) is not None:
        problems.append(Problem("Y101", f"`{bad}` holds half a character", None, "mend the escape"))
    if _depth(data) > MAX_DEPTH:
        problems.append(too_deep(None))
    if problems:
        raise Unreadable(source, _placed(problems, source))
    return Document(source, data, lambda: _places(source))


_decode = msgspec.json.Decoder().decode
_DIGITS = str.maketrans("-+.123456789eE", "0" * 14)
_LONG = "0" * (MAX_DIGITS + 1)
_SPACED_KEY = re.compile(r'"\s+:')


def _read_plainly(text: str) -> dict[str, Any] | list[Any] | None:
    """Read what is surely as strict JSON as can be, several times faster; None where unsure.

    Without a backslash every quote begins or ends a text, so that keys can be counted: when as
    many come out as went in, none stands twice.
    """
    if "\\" in text or _SPACED_KEY.search(text) or _LONG in text.translate(_DIGITS):
        return None
    try:
        data = _decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    level, depth, keys = [data], 0, 0
    while True:
        dicts = [each for each in level if type(each) is dict]
        lists = [each for each in level if type(each) is list]
        if not dicts and not lists:
            break
        depth += 1
        keys += sum(map(len, dicts))
        level = list(chain.from_iterable([*map(dict.values, dicts), *lists]))
    return data if keys == text.count('":') and 0 < depth <= MAX_DEPTH else None


def _find(text: str, source: Source) -> Place | None:
    """Find where a text first stands in a source."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        column = line.find(text) + 1
        if column:
            return Place(number, column, number, column + len(text))
    return None


def _places(source: Source) -> Places:
    """Find the places in JSON by reading it as YAML, which it nearly is."""
    reader = Reader(source._replace(text=source.text.replace("\t", " ")))
    try:
        reader.read()
    except Unreadable:
        return {ROOT: START}, {}
    return reader.values, reader.keys


def _placed(problems: list[Problem], source: Source) -> list[Problem]:
    """Find the places of problems in JSON, where reading it as YAML finds the same ones."""
    try:
        read_yaml(source._replace(text=source.text.replace("\t", " ")))
    except Unreadable as unreadable:
        if {p.code for p in problems} <= {p.code for p in unreadable.problems}:
            return unreadable.problems
    return problems


def _depth(data: Any) -> int:
    """Count the levels of nested lists and mappings."""
    level, depth = [data], 0
    while level := [part for each in level if isinstance(each, dict | list) for part in
                    (each.values() if isinstance(each, dict) else each)]:  # fmt: skip
        depth += 1
    return depth


def _lone_surrogate(data: Any) -> str | None:
    """Find a text that cannot be written as UTF-8, shown with its escapes."""
    if isinstance(data, str):
        try:
            data.encode()
        except UnicodeEncodeError:
            return data.encode("ascii", "backslashreplace").decode()
        return None
    parts = [*data, *data.values()] if isinstance(data, dict) else data
    if not isinstance(data, dict | list):
        return None
    return next((bad for part in parts if (bad := _lone_surrogate(part)) is not None), None)
