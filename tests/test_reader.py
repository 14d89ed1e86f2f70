"""The strict reader: what it takes, what it refuses, and that nothing makes it crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hepatica.json_reader import read_json
from hepatica.quick import read_quickly
from hepatica.reader import Reader, read_yaml
from hepatica.source import Source, Unreadable, decode

data = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
SCRAPS = st.text(alphabet="ab01:-[]{}\"'#&*!|>\n\t .,?~%@", max_size=40)


def read(text: str) -> Any:
    return read_yaml(Source("t", text)).data


def codes(text: str, reader: Any = read_yaml) -> list[str]:
    with pytest.raises(Unreadable) as caught:
        reader(Source("t", text))
    assert all(p.help and p.message for p in caught.value.problems)
    return [p.code for p in caught.value.problems]


@settings(deadline=None)
@given(data)
def test_json_comes_back(value: Any) -> None:
    assert read_json(Source("t", json.dumps(value))).data == value


@settings(deadline=None, max_examples=300)
@given(SCRAPS)
def test_any_text_is_read_or_refused(text: str) -> None:
    for reader in (read_yaml, read_json):
        try:
            reader(Source("t", text))
        except Unreadable as error:
            assert error.problems


@settings(deadline=None, max_examples=300)
@given(SCRAPS | data.map(lambda d: yaml.safe_dump(d, allow_unicode=True)))
def test_quick_and_thorough_reading_agree(text: str) -> None:
    quick = read_quickly(text)
    try:
        thorough = Reader(Source("t", text)).read().data
    except Unreadable:
        assert quick is None
    else:
        assert quick is None or quick[0] == thorough


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    try:
        decode("t", content)
    except Unreadable as error:
        assert error.problems[0].code == "Y101"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2025-09-01", "2025-09-01"), ("a: 1.50", 1.5), ("a: -3", -3), ("a: 1e3", 1000.0),
        ('a: "yes"', "yes"), ("a: 'no'", "no"), ("a: none", "none"), ("a: 3 mg/dL", "3 mg/dL"),
        ("a: ~", None), ("a:", None), ("a: true", True), ("a: 12:30:x", "12:30:x"),
        ("a: |\n  x\n  y\n", "x\ny\n"), ("a: <450", "<450"), ("a: 1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_plain_values(text: str, value: Any) -> None:
    assert read(text) == {"a": value}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: yes", "Y109"), ("a: No", "Y109"), ("on: 1", "Y109"), ("a: TRUE", "Y109"),
        ("a: 010", "Y112"), ("a: 1_000", "Y112"), ("a: 1:30", "Y112"), ("a: .5", "Y112"),
        ("a: +1", "Y112"), ("a: 0x1F", "Y112"), ("a: .inf", "Y112"), ("a: 1e400", "Y112"),
        (f"a: {'9' * 60}", "Y112"), ("a: 1\na: 2", "Y104"), ("a: &x 1", "Y105"), ("a: *x", "Y105"),
        ("a: !!str 1", "Y106"), ("a: 1\n---\nb: 2", "Y107"), ("", "Y108"), ("# c\n", "Y108"),
        ("---\n", "Y108"), ("? [a]\n: b", "Y113"), ("1: a", "Y113"), ("a:\n\tb: 1", "Y103"),
        ("a: [1, 2", "Y102"), ("a: \x07", "Y101"), ("[" * 80, "Y110"), ("null: 1", "Y113"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, code: str) -> None:
    assert code in codes(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a": NaN}', "Y112"), ('{"a": Infinity}', "Y112"), ('{"a": 1e999}', "Y112"),
        ('{"a": 1, "a": 2}', "Y104"), ("", "Y108"), ("{", "Y102"), ('{"a": "\\udc00"}', "Y101"),
        ("[" * 80 + "]" * 80, "Y110"), ("[" * 100_000, "Y110"), ('{"a": 01}', "Y102"),
    ],
)  # fmt: skip
def test_what_is_refused_of_json(text: str, code: str) -> None:
    assert code in codes(text, read_json)


def test_every_problem_of_a_file_is_told() -> None:
    assert codes("a: yes\nb: 010\nb: &x 1\n") == ["Y109", "Y112", "Y105", "Y104"] or sorted(
        codes("a: yes\nb: 010\nb: &x 1\n")
    ) == ["Y104", "Y105", "Y109", "Y112"]


def test_places_of_keys_and_values() -> None:
    document = read_yaml(Source("t", "a:\n  - b: 1\n    c: [x, yy]\n"))
    place = document.place(("a", 0, "c", 1))
    assert (place.line, place.column, place.end_column) == (3, 12, 14)
    assert document.place(("a", 0, "c"), key=True).column == 5
    assert document.place(("a", 7, "z")).line == document.place(("a",)).line
    tabs = read_json(Source("t", '{\n\t"a": {"b": 1}}'))
    assert tabs.place(("a", "b")).line == 2
