"""What each different entry of the tables says, read by the code that reads a single chart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from hepatica import ir
from hepatica.chart.found import plain, reading
from hepatica.chart.model import Entry, Event, Medication
from hepatica.chart.names import Names
from hepatica.chart.newest import Open
from hepatica.chart.read import Read, read_each
from hepatica.chart.values import is_normal
from hepatica.cohort.charts.pool import ID, Pool, Schema
from hepatica.cohort.trouble import FALSE, TRUE
from hepatica.diagnostics import Diagnostic
from hepatica.schema import load_schema

Row = Mapping[str, Any]
BETWEEN = ";"
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?\Z")
_LONGEST = 40
_ANY_DAY = "2000-01-01"
_SAID = ("reason", "severity")


class Wrong(Exception):
    """A cell that cannot become part of an entry: the code, what is wrong, and the remedy."""


def _text(raw: Any) -> str | None:
    """Give a cell as text; None for one that is empty."""
    if raw is None:
        return None
    if isinstance(raw, float):
        raw = _shown(raw)
    return str(raw).strip() or None


def _shown(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):
        raise Wrong("D309", "not a finite number", "leave the cell empty where nothing is known")
    return format(Decimal(repr(number)), "f")


def number_of(raw: Any, unit: str | None) -> Any:
    """Give a number as an entry has it: bare, or with its unit behind it."""
    text = _text(raw)
    if text is None:
        return None
    if len(text) > _LONGEST or re.search(r"[eE][-+]?\d{3}", text):
        raise Wrong("D313", f"`{text[:_LONGEST]}` is no number of a laboratory", "check the number")
    if _NUMBER.match(text) and "e" in text.lower():
        text = format(Decimal(text), "f")
    if unit is not None and not re.search(r"[^\W\d_%]|%|/", text.replace("to", "")):
        return f"{text} {unit}"
    if _NUMBER.match(text):
        return float(text) if "." in text else int(text)
    return text


def _flag(raw: Any, name: str) -> bool | None:
    if raw is None or isinstance(raw, bool):
        return raw
    text = _text(raw)
    if text is None:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise Wrong("D308", f"`{text}` in `{name}` is neither true nor false", "write true or false")


def _listed(raw: Any) -> list[str] | None:
    if isinstance(raw, list):
        return [str(member) for member in raw]
    text = _text(raw)
    if text is None:
        return None
    return [] if text == "[]" else [part.strip() for part in text.split(BETWEEN)]


def observation(row: Row, names: Names) -> dict[str, Any]:
    """Make the entry of a row of `observations`, or of `statuses`. Raises `Wrong`."""
    name = _text(row.get("fact"))
    if name is None:
        raise Wrong("D112", "a row that does not say what it is about", "name the fact")
    entry: dict[str, Any] = {"observe": name}
    unit, value, result = _text(row.get("unit")), row.get("value"), row.get("result")
    fact = names.facts.get(name)
    if fact is not None and fact.type != "quantity":
        told = result if _text_or_list(result) is not None else value
        entry["result"] = _told(fact, told)
    else:
        entry["value"] = number_of(value, unit)
        entry["result"] = _text(result)
        alone = unit if entry["value"] is None else None
        upper, lower = (number_of(row.get(f"{end}_limit"), alone) for end in ("upper", "lower"))
        if upper is not None and lower is not None:
            entry["range"] = [lower, upper]
        else:
            entry["upper_limit"] = upper
    entry["corrected"] = _flag(row.get("corrected"), "corrected")
    return {key: said for key, said in entry.items() if said is not None}


def _text_or_list(raw: Any) -> Any:
    return raw if isinstance(raw, list) else _text(raw)


def _told(fact: ir.Fact, raw: Any) -> Any:
    if fact.type == "codes":
        return _listed(raw)
    if fact.type == "boolean":
        return _flag(raw, fact.id)
    return _text(raw)


def medication(row: Row, names: Names) -> dict[str, Any]:
    """Make the entry of a row of `medications`. Raises `Wrong`."""
    kind, drug = _text(row.get("change")), _text(row.get("drug"))
    if kind not in ("start", "change", "stop") or drug is None:
        text = f"`{kind or ''}` of `{drug or ''}` is no start, change or stop of a drug"
        raise Wrong("D112", text, "`change` is start, change or stop, and `drug` names the drug")
    entry: dict[str, Any] = {kind: drug}
    dose = number_of(row.get("dose"), _text(row.get("unit")))
    entry["dose"] = None if dose is None else str(dose)
    entry["reason"] = _text(row.get("reason"))
    for name in ("permanent", "corrected"):
        entry[name] = _flag(row.get(name), name)
    return {key: said for key, said in entry.items() if said is not None}


def event(row: Row, names: Names) -> dict[str, Any]:
    """Make the entry of a row of `events`. Raises `Wrong`."""
    name = _text(row.get("event"))
    if name is None:
        raise Wrong("D112", "a row that does not say what happened", "name the event")
    blamed = _listed(row.get("attributed_to")) or None
    entry = {
        "event": name, "severity": _text(row.get("severity")),
        "attributed_to": "none" if blamed == ["none"] else blamed,
    }  # fmt: skip
    return {key: said for key, said in entry.items() if said is not None}


def performed(row: Row, names: Names) -> dict[str, Any]:
    """Make the entry of a row of `done`. Raises `Wrong`."""
    name = _text(row.get("test"))
    if name is None:
        raise Wrong("D112", "a row that does not say what was done", "name the test")
    return {"done": name}


MAKERS: dict[str, Callable[[Row, Names], dict[str, Any]]] = {
    "observations": observation, "statuses": observation, "medications": medication,
    "events": event, "done": performed,
}  # fmt: skip


class Different(NamedTuple):
    """The different entries of the tables, by number: as in a chart, as read, and what is wrong."""

    written: list[dict[str, Any]]
    told: list[list[Entry | Medication | Event]]
    wrong: list[Diagnostic | None]


def read_different(rows: Sequence[tuple[str, Row]], names: Names) -> Different:
    """Read different rows, each of a table; one with something wrong tells nothing."""
    written: list[dict[str, Any]] = []
    wrong: list[Diagnostic | None] = []
    allowed = load_schema("case")["properties"]["chart"]["properties"]["timeline"]["items"]
    for table, row in rows:
        entry: dict[str, Any] = {}
        problem: Diagnostic | None = None
        try:
            entry = MAKERS[table](row, names)
            for key in _SAID:
                words = allowed["properties"][key]["enum"]
                if key in entry and entry[key] not in words:
                    text = f"`{entry[key]}` is no {key}"
                    raise Wrong("D308", text, f"it is one of {', '.join(words)}")
        except Wrong as error:
            code, text, help = error.args
            problem = Diagnostic(code, "error", text, help=help)
        written.append(entry)
        wrong.append(problem)
    good = [i for i, problem in enumerate(wrong) if problem is None]
    told: list[list[Entry | Medication | Event]] = [[] for _ in written]
    found = read_each([{"date": _ANY_DAY, **written[i]} for i in good], names)
    for i, read in zip(good, found, strict=True):
        _keep(i, read, told, wrong)
    return Different(written, told, wrong)


def _keep(
    i: int, read: Read, told: list[list[Entry | Medication | Event]],
    wrong: list[Diagnostic | None],
) -> None:  # fmt: skip
    if read.wrong:
        wrong[i] = read.wrong[0]
    else:
        told[i] = read.told


def entries_frame(different: Different, pool: Pool) -> pl.DataFrame:
    """List the dated values: what each says as a value, as a multiple of its limit, and is normal.

    Columns: `e`, `fact`; `value` and `ratio`, the numbers in the pool, and `own`, that of an entry
    that gives the multiple itself; null where it says no more. Two that are to agree have the same
    `value_key` (`ratio_key`, `own_key`), of the exact number or the reason why there is none.
    `normal` is null where that is not known.
    """
    keys = Pool()
    rows = []
    for e, told in enumerate(different.told):
        for entry in told:
            if isinstance(entry, Entry):
                ways = (("value", ""), ("ratio", ""), ("ratio", entry.fact))
                read = [reading(entry, about, way) for way, about in ways]
                ids = [None if isinstance(r, Open) else pool.id(plain(r)) for r in read]
                exact = [keys.id(r) for r in read]  # type: ignore[arg-type]
                rows.append((e, entry.fact, *ids, *exact, is_normal(entry), entry.corrected))
    schema: Schema = {
        "e": ID,
        "fact": pl.String,
        "value": ID,
        "ratio": ID,
        "own": ID,
        "value_key": ID,
        "ratio_key": ID,
        "own_key": ID,
        "normal": pl.Boolean,
        "corrected": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def medications_frame(different: Different) -> pl.DataFrame:
    """List the entries about drugs, with the number `e` of each."""
    rows = [
        (e, m.drug, m.kind, m.reason, m.permanent, m.corrected)
        for e, told in enumerate(different.told)
        for m in told
        if isinstance(m, Medication)
    ]
    schema: Schema = {
        "e": ID,
        "drug": pl.String,
        "kind": pl.String,
        "reason": pl.String,
        "permanent": pl.Boolean,
        "corrected": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def events_frame(different: Different) -> pl.DataFrame:
    """List the events, with the number `e` of each."""
    rows = [
        (e, v.event, v.severity, None if v.attributed is None else list(v.attributed))
        for e, told in enumerate(different.told)
        for v in told
        if isinstance(v, Event)
    ]
    schema: Schema = {
        "e": ID,
        "event": pl.String,
        "severity": pl.String,
        "blamed": pl.List(pl.String),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
