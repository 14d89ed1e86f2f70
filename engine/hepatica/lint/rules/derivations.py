"""N116: a fact that does not say how it follows from a dated record.

Without `derive` a chart could never hold the fact, and nobody would notice. A fact that cannot be
read from a record says so: `derive: given`.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica.diagnostics import Diagnostic, at
from hepatica.lint.context import Context
from hepatica.reader import read_yaml
from hepatica.source import Unreadable, decode


def check(context: Context) -> Iterator[Diagnostic]:
    """Look at every fact of every sound file of the dictionary."""
    for name, body in context.files.content.items():
        shown = str(context.files.root / name)
        if not name.startswith("facts/") or shown in context.broken:
            continue
        try:
            document = read_yaml(decode(shown, body))
        except Unreadable:
            continue  # told by the loader
        for fact, data in document.data.get("facts", {}).items():
            if "derive" not in data:
                text = f"`{fact}` does not say how it follows from a dated record"
                help = "add `derive`, in one of the ways of docs/charts.md, or `derive: given`"
                yield at(document, ("facts", fact), "N116", text, help=help, key=True)
