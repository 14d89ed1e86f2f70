"""Diagnostics as SARIF 2.1.0, the form that code-scanning services read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hepatica.diagnostics import CODES, Diagnostic


def sarif(diagnostics: Iterable[Diagnostic], version: str) -> dict[str, Any]:
    """Give the diagnostics as one SARIF 2.1.0 run, for code review tools."""
    found = list(diagnostics)
    codes = sorted({d.code for d in found})
    results: list[dict[str, Any]] = []
    for d in found:
        text = d.message + (f" (help: {d.help})" if d.help else "")
        result: dict[str, Any] = {
            "ruleId": d.code,
            "ruleIndex": codes.index(d.code),
            "level": d.severity,
            "message": {"text": text},
        }
        if d.file:
            physical: dict[str, Any] = {"artifactLocation": {"uri": d.file.replace("\\", "/")}}
            if d.line:
                physical["region"] = {
                    "startLine": d.line,
                    "startColumn": d.column,
                    "endColumn": d.end_column,
                }
            result["locations"] = [{"physicalLocation": physical}]
        results.append(result)
    rules = [{"id": code, "shortDescription": {"text": CODES.get(code, code)}} for code in codes]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "hepatica", "version": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
