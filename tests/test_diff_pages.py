"""Comparisons as people meet them: pages, the command, revisions of git, bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from click.testing import Result
from golden import compare as golden
from test_cli import run as command

import hepatica
from hepatica.case_files import documents
from hepatica.diff import Diff, Finder, compare, to_json
from hepatica.diff.answers import STATUSES
from hepatica.diff.data import VERDICTS, Relation
from hepatica.ir import replace
from hepatica.report import comparison_pages
from hepatica.report.comparison import comparison_view
from hepatica.report.comparison_data import ComparisonView
from hepatica.report.comparison_text import ComparisonPage
from hepatica.report.text import Terminal
from hepatica.schema import fits
from hepatica.source import Document
from hepatica.words import Words

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = Path(__file__).parent / "fixtures" / "diff"
GOLDEN = Path(__file__).parent / "fixtures" / "golden" / "diff"
CASES = Path(__file__).parent / "fixtures" / "cases"
_STATUS_ROWS = {
    "recommendation": "recommendation",
    "contraindication or caution": "avoid",
    "conclusion": "conclusion",
}
FORMS = ("text", "json", "markdown", "html")


def run(*args: str, stdin: str | None = None) -> Result:
    return command("diff", *args, stdin=stdin)


def shown(old: str, new: str, *cases: str, root: Path | None = None) -> tuple[Diff, ComparisonView]:
    finder = Finder(root)
    sides = finder.find(old), finder.find(new)
    read = [d for path in cases for d in documents(path) if isinstance(d, Document)]
    diff = compare(*sides, read)
    return diff, comparison_view(diff, *(Words(side.knowledge) for side in sides))


def drawn(view: ComparisonView, width: int = 80, *, full: bool = False) -> str:
    return ComparisonPage(view, Terminal(width, full=full)).page()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES)


@pytest.mark.usefixtures("here")
def test_two_versions(reset: bool) -> None:
    diff, view = shown("old/demo", "new/demo", "cases")
    assert diff.versions and not diff.same
    assert fits(json.loads(to_json(diff)), "diff")
    golden(drawn(view), GOLDEN / "versions.80.txt", reset)
    golden(drawn(view, 120), GOLDEN / "versions.120.txt", reset)
    golden(comparison_pages.markdown(view), GOLDEN / "versions.md", reset)
    golden(comparison_pages.html(view), GOLDEN / "versions.html", reset)


@pytest.mark.usefixtures("here")
def test_two_publishers(reset: bool) -> None:
    diff, view = shown("demo", "other", "cases", root=Path("new"))
    assert not diff.versions
    golden(drawn(view, full=True), GOLDEN / "publishers.80.txt", reset)
    for text in (drawn(view), comparison_pages.markdown(view), comparison_pages.html(view)):
        assert "not sourced" in text


@pytest.fixture(scope="module")
def shipped() -> tuple[Diff, ComparisonView]:
    names = ("underexposure_adherence_unknown", "acute_severe_few_facts")
    return shown("easl_2025", "aasld_2019", *(str(CASES / f"{name}.yaml") for name in names))


def test_the_shipped_pair_renders_in_every_form(shipped: tuple[Diff, ComparisonView]) -> None:
    diff, view = shipped
    data = json.loads(to_json(diff))
    assert fits(data, "diff") and sum(diff.counts.values()) == len(diff.pairs)
    pages = [drawn(view, w, full=f) for w in (40, 80, 120) for f in (False, True)]
    pages += [comparison_pages.markdown(view), comparison_pages.html(view)]
    assert all(
        max(map(len, page.splitlines())) <= min(width, 110)
        for page, width in zip(pages, (40, 40, 80, 80, 120, 120), strict=False)
    )
    for page in (pages[3], *pages[-2:]):
        squeezed = re.sub(r"\s+", "", page)
        for pair in diff.pairs:
            assert all(name in squeezed for name in pair.names if name), pair.names
    assert "<script" not in pages[-1] and pages[-1].endswith("</html>\n")


def test_every_statement_of_the_shipped_pair_stands_once(
    shipped: tuple[Diff, ComparisonView],
) -> None:
    diff, _ = shipped
    knowledge = hepatica.load()
    for side, name in enumerate(("easl_2025", "aasld_2019")):
        every = sorted(s.id for s in knowledge.guidelines[name].statements if s.status != "retired")
        assert sorted(n for n in (p.names[side] for p in diff.pairs) if n) == every


def test_what_only_one_side_was_sourced_for_is_never_silent(
    shipped: tuple[Diff, ComparisonView],
) -> None:
    diff, view = shipped
    alone = [p for topic in view.topics for p in topic.pairs if p.old is None or p.new is None]
    assert alone and all(p.absent == "not sourced" for p in alone)
    for case in diff.cases:
        for answer in case.answers:
            for name, reason in (
                (answer.old_statement, answer.old), (answer.new_statement, answer.new),
            ):  # fmt: skip
                if name is None:
                    assert reason.status in ("not sourced", "given")


def test_colour_repeats_what_marks_say(shipped: tuple[Diff, ComparisonView]) -> None:
    _, view = shipped
    coloured = ComparisonPage(view, Terminal(80, colour=True)).page()
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == drawn(view)


def test_a_hostile_text_stays_text(tmp_path: Path) -> None:
    for name in ("old", "new"):
        shutil.copytree(FIXTURES / name, tmp_path / name)
    path = tmp_path / "new" / "demo" / "second_line" / "switch.yaml"
    hostile = '"<img src=x onerror=alert(1)> [a](javascript:x) | {{ 97*997 }}"'
    path.write_text(path.read_text().replace("Tacrolimus instead.", hostile))
    _, view = shown(str(tmp_path / "old" / "demo"), str(tmp_path / "new" / "demo"))
    assert "<img" not in comparison_pages.html(view) and "96709" not in comparison_pages.html(view)
    text = comparison_pages.markdown(view)
    assert "\\<img" in text and "\\[a\\]" in text and "x) \\|" in text


@pytest.mark.usefixtures("here")
def test_a_proof_has_its_place_on_the_page() -> None:
    diff, _ = shown("old/demo", "new/demo")
    [pair] = [p for p in diff.pairs if p.old and p.old.statement == "demo/definitions/severe"]
    assert pair.condition
    proved = replace(pair.condition, basis="proved", patient={"inr": 1.8, "jaundice": False})
    changed = replace(diff, pairs=(replace(pair, condition=proved),))
    words = [Words(Finder().find(name).knowledge) for name in ("old/demo", "new/demo")]
    [told] = comparison_view(changed, words[0], words[1]).topics[0].pairs
    assert told.said.startswith("proved: new asks more")
    assert told.said.endswith("they differ for a patient with INR: 1.8; jaundice: no")
    assert fits(json.loads(to_json(changed)), "diff")


def test_the_documentation_names_every_verdict_relation_and_status() -> None:
    text = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    cells = [re.split(r" \| ", row.strip("| ")) for row in re.findall(r"^\|.*\|$", text, re.M)]
    named = {name for row in cells for name in row[0].split(", ")}
    assert {*VERDICTS, *get_args(Relation)} <= named
    rows = {row[0]: row[1] for row in cells if row[0] in _STATUS_ROWS}
    for name, kind in _STATUS_ROWS.items():
        said = rows[name].replace(" (by the clinician)", "")
        assert tuple(said.split(", ")) == STATUSES[kind]


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("here")
def test_exit_codes_and_forms() -> None:
    assert run("old/demo", "old/demo").exit_code == 0
    for form in FORMS:
        result = run("old/demo", "new/demo", "--case", "cases", "--format", form)
        assert result.exit_code == 1 and "demo/second_line/switch" in result.stdout
        again = run("old/demo", "new/demo", "--case", "cases", "--format", form)
        assert again.stdout == result.stdout
    data = json.loads(run("old/demo", "new/demo", "--format", "json").stdout)
    assert fits(data, "diff") and data["cases"] == []


@pytest.mark.usefixtures("here")
def test_cases_from_files_folders_and_standard_input() -> None:
    text = Path("cases/jaundiced.yaml").read_text()
    args = ("old/demo", "new/demo", "--format", "json", "--case")
    found = json.loads(run(*args, "-", "--case", "cases", stdin=text).stdout)["cases"]
    assert [c["case"] for c in found] == ["jaundiced", "early", "jaundiced"]
    assert run(*args, "nowhere.yaml").exit_code == 2


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("demo", "unknown guideline `demo`"),
        ("easl_2052", "did you mean `easl_2025`?"),
        ("old/demi", "`old/demi` is not the folder of a guideline"),
        ("old", "unknown guideline `old`"),
        ("demo@no_such_revision", "V102"),
        ("demo@--help", "V102"),
        ("demo@", "V102"),
    ],
)
def test_a_side_that_is_not_there_is_one_clear_error(asked: str, told: str) -> None:
    result = run(asked, "easl_2025")
    assert result.exit_code == 2 and told in result.stderr
    assert result.stderr.count("error[") == 1 and "help:" in result.stderr


def test_the_python_function_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES)
    found = hepatica.diff("old/demo", "new/demo", cases=["cases/early.yaml"])
    assert isinstance(found, hepatica.Diff) and len(found.cases) == 1
    old, new = Finder().find("old/demo"), Finder().find("new/demo")
    assert hepatica.diff("demo", "demo", old.knowledge).same
    assert compare(old, new).pairs == found.pairs


# --- git -----------------------------------------------------------------------------------------


def git(folder: Path, *args: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    subprocess.run(
        ["git", *who, *args], cwd=folder, check=True, capture_output=True, env=environment
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository whose first commit holds the old version, its second the new one."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git(tmp_path, "init", "-q", "-b", "main")
    for tag, name in (("v1", "old"), ("v2", "new")):
        shutil.rmtree(tmp_path / "knowledge", ignore_errors=True)
        shutil.copytree(FIXTURES / name, tmp_path / "knowledge")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", tag)
        git(tmp_path, "tag", tag)
    git(tmp_path, "rm", "-rq", "knowledge")
    git(tmp_path, "commit", "-q", "-m", "empty", "--allow-empty")
    git(tmp_path, "tag", "v3")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_revisions_are_read_as_git_holds_them(repository: Path) -> None:
    by_path = compare(Finder().find(str(FIXTURES / "old/demo")),
                      Finder().find(str(FIXTURES / "new/demo")))  # fmt: skip
    found = hepatica.diff("demo@v1", "demo@v2")
    assert found.pairs == by_path.pairs and found.counts == by_path.counts
    assert found.old.digest == by_path.old.digest and len(found.old.revision or "") == 40
    assert hepatica.diff("demo@v2", "demo@HEAD~1").same
    assert not (repository / "knowledge").exists()


def test_a_revision_is_read_from_a_folder_below_and_by_the_name_of_a_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "mv", "-k", "knowledge", "rules")
    shutil.copytree(FIXTURES / "old", repository / "deep" / "rules")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "deep")
    git(repository, "tag", "v4")
    assert run("demo@v4", "demo@v4", "--knowledge", "deep/rules").exit_code == 0
    monkeypatch.chdir(repository / "deep")
    assert run("demo@v1", "demo@v2").exit_code == 1
    assert run("demo@v4", "demo@v4", "--knowledge", "rules").exit_code == 0


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        ("demo@v9", "V102", "unknown revision `v9`"),
        ("demos@v1", "V103", "did you mean `demo`?"),
        ("demo@v3", "V103", "`v3` has no knowledge folder `knowledge`"),
    ],
)
def test_what_a_revision_does_not_hold(repository: Path, asked: str, code: str, told: str) -> None:
    result = run(asked, "demo@v1")
    assert result.exit_code == 2 and code in result.stderr and told in result.stderr


def test_where_git_or_a_repository_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = run("demo@v1", "easl_2025")
    assert (
        result.exit_code == 2 and "V101" in result.stderr and "no git repository" in result.stderr
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("demo@v1", "easl_2025")
    assert result.exit_code == 2 and "git is not installed here" in result.stderr


def test_a_revision_that_is_not_sound_tells_its_errors(repository: Path) -> None:
    shutil.copytree(FIXTURES / "old", repository / "knowledge")
    path = repository / "knowledge" / "demo" / "severe" / "count.yaml"
    path.write_text(path.read_text().replace("fact: severe", "fact: severed"))
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "wrong")
    result = run("demo@HEAD", "demo@v1")
    assert result.exit_code == 2 and "did you mean `severe`?" in result.stderr
    assert "HEAD:knowledge/demo/severe/count.yaml" in result.stderr


def test_another_guideline_of_a_revision_may_be_unsound(repository: Path) -> None:
    shutil.copytree(FIXTURES / "new", repository / "knowledge")
    path = repository / "knowledge" / "other" / "first_line" / "count.yaml"
    path.write_text(path.read_text().replace("fact: drugs", "fact: drags"))
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "wrong")
    assert run("demo@HEAD", "demo@v2").exit_code == 0
    assert run("other@HEAD", "demo@v2").exit_code == 2
