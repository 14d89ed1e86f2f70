"""Long charts: found by day as by walking over them, read at once as with care, drawn legibly."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any

import msgspec
import pytest
from drawn_charts import AS_OF, Data, charts, knowledge, read
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_replay import course

from hepatica import json_reader
from hepatica.case_files import document_of
from hepatica.chart.derive import derive
from hepatica.chart.model import Seen
from hepatica.chart.names import Names
from hepatica.chart.timeline import Timeline
from hepatica.json_reader import read_json
from hepatica.report.picture import picture
from hepatica.report.svg import draw
from hepatica.source import Source, Unreadable
from hepatica.words import Words

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = Names(knowledge().facts, knowledge().interventions)


@few
@given(charts(partial=False), st.booleans(), st.integers(0, 400))
def test_by_day_and_walking_give_the_same(chart: Data, complete: bool, before: int) -> None:
    if complete:
        chart = {**chart, "complete": ["medications", "adverse_events", "failures", "relapses"]}
    found = read(chart).chart
    assert found is not None
    assert all(isinstance(told, Timeline) for told in found.entries.values())
    plain = msgspec.structs.replace(found, entries={n: list(e) for n, e in found.entries.items()})
    now = AS_OF.toordinal() - before
    assert derive(found, NAMES, now) == derive(plain, NAMES, now)
    for name in found.entries:
        assert Seen(found, now).observed(name) == Seen(plain, now).observed(name)


def test_an_entry_without_a_whole_date_is_walked_over() -> None:
    day = {"date": "2024-05-01", "observe": "alt", "value": "40 U/L"}
    for other, known in (
        (day, True),
        ({**day, "date": "2024-05"}, False),
        ({**day, "seq": 1}, False),
        ({**day, "corrected": True}, False),
    ):
        found = read({"timeline": [day, other]}).chart
        assert found is not None
        told = found.entries["alt"]
        assert isinstance(told, Timeline) and (told.by_day() is not None) is known


def carefully(text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patched:
        patched.setattr(json_reader, "_read_plainly", lambda text: None)
        return read_json(Source("c.json", text)).data


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(':" \\,a1é'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab:"), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(few, max_examples=200)
@given(
    st.dictionaries(st.sampled_from("abc"), values, max_size=3),
    st.sampled_from(['"a"', '"b" :', '"a":', "1e400", "1" * 41, "[" * 70, ",", "NaN", "}", " "]),
    st.integers(0, 200),
    st.booleans(),
)
def test_reading_at_once_is_reading_with_care(
    data: dict[str, Any], extra: str, place: int, spoil: bool
) -> None:
    """What is read at once is what is read with care; what is refused with care is not read."""
    text = json.dumps(data, ensure_ascii=False)
    if spoil:
        text = text[:place] + extra + text[place:]
    quick = json_reader._read_plainly(text)
    assume(quick is not None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert repr(carefully(text, monkeypatch)) == repr(quick)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}', '{"a" : 1, "a": ":b"}', '{"a":1,"b":{"c":1,"c":2}}',
        '{"a": ' + "1" * 41 + "}", '{"a": 1e999}', "[" * 66 + "]" * 66, '{"a": "\\ud800"}',
    ],
)  # fmt: skip
def test_what_is_not_strict_is_refused_as_before(text: str) -> None:
    assert json_reader._read_plainly(text) is None
    with pytest.raises(Unreadable):
        read_json(Source("c.json", text))


def crowded(days: int) -> Data:
    begin = datetime.date(2023, 1, 1)
    timeline = []
    for i in range(days):
        date = str(begin + datetime.timedelta(days=2 * i))
        said = "adherent" if i % 2 else "non_adherent"
        timeline += [
            {"date": date, "status": "adherence", "result": said},
            {"date": date, "observe": "alt", "value": f"{30 + i % 50} U/L", "upper_limit": 40},
        ]
    timeline.insert(0, {"date": "2023-01-01", "status": "aih_diagnosis", "result": "definite"})
    return {"id": "crowded", "as_of": "2024-01-01", "chart": {"timeline": timeline}}


def test_a_crowded_picture_stays_small_and_leaves_nothing_out() -> None:
    document = document_of(crowded(150))
    shown = course(document, "2023-01-01", "2023-12-31")
    case = read(document.data["chart"], datetime.date(2023, 12, 31))
    assert case.chart is not None
    timeline = picture(shown, case.chart, Words(knowledge()))
    [adherence] = timeline.courses
    assert len(adherence.pieces) == 150 and "non adherent" in adherence.shades
    assert [mark.label for mark in timeline.marks] == ["diagnosis of autoimmune hepatitis: defi…"]
    repeated = [row for lane in timeline.lanes for row in lane.rows]
    assert max(len(row) for row in repeated) == 75  # each time it was said again
    svg = str(draw(timeline))
    height = float(re.search(r'viewBox="0 0 \d+ (\d+)"', svg).group(1))  # type: ignore[union-attr]
    assert height < 600
    assert svg.count("<circle") - svg.count('class="turn"') == 150
