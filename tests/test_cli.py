"""The command line as a user meets it: output, exit codes, bad input."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hepatica.case import CaseReader
from hepatica.cli import COMMANDS, app, main
from hepatica.diagnostics import Invalid, draw
from hepatica.schema import fits

ROOT = Path(__file__).resolve().parents[1]
BASE = ROOT / "tests" / "fixtures" / "lint" / "base"
TINY = "id: tiny\nfacts: {aih_diagnosis: definite}\n"


def run(*args: str, stdin: str | bytes | None = None) -> Result:
    """Run a command as `main` does: `Invalid` becomes its diagnostics and exit code 2."""
    result = CliRunner().invoke(app, list(args), input=stdin)
    if isinstance(result.exception, Invalid):
        result.exit_code = 2
        result.stderr_bytes = "\n".join(map(draw, result.exception.diagnostics)).encode()
    elif result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def test_help_lists_every_command_with_an_example() -> None:
    shown = run("--help").output
    for name in COMMANDS:
        assert name in shown
        assert "Example" in run(name, "--help").output
    assert run("--version").output.startswith("hepatica, version")


def test_a_wrong_command_is_told() -> None:
    result = run("evall")
    assert result.exit_code == 2 and "did you mean `eval`?" in result.stderr


def test_eval_json_is_only_json_and_fits_the_schema(tiny: Path) -> None:
    result = run("eval", "--format", "json", str(tiny))
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert fits(data, "result")
    assert data["case"] == "tiny" and data["guidelines"]
    assert run("eval", "--format", "json", str(tiny)).stdout == result.stdout


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_case_with_hardly_a_fact_gives_a_page(tiny: Path, form: str) -> None:
    result = run("eval", "--format", form, str(tiny))
    assert result.exit_code == 0 and "EASL 2025" in result.stdout
    assert "\x1b[" not in result.stdout


@pytest.mark.parametrize("engine", ["network", "program", "referee"])
def test_every_engine_gives_the_same_answer(tiny: Path, engine: str) -> None:
    if engine == "network":
        pytest.importorskip("durable_rules_engine")
    data = json.loads(run("eval", "--format", "json", "--engine", engine, str(tiny)).stdout)
    other = json.loads(run("eval", "--format", "json", "--engine", "referee", str(tiny)).stdout)
    assert data.pop("engine") == engine
    other.pop("engine")
    assert data == other


def test_guidelines_and_date_are_chosen(tiny: Path) -> None:
    result = run("eval", "--format", "json", "-g", "easl_2025", "--as-of", "2025-09-01", str(tiny))
    data = json.loads(result.stdout)
    assert [g["id"] for g in data["guidelines"]] == ["easl_2025"]
    assert data["as_of"] == "2025-09-01"
    wrong = run("eval", "-g", "easl_2052", str(tiny))
    assert wrong.exit_code == 2 and "did you mean `easl_2025`?" in wrong.stderr
    assert run("eval", "--as-of", "yesterday", str(tiny)).exit_code == 2


def test_standard_input_as_yaml_json_and_lines() -> None:
    for text in (TINY, '{"id": "tiny",\n "facts": {"aih_diagnosis": "definite"}}'):
        assert json.loads(run("eval", "--format", "json", "-", stdin=text).stdout)["case"] == "tiny"
    lines = '{"id": "a", "facts": {}}\n{"id": "b", "facts": {}}\n'
    found = run("eval", "--format", "json", "-", stdin=lines).stdout.splitlines()
    assert [json.loads(line)["case"] for line in found] == ["a", "b"]


def test_many_cases_one_bad(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    good = [json.dumps({"id": f"c{i}", "facts": {"aih_diagnosis": "definite"}}) for i in range(20)]
    good[7] = '{"id": "bad", "facts": {"weight": -5, "sex": "female"}}'
    path.write_text("\n".join(good) + "\n")
    result = run("eval", "--format", "json", str(path))
    assert result.exit_code == 2
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == 19 and all(a["engine"] == "program" for a in answers)
    assert "many.jsonl:8:" in result.stderr and "D103" in result.stderr
    assert "1 of 20 cases could not be used" in result.stderr
    assert "female" not in result.stderr


def test_a_folder_of_cases_is_a_stream(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(f"id: {name}\nfacts: {{}}\n")
    result = run("eval", "--format", "json", str(tmp_path))
    assert [json.loads(x)["case"] for x in result.stdout.splitlines()] == ["a", "b"]
    summary = run("eval", str(tmp_path)).stdout
    assert "recommended" in summary and len(summary) < 3000


BAD: dict[str, tuple[bytes | None, str]] = {
    "missing.yaml": (None, "Y111"),
    "empty.yaml": (b"", "Y108"),
    "tab.yaml": (b"id: x\nfacts:\n\tsex: male\n", "Y103"),
    "latin.yaml": ("id: caf\xe9".encode("latin-1"), "Y101"),
    "twice.yaml": (b"id: x\nid: y\n", "Y104"),
    "bomb.yaml": (b"a: &a [x, x]\nb: &b [*a, *a]\n", "Y105"),
    "two.yaml": (b"id: a\n---\nid: b\n", "Y107"),
    "nan.json": (b'{"id": "x", "facts": {"weight": NaN}}', "Y112"),
    "infinite.json": (b'{"id": "x", "facts": {"weight": 1e400}}', "Y112"),
    "long.json": (b'{"id": "x", "facts": {"weight": ' + b"9" * 5000 + b"}}", "Y112"),
    "half.json": (b'{"id": "\\ud800", "facts": {}}', "Y101"),
    "deep.json": (b'{"id": "x", "facts": ' + b"[" * 3000 + b"]" * 3000 + b"}", "Y110"),
    "list.json": (b"[]", "S103"),
    "text.yaml": (b"just text\n", "S103"),
    "huge.yaml": (b"#" * 4_000_001, "Y110"),
    "nul.yaml": (b"id: \x00\n", "Y101"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_cases_get_one_clear_diagnostic(name: str, tmp_path: Path) -> None:
    content, code = BAD[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    result = run("eval", str(path))
    assert result.exit_code == 2 and result.stdout == ""
    assert f"error[{code}]" in result.stderr and name in result.stderr
    assert "Traceback" not in result.stderr and "= help: " in result.stderr


def test_a_folder_where_a_file_is_needed(tmp_path: Path) -> None:
    empty = run("eval", str(tmp_path))
    assert empty.exit_code == 2 and "holds no cases" in empty.stderr
    assert run("explain", str(tmp_path), "x").exit_code == 2


def test_explain_tells_why_and_what_would_settle_it(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "id: c\nfacts: {aih_diagnosis: definite, current_drugs: [azathioprine], tgn_level: low}\n"
    )
    name = "easl_2025/metabolites/preferential_methylation"
    shown = run("explain", str(path), name)
    assert shown.exit_code == 0 and "WHAT WOULD SETTLE IT" in shown.stdout
    data = json.loads(run("explain", "--format", "json", str(path), name).stdout)
    assert data["truth"] == "unknown"
    assert {s["fact"] for s in data["settles"]} == set(data["missing"])
    wrong = run("explain", str(path), name + "s")
    assert wrong.exit_code == 2 and "did you mean" in wrong.stderr


def test_lint_exit_codes(tmp_path: Path) -> None:
    root = tmp_path / "k"
    shutil.copytree(BASE, root)
    assert run("lint", str(root)).exit_code == 0
    statement = root / "demo/topic/failure.yaml"
    text = statement.read_text()
    statement.write_text(text.replace("fact: flag", "fact: flga"))
    assert run("lint", str(root)).exit_code == 1
    found = json.loads(run("lint", str(root), "--format", "json").stdout)
    assert [d["code"] for d in found] == ["N101"]
    assert json.loads(run("lint", str(root), "--format", "sarif").stdout)["version"] == "2.1.0"
    assert run("lint", str(root / "demo/guideline.yaml")).exit_code == 0
    statement.write_text("a: [")
    assert run("lint", str(root)).exit_code == 2
    assert run("lint", str(tmp_path / "nowhere.yaml")).exit_code == 2


def test_eval_refuses_broken_knowledge(tmp_path: Path, tiny: Path) -> None:
    root = tmp_path / "k"
    shutil.copytree(BASE, root)
    statement = root / "demo/topic/failure.yaml"
    statement.write_text(statement.read_text().replace("fact: flag", "fact: flga"))
    case = tmp_path / "c.yaml"
    case.write_text("id: c\nfacts: {flag: true}\n")
    result = run("eval", "--knowledge", str(root), str(case))
    assert result.exit_code == 2 and "N101" in result.stderr and result.stdout == ""
    nowhere = run("eval", "--knowledge", str(tmp_path / "no"), str(case))
    assert nowhere.exit_code == 2 and "Y111" in nowhere.stderr


def test_test_finds_what_is_not_as_expected(tmp_path: Path) -> None:
    case = tmp_path / "c.yaml"
    text = "id: c\nfacts: {{flag: {}}}\nexpect: {{demo: {{conclude: {{failure: true}}}}}}\n"
    case.write_text(text.format("true"))
    assert run("test", "--knowledge", str(BASE), str(case)).exit_code == 0
    case.write_text(text.format("false"))
    wrong = run("test", "--knowledge", str(BASE), str(case))
    assert wrong.exit_code == 1 and "D109" in wrong.stdout
    case.write_text("id: c\nfacts: {flag: 3}\n")
    assert run("test", "--knowledge", str(BASE), str(case)).exit_code == 2


def test_schema_prints_completed_schemas() -> None:
    schema = json.loads(run("schema", "statement").stdout)
    text = json.dumps(schema)
    assert "tgn_level" in text and "preferential_methylation" in text
    assert run("schema").exit_code == 2


@pytest.mark.parametrize("kind", ["recommendation", "contraindication", "caution", "definition"])
@pytest.mark.parametrize("fact", ["flag", "weight", "bilirubin", "stage", "drugs", "failure"])
def test_new_statement_passes_lint(tmp_path: Path, kind: str, fact: str) -> None:
    root = tmp_path / "k"
    shutil.copytree(BASE, root)
    args = ["new", "statement", "demo/topic/fresh", "--kind", kind, "--fact", fact]
    args += ["--conclude", "trouble"] if kind == "definition" else []
    made = run(*args, "--knowledge", str(root))
    assert made.exit_code == 0, made.stderr
    assert run("lint", str(root)).exit_code == 0
    again = run(*args, "--knowledge", str(root))
    assert again.exit_code == 2 and "is there already" in again.stderr


def test_new_guideline_passes_lint(tmp_path: Path) -> None:
    root = tmp_path / "k"
    shutil.copytree(BASE, root)
    assert run("new", "guideline", "bsg_2025", "--knowledge", str(root)).exit_code == 0
    assert run("new", "statement", "bsg_2025/a/b", "--knowledge", str(root)).exit_code == 0
    assert run("lint", str(root)).exit_code == 0
    assert run("new", "guideline", "bsg_2025", "--knowledge", str(root)).exit_code == 2
    assert run("new", "guideline", "B-2025", "--knowledge", str(root)).exit_code == 2
    assert run("new", "statement", "demo/x", "--knowledge", str(root)).exit_code == 2


def hepatica(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *args],
        capture_output=True, text=True, env=os.environ | environment, cwd=ROOT, check=False,
    )  # fmt: skip


def test_cli_py_in_the_checkout(tiny: Path) -> None:
    assert hepatica("eval", str(tiny)).returncode == 0
    wrong = hepatica("eval", "nowhere.yaml")
    assert wrong.returncode == 2 and "error[Y111]" in wrong.stderr


def test_a_terminal_without_unicode(tiny: Path) -> None:
    shown = hepatica("eval", str(tiny), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.isascii()


def test_a_closed_pipe_is_no_crash(tiny: Path) -> None:
    command = f"{sys.executable} {ROOT / 'cli.py'} eval {tiny} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and "roken" not in done.stderr


def test_a_defect_is_told_without_a_trace_and_without_the_patient(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("Jane Doe")

    monkeypatch.setattr(CaseReader, "read", broken)
    monkeypatch.delenv("HEPATICA_DEBUG", raising=False)
    with pytest.raises(SystemExit) as caught:
        main(["eval", str(tiny)])
    told = capsys.readouterr()
    assert caught.value.code == 2 and told.out == ""
    assert "error[E104]: a defect of hepatica: KeyError in test_cli.py:" in told.err
    assert "Jane" not in told.err and "Traceback" not in told.err
    monkeypatch.setenv("HEPATICA_DEBUG", "1")
    with pytest.raises(KeyError):
        main(["eval", str(tiny)])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device on this system")
def test_a_full_disk_is_no_crash(tiny: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "hepatica", "eval", str(tiny)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "error[Y111]: the system refused: No space left on device" in done.stderr


def test_without_the_network_engine_it_works_and_says_so_once(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "durable_rules_engine.py").write_text("raise ImportError('undefined symbol')\n")
    shown = hepatica("eval", str(tiny), PYTHONPATH=str(tmp_path))
    assert shown.returncode == 0 and shown.stderr.count("network engine") == 1
    assert "Traceback" not in shown.stderr
    asked = hepatica("eval", "--engine", "network", str(tiny), PYTHONPATH=str(tmp_path))
    assert asked.returncode == 2 and "E103" in asked.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("diff easl_2025 aasld_2019 --timeout 5", "--timeout: only with --prove"),
        ("test --output x", "--output: only with --generate"),
        ("schema case --write x", "--write writes all schemas"),
        (
            "lint tests/fixtures/cases --logic --since HEAD",
            "--logic and --since: only for",
        ),
        ("new statement a/b/c --conclude x", "--conclude: only with --kind definition"),
        ("cohort t.csv -o x.csv --seed 0", "--seed: only with --synthesize"),
        ("cohort t.csv -o x.csv --missing 0.2", "--missing: only with --synthesize"),
        ("cohort t.csv -o x.csv --as-of 2025-01-01", "--as-of: only with --charts"),
        (
            "cohort t.csv --check -o x.csv --rejects r.csv",
            "--output and --rejects: not with",
        ),
        ("cohort t.csv --check --format markdown", "text or json"),
        ("cohort t.csv -o x.csv --format json", "--format: only with --check or --summary -"),
        ("cohort t.csv --summary - --shape wide", "--shape: only with a result"),
        ("cohort t.csv -o x.csv --shape wide --brief", "--brief: not with --shape wide"),
        ("cohort --synthesize 5 -o x.csv --map m.yaml --by a", "--map and --by: not with --synth"),
        ("cohort --synthesize 5 --charts c --missing 0.1", "not with --synthesize --charts"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(line: str, said: str) -> None:
    result = run(*line.split())
    assert result.exit_code == 2 and said in " ".join(result.stderr.split()), result.stderr
