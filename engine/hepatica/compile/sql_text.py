"""SQL as text: names, literals, and selections inside one another."""

from __future__ import annotations

import re
from typing import NamedTuple

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


class Column(NamedTuple):
    """A column of a selection: its name, what it is, and what is told of it."""

    name: str
    sql: str
    comment: str = ""


def nested(levels: list[list[Column]], table: str, key: str) -> str:
    """Write the selections inside one another, each with the columns that later ones use."""
    needed: list[list[str]] = []  # what each level has to pass on, last first
    wanted: set[str] = set()
    for level in reversed(levels):
        made = {column.name for column in level}
        needed.append(sorted(wanted - made))
        kept = [c for c in level if not needed[1:] or c.name in wanted]
        wanted = (wanted - made).union(*(_columns_of(c.sql) for c in kept))
    passed = list(reversed(needed))
    passed[0] = []  # the first level reads the table itself
    source, keyed, out = f"FROM {table_name(table)}", identifier(key), ""
    for i, level in enumerate(levels):
        last = i == len(levels) - 1
        columns = [Column(keyed, "")] + [Column(identifier(name), "") for name in passed[i]]
        columns += [Column(identifier(c.name), c.sql, c.comment) for c in level]
        out = f"SELECT\n{_listed(columns)}\n{source}"
        source = f"FROM (\n{out}\n) AS s{i}" if not last else ""
    return out


def _listed(columns: list[Column]) -> str:
    lines = []
    for i, column in enumerate(columns):
        comma = "," if i < len(columns) - 1 else ""
        if column.comment:
            lines.append(f"  -- {column.comment}")
        lines.append(f"  {column.sql} AS {column.name}{comma}" if column.sql
                     else f"  {column.name}{comma}")  # fmt: skip
    return "\n".join(lines)


def _columns_of(sql: str) -> set[str]:
    """Find the columns that a piece of ours reads: whatever is in double quotes."""
    return {name.replace('""', '"') for name in _QUOTED.findall(sql)}


def identifier(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'


def table_name(name: str) -> str:
    """Quote the name of a table; a dot stands between a schema and its table."""
    return ".".join(identifier(part) for part in name.split("."))


def literal(text: str) -> str:
    """Quote a text."""
    return "'" + text.replace("'", "''") + "'"


def line(text: str) -> str:
    """Write a text in one line."""
    return " ".join(text.split())
