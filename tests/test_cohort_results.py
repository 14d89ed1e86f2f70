"""Results are whole or not there: interrupted, on a full disk, resumed; and what people see."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from drawn_charts import knowledge
from golden import compare
from test_cli import ROOT, run

from hepatica.cohort import job as cohort_job
from hepatica.cohort import run as cohort_run
from hepatica.cohort.inputs import unreadable
from hepatica.cohort.synthesize import synthesize
from hepatica.cohort.write import Sink, has_room
from hepatica.diagnostics import Invalid
from hepatica.load import load
from hepatica.run import select

GOLDEN = ROOT / "tests" / "fixtures" / "golden" / "cohort"
CPIC = ("-g", "cpic_2018")
DEMO = ROOT / "tests" / "fixtures" / "diff" / "new"
SMALL = ("--knowledge", str(DEMO), "-g", "demo")


@pytest.fixture(autouse=True)
def one_knowledge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hepatica.cli.cohort.load", lambda root: knowledge())


def invented(number: int, seed: int = 1) -> pl.DataFrame:
    chosen = select(knowledge(), ["cpic_2018"])
    return pl.concat(synthesize(knowledge(), chosen, number, seed))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Three files, in folders by centre."""
    frame = invented(90)
    for i, centre in enumerate(("east", "north", "west")):
        folder = tmp_path / "table" / f"centre={centre}"
        folder.mkdir(parents=True)
        frame.slice(30 * i, 30).write_parquet(folder / "part.parquet")
    return tmp_path / "table"


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# --- folders, and doing only what is not done ------------------------------------------------


class Work(NamedTuple):
    out: Path
    args: tuple[str, ...]

    def done(self, **patched: Any) -> list[str]:
        """Run, and name the files that were answered."""
        answered: list[str] = []
        plain = cohort_job.answer

        def noted(job: Any, parts: Any, sink: Any, tick: Any) -> Any:
            answered.extend(Path(part.path).parent.name for part in parts)
            return plain(job, parts, sink, tick)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cohort_run, "answer", noted)
            result = run(*self.args)
        assert result.exit_code == 0, result.stderr
        return answered


@pytest.fixture
def work(table: Path, tmp_path: Path) -> Work:
    out = tmp_path / "out"
    args = ("cohort", str(table), *CPIC, "-o", f"{out}/", "--summary", str(tmp_path / "s.json"),
            "--by", "centre")  # fmt: skip
    return Work(out, args)


def test_a_rerun_does_only_what_is_not_done(work: Work, table: Path, tmp_path: Path) -> None:
    centres = ["centre=east", "centre=north", "centre=west"]
    assert work.done() == centres
    first, summed = everything_in(work.out), (tmp_path / "s.json").read_text()
    assert set(first) == {"_manifest.json", *(f"{c}/part.parquet" for c in centres)}
    assert json.loads(first["_manifest.json"])["hepatica.status"].startswith("experimental")
    assert work.done() == []
    assert everything_in(work.out) == first and (tmp_path / "s.json").read_text() == summed
    (work.out / "centre=north" / "part.parquet").unlink()
    assert work.done() == ["centre=north"]
    assert everything_in(work.out) == first and (tmp_path / "s.json").read_text() == summed
    changed = table / "centre=west" / "part.parquet"
    pl.read_parquet(changed).head(10).write_parquet(changed)
    assert work.done() == ["centre=west"]
    (table / "centre=east" / "part.parquet").unlink()
    assert work.done() == []
    assert set(everything_in(work.out)) == {
        "_manifest.json", "centre=north/part.parquet", "centre=west/part.parquet"
    }  # fmt: skip
    assert json.loads((tmp_path / "s.json").read_text())["patients"] == 40


def test_another_question_is_answered_afresh(work: Work) -> None:
    work.done()
    other = Work(work.out, (*work.args, "--shape", "wide"))
    assert len(other.done()) == 3
    assert len(work.done()) == 3


