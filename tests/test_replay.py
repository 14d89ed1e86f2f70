"""The course of a patient: every day answered by itself, and every change told on its day."""

from __future__ import annotations

import datetime
import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawn_charts import AS_OF, Data, charts, knowledge
from golden import compare
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_cli import run
from test_report import HOSTILE, Tags

from hepatica.case import Case, CaseReader
from hepatica.case_files import document_of, documents
from hepatica.cases import check_expectations, check_result, days
from hepatica.chart.model import Seen
from hepatica.diagnostics import Invalid, draw
from hepatica.finding import Result
from hepatica.replay import replay, said_by, thresholds
from hepatica.report import html
from hepatica.report.course import page, view
from hepatica.report.picture import picture
from hepatica.report.text import Terminal
from hepatica.run import Evaluator, select
from hepatica.schema import fits
from hepatica.source import Document
from hepatica.turns import Course, Moment, Said, to_json
from hepatica.walk import conditions_of, leaves
from hepatica.words import Words

HERE = Path(__file__).parent
CHARTS = HERE / "fixtures" / "charts"
GOLDEN = HERE / "fixtures" / "golden" / "replay"
FIXTURES = sorted(CHARTS.glob("*.yaml"))
GUIDELINES = ["easl_2025", "aasld_2019", "iaihg_2022"]
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
Key = tuple[Any, ...]


@functools.cache
def evaluator() -> Evaluator:
    return Evaluator(knowledge(), select(knowledge(), GUIDELINES), "program")


def document(path: Path) -> Document:
    [found] = documents(str(path))
    assert isinstance(found, Document)
    return found


def course(of: Document, begin: str | datetime.date, end: str | datetime.date) -> Course:
    _, on = CaseReader(knowledge().facts, knowledge().interventions).days(of)
    first, last = (datetime.date.fromisoformat(str(day)) for day in (begin, end))
    return replay(evaluator(), on, first, last)


def told(said: Said) -> Key:
    return said.kind, said.subject, str(said.value), said.statement


def turned(course: Course, path: str) -> list[tuple[str, str]]:
    """List the days on which a statement began (+) or ceased (-) to hold."""
    return [
        (moment.date, sign)
        for moment in course.replay.moments
        for turn in moment.guidelines
        for sign, group in (("+", turn.began), ("-", turn.ended))
        for said in group
        if said.statement == path
    ]


# --- what must hold --------------------------------------------------------------------------


@few
@given(charts(), st.integers(0, 700))
def test_the_changes_put_together_are_the_answer_of_every_day(of: Data, ago: int) -> None:
    data = {"id": "c", "as_of": AS_OF.isoformat(), "chart": of}
    found = document_of(data)
    begin = AS_OF - datetime.timedelta(days=ago)
    end = begin + datetime.timedelta(days=45)
    _, on = CaseReader(knowledge().facts, knowledge().interventions).days(found)
    moments = {m.date: m for m in course(found, begin, end).replay.moments}
    now: dict[str, dict[Key, None]] = {g: {} for g in GUIDELINES}
    for n in range(46):
        day = (begin + datetime.timedelta(days=n)).isoformat()
        for turn in moments[day].guidelines if day in moments else ():
            for said in turn.ended:
                assert said.why is not None
                now[turn.id].pop(told(said), None)
            now[turn.id] |= dict.fromkeys(map(told, turn.began))
        for finding in evaluator().evaluate(on(day)).guidelines:
            mine = {key[:3] for key in now[finding.id]}
            assert mine == {told(said)[:3] for _, said in said_by(finding)}, day


@few
@given(charts(), st.integers(0, 700))
def test_a_replay_sees_nothing_of_its_future(of: Data, ago: int) -> None:
    end = AS_OF - datetime.timedelta(days=ago)
    begin = end - datetime.timedelta(days=40)
    known = [e for e in of["timeline"] if f"{e['date']}-01-01"[:10] <= end.isoformat()]
    data = {"id": "c", "as_of": AS_OF.isoformat()}
    whole = course(document_of({**data, "chart": of}), begin, end)
    part = course(document_of({**data, "chart": {**of, "timeline": known}}), begin, end)
    assert to_json(whole.replay) == to_json(part.replay)
    longer = course(document_of({**data, "chart": of}), begin, end + datetime.timedelta(days=9))
    cut = [m for m in longer.replay.moments if m.date <= end.isoformat()]
    assert tuple(cut) == whole.replay.moments


