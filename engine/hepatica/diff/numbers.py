"""Version numbers that say less than what has changed since a revision (V201)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hepatica.diagnostics import Diagnostic, Invalid, at, has_errors
from hepatica.diff.data import Compared
from hepatica.diff.proof_data import SECONDS
from hepatica.diff.sides import SHALLOW, Finder, compared, is_shallow, last_tag
from hepatica.diff.versions import Step, step
from hepatica.files import read_files
from hepatica.load import load_files
from hepatica.reader import read_yaml
from hepatica.source import Document, decode

LAST = "last-tag"
"""The revision that stands for the last tag that can be reached, of each guideline."""


class Numbers(NamedTuple):
    """What was found, and what could not be compared, in words."""

    found: list[Diagnostic]
    notes: list[str]


def check_numbers(
    root: Path | None,
    since: str,
    only: frozenset[str] = frozenset(),
    seconds: float | None = SECONDS,
) -> Numbers:
    """Compare every guideline of a knowledge folder (or `only` these) with a revision.

    A guideline that the revision does not hold is new: it is left out, and told. Raises `Invalid`
    as `sides.Finder` and `versions.step` do.
    """
    files = read_files(root)
    loaded = load_files(files)
    if has_errors(loaded.diagnostics):
        return Numbers([], ["the knowledge has errors, so no version number is compared"])
    finder = Finder(root, loaded.knowledge)
    found: list[Diagnostic] = []
    notes: list[str] = []
    untagged: list[str] = []
    for name, guideline in loaded.knowledge.guidelines.items():
        if only and name not in only:
            continue
        try:
            base = last_tag(name) if since == LAST else since
        except Invalid as error:  # no git, or no repository: a checkout that is no clone
            told = error.diagnostics[0].message.partition(",")[0]
            notes.append(f"{told}, so no version number is compared")
            break
        if base is None:
            untagged.append(name)
            continue
        path = f"{name}/guideline.yaml"
        manifest = read_yaml(decode(str(files.root / path), files.content[path]))
        try:
            old = before(finder, name, base)
        except Invalid as error:
            if since != LAST:
                raise
            found.append(unreadable(manifest, base, error))
            continue
        if old is None:
            notes.append(f"{name} is new since {base}")
            continue
        done = step(old, compared(name, loaded.knowledge, guideline), seconds)
        found += understated(done, manifest)
    if untagged:
        notes.append(
            f"no tag can be reached from here, so no version number is compared"
            f" ({len(untagged)} guidelines)" + (SHALLOW if is_shallow() else "")
        )
    return Numbers(found, notes)


def before(finder: Finder, name: str, base: str) -> Compared | None:
    """Find a guideline as a revision holds it; None where it is not there yet.

    Raises `Invalid` for everything else, as `Finder.find` does.
    """
    try:
        return finder.find(f"{name}@{base}")
    except Invalid as error:
        if all(d.code == "V103" for d in error.diagnostics):
            return None
        raise


def unreadable(manifest: Document, base: str, error: Invalid) -> Diagnostic:
    """Tell that the last release is no sound knowledge today: a check has become stricter since.

    It is a note: else nothing could be released any more.
    """
    text = f"the release {base} cannot be read today, so its number is not compared"
    help = f"take a major number; {error.diagnostics[0].message}"
    return at(manifest, ("version",), "V202", text, help=help, severity="note")


def understated(done: Step, manifest: Document) -> Iterator[Diagnostic]:
    """Tell that a version number does not suffice, with what makes it so."""
    if done.suffices:
        return
    first = done.causes[0]
    who = ""
    if first.witness is not None:
        who = f", for a patient with {'; '.join(first.witness.patient) or 'nothing known'}"
    text = (
        f"`{done.new.guideline.version}` understates a {done.needed} change"
        f" since {done.old.side.asked.partition('@')[2]} ({done.old.guideline.version})"
    )
    help = f"write at least {done.least}: {first.what}{who}"
    yield at(manifest, ("version",), "V201", text, help=help)
