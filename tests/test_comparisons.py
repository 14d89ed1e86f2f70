"""The published comparisons: made from what is here, sound as pages, the same to the byte."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from hepatica.diff import Finder

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "comparisons"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build", FOLDER / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILD = script()


@pytest.mark.parametrize(("old", "new"), BUILD.PAIRS)
def test_the_published_comparisons_are_up_to_date(old: str, new: str) -> None:
    finder = Finder()
    stamp = BUILD.stamp((finder.find(old), finder.find(new)))
    for ending in ("md", "html"):
        text = (FOLDER / f"{old}-{new}.{ending}").read_text(encoding="utf-8")
        assert text.endswith(stamp), f"{old}-{new}.{ending} is old: run `make docs`"
        assert "not sourced" in text and "proved: " in text and "not decided within" not in text
        assert text.count("A patient") + text.count("a patient") > 10


@pytest.mark.parametrize(("old", "new"), BUILD.PAIRS)
def test_the_pages_stand_alone(old: str, new: str) -> None:
    text = (FOLDER / f"{old}-{new}.html").read_text(encoding="utf-8")
    assert "<script" not in text and "@import" not in text and "<link" not in text
    assert not re.search(r'src="(?!data:)', text) and 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text and "@media print" in text
    names = set(re.findall(r'href="#([^"]+)"', text))
    assert names and all(f'id="{name}"' in text for name in names)


def test_building_twice_gives_the_same_bytes() -> None:
    pytest.importorskip("z3")
    finder = Finder()
    sides = finder.find("easl_2015"), finder.find("easl_2025")
    assert BUILD.built(sides) == BUILD.built(sides)