@settings(deadline=None)
@given(charts(), st.sampled_from(["alt", "igg", "jaundice"]), st.integers(0, 900))
def test_no_test_is_seen_done_before_it_was(of: Data, fact: str, ago: int) -> None:
    done = [{"date": e["date"], "done": "liver_ultrasound"} for e in of["timeline"]]
    of = {**of, "timeline": [*of["timeline"], *done]}
    case, _ = CaseReader(knowledge().facts, knowledge().interventions).days(
        document_of({"id": "c", "chart": of})
    )
    assert case.chart is not None
    now = AS_OF.toordinal() - ago
    seen = Seen(case.chart, now)
    for day in (seen.observed(fact), seen.performed("liver_ultrasound")):
        assert day is None or day <= now


def test_every_number_that_a_condition_compares_with_is_a_threshold() -> None:
    found = thresholds(evaluator().guidelines)
    for g in evaluator().guidelines:
        for s in g.statements:
            for when in conditions_of(s):
                for leaf in leaves(when):
                    numbers = [v for v in leaf.values if type(v) in (int, float)]
                    assert leaf.fact in found and set(numbers) <= set(found[leaf.fact])


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_charts_answer_as_expected_on_every_day(path: Path) -> None:
    of = document(path)
    reader = CaseReader(knowledge().facts, knowledge().interventions)
    every = _every()
    found = list(check_expectations(of, knowledge()))
    for as_of, where in days(of):
        case = reader.read(of, as_of)
        found += check_result(case, of, every.evaluate(case), knowledge(), where)
    assert case.id == path.stem and case.synthetic
    assert not found, "\n\n".join(map(draw, found))


@functools.cache
def _every() -> Evaluator:
    return Evaluator(knowledge(), knowledge().guidelines.values(), "program", check=True)


def test_there_are_enough_charts_with_answers_of_several_days() -> None:
    assert len(FIXTURES) >= 30
    several = [path for path in FIXTURES if len(days(document(path))) > 1]
    assert len(several) >= 25


# --- days that matter ------------------------------------------------------------------------


def test_two_years_of_normal_tests_are_two_years_to_the_day() -> None:
    of = document(CHARTS / "remission_for_two_years_less_a_day.yaml")
    found = course(of, "2025-12-20", "2026-01-10")
    assert ("2026-01-01", "+") in turned(found, "aasld_2019/withdrawal/consider")


def test_a_value_is_lost_on_the_day_after_its_window() -> None:
    found = course(document(CHARTS / "values_grow_old.yaml"), "2024-03-01", "2024-04-05")
    lost = {
        turn.fact: (moment.date, turn.why)
        for moment in found.replay.moments
        for turn in moment.facts
        if turn.after is None
    }
    assert lost["alt_multiple"][0] == "2024-04-01" and lost["igg_multiple"][0] == "2024-04-02"
    assert "last seen 2024-03-01" in str(lost["alt_multiple"][1])
    ended = [
        said
        for moment in found.replay.moments
        for turn in moment.guidelines
        for said in turn.ended
        if said.subject == "biochemical_remission"
    ]
    assert [said.why for said in ended] == ["not_known"]  # not known is not no


def test_a_test_that_was_left_out_is_overdue() -> None:
    of = document(CHARTS / "liver_tests_on_azathioprine_left_out.yaml")
    case = CaseReader(knowledge().facts, knowledge().interventions).read(of)
    result = evaluator().evaluate(case)
    path = "easl_2025/monitoring/liver_biochemistry_on_azathioprine"
    [due] = _recommendation(result, path).due
    assert (due.last, due.latest, due.status) == ("2025-05-14", "2025-08-14", "overdue")
    shown = run(
        "eval", "-g", "easl_2025", str(CHARTS / "liver_tests_on_azathioprine_left_out.yaml")
    )
    assert "liver biochemistry: due since 2025-08-14 (last 2025-05-14)" in _flat(shown.output)
    news = [
        (moment.date, turn.due.latest)
        for moment in course(of, "2025-01-01", "2025-09-01").replay.moments
        for guideline in moment.guidelines
        for turn in guideline.due
        if turn.statement == path
    ]
    assert news == [  # at the beginning it had been due for a while
        ("2025-01-01", "2024-11-09"), ("2025-04-09", "2025-04-09"), ("2025-08-14", "2025-08-14"),
    ]  # fmt: skip


