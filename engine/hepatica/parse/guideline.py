"""A guideline's manifest and its references."""

from __future__ import annotations

from typing import Any

from hepatica import ir
from hepatica.diagnostics import Diagnostic, at
from hepatica.parse.conditions import Vocabulary, condition
from hepatica.source import Document

_MANY = 3


def guideline(
    vocabulary: Vocabulary,
    manifest: Document,
    references: dict[str, ir.Reference],
    statements: tuple[ir.Statement, ...],
    digest: str,
) -> ir.Guideline:
    """Build a guideline without the definitions of the packs it includes."""
    data = manifest.data
    return ir.Guideline(
        id=data["id"],
        title=data["title"],
        short=data["short"],
        publisher=data["publisher"],
        edition=data["edition"],
        published=data["published"],
        version=data["version"],
        status=data["status"],
        experimental=data["experimental"],
        text=" ".join(data["text"].split()),
        not_sourced=" ".join(data["not_sourced"].split()),
        copyright=" ".join(data["copyright"].split()),
        applies=condition(vocabulary, manifest, ("applies",)) if "applies" in data else None,
        includes=tuple(data.get("includes", ())),
        statements=statements,
        definitions=(),
        references=references,
        digest=digest,
        show=data.get("show", "always"),
        answers=tuple(data.get("answers", ())),
    )


def references(document: Document) -> tuple[dict[str, ir.Reference], list[Diagnostic]]:
    """Build the references of a guideline from its CSL-JSON. Reports a key that stands twice."""
    found: dict[str, ir.Reference] = {}
    diagnostics = []
    for i, entry in enumerate(document.data):
        if entry["id"] in found:
            text = f"the reference `{entry['id']}` stands here twice"
            diagnostics.append(at(document, (i, "id"), "N108", text, help="keep one of the two"))
        found[entry["id"]] = _reference(entry)
    return found, diagnostics


def _reference(entry: dict[str, Any]) -> ir.Reference:
    authors = [a.get("literal") or _person(a) for a in entry.get("author", ())]
    who = ", ".join(authors[:_MANY]) + (" et al." if len(authors) > _MANY else "")
    year = str(entry["issued"]["date-parts"][0][0]) if "issued" in entry else "no date"
    journal = entry.get("container-title") or entry.get("publisher") or ""
    volume = entry.get("volume", "")
    volume += f"({entry['issue']})" if "issue" in entry else ""
    where = f"{journal} {year}" if journal else year
    where += f";{volume}" if volume else ""
    where += f":{entry['page']}" if "page" in entry else ""
    parts = [part.rstrip(".") for part in (who, entry["title"], where) if part]
    link = f" {entry['URL']}" if "URL" in entry and "DOI" not in entry else ""
    first = authors[0].split(" ")[0] if authors else entry["title"]
    short = entry.get("title-short") or (f"{first} {year}" if year != "no date" else first)
    return ir.Reference(
        id=entry["id"],
        citation=". ".join(parts) + "." + link,
        short=short,
        doi=entry.get("DOI"),
        pmid=entry.get("PMID"),
        url=entry.get("URL"),
    )


def _person(author: dict[str, str]) -> str:
    given = author.get("given", "")
    words = given.replace("-", " ").replace(".", " ").split()
    initials = given if given.isupper() else "".join(word[0] for word in words)
    return f"{author['family']} {initials}".strip()
