"""Versions: patch, minor or major by construction; understated numbers; releases; bad clones."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("z3")

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_domain import EVERYONE, SMALL, small_guidelines
from strategies import guideline, knowledge, statement
from test_cli import run
from test_diff import reworded

from hepatica import ir
from hepatica.diff.data import Compared
from hepatica.diff.sides import compared
from hepatica.diff.versions import LEVELS, Level, Step, least_after, said, step
from hepatica.schema import fits
from hepatica.witness import Answerer, Concludes, Question, Status

FIXTURES = Path(__file__).parent / "fixtures" / "diff"
FLAGS = [ir.Leaf(f"flag_{i}", "is", (True,)) for i in range(3)]


def side(of: ir.Guideline, digest: str, facts: dict[str, ir.Fact] | None = None) -> Compared:
    of = ir.replace(of, digest=digest)
    return compared(of.id, knowledge(of, facts), of)


def between(
    one: ir.Guideline,
    two: ir.Guideline,
    old: dict[str, ir.Fact] | None = None,
    new: dict[str, ir.Fact] | None = None,
) -> Step:
    return step(side(one, "old", old), side(two, "new", new))


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "levels"),
    [
        ("0.1.0", {"none": "0.1.0", "patch": "0.1.1", "minor": "0.1.1", "major": "0.2.0"}),
        ("1.4.2", {"none": "1.4.2", "patch": "1.4.3", "minor": "1.5.0", "major": "2.0.0"}),
    ],
)
def test_the_lowest_number_that_suffices(version: str, levels: dict[Level, str]) -> None:
    assert {level: least_after(version, level) for level in LEVELS} == levels
    for level in ("minor", "major"):
        assert LEVELS.index(said(version, levels[level])) >= LEVELS.index(level)
    assert said(version, version) == "none" and said(version, "0.0.9") == "none"
    assert said("1.9.0", "1.10.0") == "minor"  # numbers, not text


# --- levels, by construction ---------------------------------------------------------------------

# Without shrinking: one example takes a second, so a failure would take minutes.
slow = settings(
    max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
TOLD: tuple[Question, ...] = (
    Status("g/t/r0", ("drug_a",)), Status("g/t/r0", ("drug_b",)), Status("g/t/r1"),
    Concludes("verdict_1", True), Concludes("stage", "s1"), Concludes("stage", "s2"),
)  # fmt: skip


@slow
@given(small_guidelines(), st.randoms(use_true_random=False))
def test_another_way_of_writing_is_a_patch(a: ir.Guideline, shuffle: random.Random) -> None:
    again = tuple(
        s if s.when is None else ir.replace(s, when=reworded(s.when, shuffle)) for s in a.statements
    )
    found = between(a, ir.replace(a, statements=again), SMALL, SMALL)
    assert found.needed == "patch" and not found.undecided
    assert {c.level for c in found.causes} == {"patch"}


@slow
@given(small_guidelines(), small_guidelines())
def test_no_patient_contradicts_a_level(a: ir.Guideline, b: ir.Guideline) -> None:
    found = between(a, b, SMALL, SMALL)
    drugs = knowledge(a, SMALL).interventions
    one, other = Answerer(a, SMALL, drugs), Answerer(b, SMALL, drugs)
    worst: Level = "none"
    for patient in EVERYONE[::7]:
        for question in TOLD:
            before, after = one.answer(question, patient), other.answer(question, patient)
            if before != after:
                nothing = "silent" if isinstance(question, Status) else "false"
                adds = before == nothing or (nothing == "false" and before != "true")
                worst = max(worst, "minor" if adds else "major", key=LEVELS.index)
    assert LEVELS.index(found.needed) >= LEVELS.index(worst)
    for cause in found.causes:  # and everything that is claimed has its patient
        assert cause.level == "patch" or cause.witness is not None
        if cause.witness is not None and cause.witness.shows == "difference":
            assert cause.witness.old.status != cause.witness.new.status


RECOMMEND = ir.Recommend("start", (("drug_a",),))
REC = statement("r", "recommendation", when=FLAGS[0], recommend=RECOMMEND)
AVOID = statement("c", "contraindication", when=FLAGS[1], avoid=ir.Avoid(classes=("cls",)))
DOSE = ir.Dose("drug_a", ir.Amount(1, 2, "mg/d"))
WIDER = ir.Any((FLAGS[0], ir.Leaf("flag_2", "is", (True,))))
OTHER = statement(
    "r2", "recommendation", when=FLAGS[2], recommend=ir.Recommend("test", (("drug_b",),))
)


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ([REC], [REC], "patch"),
        ([REC], [ir.replace(REC, text="other words")], "patch"),
        ([REC], [ir.replace(REC, id="g/t/renamed")], "patch"),
        ([REC], [REC, ir.replace(REC, id="g/t/again")], "patch"),
        ([REC], [REC, OTHER], "minor"),
        ([REC, OTHER], [REC], "major"),
        ([REC], [ir.replace(REC, when=WIDER)], "major"),  # contingent patients are told more, too
        ([ir.replace(REC, when=WIDER)], [REC], "major"),
        ([REC], [REC, AVOID], "major"),  # recommended before, blocked now
        ([OTHER], [OTHER, AVOID], "minor"),  # nothing that it could block
        ([OTHER, AVOID], [OTHER], "major"),
        ([REC], [ir.replace(REC, dose=(DOSE,))], "minor"),
        ([ir.replace(REC, dose=(DOSE,))], [REC], "major"),
        ([REC], [ir.replace(REC, grade=ir.Grade(strength="strong"))], "minor"),
        ([ir.replace(REC, grade=ir.Grade(strength="strong"))],
         [ir.replace(REC, grade=ir.Grade(strength="weak"))], "major"),
        ([ir.replace(REC, when=ir.All((FLAGS[0], ir.Not(FLAGS[0])))), OTHER],
         [ir.replace(REC, when=ir.All((FLAGS[0], ir.Not(FLAGS[0]))), dose=(DOSE,)), OTHER], None),
    ],
)  # fmt: skip
def test_a_known_change_has_its_level(
    old: list[ir.Statement], new: list[ir.Statement], level: Level | None
) -> None:
    found = between(guideline(old), guideline(new))
    if level is None:  # nobody is ever told it, but "unknown" patients wait for it
        assert LEVELS.index(found.needed) <= LEVELS.index("minor")
        return
    assert found.needed == level
    assert found.suffices == (found.new.guideline.version >= least_after("0.1.0", level))
    first = found.causes[0]
    assert first.level == level and (level == "patch" or first.witness is not None)


def test_whom_it_is_for_and_how_facts_are_described() -> None:
    assert between(guideline([REC]), guideline([REC], FLAGS[1])).needed == "major"
    asks = guideline([ir.replace(REC, when=ir.Leaf("number_0", "above", (1.0,)))])
    facts = knowledge(asks).facts
    number = facts["number_0"]
    for changed, level in (
        (ir.replace(number, range=(0, 10)), "major"),
        (ir.replace(number, range=(-1e4, 1e4)), "minor"),
        (ir.replace(number, unit="kg"), "major"),
        (ir.replace(number, title="another name"), "patch"),
    ):
        other = {**facts, "number_0": changed}
        assert between(asks, asks, facts, other).needed == level, changed


def test_what_was_not_decided_counts_as_major() -> None:
    a, b, c = FLAGS
    old = ir.replace(REC, when=ir.Any((ir.All((a, b)), ir.All((a, c)))))
    new = ir.replace(REC, when=ir.All((a, ir.Any((b, c)))))
    pair = side(guideline([old]), "old"), side(guideline([new]), "new")
    assert step(*pair).needed == "patch"
    late = step(*pair, seconds=0.0)
    assert late.needed == "major" and late.undecided and not late.suffices
    assert "not decided within 0 s" in late.causes[0].what


# --- the commands --------------------------------------------------------------------------------


def git(folder: Path, *args: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    subprocess.run(
        ["git", *who, *args], cwd=folder, check=True, capture_output=True, env=environment
    )


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository that released one guideline, and has changed it since."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    where = tmp_path / "repository"
    shutil.copytree(FIXTURES / "old", where / "knowledge")
    git(where, "init", "-q", "-b", "main")
    commit(where, "first")
    git(where, "tag", "demo@0.1.0")
    shutil.rmtree(where / "knowledge")
    shutil.copytree(FIXTURES / "new", where / "knowledge")
    commit(where, "changed")
    monkeypatch.chdir(where)
    return where


def number(where: Path, version: str) -> None:
    path = where / "knowledge" / "demo" / "guideline.yaml"
    path.write_text(re.sub(r"(?m)^version: .*$", f"version: {version}", path.read_text()))


HERE = ("--knowledge", "knowledge")


def test_a_number_that_is_too_low_is_refused(repository: Path) -> None:
    result = run("version", "demo", "--since", "0.1.0", *HERE)
    assert result.exit_code == 1 and "major" in result.stdout
    assert "should be at least 0.2.0" in result.stdout and "a patient" in result.stdout
    as_data = run("version", "demo", "--since", "0.1.0", "--format", "json", *HERE)
    found = json.loads(as_data.stdout)
    assert as_data.exit_code == 1 and fits(found, "version")
    assert (found["needed"], found["said"], found["least"]) == ("major", "none", "0.2.0")
    assert not found["suffices"] and found["old"]["asked"] == "demo@0.1.0" and found["seconds"]
    largest = [cause for cause in found["causes"] if cause["level"] == "major"]
    assert largest == found["causes"][: len(largest)] and any(c["witness"] for c in largest)
    for cause in largest:  # in text, too, all of these are shown
        assert f"major: {cause['what'][:40]}" in result.stdout
    linted = run("lint", "knowledge", "--since", "last-tag")
    found = [line for line in linted.stdout.splitlines() if "V201" in line]
    assert linted.exit_code == 1 and len(found) == 1 and "understates a major change" in found[0]
    assert "knowledge/demo/guideline.yaml:7:10" in linted.stdout
    assert "write at least 0.2.0" in linted.stdout
    assert "other: " not in linted.stderr or "other is new since" in linted.stderr
    number(repository, "0.2.0")
    assert run("version", "demo", "--since", "0.1.0", *HERE).exit_code == 0
    as_data = run("version", "demo", "--since", "0.1.0", "--format", "json", *HERE)
    found = json.loads(as_data.stdout)
    assert found["suffices"] and found["said"] == "major" and fits(found, "version")
    assert "V201" not in run("lint", "knowledge", "--since", "demo@0.1.0").stdout
    assert run("diff", "demo@0.1.0", "demo@demo@0.1.0", *HERE).exit_code == 0


def test_the_tag_of_the_guideline_itself_is_taken(repository: Path) -> None:
    number(repository, "0.2.0")
    commit(repository, "numbered")
    git(repository, "tag", "v9")
    git(repository, "tag", "other@0.1.0")
    # v9 is nearer, but the last release of demo is demo@0.1.0; other has one of its own.
    assert "V201" not in run("lint", "knowledge", "--since", "last-tag").stdout
    number(repository, "0.1.5")
    assert "V201" in run("lint", "knowledge", "--since", "last-tag").stdout
    git(repository, "tag", "-d", "demo@0.1.0")
    assert "understates" not in run("lint", "knowledge", "--since", "HEAD").stdout.replace(
        "`0.1.5` understates", ""
    )


def test_without_a_tag_or_a_repository_nothing_is_compared_and_that_is_said(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run("lint", "knowledge").exit_code
    git(repository, "tag", "-d", "demo@0.1.0")
    result = run("lint", "knowledge", "--since", "last-tag")
    assert result.exit_code == before and "V201" not in result.stdout
    assert "no tag can be reached from here" in result.stderr
    bare = tmp_path / "no_clone"
    shutil.copytree(repository / "knowledge", bare / "knowledge")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.chdir(bare)
    result = run("lint", "knowledge", "--since", "last-tag")
    assert result.exit_code == before and "there is no git repository here" in result.stderr
    result = run("version", "demo", "--since", "0.1.0", *HERE)
    assert result.exit_code == 2 and "V101" in result.stderr
    monkeypatch.setenv("PATH", str(bare))
    result = run("release", "demo", *HERE)
    assert result.exit_code == 2 and "git is not installed here" in result.stderr


def test_a_shallow_clone_is_told_how_to_fetch_the_rest(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    result = run("version", "demo", "--since", "0.1.0", *HERE)
    assert result.exit_code == 2 and "V102" in result.stderr and "--unshallow" in result.stderr
    result = run("lint", "knowledge", "--since", "last-tag")
    assert "this clone is shallow" in result.stderr and "V201" not in result.stdout


def test_a_last_release_that_is_refused_today_is_a_note(repository: Path) -> None:
    git(repository, "tag", "-d", "demo@0.1.0")
    path = repository / "knowledge" / "demo" / "severe" / "count.yaml"
    sound = path.read_text()
    path.write_text(sound.replace("fact: severe", "fact: severed"))
    commit(repository, "wrong")
    git(repository, "tag", "demo@0.1.0")
    path.write_text(sound)
    before = run("lint", "knowledge").exit_code
    result = run("lint", "knowledge", "--since", "last-tag")
    assert result.exit_code == before and "note[V202]" in result.stdout
    assert run("lint", "knowledge", "--since", "demo@0.1.0").exit_code == 2


def test_a_release_is_checked_and_its_tag_is_printed(repository: Path) -> None:
    demo = repository / "knowledge" / "demo"
    result = run("release", "demo", *HERE)
    assert result.exit_code == 1 and "the changelog has no entry for 0.1.0" in result.stdout
    assert "should be at least 0.2.0" in result.stdout and "not ready" in result.stdout
    assert "affects, for one, a patient with" in result.stdout
    number(repository, "0.2.0")
    changelog = demo / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## 0.2.0 – unreleased\n\nChanges.\n\n## 0.1.0\n")
    assert "calls 0.2.0 unreleased" in run("release", "demo", *HERE).stdout
    changelog.write_text("# Changelog\n\n## 0.2.0 – 2025-09-01\n\nChanges.\n")
    assert "C105" not in run("release", "demo", *HERE).stdout


def test_a_ready_release_of_a_shipped_guideline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path(__file__).resolve().parents[1] / "knowledge"
    for name in ("facts", "interventions.yaml", "iaihg_2008"):
        source = shipped / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / "knowledge" / name
            if source.is_dir() else _parent(tmp_path / "knowledge" / name))  # fmt: skip
    monkeypatch.chdir(tmp_path)
    changelog = tmp_path / "knowledge" / "iaihg_2008" / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## 0.1.0 – 2025-09-01\n")
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "first")
    result = run("release", "iaihg_2008", *HERE)
    assert result.exit_code == 0, result.stdout + result.stderr
    assert "is the first release" in result.stdout
    assert "git tag iaihg_2008@0.1.0" in result.stdout
    git(tmp_path, "tag", "iaihg_2008@0.1.0")
    again = run("release", "iaihg_2008", *HERE)
    assert again.exit_code == 1 and "nothing to release" in again.stdout


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