def _recommendation(result: Result, path: str) -> Any:
    return next(r for g in result.guidelines for r in g.recommendations if r.statement == path)


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_a_dose_per_kilogram_needs_a_weight() -> None:
    of = document(CHARTS / "azathioprine_doses_without_weight.yaml")
    of.data["chart"]["until"] = "2025-06-02"
    reader = CaseReader(knowledge().facts, knowledge().interventions)
    before, after = reader.read(of, "2025-05-31"), reader.read(of, "2025-06-01")
    assert "azathioprine_dose" not in before.facts
    assert "weight is not known" in before.withheld["azathioprine_dose"]
    assert after.facts["azathioprine_dose"] == pytest.approx(1.25)


def test_a_restarted_drug_counts_from_its_restart() -> None:
    of = document(CHARTS / "azathioprine_stopped_and_restarted.yaml")
    found = course(of, "2024-03-19", "2024-04-20")
    path = "easl_2025/monitoring/liver_biochemistry_on_azathioprine"
    assert turned(found, path) == [("2024-03-19", "+"), ("2024-03-20", "-"), ("2024-04-20", "+")]
    weeks = (
        CaseReader(knowledge().facts, knowledge().interventions)
        .read(of)
        .facts["azathioprine_weeks"]
    )
    assert weeks == 0


def test_a_chart_of_five_thousand_entries() -> None:
    import random

    rng = random.Random(5)
    begin = datetime.date(2014, 1, 1)
    timeline: list[Data] = [{"date": "2014-01-01", "status": "aih_diagnosis", "result": "definite"}]
    while len(timeline) < 5000:
        date = (begin + datetime.timedelta(days=rng.randrange(3650))).isoformat()
        value = f"{rng.randrange(10, 400)} U/L"
        name = rng.choice(["alt", "ast"])
        timeline.append({"date": date, "observe": name, "value": value, "upper_limit": 40})
    data = {"id": "long", "as_of": "2024-06-01", "chart": {"timeline": timeline}}
    found = course(document_of(data), "2019-01-01", "2019-01-30")
    seen = [e for e in timeline if e["date"] <= "2019-01-30"]
    part = {**data, "chart": {"timeline": seen}}
    other = course(document_of(part), "2019-01-01", "2019-01-30")
    assert [*map(_parts, found.replay.moments)] == [*map(_parts, other.replay.moments)]
    assert found.replay.moments


def _parts(moment: Moment) -> tuple[object, ...]:
    return moment.date, moment.facts, moment.guidelines, [n.message for n in moment.notes]


# --- what people see -------------------------------------------------------------------------


def shown(name: str) -> tuple[Course, Case]:
    of = document(CHARTS / f"{name}.yaml")
    case, _ = CaseReader(knowledge().facts, knowledge().interventions).days(of)
    assert case.chart is not None
    every = case.chart.days()
    assert every is not None
    return course(of, datetime.date.fromordinal(every.first), str(case.as_of)), case


def whole(found: Course, case: Case, words: Words) -> str:
    assert case.chart is not None
    told = view(found, words)
    body = html.replay(told, picture(found, case.chart, words))
    return html.head(told.title) + body + html.tail()


@pytest.mark.parametrize(
    "name", ["flare_while_prednisolone_is_tapered", "stop_known_only_to_the_month"]
)
def test_pages(name: str, reset: bool) -> None:
    found, case = shown(name)
    words = Words(knowledge())
    compare(page(view(found, words), Terminal(80)), GOLDEN / f"{name}.txt", reset)
    compare(page(view(found, words), Terminal(100), full=True), GOLDEN / f"{name}.full.txt", reset)
    compare(whole(found, case, words), GOLDEN / f"{name}.html", reset)


def test_a_replay_is_the_same_to_the_byte() -> None:
    one, other = (
        shown("flare_while_prednisolone_is_tapered")[0],
        shown("flare_while_prednisolone_is_tapered")[0],
    )
    assert to_json(one.replay) == to_json(other.replay)


