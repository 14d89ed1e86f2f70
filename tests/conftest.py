from __future__ import annotations

import os

import pytest

os.environ.setdefault("NO_COLOR", "1")


@pytest.fixture(autouse=True)
def no_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's cache out of the tests."""
    monkeypatch.setenv("HEPATICA_CACHE", "off")
    monkeypatch.setenv("COLUMNS", "80")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reset", action="store_true", help="write golden files anew")


@pytest.fixture
def reset(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--reset"))
