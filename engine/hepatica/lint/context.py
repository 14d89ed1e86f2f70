"""What a lint rule looks at."""

from __future__ import annotations

import functools

from hepatica import ir
from hepatica.evaluate import Meaning
from hepatica.files import Files
from hepatica.source import Document


class Context:
    """Knowledge as far as it could be built, with the documents and files it came from."""

    def __init__(
        self, knowledge: ir.Knowledge, documents: dict[str, Document], files: Files
    ) -> None:
        """Take what was loaded."""
        self.knowledge = knowledge
        self.documents = documents
        self.files = files
        self.broken: set[str] = set()

    @functools.cached_property
    def statements(self) -> list[tuple[ir.Guideline, ir.Statement, Document]]:
        """Every statement of a sound file, with its guideline and document."""
        return [
            (g, s, self.documents[s.id])
            for g in self.knowledge.guidelines.values()
            for s in g.statements
            if s.file not in self.broken
        ]

    @functools.cached_property
    def meanings(self) -> dict[str, Meaning]:
        """Every guideline as the referee reads it."""
        every = self.knowledge.guidelines.values()
        return {g.id: Meaning(g, self.knowledge.facts) for g in every}
