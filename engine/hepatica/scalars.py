"""What an unquoted scalar says, where every reader of YAML agrees on it."""

from __future__ import annotations

import re
from typing import Any

MAX_DIGITS = 40
ODD = object()
"""What readers of YAML do not agree on: `yes`, `010`, `1:30`, `.nan`."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z")
_LIKE_A_NUMBER = re.compile(
    r"[-+]?(?:0x[0-9a-fA-F_]+|0o?[0-7_]+|0b[01_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF|nan|NaN|NAN))\Z"
)
LIKE_A_BOOLEAN = frozenset(
    word
    for base in ("y", "n", "yes", "no", "on", "off", "true", "false")
    for word in (base, base.capitalize(), base.upper())
) - {"true", "false"}
NUMERIC_START = frozenset("-+.0123456789")


def plain_scalar(text: str) -> Any:
    """Read an unquoted scalar; `ODD` when readers of YAML do not agree on it."""
    if text == "true":
        return True
    if text == "false":
        return False
    if text in ("", "null", "~"):
        return None
    if text[0] in NUMERIC_START:
        if _NUMBER.match(text):
            number = to_number(text)
            return ODD if number is None else number
        return ODD if _LIKE_A_NUMBER.match(text) else text
    return ODD if text in LIKE_A_BOOLEAN else text


def to_number(text: str) -> int | float | None:
    """Read a JSON number; None when it is too long, or beyond what a double can hold."""
    if len(text) > MAX_DIGITS or not _NUMBER.match(text):
        return None
    if text.lstrip("-").isdigit():
        return int(text)
    value = float(text)
    return None if value in (float("inf"), float("-inf")) else value
