"""What a Spark run lacks is told at once, in one sentence; none of this needs Spark."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from hepatica.cohort.spark import session
from hepatica.cohort.spark.errors import told_by_spark
from hepatica.cohort.spark.session import check_master, need_spark
from hepatica.cohort.spark.task import REFUSED, Refused, Shipped, ready
from hepatica.diagnostics import Invalid


def told(error: Invalid) -> str:
    return "\n".join(f"{d.code} {d.message} = {d.help}" for d in error.diagnostics)


def java(folder: Path, says: str) -> None:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda name: object())
    monkeypatch.delenv("JAVA_HOME", raising=False)


def test_packages_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda name: None if name == "pandas" else object())
    with pytest.raises(Invalid, match="E103") as error:
        need_spark()
    assert "not installed here: pandas = pip install" in told(error.value)


@pytest.mark.usefixtures("installed")
def test_java_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Invalid) as error:
        need_spark()
    assert "E103 Spark needs Java, which was not found: there is no `java`" in told(error.value)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    java(tmp_path, 'java version "1.8.0_392"')
    with pytest.raises(Invalid) as error:
        need_spark()
    assert f"Spark needs Java 17; `{tmp_path / 'java'}` is Java 8" in told(error.value)
    java(tmp_path, "no such thing")
    with pytest.raises(Invalid) as error:
        need_spark()
    assert "is no Java that runs" in told(error.value)
    java(tmp_path, 'openjdk version "21.0.2" 2024-01-16')
    need_spark()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(Invalid) as error:
        need_spark()
    assert "JAVA_HOME is `" in told(error.value)


@pytest.mark.parametrize("master", ["", "spark", "local[", "http://a:1", "local-cluster[2]"])
def test_what_is_no_master_is_refused(master: str) -> None:
    with pytest.raises(Invalid) as error:
        check_master(master)
    assert told(error.value).startswith(f"E106 `{master}` is not the address of a Spark master")


def test_a_master_that_does_not_answer_is_not_waited_for() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Invalid) as error:
        check_master(f"spark://127.0.0.1:{port},nowhere")
    assert f"`127.0.0.1:{port}`: connection refused; `nowhere` is not HOST:PORT" in told(
        error.value
    )
    with socket.create_server(("127.0.0.1", 0)) as master:
        check_master(f"spark://nowhere,127.0.0.1:{master.getsockname()[1]}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ModuleNotFoundError: No module named 'polars'", "E107 the executors' Python has no `pol"),
        (
            "[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.9 than that in "
            "driver: 3.11, PySpark cannot run with different minor versions.",
            "E107 executors run Python 3.9, and this machine Python 3.11 = name the same",
        ),
        ('java.io.IOException: Cannot run program "/x/python"', "E107 executors have no Python at"),
        ("java.io.IOException: No space left on device", "D317 there is no room"),
        ("File file:/data/a.parquet does not exist", "D301 an executor cannot see `file:/data/a."),
        ("[CANNOT_READ_FILE_FOOTER] Could not read footer for file: file:/a.parquet.",
         "D301 Spark cannot read `file:/a.parquet`"),
        ("Job aborted: ExecutorLostFailure (executor 1 exited)", "E108 Spark lost its executors"),
        ("anything else", "E108 Spark stopped: anything else"),
    ],
)  # fmt: skip
def test_what_spark_says_is_told_in_one_sentence(text: str, said: str) -> None:
    error = told_by_spark(spark_error(text))
    assert error is not None
    assert told(error).startswith(said)


def test_a_refusal_of_a_worker_arrives_whole() -> None:
    refusal = str(Refused("an {odd} text", "a `remedy`"))
    assert refusal.startswith(REFUSED)
    error = told_by_spark(spark_error(f"Traceback\nhepatica...Refused: {refusal}\n\n\tat java"))
    assert error is not None
    assert told(error) == "E107 an {odd} text = a `remedy`"


def test_errors_that_are_not_of_spark_are_left_alone() -> None:
    assert told_by_spark(ValueError("No module named 'polars'")) is None


def test_a_worker_refuses_what_was_not_sent_or_is_not_its_own_build() -> None:
    from hepatica.cohort.spark.task import engine_digest

    with pytest.raises(Refused) as error:
        ready(Shipped(b"other", "0" * 64, engine_digest()))
    assert "is not what was sent" in json.loads(str(error.value).removeprefix(REFUSED))["text"]
    with pytest.raises(Refused) as error:
        ready(Shipped(b"other", "0" * 64, "another"))
    assert "another build" in str(error.value)


def spark_error(text: str) -> Exception:
    """Make an error as Spark raises it, where it may not be installed."""
    kind: Any = type("SparkError", (Exception,), {"__module__": "pyspark.errors"})
    return kind(text)  # type: ignore[no-any-return]
