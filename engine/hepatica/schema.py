"""The shape of a file: JSON Schema errors told in terms of the YAML.

`jsonschema-rs` says quickly whether a file fits; only for one that does not, `jsonschema` is asked
why, and its errors are told in the words of the person who wrote the file.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any, Literal

from hepatica.diagnostics import Diagnostic, at, at_place, suggestion
from hepatica.paths import shipped
from hepatica.source import Document, KeyPath

SchemaName = Literal[
    "statement", "guideline", "references", "facts", "interventions", "source", "case", "result",
    "diff", "cohort_diff", "replay", "cohort", "version",
]  # fmt: skip
NAMES: tuple[SchemaName, ...] = (
    "statement", "guideline", "references", "facts", "interventions", "source", "case", "result",
    "diff", "cohort_diff", "replay", "cohort", "version",
)  # fmt: skip

_AMOUNT_HELP = {"min": "add what is missing", "max": "leave out what is too much"}
_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


@functools.cache
def load_schema(name: SchemaName) -> dict[str, Any]:
    """Read one of the shipped JSON Schemas."""
    path = shipped("schemas") / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


@functools.cache
def _fits(name: SchemaName) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(load_schema(name))


def fits(data: Any, name: SchemaName) -> bool:
    """Say whether data has the shape of a schema."""
    return bool(_fits(name).is_valid(data))


def check_shape(document: Document, name: SchemaName) -> list[Diagnostic]:
    """Compare a document with a schema; every S diagnostic, none when it fits."""
    if fits(document.data, name):
        return []
    told = {
        (d.line, d.column, d.code, d.message): d for d in reversed(list(_tell_all(document, name)))
    }
    found = list(reversed(told.values()))
    if not found:  # the two validators disagree: believe the stricter one
        error = next(_fits(name).iter_errors(document.data))
        path = tuple(error.instance_path)
        found = [at(document, path, "S105", f"does not fit the {name} schema: {error.message}")]
    return found


def _tell_all(document: Document, name: SchemaName) -> Iterator[Diagnostic]:
    import jsonschema

    validator = jsonschema.Draft202012Validator(load_schema(name))
    for error in validator.iter_errors(document.data):
        yield from _tell(document, error)


def _tell(document: Document, error: Any) -> Iterator[Diagnostic]:
    path: KeyPath = tuple(error.absolute_path)
    rule, wanted, value = error.validator, error.validator_value, error.instance
    here = _name(path)
    if rule == "additionalProperties" and wanted is False:
        known = error.schema.get("properties", {})
        for key in value:
            if key not in known:
                help = suggestion(key, known) or f"allowed here: {_list(known)}"
                yield at(
                    document, (*path, key), "S101", f"unknown key `{key}`", help=help, key=True
                )
    elif rule == "required":
        missing = [key for key in wanted if key not in value]
        text = f"{here} needs {_list(missing)}"
        help = "add what is missing"
        if path:
            yield at(document, path, "S102", text, help=help, key=True)
        else:
            yield at_place(document.source, None, "S102", text, help=help)
    elif rule == "type":
        names = [wanted] if isinstance(wanted, str) else wanted
        text = f"{here} must be {' or '.join(_TYPES[n] for n in names)}, not {_kind(value)}"
        help = error.schema.get("description") or "see docs/authoring.md for its form"
        if isinstance(value, str) and not {"number", "integer"}.isdisjoint(names):
            help = "write the number without quotes"
        elif "facts" in path and isinstance(value, type(None)):
            help = "leave a fact out when it is not known"
        elif value is None:
            help = "give it a value, or remove the key"
        yield at(document, path, "S103", text, help=help)
    elif rule in ("enum", "const"):
        yield _not_allowed(document, path, value, [wanted] if rule == "const" else wanted)
    elif rule == "oneOf" and all("const" in option for option in wanted):
        yield _not_allowed(document, path, value, [option["const"] for option in wanted])
    elif rule in ("oneOf", "anyOf") and all(set(option) == {"required"} for option in wanted):
        keys = [key for option in wanted for key in option["required"]]
        word = "one" if rule == "oneOf" else "at least one"
        text = f"{here} needs {word} of {_list(keys)}"
        yield at(document, path, "S102", text, help=_odd_key(value, keys), key=True)
    elif rule == "anyOf":
        choices = [_TYPES.get(str(option.get("type")), "the form shown") for option in wanted]
        text = f"{here} must be {' or '.join(dict.fromkeys(choices))}, not {_kind(value)}"
        help = error.schema.get("description", "")
        yield at(document, path, "S103", text, help=help)
    elif rule == "pattern" and "propertyNames" in error.absolute_schema_path:
        help = "write it in lower case, words joined by _"
        where = (*path, value)
        yield at(document, where, "S105", f"`{_short(value)}` is not a name", help=help, key=True)
    elif rule == "pattern":
        help = error.schema.get("description", f"it must match {wanted}")
        yield at(document, path, "S105", f"`{_short(value)}` is not a valid {here}", help=help)
    elif rule == "not":
        text = f"`{path[-1]}` does not belong to this kind"
        yield at(document, path, "S107", text, help="remove it, or change the kind", key=True)
    elif rule in (
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minLength",
        "maxLength",
    ):
        text = _amount(here, rule, wanted, error.schema)
        yield at(document, path, "S106", text, help=_AMOUNT_HELP[rule[:3]])
    elif rule == "uniqueItems":
        yield at(document, path, "S106", f"{here} holds the same entry twice", help="keep one")
    elif rule == "dependentRequired":
        key = next(k for k in wanted if k in value)
        text = f"`{key}` needs {_list(wanted[key])} beside it"
        yield at(document, (*path, key), "S102", text, help="add it", key=True)
    elif rule == "items" and wanted is False:
        help = error.schema.get("description", "leave out what is too much")
        yield at(document, path, "S106", f"{here} has too many entries", help=help)
    else:
        text = f"{here} does not have the right form: {error.message}"
        yield at(document, path, "S105", text, help="see docs/authoring.md for its form")


def _not_allowed(document: Document, path: KeyPath, value: Any, allowed: list[Any]) -> Diagnostic:
    shown = [_yaml(option) for option in allowed]
    help = (
        suggestion(value, [o for o in allowed if isinstance(o, str)])
        if isinstance(value, str)
        else ""
    )
    help = help or f"allowed: {', '.join(shown)}"
    return at(
        document, path, "S104", f"`{_short(_yaml(value))}` is not a valid {_name(path)}", help=help
    )


def _odd_key(value: Any, keys: list[str]) -> str:
    """Guess which key of a mapping was meant to be one of `keys`."""
    for key in value if isinstance(value, dict) else ():
        if help := suggestion(key, keys):
            return help
    return f"write one of {_list(keys)}"


def _amount(here: str, rule: str, wanted: int, schema: dict[str, Any]) -> str:
    if rule == "minLength":
        return f"{here} is empty"
    if rule == "maxLength":
        return f"{here} has more than {wanted} characters"
    word = "at least" if rule.startswith("min") else "at most"
    if "fact" in schema.get("properties", {}):
        return "a question needs `fact` and exactly one operator"
    noun = "entry" if wanted == 1 else "entries"
    return f"{here} needs {word} {wanted} {noun}"


def _name(path: KeyPath) -> str:
    """Name the place for people: the last key, or the file."""
    words = [step for step in path if isinstance(step, str)]
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"entry {path[-1] + 1} of `{words[-1]}`" if words else f"entry {path[-1] + 1}"
    return f"`{path[-1]}`"


def _kind(value: Any) -> str:
    for type_, word in ((bool, "boolean"), (str, "string"), (int, "number"), (float, "number")):
        if isinstance(value, type_):
            return _TYPES[word]
    return _TYPES["null" if value is None else "array" if isinstance(value, list) else "object"]


def _yaml(value: Any) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _list(words: Any) -> str:
    quoted = [f"`{word}`" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]
