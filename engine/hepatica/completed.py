"""The JSON Schemas completed from the dictionaries, so that an editor can offer names and values.

The plain schemas say what form a file has; the completed ones also list every fact with its
operators and values, and every intervention and class. They are for editors: loading uses the plain
ones, and tells of an unknown name in better words.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hepatica import ir
from hepatica.chart.names import Names
from hepatica.parse.conditions import suits
from hepatica.schema import NAMES, SchemaName, load_schema
from hepatica.units import CALENDAR

_NUMERIC = ("above", "at_least", "below", "at_most")


def complete(name: SchemaName, knowledge: ir.Knowledge) -> dict[str, Any]:
    """Complete one schema from the dictionaries."""
    schema = copy.deepcopy(load_schema(name))
    schema["$id"] += ":completed"
    defs = schema.get("$defs", {})
    if "leaf" in defs:
        plain = defs["leaf"]["properties"]
        defs["leaf"] = {
            "description": "One question about one fact.",
            "required": ["fact"],
            "properties": {"fact": {"enum": list(knowledge.facts), "description": "A fact."}},
            "oneOf": [_leaf(fact, plain) for fact in knowledge.facts.values()],
        }
    if name in ("statement", "case"):
        facts = {
            "type": "object",
            "properties": {f.id: _value(f) for f in knowledge.facts.values()},
            "additionalProperties": False,
        }
        if name == "case":
            schema["properties"]["facts"] |= facts
            schema["properties"]["facts"].pop("propertyNames")
            _complete_chart(schema["properties"]["chart"]["properties"], knowledge)
        else:
            defs["facts"] |= facts
            defs["facts"].pop("propertyNames")
            _complete_statement(schema, knowledge)
    return schema


def _complete_statement(schema: dict[str, Any], knowledge: ir.Knowledge) -> None:
    names = {"enum": list(knowledge.interventions)}
    schema["$defs"]["interventions"]["items"] = names
    properties = schema["properties"]
    properties["avoid"]["properties"]["classes"]["items"] = {"enum": list(knowledge.classes)}
    properties["dose"]["items"]["properties"]["intervention"] = names
    concluded = {
        f.id: {"const": True} if f.type == "boolean" else {"enum": list(f.values)}
        for f in knowledge.facts.values()
        if f.type != "quantity"
    }
    del properties["conclude"]["propertyNames"]
    properties["conclude"] |= {"properties": concluded, "additionalProperties": False}
    numbers = [f.id for f in knowledge.facts.values() if f.type == "quantity"]
    properties["score"] = {"enum": numbers, "description": properties["score"]["description"]}
    properties["target"]["properties"]["fact"] = {"enum": numbers}
    times = [f.id for f in knowledge.facts.values() if f.unit in CALENDAR]
    described = properties["schedule_from"]["description"]
    properties["schedule_from"] = {"enum": times, "description": described}


def _complete_chart(chart: dict[str, Any], knowledge: ir.Knowledge) -> None:
    """Name the facts, drugs and events that the entries of a chart may be about."""
    names = Names(knowledge.facts, knowledge.interventions)
    entry = chart["timeline"]["items"]["properties"]
    dated = [name for name in knowledge.facts if name in names.dated]
    for key in ("observe", "status"):
        entry[key] = {"enum": dated, "description": entry[key]["description"]}
    for key in ("start", "change", "stop"):
        entry[key] = {"enum": list(names.drugs), "description": entry[key]["description"]}
    entry["event"] = {"enum": list(names.events), "description": entry["event"]["description"]}
    entry["done"] = {"enum": names.performed, "description": entry["done"]["description"]}
    sex = knowledge.facts.get("sex")
    if sex is not None:
        chart["patient"]["properties"]["sex"] = _choice(sex)


def _leaf(fact: ir.Fact, plain: dict[str, Any]) -> dict[str, Any]:
    """Describe the questions that can be asked about one fact."""
    about = f"{fact.title}. {fact.text}".strip()
    properties: dict[str, Any] = {"fact": {"const": fact.id, "description": about}}
    for op in suits(fact.type):
        described = {"description": plain[op]["description"]}
        if op in ("in", "includes_any"):
            properties[op] = {**described, "type": "array", "items": _choice(fact), "minItems": 1}
        elif op in ("is", "includes"):
            properties[op] = described | _choice(fact)
        else:
            properties[op] = plain[op]
    return {
        "properties": properties,
        "required": ["fact"],
        "additionalProperties": False,
        "minProperties": 2,
        "maxProperties": 2,
    }


def _choice(fact: ir.Fact) -> dict[str, Any]:
    if fact.type == "boolean":
        return {"type": "boolean"}
    return {"oneOf": [{"const": v, "description": d} for v, d in fact.values.items()]}


def _value(fact: ir.Fact) -> dict[str, Any]:
    """Describe a value of a fact in a case or an example."""
    about = {"description": f"{fact.title}. {fact.text}".strip()}
    if fact.type == "quantity":
        low, high = fact.range or (None, None)
        number = {"type": "number", "minimum": low, "maximum": high}
        text = {"type": "string", "description": f"A number with a unit: 3 {fact.unit}"}
        return about | {"anyOf": [text] if fact.ask_unit else [number, text]}
    if fact.type == "codes":
        return about | {"type": "array", "items": _choice(fact), "uniqueItems": True}
    return about | _choice(fact)


def as_text(schema: dict[str, Any]) -> str:
    """Write a schema as it is kept in files."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_all(knowledge: ir.Knowledge, folder: Path) -> list[Path]:
    """Write every completed schema into a folder; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in NAMES:
        path = folder / f"{name}.schema.json"
        scratch = path.with_suffix(".part")
        scratch.write_text(as_text(complete(name, knowledge)), encoding="utf-8")
        scratch.replace(path)
        written.append(path)
    return written
