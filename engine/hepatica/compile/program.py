"""The rails written out as one generated Python function: the fast path for many patients.

The function takes the checked facts of one patient and gives the truth of every statement. A
missing number is NaN, which no comparison holds for, so both rails of a question about it are off
without a test; a missing code is None, which is in no set of values. A number of which only bounds
are known compares as `Interval` says: what they leave open holds on neither rail. Only names and
numbers that went through `check` are written into the source, as Python literals.

Nearly no patient comes with a conclusion ready made. So two functions are written: one that takes
every concluded fact from its definitions, and one that looks whether it is given, which is compiled
when the first patient needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from hepatica import ir
from hepatica.evaluate import Given, Truth
from hepatica.nodes import And, Ask, Node, Or, Rail, Rails, Weigh, Without, children
from hepatica.nodes import Given as IsGiven

_TRUE = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}
_FALSE = {"above": "<=", "at_least": "<", "below": ">=", "at_most": ">"}
_WORTH_A_NAME = 6  # a question asked so often is answered once and kept
_COSTS = {"boolean": 1, "quantity": 2, "code": 3, "codes": 4}
_DEEP = 24  # Python's parser gives up at 200 nested parentheses

Run = Callable[[Given], tuple[Truth, ...]]


class Program:
    """A compiled guideline.

    `run` takes the given facts and returns the truths in the order of `statements`, then that of
    `applies`. It keeps no state between patients and may be called from any thread.
    """

    def __init__(self, rails: Rails, facts: Mapping[str, ir.Fact]) -> None:
        """Write and compile the function for patients without ready-made conclusions."""
        self.guideline = rails.guideline
        self.statements = tuple(rails.statements)
        self._rails = rails
        self._facts = facts
        self._concluded = frozenset(rails.concluded)
        self._closed = self._compile(given=False)

    def run(self, given: Given) -> tuple[Truth, ...]:
        """Answer one patient."""
        if self._concluded.isdisjoint(given):
            return self._closed(given)
        return self._open(given)

    def truths(self, given: Given) -> tuple[dict[str, Truth], Truth]:
        """Answer one patient: the truth of each statement by id, and of `applies`."""
        found = self.run(given)
        return dict(zip(self.statements, found, strict=False)), found[-1]

    @functools.cached_property
    def _open(self) -> Run:
        return self._compile(given=True)

    def _compile(self, *, given: bool) -> Run:
        source = write(self._rails, self._facts, given=given)
        scope: dict[str, Any] = {"__builtins__": {}, "NAN": float("nan")}
        exec(compile(source, f"<{self.guideline}>", "exec"), scope)
        run: Run = scope["run"]
        return run


def write(rails: Rails, facts: Mapping[str, ir.Fact], *, given: bool) -> str:
    """Write the source of the function.

    With `given`, a concluded fact may also be given, and then holds; without, it never is.
    """
    return _Writer(rails, facts, given).source()


class _Writer:
    def __init__(self, rails: Rails, facts: Mapping[str, ir.Fact], given: bool) -> None:
        self.rails = rails
        self.facts = facts
        self.never_given = frozenset() if given else frozenset(rails.concluded)
        self.roots = list(dict.fromkeys((*rails.statements.values(), rails.applies)))
        self.constant: list[bool | None] = []
        self.parts: list[tuple[int, ...]] = []
        self.uses = [0] * len(rails.nodes)
        self.depths = [0] * len(rails.nodes)
        self.costs: dict[int, int] = {}
        self.named: dict[int, str] = {}
        self.variables: dict[str, str] = {}
        self.answers: dict[Rail, str] = {}

    def source(self) -> str:
        """Write the whole function."""
        for node in self.rails.nodes:
            self.constant.append(self._fold(node))
            self.parts.append(self._needed_parts(node))
        self._count()
        body = list(self._body())
        answers = [
            self._answer(rail) for rail in (*self.rails.statements.values(), self.rails.applies)
        ]
        loads = [f"    {name} = {self._load(fact)}" for fact, name in self.variables.items()]
        return "\n".join(
            ["def run(given):", "    get = given.get", *loads, *body,
             f"    return ({', '.join(answers)},)"]
        )  # fmt: skip

    def _fold(self, node: Node) -> bool | None:
        """Find out whether a node is always or never on, whoever the patient is."""
        if isinstance(node, Ask):
            return False if node.leaf.fact in self.never_given else None
        if isinstance(node, IsGiven):
            return (not node.want) if node.fact in self.never_given else None
        if isinstance(node, Without):
            inner = self.constant[node.part]
            return None if inner is None else not inner
        if isinstance(node, Weigh):
            return None
        inner_values = [self.constant[part] for part in node.parts]
        absorbing = isinstance(node, Or)
        if absorbing in inner_values:
            return absorbing
        return None if None in inner_values else not absorbing

    def _needed_parts(self, node: Node) -> tuple[int, ...]:
        """List the parts that have to be written: constants drop out, but of a weighted count."""
        parts = children(node)
        if not self.never_given or isinstance(node, Weigh):
            return parts
        return tuple([p for p in parts if self.constant[p] is None])

    def _count(self) -> None:
        """Count how often each node is used by nodes that are needed at all."""
        for rail in self.roots:
            self.uses[rail.true] += 1
            self.uses[rail.false] += 1
        for number in range(len(self.uses) - 1, -1, -1):
            if self.uses[number] and self.constant[number] is None:
                for child in self.parts[number]:
                    self.uses[child] += 1

    def _body(self) -> list[str]:
        """Write what is used more than once into variables, in order.

        Where both rails of a statement are used again, its answer itself is kept: then the true
        rail is looked at only when the false one is off.
        """
        pairs = {
            max(rail): rail
            for rail in self.roots
            if self.uses[rail.true] > 1 and self.uses[rail.false] > 1
            and self._is_compound(rail.true) and self._is_compound(rail.false)
        }  # fmt: skip
        paired = {number for rail in pairs.values() for number in rail}
        lines: list[str] = []
        for number, node in enumerate(self.rails.nodes):
            if not self.uses[number] or self.constant[number] is not None:
                continue
            inner = self.parts[number]
            depth = self.depths[number] = 1 + max((self.depths[i] for i in inner), default=0)
            if number in pairs:
                rail = pairs[number]
                name = f"a{number}"
                lines.append(f"    {name} = {self._truth(rail)}")
                self.answers[rail] = self.named[rail.true] = name
                self.named[rail.false] = f"({name} is False)"
                self.depths[rail.true] = self.depths[rail.false] = 0
            elif number not in paired and self._worth_a_name(number, depth):
                lines.append(f"    n{number} = {self._expression(node)}")
                self.named[number] = f"n{number}"
                self.depths[number] = 0
        return lines

    def _is_compound(self, number: int) -> bool:
        node = self.rails.nodes[number]
        return not isinstance(node, Ask | IsGiven) and self.constant[number] is None

    def _worth_a_name(self, number: int, depth: int) -> bool:
        least = 2 if self._is_compound(number) else _WORTH_A_NAME
        return self.uses[number] >= least or depth >= _DEEP

    def _answer(self, rail: Rail) -> str:
        return self.answers.get(rail) or self._truth(rail)

    def _truth(self, rail: Rail) -> str:
        if self.constant[rail.true]:
            return "True"
        # Most statements are false for most patients: the false rail is looked at first.
        return f"(False if {self._use(rail.false)} else True if {self._use(rail.true)} else None)"

    def _use(self, number: int) -> str:
        constant = self.constant[number]
        if constant is not None:
            return str(constant)
        return self.named.get(number) or self._expression(self.rails.nodes[number])

    def _expression(self, node: Node) -> str:
        if isinstance(node, Ask):
            return self._ask(node.leaf, node.want)
        if isinstance(node, IsGiven):
            return self._given(node)
        if isinstance(node, Without):
            return f"(not {self._use(node.part)})"
        if isinstance(node, Weigh):
            terms = (f"({weight} if {self._use(part)} else 0)" for part, weight in node.parts)
            return f"({' + '.join(terms)} >= {node.at_least})"
        needed = [part for part in node.parts if self.constant[part] is None]
        parts = [self._use(part) for part in sorted(needed, key=self._cost)]
        if len(parts) == 1:
            return parts[0]
        return f"({(' and ' if isinstance(node, And) else ' or ').join(parts)})"

    def _cost(self, number: int) -> int:
        """Guess what a node costs, so that what is cheap is asked first."""
        if number in self.named:
            return 1
        cost = self.costs.get(number)
        if cost is None:
            node = self.rails.nodes[number]
            if isinstance(node, Ask):
                cost = _COSTS[self.facts[node.leaf.fact].type]
            else:
                cost = 2 + sum(self._cost(part) for part in self.parts[number])
            self.costs[number] = cost
        return cost

    def _variable(self, fact: str) -> str:
        return self.variables.setdefault(fact, f"f{len(self.variables)}")

    def _load(self, fact: str) -> str:
        default = ", NAN" if self.facts[fact].type == "quantity" else ""
        return f"get({fact!r}{default})"

    def _given(self, node: IsGiven) -> str:
        name = self._variable(node.fact)
        if self.facts[node.fact].type == "quantity":
            # A number is at most itself; NaN and bounds are not. Only NaN differs from itself.
            return f"({name} {'<=' if node.want else '!='} {name})"
        return f"({name} {'is not' if node.want else 'is'} None)"

    def _ask(self, leaf: ir.Leaf, want: bool) -> str:
        fact = self.facts[leaf.fact]
        name = self._variable(leaf.fact)
        if fact.type == "boolean":
            return name if leaf.values[0] is want else f"({name} is False)"
        if fact.type == "code":
            return _in(name, [v for v in fact.values if (v in leaf.values) is want])
        if fact.type == "codes":
            hits = [f"{value!r} {'' if want else 'not '}in {name}" for value in leaf.values]
            return f"({name} is not None and ({(' or ' if want else ' and ').join(hits)}))"
        first = repr(leaf.values[0])
        if leaf.op == "between":
            last = repr(leaf.values[1])
            inside = f"({first} <= {name} <= {last})"
            return inside if want else f"({name} < {first} or {name} > {last})"
        return f"({name} {(_TRUE if want else _FALSE)[leaf.op]} {first})"


def _in(name: str, values: list[str]) -> str:
    """Write that a code is one of these values; a constant set needs no building at run time."""
    if not values:
        return "False"
    if len(values) == 1:
        return f"({name} == {values[0]!r})"
    return f"({name} in {{{', '.join(map(repr, values))}}})"
