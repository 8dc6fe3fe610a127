"""The release that the demo publishes is accepted by strangers, and only for what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.interop.strangers import Stranger

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.interop, pytest.mark.slow]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("demo") / "out"
    command = [sys.executable, "-m", "counterseal", "demo", "--forge", "github", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    (output / "github" / "told.txt").write_text(done.stdout)
    return output / "github"


@pytest.fixture(scope="module")
def variables(demo: Path) -> dict[str, str]:
    trust: dict[str, Any] = json.loads((demo / "trust.json").read_text())
    manifest: dict[str, Any] = json.loads((demo / "release" / "manifest.json").read_text())
    return {
        "REPO": manifest["repository"]["name"],
        "REPO_ID": str(manifest["repository"]["id"]),
        "TAG": manifest["tag"],
        "GATE_REVISION": trust["released"][0],
        "ISSUER": trust["issuers"]["github.com"],
        "ROOT": str(demo / "trusted_root.jsonl"),
    }


@pytest.fixture(params=["gh", "cosign"])
def stranger(request: pytest.FixtureRequest, tool: Callable[[str], Path], tmp_path: Path) -> Stranger:
    return Stranger.with_tool(request.param, tool, tmp_path)


@pytest.mark.parametrize("suffix", [".whl", ".tar.gz"])
def test_every_artifact_is_accepted(suffix: str, stranger: Stranger, demo: Path, variables: dict[str, str]) -> None:
    (file,) = (demo / "release").glob(f"*{suffix}")
    done = stranger.verify(file, variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"verified: {file.name}, production, {variables['TAG']} of {variables['REPO']}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "staging"),
        ("GATE_REVISION", "b" * 40),
        ("REPO_ID", "1"),
        ("RESOURCE_URI", "pkg:github/acme/app@v9"),
        ("TAG", "v1.1.0"),
    ],
)
def test_for_anything_else_it_is_refused(
    name: str, value: str, stranger: Stranger, demo: Path, variables: dict[str, str]
) -> None:
    (file,) = (demo / "release").glob("*.whl")
    assert stranger.verify(file, {**variables, name: value}).returncode != 0


def test_the_tampered_asset_is_refused(stranger: Stranger, demo: Path, variables: dict[str, str]) -> None:
    (file,) = (demo / "attack-1").glob("*.whl")
    assert stranger.verify(file, variables).returncode != 0


def test_the_commands_to_look_further_work(demo: Path) -> None:
    told = (demo / "told.txt").read_text()
    commands = [line.strip() for line in told.partition("Look further:")[2].splitlines() if str(demo) in line]
    assert len(commands) == 3
    for command in commands:
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr.decode()}"
        assert done.stdout.strip()
