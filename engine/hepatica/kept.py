"""What was worked out once and may be needed again, within bounds."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")


class Kept(dict[object, Value]):
    """A dictionary that starts anew when it holds too much: memory stays flat over a stream."""

    def __init__(self, most: int) -> None:
        """Take how many values may be kept at most."""
        super().__init__()
        self.most = most

    def keep(self, key: object, value: Value) -> Value:
        """Keep a value, and give it back."""
        if len(self) >= self.most:
            self.clear()
        self[key] = value
        return value
