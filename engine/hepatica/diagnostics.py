"""What is wrong, where, and what to do about it: one form for text, JSON and SARIF.

A diagnostic is one sentence without capital and full stop, the user's text in backticks, with help
apart. Its code is stable; the letter says which stage found it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from hepatica.source import Document, KeyPath, Place, Source, Unreadable

Severity = Literal["error", "warning", "note"]

STAGES = {
    "Y": "text",
    "S": "shape",
    "N": "names",
    "U": "units",
    "C": "citations",
    "X": "examples",
    "L": "logic",
    "D": "data of a case",
    "V": "versions",
    "E": "engines",
}

CODES: dict[str, str] = {
    "Y101": "the text is not UTF-8, or holds characters that are not allowed",
    "Y102": "the text is not YAML (or JSON)",
    "Y103": "a tab is used for indentation",
    "Y104": "a key stands twice in one mapping",
    "Y105": "anchors, aliases and merge keys are not used",
    "Y106": "tags are not used",
    "Y107": "one file holds one document",
    "Y108": "the file is empty",
    "Y109": "a word that YAML 1.1 reads as a boolean",
    "Y110": "too large or nested too deep",
    "Y111": "the file cannot be read",
    "Y112": "not a plain, finite decimal number",
    "Y113": "a key is not plain text",
    "S101": "an unknown key",
    "S102": "a missing key",
    "S103": "a value of the wrong type",
    "S104": "a value that is not one of those allowed",
    "S105": "a value that has not the right form",
    "S106": "too few or too many entries",
    "S107": "a key that does not belong here",
    "S108": "a condition nested too deep",
    "N101": "an unknown fact",
    "N102": "an unknown value of a fact",
    "N103": "an unknown intervention or class",
    "N104": "an unknown reference",
    "N105": "an unknown guideline",
    "N106": "an unknown statement",
    "N107": "the id is not the path",
    "N108": "an id that stands twice",
    "N109": "definitions go round in a circle",
    "N110": "an operator that does not suit the fact",
    "N111": "a conclusion that does not suit the fact",
    "N113": "a question that has only one answer",
    "N114": "a chain of conclusions that is too long",
    "N115": "a number that no source document has",
    "N116": "a question that a score has no answer to",
    "N117": "a fact that is of another kind in another version",
    "N118": "a fact that does not say how it follows from a record",
    "N119": "a way to derive that does not suit the fact",
    "N120": "an answer that a guideline cannot give",
    "U101": "not a UCUM unit",
    "U102": "a unit of another dimension",
    "U103": "a number outside the plausible range of its fact",
    "U104": "a number that needs its unit",
    "U105": "a conversion factor that is not UCUM's",
    "C101": "an active statement that nobody has checked",
    "C102": "a reference that no statement cites",
    "C103": "a grade where the source prints none, or the other way round",
    "C104": "a verbatim anchor that is too long",
    "C105": "a changelog that does not tell of this version",
    "C106": "a placeholder that was not filled in",
    "C107": "a statement of a source that nothing accounts for",
    "C108": "a statement of a source that is accounted for twice",
    "X101": "a statement without an example of each outcome",
    "X102": "an example that disagrees with its statement",
    "X103": "an example that tells the wrong missing facts",
    "L101": "a condition that can never be true",
    "L102": "a condition that can never be false",
    "L103": "a question that can never matter",
    "L104": "definitions that can give one patient different values",
    "L105": "a recommendation that is contraindicated for everybody for whom it holds",
    "L106": "an answer that turns from true to false when more becomes known",
    "L107": "a question of logic that was not decided in time",
    "L108": "a recommendation of something that the same guideline speaks against, unseen by it",
    "L109": "something that nobody is ever told, because of what stands before it",
    "L110": "a patient without an answer that the guideline says it gives",
    "D101": "a case that names an unknown fact",
    "D102": "a value that does not suit its fact",
    "D103": "a value outside the plausible range of its fact",
    "D104": "a unit that does not suit the fact, or is missing",
    "D105": "facts that contradict each other",
    "D106": "a given fact that a definition concludes otherwise",
    "D107": "definitions that conclude different values for one fact",
    "D108": "one guideline recommends what another contraindicates",
    "D109": "an expectation that did not come true",
    "D110": "two cases with one id",
    "D111": "a time of a chart that is none, or is missing",
    "D112": "an entry of a chart that does not say one thing",
    "D113": "a drug or an event that no fact knows",
    "D114": "a fact that an entry of a chart cannot hold",
    "D115": "a chart without a date to answer for",
    "D116": "entries of one day that contradict each other",
    "D117": "a given fact that the chart tells otherwise",
    "D118": "facts of a chart that exclude each other",
    "D301": "a file of a table that is not what its ending says, or cannot be read",
    "D302": "files of one table with different columns",
    "D303": "a column that is not in the table",
    "D304": "a column of a type that does not suit its fact",
    "D305": "a patient of a table without an id",
    "D306": "a patient who stands in a table more than once",
    "D307": "numbers of a column outside the plausible range of their fact",
    "D308": "cells of a column that are no value of their fact",
    "D309": "cells of a column that are not finite numbers",
    "D310": "numbers of a column written with a comma",
    "D311": "dates in a column of numbers",
    "D312": "cells in another unit than their column, or without one",
    "D313": "cells of a column of numbers that are none",
    "D314": "facts in one row of a table that exclude each other",
    "D315": "a line of a CSV with too many or too few cells",
    "D316": "a table, or a part of it, that cannot be answered",
    "D317": "a result that cannot be written",
    "D318": "a result that would be written over its table",
    "D319": "a run over a table that was interrupted",
    "D320": "entries of charts of a patient who has no row among the patients",
    "D322": "bounds in a row of a table that cannot be, or beside the number itself",
    "V101": "git, or a repository here, is not there",
    "V102": "an unknown revision",
    "V103": "a revision that does not hold the guideline",
    "V201": "a version number that understates what has changed",
    "V202": "a last release that cannot be read today",
    "E101": "two engines gave different answers",
    "E102": "a rule set beyond the limits of the network engine",
    "E103": "an engine that is not installed",
    "E104": "a defect of hepatica",
    "E105": "a patient found by the solver that does not replay",
    "E106": "a Spark cluster that cannot be reached, or gives no executor",
    "E107": "an executor that lacks something, or runs another version",
    "E108": "a run on many machines that Spark stopped, or that was given up",
    "E120": "a database that SQL is not written for",
}
"""Every code, and what it means in one line."""


class Diagnostic(msgspec.Struct, frozen=True, omit_defaults=True):
    """One finding about a file or a case.

    `file`, `line`, `column`, `end_column` (1-based; 0 when unknown) say where; `excerpt` is the
    text of that line (of patient data: only the offending value) and `mark` the 0-based offset in
    it of what is meant; `help` is the remedy.
    """

    code: str
    severity: Severity
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    end_column: int = 0
    excerpt: str = ""
    mark: int = 0
    help: str = ""


class Invalid(Exception):
    """Input that cannot be used. Carries every diagnostic; at least one is an error."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keep the diagnostics in order."""
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        """Draw every diagnostic, as the command line does."""
        return "\n\n".join(draw(diagnostic) for diagnostic in self.diagnostics)


