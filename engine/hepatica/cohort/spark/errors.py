"""What Spark says when something goes wrong, told in one sentence with its remedy."""

from __future__ import annotations

import json
import re

from hepatica.cohort.spark.task import REFUSED
from hepatica.diagnostics import Diagnostic, Invalid

_REFUSAL = re.compile(re.escape(REFUSED) + r"(\{.*?\})\s*$", re.MULTILINE)
_PACKAGE = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '([\w.]+)'")
_VERSIONS = re.compile(r"\[PYTHON_VERSION_MISMATCH\] (.*?) PySpark cannot run")
_LOST = re.compile(r"(?:does not exist|FileNotFound\w*|FILE_NOT_EXIST|PATH_NOT_FOUND)[^\n]*")
_PATH = re.compile(r"(?:file|hdfs|s3a?|gs|abfss?):/[^\s'\"]+")


def told_by_spark(error: BaseException) -> Invalid | None:
    """Say what an exception of Spark (or of its Java) means; None where it is none of these.

    `Invalid`: (E106) for a cluster that does not do, (E107) for executors that cannot, (D301) for
    a table that cannot be read, (D317) for a result that cannot be written, (E108) for the rest.
    """
    if isinstance(error, Invalid) or not _is_spark(error):
        return None
    text = str(error)
    is_gone = isinstance(error, ConnectionError) or type(error).__name__ == "Py4JNetworkError"
    if is_gone or "does not exist in the JVM" in text:
        help = "was it killed, or out of memory? --spark-conf spark.driver.memory=4g gives it more"
        return _error("E108", "Spark's Java on this machine is gone", help)
    java = getattr(error, "java_exception", None)
    if java is not None and str(java.toString()) not in text:
        text = f"{java.toString()}\n{text}"
    return _told(text)


def _is_spark(error: BaseException) -> bool:
    if isinstance(error, ConnectionError):  # py4j lets it through: only Java is talked to here
        return True
    return type(error).__module__.split(".")[0] in ("pyspark", "py4j")


def _told(text: str) -> Invalid:
    refusal = _REFUSAL.search(text)
    if refusal:
        said = json.loads(refusal[1])
        return _error("E107", said["text"], said["help"])
    versions = _VERSIONS.search(text)
    if versions:
        said = "executors run another version of Python than this machine"
        found = re.findall(r"\d+\.\d+", versions[1])
        if len(found) == 2:
            said = f"executors run Python {found[0]}, and this machine Python {found[1]}"
        return _error("E107", said, "name the same Python for both: PYSPARK_PYTHON=/path/to/python")
    package = _PACKAGE.search(text)
    if package:
        name = package[1].split(".")[0]
        return _error("E107", f"the executors' Python has no `{name}`", install())
    if re.search(r'Cannot run program "([^"]+)"', text):
        program = re.search(r'Cannot run program "([^"]+)"', text)
        assert program is not None
        said = f"executors have no Python at `{program[1]}`"
        return _error("E107", said, "name one that they all have: PYSPARK_PYTHON=/path/to/python")
    if re.search(r"All masters are unresponsive|Could not parse Master URL", text):
        return _error("E106", "no Spark master answers", "is it running, with the same Spark?")
    if re.search(r"No space left on device|Disk quota exceeded", text):
        help = "make room, or write to another disk; what was there before is unchanged"
        return _error("D317", "there is no room for the result", help)
    if re.search(r"Permission denied|Mkdirs failed", text):
        help = "may the executors write there, and is the folder there on all machines?"
        return _error("D317", "an executor may not write the result", help)
    if _LOST.search(text):
        path = _PATH.search(text)
        shown = f"`{path[0].rstrip('.,')}`" if path else "a file of the table"
        help = "put the table where all machines see it: a shared folder, hdfs://, s3a://"
        return _error("D301", f"an executor cannot see {shown}", help)
    if re.search(r"CANNOT_READ_FILE|FAILED_READ_FILE|not a Parquet file|MALFORMED|"
                 r"UNABLE_TO_INFER_SCHEMA|Could not read footer|PARQUET", text):  # fmt: skip
        path = _PATH.search(text)
        shown = f"`{path[0].rstrip('.,')}`" if path else "a file of the table"
        return _error("D301", f"Spark cannot read {shown}: {_first(text)}", "export it again")
    if re.search(r"Lost task|ExecutorLostFailure|executor \d+ exited", text):
        help = "give the executors more memory, or ask fewer guidelines at once (-g)"
        return _error("E108", f"Spark lost its executors again and again: {_first(text)}", help)
    return _error("E108", f"Spark stopped: {_first(text)}", "the logs of its executors say more")


def install() -> str:
    """Say what an executor needs."""
    where = "on every machine of the cluster, in the Python of PYSPARK_PYTHON"
    return f'{where}: pip install ".[cohort]", of the same checkout as here'


def _first(text: str) -> str:
    """Take the line that says most: the last exception of a Python worker, or the first line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [x for x in lines if re.match(r"(\w+\.)*\w*(Error|Exception)\b.*: ", x)]
    line = (named or lines or ["no reason given"])[-1 if named else 0]
    return line[:200].rstrip(".")


def _error(code: str, text: str, help: str) -> Invalid:
    return Invalid([Diagnostic(code, "error", text, help=help)])
