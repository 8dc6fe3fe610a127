"""What a gate's run was started for: at GitHub the event alone says it, and nothing is done beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

#: Where a run gets that is let: it asks for its identity, and has none here.
GOES_ON = "no CI identity to sign with"


def told(
    arguments: list[str], environment: dict[str, str], capsys: pytest.CaptureFixture[str], *, code: int = 2
) -> str:
    """Return what the gate says on standard error."""
    assert main(["gate", *arguments], {"PATH": "/usr/bin", **environment}) == code
    return capsys.readouterr().err


def started(folder: Path, inputs: Any, **environment: str) -> dict[str, str]:
    """Return the environment of a run at GitHub whose event has these inputs."""
    path = folder / "event.json"
    path.write_text(json.dumps({"inputs": inputs, "sender": {"login": "alice"}}))
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path), **environment}


def test_outside_of_ci_nothing_is_held(capsys: pytest.CaptureFixture[str]) -> None:
    assert "counterseal hold" in told(["--action", "hold", "--reason", "x"], {}, capsys)


def test_an_action_without_an_event_that_names_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # 89 | a workflow's `with:` names an action that whoever started the run did not | GH | refused | R35 R52
    says = "nobody started this run for the action 'hold'"
    assert says in told(["--action", "hold"], {"GITHUB_ACTIONS": "true"}, capsys)
    events: list[Any] = [None, {}, {"action": ""}, {"action": None}, [], "hold"]
    for event in events:
        assert says in told([], started(tmp_path, event, COUNTERSEAL_ACTION="hold"), capsys)


@pytest.mark.parametrize("name", ["action", "stage", "reason", "target", "hours"])
def test_what_the_workflow_hands_on_has_to_be_what_was_filled_in(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # 89 | (action) or other words than they filled in
    inputs: dict[str, str] = {"action": "hold", "stage": "staging", "reason": "it leaks"}
    environment = started(tmp_path, inputs, **{f"COUNTERSEAL_{name.upper()}": "other"})
    assert f"{name} is not what this run was started with" in told([], environment, capsys)
    same = {f"COUNTERSEAL_{key.upper()}": value for key, value in inputs.items()}
    for environment in (started(tmp_path, inputs), started(tmp_path, inputs, **same)):
        assert GOES_ON in told([], environment, capsys)


def test_at_gitlab_the_inputs_of_the_pipeline_are_the_job_s(capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"GITLAB_CI": "true", "COUNTERSEAL_ACTION": "hold", "COUNTERSEAL_REASON": "it leaks"}
    assert GOES_ON in told([], environment, capsys)


@pytest.mark.parametrize("name", ["reason", "target", "hours"])
def test_words_without_an_action_are_refused(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    says = f"{name} without an action"
    assert says in told([f"--{name}", "x"], {}, capsys)
    assert says in told([], started(tmp_path, {name: "x", "stage": "staging"}), capsys)


def test_inputs_that_are_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "the input 'hours' of this run is no text" in told([], started(tmp_path, {"hours": 3}), capsys)


@pytest.mark.parametrize("more", [["--preview"], ["--request", "promotions/x.json"], ["--exit-code"]])
def test_nothing_else_is_asked_for(tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    environment = started(tmp_path, {"action": "hold", "reason": "x"})
    assert "nothing else can be asked for" in told(more, environment, capsys)


def test_empty_inputs_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub and GitLab hand over empty texts where nobody entered anything."""
    empty = dict.fromkeys(("COUNTERSEAL_ACTION", "COUNTERSEAL_REASON", "COUNTERSEAL_TARGET", "COUNTERSEAL_HOURS"), "")
    assert "gate runs in CI only" in told([], empty, capsys)
    assert GOES_ON in told([], started(tmp_path, dict.fromkeys(("action", "stage", "reason"), ""), **empty), capsys)
