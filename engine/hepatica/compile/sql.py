"""A guideline as one SQL query: nested selections, one a step, over a table of facts.

As everywhere behind `lower`, no column inside is ever null: a question about a fact becomes two
Booleans, so that nothing rests on what a database makes of NULL. Each selection carries only what a
later one uses. Selections are nested, since a database may write out common table expressions and
aliases of the same selection wherever they are used, which grows with every way through the rules.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from hepatica import ir
from hepatica.compile import sql_bounds
from hepatica.compile.circuit import WORDS, Circuit
from hepatica.compile.sql_text import Column, identifier, line, literal, nested, table_name
from hepatica.compile.strata import Strata
from hepatica.nodes import And, Ask, Given, Rail, Weigh, Without

DIALECTS = ("duckdb",)

_COMPARE = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}
_TYPES = {"boolean": "BOOLEAN", "quantity": "DOUBLE", "code": "VARCHAR", "codes": "VARCHAR[]"}


class Sql:
    """A guideline written for a database.

    `query` reads a table with a row a patient: a key, and a column a fact with the fact's id, of
    the types that `create_table` prints; a missing value is NULL (or NaN). It gives a row a
    patient: the key, `GUIDELINE applies`, and for each statement its truth (`STATEMENT`, TRUE,
    FALSE or NULL for unknown; a score has none) and its status (`STATEMENT status`, of
    `circuit.WORDS`). A code that a fact does not have, and an infinite number, stop the query.
    """

    def __init__(self, guideline: ir.Guideline, knowledge: ir.Knowledge) -> None:
        """Lower a guideline of this knowledge."""
        self.guideline = guideline
        self.circuit = Circuit(guideline, knowledge)
        self.titles = {s.id: s.title for s in (*guideline.definitions, *guideline.statements)}
        asked = [n for n in self.circuit.nodes if isinstance(n, Ask | Given)]
        self.reads = tuple(sorted({n.leaf.fact if isinstance(n, Ask) else n.fact for n in asked}))

    def query(
        self, table: str = "facts", key: str = "patient", columns: Iterable[str] | None = None,
        *, bounds: bool = False,
    ) -> str:  # fmt: skip
        """Write the query, without a semicolon.

        `columns` names the facts that the table has, by default all of `reads`; the others are
        missing for everybody. With `bounds` it has also, for every number, the columns of its
        bounds, `FACT.low`, `FACT.high`, `FACT.low_open` and `FACT.high_open`, which count where the
        number is missing.
        """
        given = frozenset(self.reads if columns is None else columns).intersection(self.reads)
        facts = self.circuit.facts
        bounded = frozenset(n for n in given if bounds and facts[n].type == "quantity")
        writer = _Writer(self.circuit, given, bounded)
        levels = [*writer.levels(), self._answers(writer)]
        return "\n".join([*self._head(), nested(levels, table, key)])

    def create_table(
        self, table: str = "facts", key: str = "patient", *, bounds: bool = False
    ) -> str:
        """Write the table that `query` reads by default, with what its columns may hold."""
        facts = [self.circuit.facts[name] for name in self.reads]
        return create_table(facts, table, key, bounds=bounds)

    def _head(self) -> list[str]:
        g = self.guideline
        word = ", experimental" if g.experimental else ""
        return [
            f"-- {line(g.title)}",
            f"-- guideline {g.id}, version {g.version} ({g.status}{word}), {g.digest}",
            "-- NULL means unknown. Not for the care of a patient without a clinician's judgement.",
        ]

    def _answers(self, writer: _Writer) -> list[Column]:
        found = [Column(f"{self.guideline.id} applies", writer.truth(self.circuit.applies))]
        for name, kind in self.circuit.kinds.items():
            comment = f"{kind}: {line(self.titles[name])}"
            if name in self.circuit.statements:
                truth = writer.truth(self.circuit.statements[name])
                found.append(Column(name, truth, comment))
                comment = ""
            status = writer.status(self.circuit.statuses[name], WORDS[kind][-1])
            found.append(Column(f"{name} status", status, comment))
        return found


def create_table(facts: Iterable[ir.Fact], table: str, key: str, *, bounds: bool = False) -> str:
    """Write a table with a column a fact, and checks of what each may hold.

    With `bounds` each number has those of its bounds beside it.
    """
    columns = [(f"{identifier(key)} VARCHAR NOT NULL", "one row a patient")]
    for fact in facts:
        name = identifier(fact.id)
        unit = f", {fact.unit}" if fact.unit else ""
        columns.append((f"{name} {_TYPES[fact.type]}{_check(fact, name)}", line(fact.title) + unit))
        if bounds and fact.type == "quantity":
            columns += sql_bounds.declared(fact)
    lines = [
        f"  {column}{',' if i < len(columns) else ''} -- {comment}"
        for i, (column, comment) in enumerate(columns, 1)
    ]
    return "\n".join([f"CREATE TABLE {table_name(table)} (", *lines, ")"])


def _check(fact: ir.Fact, name: str) -> str:
    values = ", ".join(map(literal, fact.values))
    if fact.type == "code":
        return f" CHECK ({name} IN ({values}))"
    if fact.type == "codes":
        return f" CHECK (list_has_all([{values}], {name}))"
    return f" CHECK (NOT isinf({name}))" if fact.type == "quantity" else ""


class _Writer:
    """Nodes as SQL. A column of a step has the letter that `compile/expressions` gives it."""

    def __init__(
        self, circuit: Circuit, given: frozenset[str], bounded: Container[str] = ()
    ) -> None:
        self.facts = circuit.facts
        self.bounded = bounded
        roots = [*circuit.applies]
        roots += [number for rail in circuit.statements.values() for number in rail]
        roots += [number for by_word in circuit.statuses.values() for number in by_word.values()]
        self.strata = Strata(circuit.nodes, roots, given, bounded)
        self.questions = {leaf: f'"q {i}"' for i, leaf in enumerate(self.strata.leaves())}

    def levels(self) -> list[list[Column]]:
        """Write every column but the answers: values, questions, and the nodes step by step."""
        used = sorted({leaf.fact for leaf in self.questions} | set(self.strata.asked_given()))
        values = [Column(f"f {name}", _value(self.facts[name])) for name in used]
        values += [Column(f"g {name}", _given(self.facts[name])) for name in used]
        for name in used:
            if name in self.bounded:
                values += sql_bounds.columns(self.facts[name], _given(self.facts[name]))
        asked = [Column(q[1:-1], self._ask(leaf)) for leaf, q in self.questions.items()]
        steps = [
            [Column(f"n {number}", self._node(number)) for number in step]
            for step in self.strata.steps
        ]
        return [values, asked, *steps]

    def truth(self, rail: Rail) -> str:
        true, false = self.strata.answer(rail.true), self.strata.answer(rail.false)
        if isinstance(true, bool) and isinstance(false, bool):
            return "TRUE" if true else "FALSE" if false else "NULL::BOOLEAN"
        return f"CASE WHEN {self._use(true)} THEN TRUE WHEN {self._use(false)} THEN FALSE END"

    def status(self, words: dict[str, int], last: str) -> str:
        answers = {word: self.strata.answer(root) for word, root in words.items()}
        possible = [(word, a) for word, a in answers.items() if a is not False]
        if not possible:
            return literal(last)
        cases = " ".join(f"WHEN {self._use(a)} THEN {literal(word)}" for word, a in possible)
        return f"CASE {cases} ELSE {literal(last)} END"

    def _use(self, answer: bool | int) -> str:
        if isinstance(answer, bool):
            return str(answer).upper()
        return f'"n {answer}"' if answer in self.strata.named else self._node(answer)

    def _node(self, number: int) -> str:
        node = self.strata.nodes[number]
        if isinstance(node, Ask):
            true = self.questions[node.leaf]
            if node.want:
                return true
            false = f'"g {node.leaf.fact}" AND NOT {true}'
            if node.leaf.fact in self.bounded:
                return f"(({false}) OR {sql_bounds.surely(node.leaf, False)})"
            return f"({false})"
        if isinstance(node, Given):
            if not node.want and node.fact in self.bounded:
                return f'"u {node.fact}"'
            return f'"g {node.fact}"' if node.want else f'(NOT "g {node.fact}")'
        if isinstance(node, Without):
            return f"(NOT {self._use(node.part)})"
        if isinstance(node, Weigh):
            parts = [
                f"{self._use(part)}::INTEGER{f' * {weight}' if weight > 1 else ''}"
                for part, weight in node.parts
            ]
            return f"({' + '.join(parts)} >= {node.at_least})"
        word = " AND " if isinstance(node, And) else " OR "
        return f"({word.join(self._use(part) for part in node.parts)})"

    def _ask(self, leaf: ir.Leaf) -> str:
        column, fact = identifier(f"f {leaf.fact}"), self.facts[leaf.fact]
        if fact.type == "boolean":
            return column if leaf.values[0] else f'("g {leaf.fact}" AND NOT {column})'
        if fact.type == "quantity":
            by_number = self._compare(leaf)
            if fact.id in self.bounded:
                return f"({by_number} OR {sql_bounds.surely(leaf, True)})"
            return by_number
        values = ", ".join(literal(str(value)) for value in leaf.values)
        if fact.type == "code":
            return f"{column} IN ({values})"
        return f"list_has_any({column}, [{values}])"

    def _compare(self, leaf: ir.Leaf) -> str:
        """Compare a number; a missing one is NaN here, which is greater than every number."""
        column = identifier(f"f {leaf.fact}")
        numbers = [f"{float(value)!r}::DOUBLE" for value in leaf.values]
        if leaf.op == "between":
            return f"{column} BETWEEN {numbers[0]} AND {numbers[1]}"
        compared = f"{column} {_COMPARE[leaf.op]} {numbers[0]}"
        greater = leaf.op in ("above", "at_least")
        return f'({compared} AND "g {leaf.fact}")' if greater else compared


def _given(fact: ir.Fact) -> str:
    """Say whether a fact is given: NaN, and a set with a NULL in it, are not."""
    name = identifier(fact.id)
    if fact.type == "quantity":
        return f"coalesce(NOT isnan({name}), FALSE)"
    if fact.type == "codes":
        return f"coalesce(list_count({name}) = len({name}), FALSE)"
    return f"{name} IS NOT NULL"


def _value(fact: ir.Fact) -> str:
    """Fill a column where its fact is missing with what no question finds (but see `_ask`).

    What a fact cannot be stops the query: a code that nobody knows would be *surely not* every
    value that is asked for.
    """
    name = identifier(fact.id)
    values = ", ".join(map(literal, fact.values))
    wrong = f"{literal(f'the column {fact.id} holds what its fact cannot be: ')} || {name}::VARCHAR"
    if fact.type == "quantity":
        filled = f"coalesce({name}, 'NaN'::DOUBLE)"
        return f"CASE WHEN isinf({name}) THEN error({wrong})::DOUBLE ELSE {filled} END"
    if fact.type == "code":
        return (
            f"CASE WHEN {name} IN ({values}) THEN {name}::VARCHAR"
            f" WHEN {name} IS NULL THEN '' ELSE error({wrong})::VARCHAR END"
        )
    if fact.type == "codes":
        return (
            f"CASE WHEN list_count({name}) = len({name}) AND list_has_all([{values}], {name})"
            f" THEN {name} WHEN {name} IS NULL OR list_count({name}) < len({name})"
            f" THEN []::VARCHAR[] ELSE error({wrong})::VARCHAR[] END"
        )
    return f"coalesce({name}, FALSE)"
