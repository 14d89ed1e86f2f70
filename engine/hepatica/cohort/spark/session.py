"""A Spark session for one run: what it needs is looked for first, and no wait is endless."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hepatica.cohort.spark.errors import told_by_spark
from hepatica.diagnostics import Diagnostic, Invalid

PATIENCE = 60.0
"""Seconds that a cluster has to give a first executor."""
_REACH = 5.0
_OLDEST_JAVA = 17
_MASTER = re.compile(
    r"local(\[(\d+|\*)(,\s*\d+)?\])?|local-cluster\[\d+,\s*\d+,\s*\d+\]|spark://.+|yarn|k8s://.+"
)
_QUIET = """rootLogger.level = off
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %m%n
logger.spark.name = org.apache.spark
logger.spark.level = off
"""
"""What goes wrong is told by us, once; Spark's own words are in the logs of its executors."""


def _lacks(text: str, help: str) -> Invalid:
    return Invalid([Diagnostic("E103", "error", text, help=help)])


def need_spark() -> None:
    """Look for PySpark, what it needs, and Java. Raises `Invalid` (E103)."""
    lacking = [name for name in ("pyspark", "pandas", "pyarrow") if find_spec(name) is None]
    if lacking:
        text = f"many machines need Spark; not installed here: {', '.join(lacking)}"
        raise _lacks(text, 'pip install ".[cohort,spark]" in the checkout (450 MB)')
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    where = f"JAVA_HOME is `{home}`" if home else "there is no `java` on the PATH"
    help = f"install Java {_OLDEST_JAVA} or newer, and put it on the PATH or name it in JAVA_HOME"
    if java is None:
        raise _lacks(f"Spark needs Java, which was not found: {where}", help)
    try:
        told = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=60, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        told = ""
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    if version is None:
        raise _lacks(f"`{java}` is no Java that runs", help)
    if int(version[1]) < _OLDEST_JAVA:
        raise _lacks(f"Spark needs Java {_OLDEST_JAVA}; `{java}` is Java {version[1]}", help)


def check_master(master: str) -> None:
    """See that a master is one, and that it answers. Raises `Invalid` (E106)."""
    if not _MASTER.fullmatch(master):
        text = f"`{master}` is not the address of a Spark master"
        help = "spark://HOST:7077, yarn, k8s://…, or local[2] for this machine alone"
        raise Invalid([Diagnostic("E106", "error", text, help=help)])
    if not master.startswith("spark://"):
        return
    wrong = []
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            wrong.append(f"`{address}` is not HOST:PORT")
            continue
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH):
                return
        except OSError as error:
            wrong.append(f"`{address}`: {(error.strerror or str(error)).lower()}")
    text = f"no Spark master answers: {'; '.join(wrong)}"
    help = "is it running, is the port right, does a firewall stand between? its page says more"
    raise Invalid([Diagnostic("E106", "error", text, help=help)])


@contextlib.contextmanager
def session(master: str, folder: Path, settings: dict[str, str] | None = None) -> Iterator[Any]:
    """Start a session, and stop it afterwards; `folder` is for its scratch files.

    `settings` are Spark's own, by name. Raises `Invalid` (E103) when something is not installed,
    (E106) when the master does not answer or gives no executor in `PATIENCE` seconds.
    """
    need_spark()
    check_master(master)
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    log = folder / "log4j2.properties"
    log.write_text(_QUIET, encoding="utf-8")
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    given = {
        "spark.master": master,
        "spark.app.name": "hepatica cohort",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{log}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
        "spark.sql.codegen.maxFields": "1000",  # above it, Parquet is read row by row
        # A year as a folder's name is text, as it is without Spark.
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        "spark.sql.caseSensitive": "true",
        "spark.sql.session.timeZone": "UTC",
        **(settings or {}),
    }
    found: Any = None
    ctrl_c = signal.getsignal(signal.SIGINT)
    root, own = logging.getLogger(), logging.getLogger("py4j")
    level = own.level
    root.addFilter(_not_of_py4j)  # it writes to both
    own.setLevel(logging.CRITICAL + 1)
    try:
        with _put_off():
            SparkContext._ensure_initialized(conf=SparkConf().setAll(list(given.items())))
        found = SparkSession.builder.config(map=given).getOrCreate()
        # The thread that adds up accumulators: what it says of a Java that is gone.
        found.sparkContext._accumulatorServer.handle_error = lambda *_: None
        if ctrl_c is not None and threading.current_thread() is threading.main_thread():
            # PySpark's own handler talks to Java while another talk is going on, and fails.
            signal.signal(signal.SIGINT, ctrl_c)
        wait_for_executors(found, PATIENCE)
        yield found
    except Exception as error:
        told = told_by_spark(error)
        if told is None:
            raise
        raise told from None
    finally:
        try:
            if found is not None:
                _stop(found)
        finally:
            root.removeFilter(_not_of_py4j)
            own.setLevel(level)


def _stop(session: Any) -> None:
    """Stop a session; where its Java is gone, nothing of it is left to stop."""
    try:
        session.stop()
    except Exception as error:
        if not isinstance(error, OSError) and told_by_spark(error) is None:
            raise


@contextlib.contextmanager
def _put_off() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait: a Java that is left while it starts would stay for ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda heard, _: came.append(heard))
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) not in (None, signal.SIG_IGN)
    }
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
        for heard in came[:1]:
            signal.raise_signal(heard)


def _not_of_py4j(record: logging.LogRecord) -> bool:
    """Leave out what py4j logs of an interruption, or of a lost Java: that is told by us."""
    return "py4j" not in Path(record.pathname).parts


def wait_for_executors(session: Any, seconds: float) -> None:
    """Wait for the first executor: a job without one would wait for ever. Raises `Invalid` (E106).

    There is nothing to wait for on this machine alone (`local`), or where executors come only
    when a job asks for them (dynamic allocation).
    """
    context = session.sparkContext
    dynamic = context.getConf().get("spark.dynamicAllocation.enabled", "false") == "true"
    if dynamic or re.match(r"local(\[|$)", context.master):
        return
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if context._jsc.sc().isStopped():
            text = f"the Spark master `{context.master}` turned us away"
            help = "its log says why; is its version of Spark the same as here?"
            raise Invalid([Diagnostic("E106", "error", text, help=help)])
        if context._jsc.sc().getExecutorMemoryStatus().size() > 1:  # one of them is the driver
            return
        time.sleep(0.1)
    text = f"`{context.master}` gave no executor in {seconds:.0f} seconds"
    help = (
        "are workers running, and have they a core and memory left? Can they reach this machine "
        "(SPARK_LOCAL_IP names its address)?"
    )
    raise Invalid([Diagnostic("E106", "error", text, help=help)])
