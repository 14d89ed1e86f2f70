"""Golden files: whole output, as a person sees it. `pytest --reset` writes them anew."""

from __future__ import annotations

from pathlib import Path


def compare(text: str, path: Path, reset: bool) -> None:
    if reset:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no golden file {path.name}; run pytest --reset and read the diff"
    assert text == path.read_text(encoding="utf-8")
