"""Verbs of CI, called on somebody's own machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from counterseal.cli.main import main

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "app"


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


def test_sign_does_not_speak_of_permissions_where_there_is_no_job(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clone / "app.whl").write_bytes(b"a wheel")
    assert main(["sign", "app.whl"], {}) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: sign runs in CI only\n")
    assert "--dry-run" in told
    assert "id-token" not in told


@pytest.mark.parametrize("call", [["sign", "app.whl"], ["sign", "app.whl", "--dry-run"], ["candidate", "app.whl"]])
def test_a_missing_file_is_named_first(call: list[str], clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(call, {}) == 2
    assert capsys.readouterr().err.startswith("error: there is no file app.whl\n")


def test_a_dry_run_says_what_would_be_signed_and_what_only_ci_knows(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clone / "app.whl").write_bytes(b"a wheel")
    head = git(clone, "rev-parse", "HEAD")
    assert main(["sign", "app.whl", "--dry-run"], {}) == 2
    assert "sbom.cdx.json" in capsys.readouterr().err
    assert main(["sbom", "app.whl"], {}) == 0
    capsys.readouterr()
    assert main(["sign", "app.whl", "--dry-run", "--format", "json"], {}) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["revision"], told["uncommitted"]) == ("counterseal.sign-preview/v1", head, True)
    digest = hashlib.sha256(b"a wheel").hexdigest()
    assert told["subjects"] == [{"name": "app.whl", "digest": digest}]
    assert told["sbom"] == hashlib.sha256((clone / "counterseal-out" / "sbom.cdx.json").read_bytes()).hexdigest()
    assert told["written"] == ["app.whl.sigstore.json", "build.intoto.jsonl", "manifest.json"]
    assert main(["sign", "app.whl", "--dry-run"], {}) == 0
    shown = capsys.readouterr().out
    assert f"would sign: 1 artifact of the source at {head[:12]}\n" in shown
    assert "identity: that of the workflow in CI" in shown
    assert [path.name for path in (clone / "counterseal-out").iterdir()] == ["sbom.cdx.json"]
    (clone / "app.whl").write_bytes(b"another wheel")
    assert main(["sign", "app.whl", "--dry-run"], {}) == 2
    assert "app.whl changed after `sbom` recorded it" in capsys.readouterr().err


def test_a_dry_run_names_what_a_job_would_upload(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / "app.whl").write_bytes(b"a wheel")
    assert main(["candidate", "app.whl", "--dry-run"], {}) == 2
    assert "fix: counterseal sbom" in capsys.readouterr().err
    assert main(["sbom", "app.whl"], {}) == 0
    capsys.readouterr()
    assert main(["candidate", "app.whl", "--dry-run"], {}) == 0
    shown = capsys.readouterr().out
    assert "  here: app.whl, sbom.cdx.json\n" in shown
    assert "  signed in CI, not here: app.whl.sigstore.json, build.intoto.jsonl, manifest.json\n" in shown


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a commit, in which we are."""
    files = shutil.ignore_patterns("dist", "counterseal-out", "__pycache__")
    place = Path(shutil.copytree(EXAMPLE, tmp_path / "app", ignore=files))
    git(place, "init", "-q")
    git(place, "add", "-A")
    git(place, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "one")
    monkeypatch.chdir(place)
    return place


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
