"""`hepatica lint`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from hepatica.case import CaseReader
from hepatica.case_files import documents
from hepatica.cases import check_expectations
from hepatica.cli.common import FILE, count, knowledge_option, load, refuse_unused, show
from hepatica.cohort.mapping import check_mapping, is_mapping
from hepatica.diagnostics import Diagnostic, Invalid, ordered
from hepatica.lint import lint
from hepatica.sarif import sarif
from hepatica.version import VERSION


@click.command("lint")
@click.argument("paths", nargs=-1, type=FILE)
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text")
@click.option(
    "--logic", is_flag=True, help="Ask the solver too, over every patient (needs the extra prove)."
)
@click.option(
    "--since", metavar="REV",
    help="Also compare version numbers with what has changed since a git revision, or last-tag.",
)  # fmt: skip
@knowledge_option
def command(
    paths: tuple[str, ...], form: str, logic: bool, since: str | None, knowledge: Path | None
) -> None:
    """Check knowledge files and cases.

    PATHS are a knowledge folder, anything inside one, cases, or mapping files of cohorts; without
    PATHS, the shipped knowledge is checked. With --logic the solver looks for conditions that can
    never be true or false, questions that never matter, definitions that contradict each other,
    recommendations that are contraindicated for everybody or in spite of a contraindication, what
    nobody is ever told, declared answers that are not given, and answers that more knowledge
    overturns, each with a patient. Exits with 1 if anything is found, with 2 if a file cannot be
    read at all.

    With --since a version number that understates what has changed since a git revision is an
    error, shown with a patient (V201; needs the extra prove).

    \b
    Examples:
      hepatica lint knowledge
      hepatica lint knowledge/easl_2025/metabolites --format sarif
      hepatica lint knowledge/easl_2025 --logic
      hepatica lint knowledge --since last-tag
      hepatica lint my_patient.yaml
      hepatica lint registry.yaml
    """
    found: list[Diagnostic] = []
    roots = {path: knowledge_root(Path(path)) for path in paths}
    if roots and not any(roots.values()):
        refuse_unused(["logic", "since"], "only for knowledge, and not for cases or mapping files")
    for path in paths or ("",):
        root = knowledge if not path else roots[path]
        if not path or root is not None:
            where = str(Path(path)) if path else ""
            every = lint(root)
            if logic:
                from hepatica.lint.logic import lint_logic  # only what is used

                every += lint_logic(root, within=where)
            if since is not None:
                every += _numbers(root, since, where)
            found += [d for d in every if not path or _lies_in(d.file, where)]
        else:
            found += _lint_cases(path, knowledge)
    found = ordered(found)
    _print(found, form)
    if any(d.code.startswith("Y") for d in found):
        sys.exit(2)
    sys.exit(1 if any(d.severity != "note" for d in found) else 0)


def _numbers(root: Path | None, since: str, where: str) -> list[Diagnostic]:
    """Compare the version numbers of the guidelines that a path holds, or lies in."""
    from hepatica.diff.numbers import check_numbers  # only what is used

    inside = Path(where).absolute().relative_to(root.absolute()).parts if where and root else ()
    checked = check_numbers(root, since, frozenset(inside[:1]))
    for note in checked.notes:
        click.echo(note, err=True)
    return checked.found


def knowledge_root(path: Path) -> Path | None:
    """Find the knowledge folder that a path is or lies in."""
    for folder in (path, *path.absolute().parents):
        if (folder / "interventions.yaml").is_file() and (folder / "facts").is_dir():
            return folder
    return None


def _lies_in(file: str, where: str) -> bool:
    if not file:
        return True
    inner, outer = Path(file).absolute(), Path(where).absolute()
    return inner == outer or outer in inner.parents


def _lint_cases(path: str, root: Path | None) -> list[Diagnostic]:
    knowledge = load(root)
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    found: list[Diagnostic] = []
    seen: dict[str, str] = {}
    for document in documents(path, sys.stdin.buffer):
        if isinstance(document, Invalid):
            found += document.diagnostics
            continue
        if is_mapping(document.data):
            found += check_mapping(document, knowledge.facts)[1]
            continue
        try:
            case = reader.read(document)
        except Invalid as error:
            found += error.diagnostics
            continue
        found += check_expectations(document, knowledge)
        if case.id in seen:
            text = f"the case `{case.id}` also stands in {seen[case.id]}"
            found.append(Diagnostic("D110", "error", text, file=case.file, help="rename one"))
        seen[case.id] = case.file
    return found


def _print(found: list[Diagnostic], form: str) -> None:
    if form == "json":
        import msgspec

        click.echo(msgspec.json.encode(found).decode())
    elif form == "sarif":
        click.echo(json.dumps(sarif(found, VERSION), indent=2, ensure_ascii=False))
    else:
        show(found, err=False)
        counts = [
            count(number, severity)
            for severity in ("error", "warning", "note")
            if (number := sum(d.severity == severity for d in found))
        ]
        click.echo(", ".join(counts) or "no findings", err=True)
