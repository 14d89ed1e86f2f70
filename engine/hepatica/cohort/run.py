"""A whole table answered: into one file, or file by file into a folder that a rerun resumes."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hepatica.cohort.answers import add_up
from hepatica.cohort.inputs import FILE, ROW, Part, refused
from hepatica.cohort.job import AT_ONCE, Done, Job, answer
from hepatica.cohort.reading import Reading
from hepatica.cohort.stream import Tick
from hepatica.cohort.write import Sink, as_text, cannot_write, form_of, free_at, has_room
from hepatica.diagnostics import Diagnostic, Invalid

MANIFEST = "_manifest.json"
_SAMPLE = 2_000
_WIDEST = 100
"""A cell of a result, a patient and a statement, hardly ever takes more bytes."""
_LOW = 0.3
"""An estimate from the first patients is believed to this share: only a sure lack is told."""


def count(job: Job, tick: Tick | None = None) -> Done:
    """Count only."""
    return answer(job, None, None, tick)


def to_file(job: Job, path: str, tick: Tick | None = None) -> Done:
    """Answer everything into one file. Raises `Invalid` (D317) when it cannot be written."""
    not_an_input(job.reading, Path(path))
    form_of(path)
    _room(job, path, job.check.rows)
    with Sink(path, job.told) as sink:
        done = answer(job, None, sink, tick)
    if sink.form != "parquet":
        _write_json(Path(f"{path}{MANIFEST}"), dict(job.told))
    return done


def to_folder(job: Job, folder: str, tick: Tick | None = None) -> Done:
    """Answer file by file into a folder; files done before, with the same of all, are left.

    The same is: the knowledge, the mapping, what is asked, and the size and time of the file. A
    file that cannot be read after all leaves the others: they are answered before it is told.
    Raises `Invalid` (D301 with D316, D317, D318).
    """
    where = Path(folder)
    not_an_input(job.reading, where)
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
    _room(job, folder, job.check.rows)
    asked = _digest({**job.told, "by": list(job.answerer.by), "keep": list(job.answerer.keep),
                     "sums": job.answerer.sums, "brief": job.answerer.brief,
                     "kinds": list(job.answerer.kinds),
                     "clean": job.check.clean})  # fmt: skip
    before = _manifest(where)
    files: dict[str, Any] = before.get("files", {}) if before.get("asked") == asked else {}
    names = _names(job.reading.table.parts)
    manifest: dict[str, Any] = {"asked": asked, **job.told, "files": {}}
    total: list[Done] = []
    failed: list[Diagnostic] = []
    skipped = 0
    for part, name in names.items():
        entry = files.get(name)
        stamp = [os.path.abspath(part.path), part.size, part.modified]
        if entry is not None and entry["input"] == stamp and (where / name).is_file():
            done = _remembered(entry)
            skipped += 1
            if tick is not None:
                tick(done.patients)
        else:
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            try:
                with Sink(str(where / name), job.told) as sink:
                    done = answer(job, [part], sink, tick)
            except Invalid as error:
                if any(d.code != "D301" for d in error.diagnostics):
                    raise  # a disk that is full is so for all of them
                failed += error.diagnostics
                continue
            entry = {"input": stamp, "rows": done.rows, "patients": done.patients,
                     "counts": done.counts.to_dicts(),
                     "missing": done.missing.to_dicts()}  # fmt: skip
        manifest["files"][name] = entry
        total.append(done)
        _write_json(where / MANIFEST, {**manifest, "files": {**files, **manifest["files"]}})
    for name in files:
        if name not in manifest["files"]:  # its input is gone: its answers would be of nobody
            (where / name).unlink(missing_ok=True)
    _write_json(where / MANIFEST, manifest)
    if failed:
        text = f"{len(total)} of {len(names)} files were answered, and are in `{folder}`"
        help = "mend the others and run it again: only those are done"
        raise Invalid([*failed, Diagnostic("D316", "error", text, file=folder, help=help)])
    return Done(
        sum(d.rows for d in total), sum(d.patients for d in total),
        _added(d.counts for d in total), _added(d.missing for d in total), skipped,
    )  # fmt: skip


def write_rejects(reading: Reading, path: str) -> int:
    """Write the rows that cannot be used, as they are, with file, row and reasons; how many."""
    not_an_input(reading, Path(path))
    frame = reading.patients(places=True).filter(reading.is_trouble())
    bad = frame.select(
        pl.col(FILE).alias("file"), pl.col(ROW).alias("row"), *reading.rejected()
    )  # fmt: skip
    with Sink(path) as sink:
        for batch in bad.collect_batches(chunk_size=AT_ONCE, engine="streaming"):
            sink.write(batch)
        if not sink.rows:
            sink.write(bad.head(0).collect())
    return sink.rows


def _added(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    known = [frame for frame in frames if frame.width and len(frame)]
    return add_up(known) if known else pl.DataFrame()


def _remembered(entry: Mapping[str, Any]) -> Done:
    frames = []
    for key in ("counts", "missing"):
        frame = pl.DataFrame(entry[key], infer_schema_length=None)
        frames.append(frame.cast({"patients": pl.UInt64}) if len(frame) else pl.DataFrame())
    return Done(entry["rows"], entry["patients"], frames[0], frames[1], 0)


def not_an_input(reading: Reading, out: Path) -> None:
    """Refuse to write over the table, or into a folder of it. Raises `Invalid` (D318)."""
    place = os.path.realpath(out)
    inside = out.is_dir()
    for part in reading.table.parts:
        source = os.path.realpath(part.path)
        if source == place or (inside and os.path.dirname(source) == place):
            text = f"`{out}` is where the table itself lies"
            raise refused("D318", text, str(out), "choose another place for the result")


def _names(parts: Iterable[Part]) -> dict[Part, str]:
    """Name the result of each file after it, with its keys as folders; numbered if need be."""
    found: dict[Part, str] = {}
    taken: set[str] = set()
    for part in parts:
        folders = [f"{key}={value}" for key, value in part.keys]
        stem = Path(part.path).stem
        name = str(Path(*folders, f"{stem}.parquet"))
        number = 2
        while name in taken:
            name = str(Path(*folders, f"{stem}-{number}.parquet"))
            number += 1
        taken.add(name)
        found[part] = name
    return found


def _room(job: Job, path: str, rows: int) -> None:
    """Estimate the size of the result from the first patients, and compare it with the disk.

    That takes as long as answering many of them, and is left out where there is surely room.
    """
    if rows * job.answerer.cells * _WIDEST < free_at(path):
        return
    frame = job.reading.usable(clean=job.check.clean).head(_SAMPLE).collect(engine="streaming")
    if not len(frame):
        return
    found = job.answerer.answer(frame).rows
    if found is None:
        return
    buffer = io.BytesIO()
    form = "parquet" if path.endswith("/") or Path(path).is_dir() else form_of(path)
    if form == "csv":
        found.select(as_text(found.schema)).write_csv(buffer)
    elif form == "ndjson":
        found.write_ndjson(buffer)
    else:
        found.write_parquet(buffer)
    has_room(path, buffer.tell() / len(frame) * rows * _LOW)


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a folder; nothing, where there is none or it cannot be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        scratch.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise cannot_write(str(path), error) from None
