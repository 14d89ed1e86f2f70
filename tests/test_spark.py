"""Many machines give what one gives, to the row, and losing one of them changes nothing.

A real cluster: two executors, each a process of its own. It is started once for all of this.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet
import pytest
from drawn_charts import knowledge
from test_cli import run as cli
from test_cohort import guidelines, write_parquet
from test_cohort_results import DEMO, SMALL
from test_cohort_results import command as start

from hepatica import ir
from hepatica.cohort.answers import Answerer
from hepatica.cohort.check import Check, check
from hepatica.cohort.inputs import open_table
from hepatica.cohort.job import Job
from hepatica.cohort.mapping import Mapping, plain_mapping, read_mapping
from hepatica.cohort.reading import Reading
from hepatica.cohort.run import MANIFEST, count
from hepatica.cohort.spark import run
from hepatica.cohort.spark import session as sessions
from hepatica.cohort.spark.files import Output, read
from hepatica.cohort.spark.patients import Patients
from hepatica.cohort.spark.session import need_spark, session
from hepatica.cohort.synthesize import synthesize
from hepatica.diagnostics import Invalid
from hepatica.load import load

MASTER = "local-cluster[2,1,1024]"
KEY = ["patient", "guideline", "statement"]
# Spark's own: sockets that it leaves to the end of the process.
pytestmark = [
    pytest.mark.spark, pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip


def need_spark_or_skip() -> None:
    try:
        need_spark()
    except Invalid as error:
        pytest.skip(error.diagnostics[0].message)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    need_spark_or_skip()
    settings = {"spark.sql.shuffle.partitions": "4"}
    with session(MASTER, tmp_path_factory.mktemp("spark"), settings) as started:
        yield started


def embedded(
    path: Path, asked: list[ir.Guideline], mapping: Mapping | None = None, *, shape: Any = "long"
) -> pl.DataFrame:
    reading = reading_of(path, mapping)
    answerer = Answerer(knowledge(), asked, shape=shape, keep=reading.keep, sums=False)
    return plain(answerer.answer(reading.usable(clean=True).collect()).rows)


def reading_of(path: Path, mapping: Mapping | None = None) -> Reading:
    table = open_table([str(path)])
    return Reading(table, mapping or plain_mapping(table.columns, knowledge().facts),
                   knowledge().facts)  # fmt: skip


def plain(frame: pl.DataFrame | None) -> pl.DataFrame:
    assert frame is not None
    lists = [c for c, t in frame.schema.items() if isinstance(t, pl.List)]
    found = frame.with_columns(pl.col(pl.Enum).cast(pl.String))
    return found.with_columns(pl.col(name).cast(pl.List(pl.String)) for name in lists)


def here(frame: Any) -> pl.DataFrame:
    found = pl.from_arrow(frame.toArrow())
    assert isinstance(found, pl.DataFrame)
    return found


def same(one: pl.DataFrame, other: pl.DataFrame) -> None:
    assert one.columns == other.columns
    key = [name for name in KEY if name in one.columns]
    left, right = one.sort(key), other.sort(key)
    assert len(left) == len(right)
    for name in one.columns:
        assert left[name].to_list() == right[name].to_list(), name


def told(error: Invalid) -> str:
    return "\n".join(f"{d.code} {d.message} = {d.help}" for d in error.diagnostics)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping]:
    table, file = write_parquet(tmp_path_factory.mktemp("cases"))
    return table, read_mapping(file, knowledge().facts)


def test_every_case_is_answered_as_on_one_machine(spark: Any, cases: tuple[Path, Mapping]) -> None:
    path, mapping = cases
    frame = spark.read.parquet(str(path)).repartition(2)
    every = run(spark, frame, knowledge(), guidelines(), mapping=mapping)
    same(here(every), embedded(path, guidelines(), mapping))
    some = guidelines()[:2]
    asked = Patients(spark, frame, knowledge(), some, mapping=mapping, shape="wide")
    same(here(asked.answers()), embedded(path, some, mapping, shape="wide"))
    reading = reading_of(path, mapping)
    one = count(Job(reading, check(reading), Answerer(knowledge(), some, shape=None), {}))
    many = asked.count()
    assert many.patients == one.patients
    for left, right in ((many.counts, one.counts), (many.missing, one.missing)):
        assert sorted(left.iter_rows()) == sorted(right.iter_rows())


def test_the_plan_has_no_shuffle(spark: Any, cases: tuple[Path, Mapping]) -> None:
    path, mapping = cases
    answers = run(
        spark, spark.read.parquet(str(path)), knowledge(), guidelines()[:1], mapping=mapping
    )
    plan = answers._jdf.queryExecution().executedPlan().toString()
    assert "MapInArrow" in plan and "Exchange" not in plan
    assert "Batched: true" in plan  # Parquet is read column by column, however many there are


CSV = '''ID,CENTRE,SEX,ALT_X,K,DRUGS
a,Leeds,F,4.9,"3,5",AZA;PRED
b,"Turin, ""old""",M,2025,,none
c,Leeds,X,1,,AZA;WHAT
d,"two
lines",F,,,
d,Leeds,F,1,,
'''
MAP = """patient: ID
keep: [CENTRE]
facts:
  sex: {column: SEX, codes: {"F": female, "M": male}}
  alt_multiple: ALT_X
  igg: {column: K, unit: as_written}
  current_drugs: {column: DRUGS, separator: ";", empty: [none],
                  codes: {AZA: azathioprine, PRED: prednisolone}}
"""


def bad_table(folder: Path) -> tuple[Path, Path]:
    (folder / "bad.csv").write_text(CSV)
    (folder / "map.yaml").write_text(MAP)
    return folder / "bad.csv", folder / "map.yaml"


def without_rows(found: Check) -> Any:
    return [(p.code, p.fact, p.column, p.what, p.help, p.rows, p.cells) for p in found.problems]


def test_the_check_is_that_of_one_machine(spark: Any, tmp_path: Path) -> None:
    path, file = bad_table(tmp_path)
    mapping = read_mapping(file, knowledge().facts)
    one_reading = reading_of(path, mapping)
    one = check(one_reading)
    source = read(spark, [str(path)])
    asked = Patients(spark, source.frame, knowledge(), guidelines()[:1], mapping=mapping)
    many = asked.check()
    assert without_rows(many) == without_rows(one)
    assert {p.code for p in many.problems} >= {"D306", "D307", "D308", "D310"}
    assert (many.rows, many.unusable, many.facts) == (one.rows, one.unusable, one.facts)
    answered = here(asked.answers())["patient"].unique().to_list()
    rejected = here(asked.rejects())
    assert sorted([*answered, *rejected["ID"]]) == ["a", "b", "c", "d", "d"] and not answered
    frame = one_reading.patients().filter(one_reading.is_trouble())
    right = frame.select(one_reading.rejected()).collect()
    assert sorted(map(str, rejected.iter_rows())) == sorted(map(str, right.iter_rows()))
    with pytest.raises(Invalid, match="D306"):
        run(spark, source.frame, knowledge(), guidelines()[:1], mapping=mapping)


def test_a_line_of_a_csv_that_is_too_short_stops_the_run(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("patient,sex,alt_multiple\na,female,1\nb,male\n")
    asked = Patients(
        spark, read(spark, [str(tmp_path / "short.csv")]).frame, knowledge(), guidelines()[:1]
    )
    with pytest.raises(Invalid) as error:
        asked.check()
    assert told(error.value).startswith("D301 Spark cannot read")


def test_folders_are_columns_and_text(spark: Any, tmp_path: Path) -> None:
    for centre in ("01", "a*b [c]"):
        (tmp_path / "t" / f"centre={centre}").mkdir(parents=True)
        frame = pl.DataFrame({"patient": [f"p {centre}"], "sex": ["female"]})
        frame.write_parquet(tmp_path / "t" / f"centre={centre}" / "x y.parquet")
    found = read(spark, [str(tmp_path / "t")]).frame
    assert sorted(row["centre"] for row in found.collect()) == ["01", "a*b [c]"]


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def command(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line use the cluster that is there, and not stop it."""
    monkeypatch.setattr(sessions, "session", lambda *a, **k: contextlib.nullcontext(spark))


@pytest.mark.usefixtures("command")
def test_the_command_writes_a_folder_whole(spark: Any, tmp_path: Path) -> None:
    table = tmp_path / "invented.parquet"
    pl.concat(synthesize(knowledge(), guidelines()[:1], 300, 3, 0.3)).write_parquet(table)
    name = guidelines()[0].id
    one = ("cohort", str(table), "-g", name)
    many = (*one, "--on", MASTER)
    out = tmp_path / "out"
    assert cli(*one, "-o", str(tmp_path / "one.parquet"), "--by", "synthetic",
               "--summary", str(tmp_path / "1.json")).exit_code == 0  # fmt: skip
    found = cli(*many, "-o", f"{out}/", "--by", "synthetic", "--summary", str(tmp_path / "2.json"))
    assert found.exit_code == 0, found.output
    assert "300 patients, " in found.stderr
    same(pl.read_parquet(out / "*.parquet"), plain(pl.read_parquet(tmp_path / "one.parquet")))
    summaries = [json.loads((tmp_path / f"{i}.json").read_text()) for i in (1, 2)]
    assert summaries[0] == summaries[1]
    manifest = json.loads((out / MANIFEST).read_text())
    assert manifest["patients"] == 300 and name in manifest["hepatica.guidelines"]
    file = next(out.glob("*.parquet"))
    metadata = pyarrow.parquet.read_schema(file).metadata
    inside = metadata[b"org.apache.spark.sql.parquet.row.metadata"]
    assert guidelines()[0].digest in inside.decode() and "experimental" in inside.decode()
    # A second run replaces the first; one that fails leaves it, and nothing else.
    assert cli(*many, "--shape", "wide", "-o", str(out)).exit_code == 0
    assert json.loads((out / MANIFEST).read_text())["hepatica.shape"] == "wide"
    source = spark.read.parquet(str(table))
    with pytest.raises(Invalid, match="E108"):
        Output(spark, str(out), source).write(source.select("patient"), {}, 299)
    assert json.loads((out / MANIFEST).read_text())["hepatica.shape"] == "wide"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "1.json", "2.json", "invented.parquet", "one.parquet", "out",
    ]  # fmt: skip


@pytest.mark.usefixtures("command")
def test_the_command_says_what_cannot_be(spark: Any, tmp_path: Path) -> None:
    path, file = bad_table(tmp_path)
    asked = ("cohort", str(path), "--map", str(file), "--on", MASTER, "-g", "easl_2025")
    found = cli(*asked, "-o", str(tmp_path / "out"))
    assert found.exit_code == 2 and "nothing was answered" in found.stderr
    assert "D307" in found.stderr
    assert not (tmp_path / "out").exists()
    found = cli(*asked, "-o", str(tmp_path / "out"), "--rejects", str(tmp_path / "no"))
    assert found.exit_code == 0 and "5 rows of 5 cannot be used" in found.stderr
    assert len(pl.read_parquet(tmp_path / "no" / "*.parquet")) == 5
    for out, code in (("a.parquet", "D317"), ("", "D318"), ("..", "D318")):
        found = cli(*asked, "-o", str(tmp_path / out))
        assert found.exit_code == 2 and code in found.stderr, out
    found = cli("cohort", str(tmp_path / "x.ndjson"), "--on", MASTER, "-o", str(tmp_path / "o"))
    assert found.exit_code == 2 and "Y111" in found.stderr
    (tmp_path / "x.ndjson").write_text('{"patient": "a", "sex": "male"}\n')
    found = cli("cohort", str(tmp_path / "x.ndjson"), "--on", MASTER, "-o", str(tmp_path / "o"))
    assert found.exit_code == 2 and "not read on many machines" in found.stderr


# --- trouble of machines ---------------------------------------------------------------------


def test_executors_without_what_they_need_are_told_of(spark: Any, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    (tmp_path / "t.csv").write_text("patient,sex\na,female\n")
    frame = read(spark, [str(tmp_path / "t.csv")]).frame
    context = spark.sparkContext
    before = context.pythonExec
    try:
        for python, said in (
            (str(bare / "bin" / "python"), "E107 the executors' Python has no `"),
            (str(tmp_path / "nowhere"), "E107 executors have no Python at `"),
        ):
            context.pythonExec = python
            with pytest.raises(Invalid) as error:
                Patients(spark, frame, knowledge(), guidelines()[:1]).check()
            assert told(error.value).startswith(said)
    finally:
        context.pythonExec = before


def running(spark: Any) -> set[tuple[int, int]]:
    """Find the processes of the cluster: of each executor, and of a worker of Python under it."""

    def where(batches: Any) -> Any:
        import os
        from pathlib import Path

        import pyarrow

        for _ in batches:
            parent = Path(f"/proc/{os.getppid()}/status").read_text().split("PPid:")[1].split()[0]
            found = {"executor": [int(parent)], "worker": [os.getpid()]}
            yield pyarrow.RecordBatch.from_pydict(found)

    schema = "executor long, worker long"
    found = spark.range(64, numPartitions=16).mapInArrow(where, schema).collect()
    return {(row[0], row[1]) for row in found}


def parent_of(process: int) -> int:
    """Give the process that started another."""
    return int(Path(f"/proc/{process}/status").read_text().split("PPid:")[1].split()[0])


def child_of(parent: int) -> int:
    """Give a process that another has started, once there is one."""
    found: list[int] = []

    def look() -> bool:
        for process in (int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()):
            with contextlib.suppress(OSError):
                if parent_of(process) == parent:
                    found.append(process)
        return bool(found)

    assert until(look, 20)
    return found[0]


def stages(spark: Any) -> list[Any]:
    tracker = spark.sparkContext.statusTracker()
    found = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    return [stage for stage in found if stage]


def busy(spark: Any) -> bool:
    """Say whether a stage has some tasks done, and some to do."""
    return any(0 < s.numCompletedTasks < s.numTasks - 4 for s in stages(spark))


def until(what: Any, seconds: float = 200.0) -> bool:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(scope="module")
def invented(
    spark: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Patients, pl.DataFrame]:
    """Patients in sixteen parts, and their answers as one machine gives them."""
    easl = [knowledge().guidelines["easl_2025"]]
    table = tmp_path_factory.mktemp("invented") / "invented.parquet"
    pl.concat(synthesize(knowledge(), easl, 2_000, 5, 0.2)).write_parquet(table)
    frame = spark.read.parquet(str(table)).repartition(16)
    asked = Patients(spark, frame, knowledge(), easl)
    assert asked.check().rows == 2_000
    return table, asked, embedded(table, easl)


@pytest.mark.parametrize("kind", ["worker", "executor"])
def test_a_process_killed_in_mid_run_loses_and_doubles_nothing(
    spark: Any, invented: tuple[Path, Patients, pl.DataFrame], tmp_path: Path, kind: str
) -> None:
    """Python under an executor, whose tasks another does; and an executor itself."""
    _, asked, expected = invented
    executor, worker = min(running(spark))
    daemon = parent_of(worker)
    victims: list[int] = []
    output = Output(spark, str(tmp_path / "out"), asked.frame)
    seen: list[bool] = []

    def kill() -> None:
        seen.append(until(lambda: busy(spark)))
        while not seen[1:] and busy(spark):
            victims.append(executor if kind == "executor" else child_of(daemon))
            os.kill(victims[-1], signal.SIGKILL)
            # A worker between two parts has nothing to lose: then it is another one's turn.
            if until(lambda: any(s.numFailedTasks for s in stages(spark)),
                     60 if kind == "executor" else 1):  # fmt: skip
                seen.append(True)

    killer = threading.Thread(target=kill)
    killer.start()
    output.write(asked.answers(), asked.told(), 2_000, "kind = 'applies'")
    killer.join()
    assert seen == [True, True]  # it was in the middle of a part, which was done again
    assert not any(Path(f"/proc/{victim}").exists() for victim in victims)
    found = pl.read_parquet(tmp_path / "out" / "*.parquet")
    assert not found.select(KEY).is_duplicated().any()
    same(found, expected)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert asked.count().patients == 2_000


# --- interrupted -----------------------------------------------------------------------------


def of_session(leader: int) -> dict[int, list[str]]:
    """Give the command lines of all processes of a session."""
    found = {}
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and os.getsid(int(process.name)) == leader:
                line = (process / "cmdline").read_bytes().decode()
                found[int(process.name)] = line.split("\0")
    return {process: line for process, line in found.items() if any(line)}


@pytest.mark.parametrize(
    ("number", "whom", "code"),
    [
        (signal.SIGINT, "all", "D319"),  # as a terminal does: everyone in it hears Ctrl-C
        (signal.SIGTERM, "all", "D319"),  # as timeout(1) does: Java is gone before we can ask it
        (signal.SIGKILL, "java", "E108"),
    ],
)
def test_interrupted_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, whom: str, code: str
) -> None:
    need_spark_or_skip()
    table, out, scratch = tmp_path / "t.parquet", tmp_path / "o" / "out", tmp_path / "scratch"
    read = load(DEMO)
    pl.concat(synthesize(read, [read.guidelines["demo"]], 100_000, 1)).write_parquet(table)
    out.mkdir(parents=True)
    scratch.mkdir()
    (out / MANIFEST).write_text("{}")  # an earlier result
    monkeypatch.setenv("TMPDIR", str(scratch))
    process = start(
        "cohort", str(table), *SMALL, "-o", str(out), "--on", "local-cluster[1,1,1024]",
        stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert until(lambda: process.poll() is not None or [*out.parent.glob(".*.part/_temporary")])
    assert process.poll() is None, process.communicate()
    java = min(p for p, line in of_session(process.pid).items() if line[0].endswith("java"))
    if whom == "java":
        os.kill(java, number)
    else:
        os.killpg(process.pid, number)
    said, told = process.communicate(timeout=200)
    assert process.returncode == 2 and not said
    assert told.count("error[") == 1 and code in told and "Traceback" not in told, told
    assert [p.name for p in out.parent.iterdir()] == ["out"]
    assert [p.name for p in out.iterdir()] == [MANIFEST]
    assert until(lambda: not of_session(process.pid))
    assert list(out.parent.iterdir()) == [out] and [p.name for p in out.iterdir()] == [MANIFEST]
    if whom != "java":  # Java's own scratch is cleared away by Java
        assert list(scratch.iterdir()) == []
