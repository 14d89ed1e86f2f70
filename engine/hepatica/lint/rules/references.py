"""C102: a reference that no statement cites.

Dead entries in references.json hide which sources the knowledge really rests on. The guideline's
own entry (a key equal to its id) may stand uncited.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica.diagnostics import Diagnostic
from hepatica.lint.context import Context


def check(context: Context) -> Iterator[Diagnostic]:
    """Compare references with citations."""
    for guideline in context.knowledge.guidelines.values():
        cited = {guideline.id}
        for statement in guideline.statements:
            cited |= {statement.source.ref, *statement.source.attributed_to}
        for key in guideline.references:
            if key not in cited:
                file = str(context.files.root / guideline.id / "references.json")
                text = f"no statement cites the reference `{key}`"
                help = "cite it, or remove it"
                yield Diagnostic("C102", "warning", text, file=file, help=help)
