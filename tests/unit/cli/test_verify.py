"""What `verify` asks a consumer for before it reads anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli.main import main

if TYPE_CHECKING:
    import pytest


def test_on_gitlab_the_gate_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["verify", "app.whl", "--stage", "production", "--repository", "gitlab.com/acme/tools/app"]
    assert main(asked, {"PATH": "/usr/bin"}) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: no --gate-identity\n  why: on GitLab the gate is the project's own")
    assert "--gate-identity https://gitlab.com/acme/tools/app//.gitlab-ci.yml@refs/heads/main" in told
    assert told.endswith(" --gate-issuer https://gitlab.com\n")
