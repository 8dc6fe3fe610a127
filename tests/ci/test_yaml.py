"""What a repository copies or calls is well-formed and safe, by the judgement of three tools that are not ours."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci import newcomer
from tests.ci.act import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Tool = Callable[[str], Path]

pytestmark = [pytest.mark.slow, pytest.mark.act]

ACTIONS = sorted((ROOT / "actions").glob("*/action.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SHELL = "/bin/bash --noprofile --norc -peo pipefail {0}"
#: (file, audit) → why zizmor's finding stands.
KNOWN = {("promote.yml", "concurrency-limits"): "the gate has the group; a second one would cancel waiting runs"}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page's workflow files in a repository of their own."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, text in newcomer.blocks("5ea1" * 10).items():
        (folder / name).write_text(text)
    newcomer.git(tmp_path, "init", "-q")
    return tmp_path


def said(*command: str | Path, folder: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def zizmor(tool: Tool, *paths: str | Path, folder: Path) -> set[tuple[str, str]]:
    """Return (file name, audit) of each finding of the pedantic persona."""
    options = (
        "--offline",
        "--persona=pedantic",
        "--strict-collection",
        "--format=json-v1",
        "--no-exit-codes",
        "--quiet",
    )
    done = subprocess.run(
        (tool("zizmor"), *options, *paths), cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    places = ((str(each["locations"][0]["symbolic"]["key"]), str(each["ident"])) for each in found)
    return {(next(name for name in _names(folder) if name in key), ident) for key, ident in places}


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.yml")]


def test_zizmor_finds_nothing_in_ours(tool: Tool) -> None:
    assert zizmor(tool, ".github", "actions", folder=ROOT) == set()


def test_zizmor_finds_nothing_unknown_in_the_page(tool: Tool, page: Path) -> None:
    assert zizmor(tool, ".", folder=page) == set(KNOWN)


def test_zizmor_finds_what_it_should(tool: Tool, tmp_path: Path) -> None:
    """The audit is on: a text from outside in a script is seen."""
    bad = "name: bad\non: issues\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n"
    bad += "      - run: echo ${{ github.event.issue.title }}\n"
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "bad.yml").write_text(bad)
    assert ("bad.yml", "template-injection") in zizmor(tool, ".", folder=tmp_path)


def test_actionlint_finds_nothing(tool: Tool, page: Path) -> None:
    assert said(tool("actionlint"), *WORKFLOWS) == ""
    assert said(tool("actionlint"), folder=page) == ""


def test_schemas(tool: Tool, page: Path) -> None:
    check, pages = tool("check-jsonschema"), sorted((page / ".github" / "workflows").iterdir())
    assert said(check, "--builtin-schema", "vendor.github-actions", *ACTIONS) == ""
    assert said(check, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS, *pages) == ""


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_an_action_is_one_thin_step(path: Path) -> None:
    (step,) = yaml.safe_load(path.read_text())["runs"]["steps"]
    verb = path.parent.name
    assert set(step) == {"id", "shell", "env", "run"}
    assert step["shell"] == SHELL, "nothing that an earlier step put into PATH or BASH_ENV runs"
    assert step["run"] == f'exec /bin/bash -p "$GITHUB_ACTION_PATH/../_lib/run.sh" {verb}'
    assert "GITHUB_ACTION_REF" not in path.read_text(), "empty on GitHub in a composite action"


def test_the_gate_lets_callers_choose_what_it_looks_at_and_nothing_else() -> None:
    gate = yaml.safe_load((ROOT / ".github" / "workflows" / "gate.yml").read_text())
    call = gate[True]["workflow_call"]  # YAML 1.1 reads `on` as true
    job, emergency = gate["jobs"]["gate"], gate["jobs"]["emergency"]
    (step,), (other,) = job["steps"], emergency["steps"]
    assert set(call) == {"inputs", "outputs"}, "no secret"
    assert set(call["inputs"]) == {"stage", "request", "action", "reason"}
    assert set(call["outputs"]) == {"decisions", "published", "entry", "events"}
    assert set(step["env"]) == {f"COUNTERSEAL_{name.upper()}" for name in call["inputs"]} | {"GITHUB_TOKEN"}
    assert (job["runs-on"], step["shell"]) == ("ubuntu-24.04", SHELL)
    assert job["concurrency"] == {"group": "counterseal-gate", "cancel-in-progress": False}
    assert "cache" not in str(gate)
    assert set(gate["jobs"]) == {"gate", "emergency"}
    assert "concurrency" not in {**gate, **emergency}, "it waits for nothing"
    assert (job["if"], emergency["if"]) == ("${{ !github.event.inputs.action }}", "${{ github.event.inputs.action }}")
    assert set(other["env"]) == set(step["env"]) - {"COUNTERSEAL_REQUEST"}
    assert {**other, "env": 0, "name": 0} == {**step, "env": 0, "name": 0}, "the same code by the same steps"
    levels = {"read": 1, "write": 2}
    granted = job["permissions"]
    assert all(levels[level] <= levels[granted[name]] for name, level in emergency["permissions"].items())


def test_the_page_grants_the_gate_what_it_asks_for() -> None:
    gate = yaml.safe_load((ROOT / ".github" / "workflows" / "gate.yml").read_text())
    asked = gate["jobs"]["gate"]["permissions"]
    assert newcomer.permissions(newcomer.blocks("5ea1" * 10)["promote.yml"], "gate") == asked


def test_the_preview_may_neither_sign_nor_write_nor_read_the_change() -> None:
    text = newcomer.blocks("5ea1" * 10)["preview.yml"]
    assert newcomer.permissions(text, "preview") == {"contents": "read", "pull-requests": "write"}
    assert "actions/checkout" not in text
    assert "pull_request_target" not in text
