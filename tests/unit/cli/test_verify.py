"""What `verify` asks a consumer for before it reads anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from counterseal.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_glob_is_all_that_it_matches_and_never_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An action gets a glob as it stands; a file that it would leave out might be handed on."""
    monkeypatch.chdir(tmp_path)
    asked = ["--stage", "production", "--repository", "github.com/acme/app", "--format", "json"]
    asked += ["--proof", "proof.json"]
    (tmp_path / "proof.json").write_text("{}")
    (tmp_path / "dist").mkdir()
    assert main(["verify", "dist/*", *asked], {"PATH": "/usr/bin"}) == 2
    assert capsys.readouterr().err.startswith("error: no file matches dist/*\n")
    for name in ("b.whl", "a.tar.gz", ".hidden.whl", "x[1].whl"):
        (tmp_path / "dist" / name).write_bytes(b"x")
    assert main(["verify", "dist/*", *asked], {"PATH": "/usr/bin"}) != 0
    told = [each["fileName"] for each in json.loads(capsys.readouterr().out)["files"]]
    assert told == [".hidden.whl", "a.tar.gz", "b.whl", "x[1].whl"]
    assert main(["verify", "dist/x[1].whl", *asked], {"PATH": "/usr/bin"}) != 0
    assert [each["fileName"] for each in json.loads(capsys.readouterr().out)["files"]] == ["x[1].whl"]


def test_a_folder_is_all_files_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--stage", "production", "--repository", "github.com/acme/app", "--format", "json"]
    for name in ("b.whl", "a.tar.gz", "ledger-proof.json"):
        (tmp_path / name).write_bytes(b"{}")
    assert main(["verify", str(tmp_path), *asked], {"PATH": "/usr/bin"}) == 11
    told = json.loads(capsys.readouterr().out)
    assert [each["fileName"] for each in told["files"]] == ["a.tar.gz", "b.whl"]
    assert [each["fileName"] for each in told["skipped"]] == ["ledger-proof.json"]
    (tmp_path / "empty").mkdir()
    assert main(["verify", str(tmp_path / "empty"), *asked], {"PATH": "/usr/bin"}) == 2
    assert "why: it is empty" in capsys.readouterr().err
    assert main(["verify", str(tmp_path), *asked], {"PATH": "/usr/bin"}) == 2
    assert "is not a folder of release files" in capsys.readouterr().err


def test_the_proof_alone_is_nothing_to_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ledger-proof.json").write_bytes(b"{}")
    asked = ["--stage", "production", "--repository", "github.com/acme/app.git"]
    assert main(["verify", str(tmp_path / "ledger-proof.json"), *asked], {"PATH": "/usr/bin"}) == 2
    assert capsys.readouterr().err.startswith("error: nothing to verify but ledger-proof.json")


def test_on_gitlab_the_gate_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["verify", "app.whl", "--stage", "production", "--repository", "gitlab.com/acme/tools/app"]
    assert main(asked, {"PATH": "/usr/bin"}) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: no --gate-identity\n  why: on GitLab the gate is the project's own")
    assert "--gate-identity https://gitlab.com/acme/tools/app//.gitlab-ci.yml@refs/heads/main" in told
    assert told.endswith(" --gate-issuer https://gitlab.com\n")


def test_a_part_of_a_gate_s_revision_is_no_revision(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["verify", "app.whl", "--stage", "production", "--repository", "github.com/acme/app"]
    assert main([*asked, "--gate-revision", "abc"], {"PATH": "/usr/bin"}) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: --gate-revision 'abc' is not a full commit id\n  why: ")
