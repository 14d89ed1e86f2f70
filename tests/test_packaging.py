"""The wheel: one top-level package, knowledge and schemas inside, and it runs from anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    [path] = folder.glob("*.whl")
    return path


def test_what_is_in_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"hepatica", "hepatica-0.1.0.dist-info"}
    for needed in (
        "knowledge/easl_2025/guideline.yaml",
        "knowledge/interventions.yaml",
        "schemas/statement.schema.json",
        "schemas/completed/statement.schema.json",
    ):
        assert f"hepatica/_data/{needed}" in names
    assert "hepatica/report/templates/result.html" in names


def test_the_network_is_an_extra_with_a_marker(wheel: Path) -> None:
    metadata = zipfile.ZipFile(wheel).read("hepatica-0.1.0.dist-info/METADATA").decode()
    [line] = [x for x in metadata.splitlines() if x.startswith("Requires-Dist: durable-rules")]
    assert 'extra == "network"' in line.replace("'", '"') and "3.13" in line


def test_it_runs_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(site),
    ]
    subprocess.run([*install, str(wheel)], check=True)
    case = empty / "case.yaml"
    case.write_text("id: c\nfacts: {aih_diagnosis: definite, acute_severe_aih: true}\n")
    environment = os.environ | {"PYTHONPATH": str(site)}

    def run(*args: str) -> str:
        done = subprocess.run(
            [sys.executable, *args], cwd=empty, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = run("-c", "import hepatica.paths as p; print(p.shipped('knowledge'))").strip()
    assert where == str(site / "hepatica" / "_data" / "knowledge")
    answer = json.loads(run("-m", "hepatica", "eval", "--format", "json", "case.yaml"))
    assert any(g["recommendations"] for g in answer["guidelines"])
    run("-m", "hepatica", "lint")
    assert "all 193 statements accounted for" in run("-m", "hepatica", "sources")
    for form in ("text", "markdown", "html"):
        assert run("-m", "hepatica", "eval", "--format", form, "case.yaml")
