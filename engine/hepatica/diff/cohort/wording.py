"""The parts in which two sides differ, in words: what each side asks there, as it is printed."""

from __future__ import annotations

from hepatica import ir
from hepatica.diff.cohort.items import Item
from hepatica.diff.cohort.merge import Part
from hepatica.words import Words

_MOST = 4
_MOST_VALUES = 6


def part_in_words(part: Part, item: Item, old: Words, new: Words) -> tuple[str | None, str | None]:
    """Say what the old and the new side ask (or define, or tell) in a part; None for nothing."""
    if part.kind in ("rests_on", "dictionary", "other_values"):
        return tuple(words.fact(part.facts[0]) for words in (old, new))  # type: ignore[return-value]
    if part.kind == "told":
        return item.old and item.old.word, item.new and item.new.word
    if part.kind == "list" and part.old is not None and part.new is not None:
        return _values(part.old, part.new, old), _values(part.new, part.old, new)
    return _said(part.old, old), _said(part.new, new)


def _values(node: ir.Condition, other: ir.Condition, words: Words) -> str:
    """Write a list of values, those first that the other side does not ask for."""
    theirs = set(other.parts if isinstance(other, ir.All | ir.Any) else (other,))
    if isinstance(node, ir.All | ir.Any):
        node = ir.replace(node, parts=tuple(sorted(node.parts, key=lambda p: p in theirs)))
    return in_words(node, words)


def _said(node: ir.Condition | None, words: Words) -> str | None:
    return None if node is None else in_words(node, words)


def in_words(node: ir.Condition, words: Words) -> str:
    """Write a condition in one line; a long one is cut short."""
    if isinstance(node, ir.Leaf):
        return words.question(node)
    if isinstance(node, ir.Not):
        return f"not: {in_words(node.part, words)}"
    if not node.parts:
        return "always" if isinstance(node, ir.All) else "never"
    listed = _list(node)
    if listed is not None:
        leaf, is_not = listed
        more = len(leaf.values) - _MOST_VALUES
        said = words.question(ir.replace(leaf, values=leaf.values[:_MOST_VALUES]))
        text = f"{said} or {more} more" if more > 0 else said
        return f"not: {text}" if is_not else text
    head = f"at least {node.at_least} of" if isinstance(node, ir.Count) else (
        "all of" if isinstance(node, ir.All) else "any of"
    )  # fmt: skip
    shown = [in_words(part, words) for part in node.parts[:_MOST]]
    more = len(node.parts) - _MOST
    return f"{head} ({'; '.join(shown)}{f'; {more} more' if more > 0 else ''})"


def _list(node: ir.All | ir.Any | ir.Count) -> tuple[ir.Leaf, bool] | None:
    """Give a question about a list of values: one of them (`any`), or none of them (`all`)."""
    is_not = isinstance(node, ir.All)
    found = [p.part if isinstance(p, ir.Not) and is_not else p for p in node.parts]
    leaves = [p for p in found if isinstance(p, ir.Leaf)]
    if isinstance(node, ir.Count) or len(leaves) < len(found):
        return None
    if any(isinstance(p, ir.Not) is not is_not for p in node.parts):
        return None
    first = leaves[0]
    if first.op not in ("is", "includes") or isinstance(first.values[0], bool):
        return None
    if any((leaf.fact, leaf.op) != (first.fact, first.op) for leaf in leaves):
        return None
    return ir.Leaf(first.fact, first.op, tuple(leaf.values[0] for leaf in leaves)), is_not
