"""What a run that somebody starts may ask of a gate one day is refused until then, and decides nothing."""

from __future__ import annotations

import pytest

from counterseal.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("--action", "hold"), {}),
        (("--action", "hold", "--stage", "production", "--reason", "it leaks"), {}),
        ((), {"COUNTERSEAL_ACTION": "hold", "GITHUB_ACTIONS": "true"}),
        (("--preview",), {"COUNTERSEAL_ACTION": "hold"}),
    ],
)
def test_an_action_is_refused(
    arguments: tuple[str, ...], environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gate", *arguments], environment) == 2
    told = capsys.readouterr().err
    assert "no action 'hold' in this version" in told
    assert "nothing was decided" in told


def test_a_reason_without_an_action_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "--reason", "x"], {}) == 2
    assert "a reason without an action" in capsys.readouterr().err


def test_empty_inputs_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub and GitLab hand over empty texts where nobody entered anything."""
    assert main(["gate"], {"COUNTERSEAL_ACTION": "", "COUNTERSEAL_REASON": ""}) == 2
    assert "gate runs in CI only" in capsys.readouterr().err