def test_a_hostile_text_stays_text() -> None:
    data = {
        "id": HOSTILE,
        "title": HOSTILE,
        "as_of": "2024-03-01",
        "chart": {
            "timeline": [
                {"date": "2024-01-01", "observe": "alt", "value": "50 U/L", "upper_limit": 40},
                {"date": "2024-01-09", "start": "prednisolone", "dose": "40 mg/d", "text": HOSTILE},
                {"date": "2024-02", "status": "jaundice", "result": True},
            ]
        },
    }
    of = document_of(data)
    case, _ = CaseReader(knowledge().facts, knowledge().interventions).days(of)
    found = course(of, "2024-01-01", "2024-03-01")
    text = whole(found, case, Words(knowledge()))
    parser = Tags()
    parser.feed(text)
    assert not {tag for tag, _ in parser.tags} & {"script", "iframe", "img", "link", "object"}
    links = [attrs["href"] for tag, attrs in parser.tags if tag == "a"]
    assert all(str(link).startswith("#day-") for link in links)
    assert not any(name.startswith("on") for _, attrs in parser.tags for name in attrs)
    assert "\x1b" not in text + page(view(found, Words(knowledge())), Terminal(80))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_every_chart_can_be_drawn(path: Path) -> None:
    of = document(path)
    case, _ = CaseReader(knowledge().facts, knowledge().interventions).days(of)
    assert case.chart is not None and case.as_of is not None
    end = datetime.date.fromisoformat(case.as_of)
    found = course(of, end - datetime.timedelta(days=20), end)
    assert fits(json.loads(to_json(found.replay)), "replay")
    text = whole(found, case, Words(knowledge()))
    assert not re.search(r"[\", ](nan|inf)[\", ]", text.split("<svg", 1)[1].split("</svg>")[0])
    width = max(map(len, page(view(found, Words(knowledge())), Terminal(60)).splitlines()))
    assert width <= 60


# --- the command -----------------------------------------------------------------------------

FLARE = str(CHARTS / "flare_while_prednisolone_is_tapered.yaml")


def test_the_command_replays_and_the_referee_agrees() -> None:
    args = ("replay", "-g", "aasld_2019", "--check", "--from", "2024-08-30", FLARE)
    result = run(*args, "--format", "json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert (data["from"], data["to"]) == ("2024-08-30", "2024-09-04")
    began = [s["subject"] for m in data["moments"] for g in m["guidelines"] for s in g["began"]]
    assert "treatment_failure" in began
    assert "treatment failure" in run(*args).output
    assert run(*args, "--format", "html").output.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--from", "2024-13-01"), "not a day of the calendar"),
        (("--from", "20240901"), "not a day of the calendar"),
        (("--from", "2024-09-04", "--to", "2024-09-03"), "before it begins"),
        (("--to", "9999-12-31"), "not answered for"),
        (("-g", "easl"), "unknown guideline"),
    ],
)
def test_wrong_use_is_told(args: tuple[str, ...], says: str) -> None:
    result = run("replay", FLARE, *args)
    assert result.exit_code == 2 and says in result.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id: c\nfacts: {jaundice: true}\n", "has no chart"),
        ("id: c\nchart: {timeline: [{seq: 1, status: jaundice, result: true}]}\n", "has a date"),
        ("id: c\nchart: {timeline: [{date: 2024-01-01, observe: altt, value: 3}]}\n", "altt"),
    ],
)
def test_a_chart_that_cannot_be_replayed_is_told(text: str, says: str) -> None:
    result = run("replay", "-", stdin=text)
    assert result.exit_code == 2 and says in result.stderr


def test_a_day_without_an_answer_is_told_and_the_others_go_on() -> None:
    def at(day: str) -> Case:
        if day == "2024-01-02":
            raise Invalid([])
        return Case("c", {"aih_diagnosis": "definite"}, as_of=day)

    found = _replayed(at)
    assert [m.date for m in found.replay.moments] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert all(s.why == "not_known" for g in found.replay.moments[1].guidelines for s in g.ended)


def test_no_day_with_an_answer_is_an_error() -> None:
    def at(day: str) -> Case:
        raise Invalid([])

    with pytest.raises(Invalid):
        _replayed(at)


def _replayed(at: Callable[[str], Case]) -> Course:
    return replay(evaluator(), at, datetime.date(2024, 1, 1), datetime.date(2024, 1, 3))
