"""Other engines over the same rules: generated code, durable-rules natively, CLIPS, GoRules ZEN.

Each peer is a function from one patient to the set of statements that hold. Peers that know only
two values are asked about patients without holes; those that know three also about the others.
What a peer needs before a patient comes (compiling, loading) is not timed.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import math
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workload import Workload

from hepatica import ir
from hepatica.nodes import And, Ask, Rails, Weigh, Without
from hepatica.nodes import Given as IsGiven

Patient = dict[str, ir.Value | tuple[str, ...]]
Peer = Callable[[Patient], Any]
_WORDS = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}


def two_valued_source(work: Workload, leaf: Callable[[ir.Leaf], str], words: dict[str, str]) -> Any:
    """Write conditions in a language of `and`, `or`, `not` and comparisons."""

    def write(node: ir.Condition) -> str:
        if isinstance(node, ir.Leaf):
            return leaf(node)
        if isinstance(node, ir.Not):
            return f"{words['not']}({write(node.part)})"
        word = words["and"] if isinstance(node, ir.All) else words["or"]
        return "(" + f" {word} ".join(map(write, node.parts)) + ")"

    return write


def layers(work: Workload) -> list[list[ir.Statement]]:
    """Put the statements in an order in which they can be evaluated."""
    concluded = {s.conclude[0] for s in work.guideline.statements if s.conclude}
    half = len(concluded) // 2
    found: list[list[ir.Statement]] = [[], [], []]
    for s in work.guideline.statements:
        number = int(s.conclude[0].split("_")[1]) if s.conclude else -1
        found[2 if number < 0 else 0 if number < half else 1].append(s)
    return found


def python_two_valued(work: Workload) -> Peer:
    """The same rules as one generated Python function that knows only true and false."""

    def leaf(node: ir.Leaf) -> str:
        first = node.values[0]
        if isinstance(first, bool):
            return node.fact if first else f"(not {node.fact})"
        if node.op == "is":
            return f"({node.fact} == {first!r})"
        if node.op == "in":
            return f"({node.fact} in {{{', '.join(map(repr, node.values))}}})"
        return f"({node.fact} {_WORDS[node.op]} {first!r})"

    write = two_valued_source(work, leaf, {"and": "and", "or": "or", "not": "not "})
    base = [f.id for f in work.knowledge.facts.values() if not f.id.startswith("concluded")]
    lines = ["def run(p):"] + [f"    {name} = p[{name!r}]" for name in base]
    answers = []
    for layer in layers(work):
        by_fact: dict[str, list[str]] = {}
        for s in layer:
            name = s.id.split("/")[-1]
            lines.append(f"    {name} = {write(s.when)}")
            answers.append(name)
            if s.conclude:
                by_fact.setdefault(s.conclude[0], []).append(name)
        lines += [f"    {fact} = {' or '.join(names)}" for fact, names in by_fact.items()]
    scope: dict[str, Any] = {}
    exec("\n".join([*lines, f"    return ({', '.join(answers)},)"]), scope)
    run = scope["run"]
    run.names = answers
    return run  # type: ignore[no-any-return]


def generated_c(work: Workload, rails: Rails) -> Peer:
    """Both rails as generated C, called through ctypes: what is left is packing the patient."""
    facts = work.knowledge.facts
    base = [f for f in facts.values() if not f.id.startswith("concluded")]
    index = {f.id: i for i, f in enumerate(base)}
    codes = {f.id: {v: float(i) for i, v in enumerate(f.values)} for f in base}
    lines = ["#include <math.h>", "void run(const double *x, signed char *out) {"]
    for i, node in enumerate(rails.nodes):
        lines.append(f"  char n{i} = {_c(node, index, codes, facts)};")
    for i, rail in enumerate(rails.statements.values()):
        lines.append(f"  out[{i}] = n{rail.true} ? 1 : n{rail.false} ? 0 : -1;")
    lines.append("}")
    folder = Path(tempfile.mkdtemp())
    source, library = folder / "rules.c", folder / "rules.so"
    source.write_text("\n".join(lines))
    subprocess.run(
        ["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-lm"], check=True
    )
    run_c = ctypes.CDLL(str(library)).run
    packer = struct.Struct(f"{len(base)}d")
    buffer = ctypes.create_string_buffer(packer.size)
    out = ctypes.create_string_buffer(len(rails.statements))
    nan = math.nan
    numbers = [f.id for f in base if f.type == "quantity"]
    flags = [f.id for f in base if f.type == "boolean"]
    chosen = [(f.id, codes[f.id]) for f in base if f.type == "code"]
    assert [f.id for f in base] == numbers + flags + [n for n, _ in chosen]

    def run(p: Patient) -> bytes:
        get = p.get
        packer.pack_into(
            buffer, 0,
            *[get(n, nan) for n in numbers],
            *[get(n, nan) for n in flags],
            *[table.get(get(n), nan) for n, table in chosen],  # type: ignore[arg-type]
        )  # fmt: skip
        run_c(buffer, out)
        return out.raw

    return run


def _c(node: Any, index: dict[str, int], codes: dict[str, Any], facts: dict[str, ir.Fact]) -> str:
    if isinstance(node, Ask):
        if node.leaf.fact not in index:
            return "0"  # a conclusion is never given in this workload
        x = f"x[{index[node.leaf.fact]}]"
        fact, first = facts[node.leaf.fact], node.leaf.values[0]
        if fact.type == "boolean":
            return f"({x} == {1 if first is node.want else 0})"
        if fact.type == "code":
            wanted = [c for v, c in codes[fact.id].items() if (v in node.leaf.values) is node.want]
            return "(" + (" || ".join(f"{x} == {c}" for c in wanted) or "0") + ")"
        flip = {"above": "<=", "at_least": "<", "below": ">=", "at_most": ">"}
        return f"({x} {_WORDS[node.leaf.op] if node.want else flip[node.leaf.op]} {first!r})"
    if isinstance(node, IsGiven):
        known = f"!isnan(x[{index[node.fact]}])" if node.fact in index else "0"
        return known if node.want else f"!({known})"
    if isinstance(node, Without):
        return f"!n{node.part}"
    if isinstance(node, Weigh):
        total = " + ".join(f"{w} * n{p}" for p, w in node.parts)
        return f"(({total}) >= {node.at_least})"
    word = " && " if isinstance(node, And) else " || "
    return "(" + (word.join(f"n{p}" for p in node.parts) or str(int(isinstance(node, And)))) + ")"


def zen(work: Workload) -> Peer:
    """GoRules ZEN: one expression node a layer, as its editor would write them."""
    import zen as gorules

    def leaf(node: ir.Leaf) -> str:
        first = node.values[0]
        if isinstance(first, bool):
            return f"{node.fact} == {str(first).lower()}"
        if isinstance(first, str):
            return f"({node.fact} in [{', '.join(json.dumps(v) for v in node.values)}])"
        return f"{node.fact} {_WORDS[node.op]} {first:g}"

    write = two_valued_source(work, leaf, {"and": "and", "or": "or", "not": "not"})
    nodes: list[dict[str, Any]] = [{"id": "in", "type": "inputNode", "name": "in", "content": {}}]
    for i, layer in enumerate(layers(work)):
        by_fact: dict[str, list[str]] = {}
        expressions = []
        for s in layer:
            name = s.id.split("/")[-1]
            text = write(s.when)
            expressions.append({"id": name, "key": name, "value": text})
            if s.conclude:
                by_fact.setdefault(s.conclude[0], []).append(f"({text})")
        expressions += [
            {"id": f, "key": f, "value": " or ".join(texts)} for f, texts in by_fact.items()
        ]
        nodes.append({"id": f"e{i}", "type": "expressionNode", "name": f"e{i}",
                      "content": {"expressions": expressions, "passThrough": True}})  # fmt: skip
    nodes.append({"id": "out", "type": "outputNode", "name": "out", "content": {}})
    edges = [
        {"id": f"x{i}", "type": "edge", "sourceId": a["id"], "targetId": b["id"]}
        for i, (a, b) in enumerate(itertools.pairwise(nodes))
    ]
    decision = gorules.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def run(p: Patient) -> dict[str, bool]:
        result: dict[str, bool] = decision.evaluate(p)["result"]
        return result

    return run


def clips(work: Workload) -> Peer:
    """CLIPS: a template of all facts, a rule a statement; conclusions go into the next template."""
    import clips as clips_

    env = clips_.Environment()

    def leaf(node: ir.Leaf) -> str:
        first, name = node.values[0], f"?{node.fact}"
        if isinstance(first, bool):
            return f"(eq {name} {str(first).upper()})"
        if isinstance(first, str):
            return "(or " + " ".join(f"(eq {name} {v})" for v in node.values) + " FALSE)"
        return f"({_WORDS[node.op]} {name} {first})"

    def write(node: ir.Condition) -> str:
        if isinstance(node, ir.Leaf):
            return leaf(node)
        if isinstance(node, ir.Not):
            return f"(not {write(node.part)})"
        word = "and" if isinstance(node, ir.All) else "or"
        return f"({word} {' '.join(map(write, node.parts))})"

    def used(node: ir.Condition) -> set[str]:
        if isinstance(node, ir.Leaf):
            return {node.fact}
        parts = (node.part,) if isinstance(node, ir.Not) else node.parts
        return set().union(*map(used, parts))

    env.build("(deftemplate fired (slot name))")
    staged = layers(work)
    for i, layer in enumerate(staged):
        slots = " ".join(f"(slot {n})" for n in work.knowledge.facts)
        env.build(f"(deftemplate patient{i} {slots})")
        for s in layer:
            assert s.when is not None
            name = s.id.split("/")[-1]
            bound = " ".join(f"({n} ?{n})" for n in sorted(used(s.when)))
            env.build(
                f"(defrule {name} (patient{i} {bound}) (test {write(s.when)})"
                f" => (assert (fired (name {name}))))"
            )
    templates = [env.find_template(f"patient{i}") for i in range(len(staged))]
    fired = env.find_template("fired")
    concluded = {
        s.id.split("/")[-1]: s.conclude[0] for s in work.guideline.statements if s.conclude
    }
    in_layer = [{s.conclude[0] for s in layer if s.conclude} for layer in staged]
    true, false = clips_.Symbol("TRUE"), clips_.Symbol("FALSE")

    def run(p: Patient) -> set[str]:
        env.reset()
        slots: dict[str, Any] = {
            n: (true if v else false) if isinstance(v, bool)
            else clips_.Symbol(v) if isinstance(v, str) else v
            for n, v in p.items()
        }  # fmt: skip
        names: set[str] = set()
        for template, facts in zip(templates, in_layer, strict=True):
            template.assert_fact(**slots)
            env.run()
            names = {str(f["name"]) for f in fired.facts()}
            held = {concluded[n] for n in names if n in concluded}
            slots.update({n: true if n in held else false for n in facts})
        return names

    return run


def durable_natively(work: Workload) -> Peer:
    """durable-rules as its README shows it: conditions in the engine, a message a patient.

    Three rulesets (definitions in two layers, then the rest), since one patient may match at most
    64 conditions of a ruleset; conclusions go into the message for the next.
    """
    from durable import engine

    class Host(engine.Host):  # type: ignore[misc]
        def _run(self) -> None:
            pass  # without its background threads, which can crash it

    def leaf(node: ir.Leaf, want: bool) -> dict[str, Any]:
        first = node.values[0]
        if isinstance(first, bool):
            return {node.fact: first is want}
        if isinstance(first, str):
            values = work.knowledge.facts[node.fact].values
            hits: list[dict[str, Any]] = [
                {node.fact: v} for v in values if (v in node.values) is want
            ]
            return hits[0] if len(hits) == 1 else {"$or": hits}
        true = {"above": "$gt", "at_least": "$gte", "below": "$lt", "at_most": "$lte"}
        false = {"above": "$lte", "at_least": "$lt", "below": "$gte", "at_most": "$gt"}
        return {(true if want else false)[node.op]: {node.fact: first}}

    def write(node: ir.Condition, want: bool = True) -> dict[str, Any]:
        if isinstance(node, ir.Leaf):
            return leaf(node, want)
        if isinstance(node, ir.Not):
            return write(node.part, not want)
        both = isinstance(node, ir.All) is want
        parts = node.parts
        return {"$and" if both else "$or": [write(p, want) for p in parts]}

    fired: set[str] = set()

    def action(name: str) -> Callable[[Any], None]:
        def act(c: Any) -> None:
            fired.add(name)

        return act

    staged = layers(work)
    rulesets = {
        f"layer{i}": {
            s.id.split("/")[-1]: {
                "all": [{"m": write(s.when)}],  # type: ignore[arg-type]
                "run": action(s.id.split("/")[-1]),
            }
            for s in layer
        }
        for i, layer in enumerate(staged)
    }
    host = Host(rulesets)
    concluded = {
        s.id.split("/")[-1]: s.conclude[0] for s in work.guideline.statements if s.conclude
    }
    in_layer = [{s.conclude[0] for s in layer if s.conclude} for layer in staged]

    def run(p: Patient) -> set[str]:
        fired.clear()
        message: dict[str, Any] = dict(p)
        for i, facts in enumerate(in_layer):
            message["id"] = "p"
            try:
                host.assert_fact(f"layer{i}", dict(message))
                host.retract_fact(f"layer{i}", dict(message))
            except engine.MessageNotHandledException:
                pass  # no condition of this layer is met
            held = {concluded[n] for n in fired if n in concluded}
            message.update({n: n in held for n in facts})
        return set(fired)

    return run
