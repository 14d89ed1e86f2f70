"""The smallest sets of changes: against brute force, and as a person reads them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("pysat")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_domain import EVERYONE, SMALL, small_guidelines
from strategies import guideline, knowledge, statement
from test_cli import run

from hepatica import ir
from hepatica.case import Case
from hepatica.compile import cnf, smt
from hepatica.compile.solver import NotInstalled
from hepatica.diagnostics import Invalid
from hepatica.evaluate import Given
from hepatica.why_not import Change, WhyNot, why_not
from hepatica.witness import Answerer, Holds, Status

CASES = Path(__file__).parent / "fixtures" / "cases"
some = settings(
    max_examples=int(os.environ.get("HEPATICA_EXAMPLES", "150")) // 3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def apart(one: Given, other: Given) -> frozenset[str]:
    return frozenset(n for n in {*one, *other} if one.get(n) != other.get(n))


@some
@given(small_guidelines(), st.sampled_from(EVERYONE), st.sampled_from(["g/t/r0", "g/t/c0"]))
def test_all_smallest_sets_and_no_others(g: ir.Guideline, patient: Given, name: str) -> None:
    of = knowledge(g, SMALL)
    answerer = Answerer(g, SMALL, of.interventions)
    asked = Status(name) if name.endswith("r0") else Holds(name)
    fires = "recommended" if name.endswith("r0") else "true"
    doing = [p for p in EVERYONE if answerer.answer(asked, p) == fires]
    [s] = [s for s in g.statements if s.id == name]
    found = why_not(of, Case("a", dict(patient)), g, s, most=1000, seconds=None)
    assert found.complete
    if patient in doing:
        assert found == WhyNot(True)
        return
    concluded = answerer.meaning.by_fact.keys() - patient.keys()
    closed = [p for p in doing if concluded.isdisjoint(p)]
    wanted = {apart(p, patient) for p in closed or doing}
    wanted = {one for one in wanted if not any(other < one for other in wanted)}
    assert {frozenset(c.fact for c in changes) for changes in found.sets} == wanted
    sizes = [len(changes) for changes in found.sets]
    assert sizes == sorted(sizes)
    for changes in found.sets:
        new = dict(patient)
        for change in changes:
            new.pop(change.fact, None)
            if change.value is not None:
                value = change.value
                new[change.fact] = tuple(value) if isinstance(value, list) else value
        assert answerer.answer(asked, new) == fires


FACTS = {
    "igg": ir.Fact("igg", "t", "IgG", "quantity", unit="g/L", range=(0, 100)),
    "tpmt": ir.Fact("tpmt", "t", "TPMT status", "code", values={"normal": "", "poor": ""}),
    "cirrhosis": ir.Fact("cirrhosis", "t", "cirrhosis", "code",
                         values={"none": "", "compensated": "", "decompensated": ""}),
    "jaundice": ir.Fact("jaundice", "t", "jaundice", "boolean"),
    "drugs": ir.Fact("drugs", "t", "drugs", "codes", values={"p": "", "q": "", "r": ""}),
    "bad": ir.Fact("bad", "t", "bad", "boolean"),
}  # fmt: skip
IGG = ir.Leaf("igg", "above", (16.0,))


def told(when: ir.Condition, patient: Given, *others: ir.Statement) -> list[list[str]]:
    s = statement("s", "evidence", when=when)
    g = guideline([s, *others])
    found = why_not(knowledge(g, FACTS), Case("a", dict(patient)), g, s)
    assert not found.fires and found.complete
    return [[f"{c.title} {c.needed} ({c.now})" for c in changes] for changes in found.sets]


def test_numbers_are_told_by_their_thresholds() -> None:
    assert told(IGG, {"igg": 15.1}) == [["IgG above 16 g/L (15.1 g/L)"]]
    assert told(ir.Leaf("igg", "at_least", (16.0,)), {}) == [["IgG at least 16 g/L (None)"]]
    assert told(ir.Not(IGG), {"igg": 20.0}) == [["IgG at most 16 g/L (20 g/L)"]]
    between = ir.All((IGG, ir.Leaf("igg", "below", (20.0,))))
    assert told(between, {"igg": 3.0}) == [["IgG above 16 g/L and below 20 g/L (3 g/L)"]]
    assert told(ir.Leaf("igg", "between", (5.0, 5.0)), {}) == [["IgG 5 g/L (None)"]]


def test_what_only_has_to_be_known_is_told_so() -> None:
    for name in ("tpmt", "igg", "jaundice", "drugs"):
        assert told(ir.Leaf(name, "known", (True,)), {}) == [[f"{FACTS[name].title} known (None)"]]
    unknown = ir.Leaf("tpmt", "known", (False,))
    assert told(unknown, {"tpmt": "poor"}) == [["TPMT status not known (poor)"]]


def test_codes_and_sets_are_told_with_every_value_that_would_do() -> None:
    some_cirrhosis = ir.Not(ir.Leaf("cirrhosis", "is", ("none",)))
    assert told(some_cirrhosis, {"cirrhosis": "none"}) == [
        ["cirrhosis compensated or decompensated (none)"]
    ]
    one = ir.Leaf("drugs", "includes_any", ("p", "q"))
    assert told(one, {"drugs": ("r",)}) == [["drugs with p or q (r)"]]
    assert told(ir.Not(one), {"drugs": ("p", "r")}) == [["drugs without p (p, r)"]]
    assert told(ir.Not(one), {}) == [["drugs without p, q (None)"]]
    both = ir.All(tuple(ir.Leaf("drugs", "includes", (v,)) for v in "pq"))
    assert told(both, {"drugs": ()}) == [["drugs with p, q (none)"]]


def test_several_sets_the_smallest_first() -> None:
    when = ir.Any(
        (ir.All((IGG, ir.Leaf("jaundice", "is", (True,)))), ir.Leaf("bad", "is", (True,)))
    )
    assert told(when, {}) == [
        ["bad yes (None)"],
        ["IgG above 16 g/L (None)", "jaundice yes (None)"],
    ]


def test_what_a_conclusion_rests_on_is_changed_not_the_conclusion() -> None:
    defined = statement("d", "definition", when=IGG, conclude=("bad", True))
    when = ir.Leaf("bad", "is", (True,))
    assert told(when, {"igg": 3.0}, defined) == [["IgG above 16 g/L (3 g/L)"]]
    assert told(when, {"bad": False}, defined) == [["bad yes (no)"]]
    never = ir.All((IGG, ir.Leaf("igg", "below", (1.0,))))
    hopeless = statement("d", "definition", when=never, conclude=("bad", True))
    assert told(when, {}, hopeless) == [["bad yes (None)"]]


def test_nothing_would_do_and_too_little_time_are_not_the_same() -> None:
    never = ir.All((IGG, ir.Leaf("igg", "below", (1.0,))))
    assert told(never, {}) == []
    s = statement("s", "evidence", when=IGG)
    g = guideline([s])
    found = why_not(knowledge(g, FACTS), Case("a", {}), g, s, seconds=0)
    assert found == WhyNot(False, (), complete=False)
    cut = why_not(knowledge(g, FACTS), Case("a", {}), g, s, most=0)
    assert cut == WhyNot(False, (), complete=False)


def test_a_score_has_nothing_that_could_fire() -> None:
    item = ir.ScoreItem("i", (ir.ScoreOption(1, IGG),))
    s = statement("s", "score", score="points", items=(item,))
    with pytest.raises(Invalid, match="N116"):
        why_not(knowledge(guideline([s]), FACTS), Case("a", {}), guideline([s]), s)


def test_a_set_that_does_not_replay_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answerer, "answer", lambda *_: "unknown")
    with pytest.raises(Invalid, match="E105"):
        told(IGG, {})


def test_the_command_line_in_text_and_json() -> None:
    case = str(CASES / "preferential_methylation.yaml")
    name = "easl_2025/metabolites/preferential_methylation"
    assert "nothing: it does" in run("explain", case, name, "--why-not").stdout
    assert "MAKE IT FIRE" not in run("explain", case, name).stdout
    other = str(CASES / "acute_severe_untreated.yaml")
    text = run("explain", other, name, "--why-not").stdout
    assert "drugs taken now: with azathioprine" in text
    data = json.loads(run("explain", other, name, "--why-not", "--format", "json").stdout)
    assert data["why_not"]["fires"] is False
    first = data["why_not"]["sets"][0]
    assert set(first[0]) == set(Change.__struct_fields__)
    assert json.loads(run("explain", other, name, "--format", "json").stdout)["why_not"] is None


@pytest.mark.parametrize(
    "args",
    [
        ("explain", str(CASES / "preferential_methylation.yaml"),
         "easl_2025/metabolites/hepatotoxicity_risk", "--why-not"),
        ("lint", "--logic", str(CASES.parents[2] / "knowledge" / "iaihg_2008")),
    ],
)  # fmt: skip
def test_without_the_solver_there_is_one_clear_error(
    args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise NotInstalled("neither")

    monkeypatch.setattr(cnf, "engine", missing)
    monkeypatch.setattr(smt, "engine", missing)
    result = run(*args)
    assert result.exit_code == 2
    assert result.stderr.count("E103") == 1 and "[prove]" in result.stderr
