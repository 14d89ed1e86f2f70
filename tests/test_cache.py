"""The cache: never stale, never fed by anybody else, never in the way."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hepatica import cache
from hepatica.cache import load_cached, without_examples
from hepatica.diagnostics import Invalid
from hepatica.load import load

BASE = Path(__file__).parent / "fixtures" / "lint" / "base"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache"
    monkeypatch.setenv("HEPATICA_CACHE", str(path))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BASE, tmp_path / "knowledge"))


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.knowledge"))


def must_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("the files were read again")

    monkeypatch.setattr(cache, "_fresh", refuse)


def test_the_second_time_it_comes_from_the_cache(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_cached(root)
    assert first.knowledge == without_examples(load(root)) and len(entries(folder)) == 1
    must_not_read(monkeypatch)
    assert load_cached(root) == first


def test_any_change_is_seen(folder: Path, root: Path) -> None:
    load_cached(root)
    statement = root / "demo/topic/failure.yaml"
    changed = statement.read_text().replace("title: Failure", "title: Failed")
    os.utime(statement)
    statement.write_text(changed)
    assert load_cached(root).knowledge.guidelines["demo"].statements[0].title == "Failed"
    assert len(entries(folder)) == 2
    (root / "demo/topic/failure.yaml").unlink()
    assert load_cached(root).knowledge.guidelines["demo"].statements == ()


def test_invalid_knowledge_is_never_stored(folder: Path, root: Path) -> None:
    (root / "demo/topic/failure.yaml").write_text("id: x\n")
    with pytest.raises(Invalid):
        load_cached(root)
    assert entries(folder) == []


@pytest.mark.parametrize("harm", ["truncated", "flipped", "empty", "other", "link", "writable"])
def test_a_damaged_or_foreign_entry_is_not_used(folder: Path, root: Path, harm: str) -> None:
    right = load_cached(root)
    [entry] = entries(folder)
    content = entry.read_bytes()
    if harm == "truncated":
        entry.write_bytes(content[:-10])
    elif harm == "flipped":
        entry.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif harm == "empty":
        entry.write_bytes(b"")
    elif harm == "other":  # a whole entry, but of other knowledge
        (root / "demo/topic/failure.yaml").unlink()
        load_cached(root)
        [other] = [e for e in entries(folder) if e != entry]
        shutil.copy(other, entry)
        shutil.copytree(BASE, root, dirs_exist_ok=True)
    elif harm == "link":
        elsewhere = folder.parent / "elsewhere"
        entry.rename(elsewhere)
        entry.symlink_to(elsewhere)
    else:
        entry.chmod(0o666)
    assert load_cached(root) == right


def test_a_folder_that_others_may_write_to_is_not_used(folder: Path, root: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    load_cached(root)
    assert entries(folder) == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to give files away"
)
def test_somebody_elses_folder_is_not_used(folder: Path, root: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    load_cached(root)
    assert entries(folder) == []


def test_a_cache_that_cannot_be_written_is_no_trouble(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEPATICA_CACHE", "/proc/nowhere")
    assert load_cached(root).knowledge == without_examples(load(root))


def test_only_the_newest_entries_are_kept(folder: Path, root: Path) -> None:
    statement = root / "demo/topic/failure.yaml"
    text = statement.read_text()
    for i in range(cache.MOST_ENTRIES + 3):
        statement.write_text(text.replace("title: Failure", f"title: Failure {i}"))
        load_cached(root)
    assert len(entries(folder)) == cache.MOST_ENTRIES
