"""Checked knowledge kept between runs, under the hash of everything it was made from.

An entry is named by a SHA-256 over every knowledge file, every schema and the engine's own code, so
it cannot be stale. It is data (msgpack, decoded against the types of `ir`), never code. It is used
only from a folder that belongs to this user and that nobody else may write to, and only if its
content has the hash it was stored with. Whenever anything is odd, the knowledge is read afresh.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hepatica import ir
from hepatica.compile.network import Prepared, prepare
from hepatica.diagnostics import Invalid
from hepatica.files import Files, read_files
from hepatica.lower import lower
from hepatica.paths import shipped

MOST_ENTRIES = 8
_PACKAGE = Path(__file__).resolve().parent


class Ready(msgspec.Struct, frozen=True):
    """Checked knowledge, and its guidelines made ready for the network, by digest."""

    knowledge: ir.Knowledge
    networks: dict[str, Prepared]


class _Entry(msgspec.Struct, frozen=True):
    key: str
    ready: Ready


def load_cached(root: Path | None = None) -> Ready:
    """Read knowledge as `load.load` does, from the cache when it holds exactly these files.

    The examples of the statements are left out: they have been checked, are most of the bytes, and
    no patient is answered with them. Raises `Invalid` with every error of every file; nothing
    invalid is ever stored.
    """
    files = read_files(root)
    folder = _folder()
    if folder is None:
        return Ready(_fresh(files), {})
    key = _key(files)
    path = folder / f"{key}.knowledge"
    entry = _read(path, key)
    if entry is not None:
        return entry.ready
    knowledge = _fresh(files)
    ready = Ready(knowledge, dict(_networks(knowledge)))
    _write(path, _Entry(key, ready))
    return ready


def _networks(knowledge: ir.Knowledge) -> Iterator[tuple[str, Prepared]]:
    """Make the guidelines ready that the network engine can take."""
    for guideline in knowledge.guidelines.values():
        with contextlib.suppress(Invalid):
            yield guideline.digest, prepare(lower(guideline, knowledge.facts))


def _fresh(files: Files) -> ir.Knowledge:
    from hepatica.load import checked  # reading everything takes longer to import, too

    return without_examples(checked(files))


def without_examples(knowledge: ir.Knowledge) -> ir.Knowledge:
    """Leave out the examples of every statement."""
    guidelines = {
        g.id: ir.replace(g, statements=_bare(g.statements), definitions=_bare(g.definitions))
        for g in knowledge.guidelines.values()
    }
    return ir.replace(knowledge, guidelines=guidelines)


def _bare(statements: tuple[ir.Statement, ...]) -> tuple[ir.Statement, ...]:
    return tuple(ir.replace(s, examples=(), no_example={}) for s in statements)


def _key(files: Files) -> str:
    """Hash everything that decides what the knowledge becomes, and where its files lie."""
    total = hashlib.sha256(f"{sys.version_info[:2]} {msgspec.__version__} {files.root}\n".encode())
    total.update(files.digest().encode())
    for folder, ending in ((_PACKAGE, ".py"), (shipped("schemas"), ".json")):
        for path in sorted(_below(str(folder), ending)):
            with open(path, "rb") as stream:
                total.update(path.encode() + hashlib.sha256(stream.read()).digest())
    return total.hexdigest()


def _below(folder: str, ending: str) -> Iterator[str]:
    """Find files by their ending; several times faster than a glob, and this is on every start."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _below(entry.path, ending)
            elif entry.name.endswith(ending):
                yield entry.path


def _folder() -> Path | None:
    """Find (or make) the cache folder; None when there is none that only this user can write to."""
    wanted = os.environ.get("HEPATICA_CACHE")
    if wanted == "off" or not hasattr(os, "geteuid"):
        return None
    base = (
        Path(wanted) if wanted else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    )
    folder = base if wanted else base / "hepatica"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_mine(os.lstat(folder), stat.S_IFDIR) else None
    except (OSError, RuntimeError):
        return None


def _is_mine(status: os.stat_result, kind: int) -> bool:
    """Say whether a file is of a kind, belongs to this user, and nobody else may write to it."""
    return (
        stat.S_IFMT(status.st_mode) == kind
        and status.st_uid == os.geteuid()
        and not status.st_mode & 0o022
    )


def _read(path: Path, key: str) -> _Entry | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with open(descriptor, "rb") as stream:
            if not _is_mine(os.fstat(stream.fileno()), stat.S_IFREG):
                return None
            data = stream.read()
        if hashlib.sha256(data[32:]).digest() != data[:32]:
            return None
        entry = msgspec.msgpack.decode(data[32:], type=_Entry)
    except (OSError, msgspec.MsgspecError):
        return None
    return entry if entry.key == key else None


def _write(path: Path, entry: _Entry) -> None:
    data = msgspec.msgpack.encode(entry)
    scratch = path.with_suffix(f".{os.getpid()}.part")
    with contextlib.suppress(OSError):
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as stream:
            stream.write(hashlib.sha256(data).digest() + data)
        scratch.replace(path)
        _tidy(path.parent)


def _tidy(folder: Path) -> None:
    """Keep the newest entries only."""
    entries = sorted(folder.glob("*.knowledge"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in entries[MOST_ENTRIES:]:
        old.unlink(missing_ok=True)
