"""The release that the demo publishes is accepted by strangers, and only for what it is."""

from __future__ import annotations

import json
import os
import re
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
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo made on both forges, and what it said."""
    output = tmp_path_factory.mktemp("demo") / "out"
    command = [sys.executable, "-m", "counterseal", "demo", "--forge", "both", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    (output / "told.txt").write_text(done.stdout)
    return output


@pytest.fixture(params=["github-gh", "github-cosign", "gitlab-cosign"])
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Forge and tool; gh verifies what GitHub's runs signed."""
    forge, _, name = request.param.partition("-")
    return forge, name


@pytest.fixture
def demo(told: Path, case: tuple[str, str]) -> Path:
    return told / case[0]


@pytest.fixture
def stranger(case: tuple[str, str], tool: Callable[[str], Path], tmp_path: Path) -> Stranger:
    return Stranger.with_tool(case[1], tool, tmp_path)


@pytest.fixture
def variables(demo: Path) -> dict[str, str]:
    trust: dict[str, Any] = json.loads((demo / "trust.json").read_text())
    manifest: dict[str, Any] = json.loads((demo / "release" / "manifest.json").read_text())
    host = manifest["repository"]["host"]
    return {
        "HOST": host,
        "REPO": manifest["repository"]["name"],
        "REPO_ID": str(manifest["repository"]["id"]),
        "TAG": manifest["tag"],
        "GATE_REVISION": trust["released"][0],
        "ISSUER": trust["issuers"][host],
        "ROOT": str(demo / "trusted_root.jsonl"),
    }


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
        ("DEFAULT_REF", "refs/heads/other"),
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


def test_another_gate_than_the_released_one_is_refused(
    stranger: Stranger, demo: Path, variables: dict[str, str]
) -> None:
    (file,) = (demo / "release").glob("*.whl")
    other = {"GATE_REVISION": "b" * 40} if demo.name == "github" else {"GATE": "ci/gate.yml"}
    assert stranger.verify(file, {**variables, **other}).returncode != 0


def test_the_commands_to_look_further_work(told: Path, tool: Callable[[str], Path]) -> None:
    rows = [line.strip() for line in (told / "told.txt").read_text().splitlines()]
    ours = [row for row in rows if str(told) in row and re.match(r"\S*counterseal (log|verify) |git ", row)]
    foreign = [row for row in rows if row.startswith("HOST=")]
    assert (len(ours), len(foreign)) == (6, 2), rows
    path = os.pathsep.join((str(tool("cosign").parent), os.environ["PATH"]))
    for command in (*ours, *foreign):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=ROOT,
            env={**os.environ, "PATH": path},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr.decode()}"
        assert done.stdout.strip()
