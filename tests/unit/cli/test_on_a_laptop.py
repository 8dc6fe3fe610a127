"""Verbs of CI, called on somebody's own machine."""

from __future__ import annotations

import pytest

from counterseal.cli.main import main


@pytest.mark.parametrize("variables", [{}, {"CURL_CA_BUNDLE": "/etc/ca.pem", "LD_PRELOAD": "x.so"}])
def test_a_gate_says_that_it_runs_in_ci_whatever_is_set_here(
    variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gate"], variables) == 2
    assert capsys.readouterr().err == (
        "error: gate runs in CI only\n"
        "  why: it needs the identity of a CI job\n"
        "  fix: to see what a gate would say of an open request: counterseal gate --preview --number NUMBER\n"
    )


def test_sign_does_not_speak_of_permissions_where_there_is_no_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", "app.whl"], {}) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: sign runs in CI only\n")
    assert "id-token" not in told