def test_a_run_that_stopped_goes_on_where_it_was(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = cohort_job.answer
    calls = []

    def breaking(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(*args)

    with monkeypatch.context() as patch:
        patch.setattr(cohort_run, "answer", breaking)
        result = run(*work.args)
    assert result.exit_code == 2 and "D319" in result.stderr
    assert set(everything_in(work.out)) == {"_manifest.json", "centre=east/part.parquet"}
    assert work.done() == ["centre=north", "centre=west"]
    whole = pl.scan_parquet(work.out / "**" / "*.parquet", hive_partitioning=False).collect()
    assert whole["patient"].n_unique() == 90


def test_a_file_that_cannot_be_read_after_all_leaves_the_others(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = cohort_job.answer

    def breaking(job: Any, parts: Any, sink: Any, tick: Any) -> Any:
        if "north" in parts[0].path:
            raise unreadable(parts[0], OSError("it has changed"))
        return plain(job, parts, sink, tick)

    with monkeypatch.context() as patch:
        patch.setattr(cohort_run, "answer", breaking)
        result = run(*work.args)
    assert result.exit_code == 2 and "D301" in result.stderr and "centre=north" in result.stderr
    assert "2 of 3 files were answered" in result.stderr
    made = set(everything_in(work.out))
    assert made == {"_manifest.json", "centre=east/part.parquet", "centre=west/part.parquet"}
    assert work.done() == ["centre=north"]


def test_a_manifest_that_is_no_manifest_is_not_believed(work: Work) -> None:
    work.done()
    for text in ("[]", "{"):
        (work.out / "_manifest.json").write_text(text)
        assert len(work.done()) == 3


# --- killed, full ----------------------------------------------------------------------------


def command(*args: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "engine")}
    return subprocess.Popen([sys.executable, str(ROOT / "cli.py"), *args], text=True,
                            stderr=subprocess.PIPE, env=environment, **options)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_nothing_half_written_has_the_name_of_the_result(
    tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "big.csv"
    process = command("cohort", "--synthesize", "100000000", *SMALL, "-o", str(out))
    limit = time.monotonic() + 60
    while not (found := list(tmp_path.glob(".*.part"))) or not found[0].stat().st_size:
        assert time.monotonic() < limit and process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert not out.exists()
    if number == signal.SIGKILL:
        assert len(list(tmp_path.iterdir())) == 1
        with Sink(str(out)) as sink:  # the next run clears away what the killed one left
            sink.write(pl.DataFrame({"a": [1]}))
        assert [p.name for p in tmp_path.iterdir()] == ["big.csv"]
    else:
        assert process.returncode == 2 and told.count("error[") == 1 and "D319" in told
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    read = load(DEMO)
    frame = pl.concat(synthesize(read, [read.guidelines["demo"]], 3000, 1))
    frame.write_parquet(tmp_path / "t.parquet")
    (tmp_path / "old.csv").write_text("what was there before\n")
    process = command(
        "cohort", str(tmp_path / "t.parquet"), *SMALL, "-o", str(tmp_path / "old.csv"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )  # fmt: skip
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2 and told.count("error[") == 1
    assert "D317" in told and "no room" in told
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old.csv", "t.parquet"]
    assert (tmp_path / "old.csv").read_text() == "what was there before\n"


def test_a_disk_that_is_surely_too_small_is_told_before(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: os.statvfs_result([0] * 10) and _Free())
    result = run("cohort", str(table), *CPIC, "-o", str(tmp_path / "out.parquet"))
    assert result.exit_code == 2 and "D317" in result.stderr and "are free" in result.stderr
    has_room(str(tmp_path / "small"), 10.0)
    with pytest.raises(Invalid):
        has_room(str(tmp_path / "not" / "there" / "yet"), 101.0)


class _Free:
    free = 100


def test_a_result_is_never_written_over_its_table(table: Path, tmp_path: Path) -> None:
    part = table / "centre=east" / "part.parquet"
    before = part.read_bytes()
    for out in (str(part), f"{part.parent}/"):
        result = run("cohort", str(table), *CPIC, "-o", out)
        assert result.exit_code == 2 and "D318" in result.stderr
    assert part.read_bytes() == before


@pytest.mark.parametrize("out", ["answers", "answers.xlsx", "no/such/folder/a.csv"])
def test_a_place_where_nothing_can_be_written_is_told(
    table: Path, tmp_path: Path, out: str
) -> None:
    result = run("cohort", str(table), *CPIC, "-o", str(tmp_path / out))
    assert result.exit_code == 2 and "D317" in result.stderr


def test_wrong_use_is_told(table: Path) -> None:
    assert run("cohort").exit_code == 2
    assert run("cohort", str(table)).exit_code == 2
    assert run("cohort", str(table), "-o", "x.csv", "--by", "centre").exit_code == 2
    assert run("cohort", "--synthesize", "3").exit_code == 2
    assert "N105" in run("cohort", str(table), "-g", "cpic", "-o", "x.csv").stderr


# --- what people see -------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    read = load(DEMO)
    monkeypatch.setattr("hepatica.cli.cohort.load", lambda root: read)
    frame = pl.concat(synthesize(read, [read.guidelines["demo"]], 40, 5))
    frame.with_columns(centre=pl.Series(["north", "south"] * 20)).write_parquet("t.pq")
    yield tmp_path


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_summary_as_people_see_it(small: Path, form: str, reset: bool) -> None:
    shown = run(
        "cohort", "t.pq", "-g", "demo", "--summary", "-", "--by", "centre", "--format", form
    )
    assert shown.exit_code == 0
    ending = {"text": "txt", "markdown": "md"}[form]
    compare(shown.stdout, GOLDEN / f"summary.{ending}", reset)


def test_the_summary_as_data_adds_up(small: Path) -> None:
    args = ("cohort", "t.pq", "-g", "demo", "--summary")
    whole = json.loads(run(*args, "-", "--format", "json").stdout)
    assert whole["patients"] == 40 and whole["synthetic"] and whole["guidelines"][0]["digest"]
    run(*args, "s.json", "--by", "centre")
    parts = json.loads(Path("s.json").read_text())
    assert [g["patients"] for g in parts["groups"]] == [20, 20]
    for line in whole["lines"]:
        assert sum(line["patients"].values()) == 40
        same = [p for p in parts["lines"] if p["statement"] == line["statement"]]
        for status, number in line["patients"].items():
            assert sum(p["patients"].get(status, 0) for p in same) == number


def test_an_interruption_that_polars_hears_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", interrupted)
    place = tmp_path / "out.parquet"
    with pytest.raises(KeyboardInterrupt), Sink(str(place)) as sink:
        for _ in range(5):
            sink.write(pl.DataFrame({"a": [1]}))
    assert not list(tmp_path.iterdir())