def from_unreadable(error: Unreadable) -> list[Diagnostic]:
    """Turn what the reader found into diagnostics."""
    return [at_place(error.source, p.place, p.code, p.message, help=p.help) for p in error.problems]


def at_place(
    source: Source,
    place: Place | None,
    code: str,
    message: str,
    *,
    help: str = "",
    severity: Severity = "error",
) -> Diagnostic:
    """Make a diagnostic about a place of a source; None means the file as a whole."""
    if place is None:
        return Diagnostic(code, severity, message, file=source.name, help=help)
    line = source.line(place.line)
    end = place.end_column if place.end_line == place.line else len(line.rstrip()) + 1
    end = max(end, place.column + 1)
    excerpt, mark = line, place.column - 1
    if source.private:
        excerpt, mark = _only(line, place.column, end)
    return Diagnostic(
        code,
        severity,
        message,
        file=source.name,
        line=place.line + source.first - 1,
        column=place.column,
        end_column=end,
        excerpt=excerpt,
        mark=mark,
        help=help,
    )


def at(
    document: Document,
    path: KeyPath,
    code: str,
    message: str,
    *,
    help: str = "",
    severity: Severity = "error",
    key: bool = False,
) -> Diagnostic:
    """Make a diagnostic about the value (or key) at a path of a document."""
    place = document.place(path, key=key)
    return at_place(document.source, place, code, message, help=help, severity=severity)


def _only(line: str, column: int, end: int) -> tuple[str, int]:
    """Cut a line of patient data down to the offending value, so that no other value is shown."""
    part = line[column - 1 : end - 1][:60]
    before = "… " if line[: column - 1].strip() else ""
    after = " …" if line[end - 1 :].strip() else ""
    return before + part + after, len(before)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Say whether one of them is an error."""
    return any(d.severity == "error" for d in diagnostics)


def draw(diagnostic: Diagnostic) -> str:
    """Draw a diagnostic for people: the sentence, the place, the line with a mark, the remedy."""
    d = diagnostic
    lines = [f"{d.severity}[{d.code}]: {printable(d.message)}"]
    width = len(str(d.line)) if d.line else 0
    if d.file:
        where = f"{d.file}:{d.line}:{d.column}" if d.line else d.file
        lines.append(f"{' ' * width}--> {printable(where)}")
    if d.line and d.excerpt.strip():
        text = printable(d.excerpt.replace("\t", " "))
        mark = "^" * max(1, min(d.end_column - d.column, len(text) - d.mark))
        lines += [
            f"{' ' * width} |",
            f"{d.line} | {text}",
            f"{' ' * width} | {' ' * d.mark}{mark}",
            f"{' ' * width} |",
        ]
    if d.help:
        lines.append(f"{' ' * width} = help: {printable(d.help)}")
    return "\n".join(lines)


def printable(text: str) -> str:
    """Replace control characters, so that text from a file cannot steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by file, place and code, and drop repetitions."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda d: (d.file, d.line, d.column, d.code, d.message))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Say `did you mean …?` when a known word is near, else the empty text."""
    import difflib

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""
