"""Find guideline knowledge and read all of it.

A knowledge folder holds `facts/*.yaml`, `interventions.yaml` and one folder a guideline, which is
recognised by its `guideline.yaml`. A guideline's digest is a SHA-256 over every file that can
change what it says: its own, those of the packs it includes, and the dictionaries.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from hepatica import check, ir
from hepatica.diagnostics import (
    Diagnostic,
    Invalid,
    at,
    from_unreadable,
    has_errors,
    ordered,
)
from hepatica.files import Files, read_files
from hepatica.json_reader import read_json
from hepatica.parse import dictionary, guideline
from hepatica.parse.conditions import Vocabulary
from hepatica.parse.derivations import with_derivations
from hepatica.parse.statement import statement as parse_statement
from hepatica.reader import read_yaml
from hepatica.schema import SchemaName, check_shape
from hepatica.source import Document, Unreadable, decode
from hepatica.walk import concludes


class Loaded(NamedTuple):
    """Knowledge, the documents it came from, and what was noticed (warnings, when it is usable)."""

    knowledge: ir.Knowledge
    documents: dict[str, Document]
    diagnostics: list[Diagnostic]


def load(root: Path | str | None = None) -> ir.Knowledge:
    """Read and check a knowledge folder; the shipped one by default.

    Raises `Invalid` with every error of every file.
    """
    return checked(read_files(Path(root) if root is not None else None))


def checked(files: Files) -> ir.Knowledge:
    """Build knowledge from files. Raises `Invalid` with every error of every file."""
    loaded = load_files(files)
    if has_errors(loaded.diagnostics):
        raise Invalid(ordered(loaded.diagnostics))
    return loaded.knowledge


def load_files(files: Files) -> Loaded:
    """Build knowledge from files. What is wrong is in the diagnostics; the rest is built anyway."""
    return _Loader(files).load()


class _Loader:
    def __init__(self, files: Files) -> None:
        self.files = files
        self.diagnostics: list[Diagnostic] = []
        self.documents: dict[str, Document] = {}

    def load(self) -> Loaded:
        files = [d for d in map(self._facts_file, self._named("facts/")) if d is not None]
        facts, found = dictionary.facts(files)
        self.diagnostics += found
        interventions: dict[str, ir.Intervention] = {}
        classes: dict[str, str] = {}
        document = self.read("interventions.yaml", "interventions")
        if document is not None:
            interventions, classes, found = dictionary.interventions(document, facts)
            self.diagnostics += found
        # A dictionary that cannot be read would make every name in every statement look unknown.
        has_dictionaries = not has_errors(self.diagnostics)
        self.vocabulary = Vocabulary(facts, interventions, classes)
        taken = document.data.get("taken") if document is not None else None
        if document is not None and taken is not None:
            self.vocabulary.fact(document, ("taken",), taken)
        weight = document.data.get("weight") if document is not None else None
        if document is not None and weight is not None:
            fact = self.vocabulary.fact(document, ("weight",), weight)
            if fact is not None and fact.unit != "kg":
                text = f"`{weight}` is not in kg"
                self.vocabulary.report(document, ("weight",), "N110", text, "name a fact in kg")
        if document is not None:
            facts = self.vocabulary.facts = with_derivations(self.vocabulary, files, weight)
        known: dict[str, ir.Guideline] = {}
        manifests: dict[str, Document] = {}
        for name in self.files.guidelines:
            built = self._guideline(name)
            if built is not None:
                known[name], manifests[name] = built
        for name in known:
            known[name] = self._with_packs(known[name], manifests[name], known)
        every = {s.id for g in known.values() for s in g.statements}
        for g in known.values():
            for statement in g.statements:
                document = self.documents[statement.id]
                self.diagnostics += check.check_related(statement, document, every)
        if has_dictionaries:
            self.diagnostics += self.vocabulary.diagnostics
        knowledge = ir.Knowledge(facts, interventions, classes, known, taken, weight)
        return Loaded(knowledge, self.documents, self.diagnostics)

    def _named(self, prefix: str) -> list[str]:
        return sorted(name for name in self.files.content if name.startswith(prefix))

    def read(self, name: str, schema: SchemaName) -> Document | None:
        """Read one file and check its shape; None when it cannot be used."""
        if name not in self.files.content:
            return None
        shown = str(self.files.root / name)
        try:
            source = decode(shown, self.files.content[name])
            document = read_json(source) if name.endswith(".json") else read_yaml(source)
        except Unreadable as error:
            self.diagnostics += from_unreadable(error)
            return None
        found = check_shape(document, schema)
        self.diagnostics += found
        return None if found else document

    def _facts_file(self, name: str) -> Document | None:
        document = self.read(name, "facts")
        expected = name.removeprefix("facts/").rsplit(".", 1)[0]
        if document is not None and document.data["domain"] != expected:
            text = f"the domain `{document.data['domain']}` is not the name of the file"
            help = f"write `{expected}`"
            self.diagnostics.append(at(document, ("domain",), "N107", text, help=help))
        return document

    def _guideline(self, name: str) -> tuple[ir.Guideline, Document] | None:
        manifest = self.read(f"{name}/guideline.yaml", "guideline")
        if manifest is None:
            return None
        if manifest.data["id"] != name:
            text = f"the id `{manifest.data['id']}` is not the name of the folder"
            self.diagnostics.append(at(manifest, ("id",), "N107", text, help=f"write `{name}`"))
            return None
        references = self._references(name, manifest)
        reserved = {f"{name}/guideline.yaml", f"{name}/{manifest.data['references']}"}
        statements = []
        for path in self._named(f"{name}/"):
            if path in reserved:
                continue
            statement = self._statement(path, references)
            if statement is not None:
                statements.append(statement)
        built = guideline.guideline(
            self.vocabulary, manifest, references or {}, tuple(statements), ""
        )
        return built, manifest

    def _references(self, name: str, manifest: Document) -> dict[str, ir.Reference] | None:
        """Read the references; None when they cannot be, which is told once, not per citation."""
        path = f"{name}/{manifest.data['references']}"
        if path not in self.files.content:
            text = f"there is no references file `{manifest.data['references']}`"
            help = "write a CSL-JSON file of that name beside guideline.yaml"
            self.diagnostics.append(at(manifest, ("references",), "Y111", text, help=help))
            return None
        document = self.read(path, "references")
        if document is None:
            return None
        references, found = guideline.references(document)
        self.diagnostics += found
        return references

    def _statement(
        self, path: str, references: dict[str, ir.Reference] | None
    ) -> ir.Statement | None:
        expected = path.rsplit(".", 1)[0]
        if expected.count("/") != 2 or not path.endswith(".yaml"):
            text = f"`{path}` is not a statement's place"
            help = "a statement is a .yaml file in a topic folder: guideline/topic/statement.yaml"
            shown = str(self.files.root / path)
            self.diagnostics.append(Diagnostic("N107", "error", text, file=shown, help=help))
            return None
        document = self.read(path, "statement")
        if document is None:
            return None
        statement = parse_statement(self.vocabulary, document)
        self.diagnostics += check.check_statement(statement, document, expected, references)
        if statement.id != expected:
            return None
        self.documents[statement.id] = document
        return statement

    def _with_packs(
        self, mine: ir.Guideline, manifest: Document, known: dict[str, ir.Guideline]
    ) -> ir.Guideline:
        self.diagnostics += check.check_includes(mine, manifest, known)
        packs = check.included(mine, known)
        definitions = tuple(s for pack in packs for s in known[pack].statements if concludes(s))
        parts = (f"{mine.id}/", *(f"{pack}/" for pack in packs), "facts/", "interventions.yaml")
        digest = self.files.digest(lambda name: name.startswith(parts))
        whole = ir.replace(mine, definitions=definitions, digest=f"sha256:{digest}")
        self.diagnostics += check.check_definitions(whole, self.documents)
        self.diagnostics += check.check_answers(whole, manifest)
        return whole
