"""cosign and gh, by the scripts that consumers copy, accept the right release and refuse each wrong one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.interop.releases import FILE, OTHER_FILE, RELEASED, REPOSITORY, TAG, WRONG, Parts, Signers
from tests.interop.strangers import SCRIPTS, Stranger

from counterseal import identifiers as ids
from counterseal_sandbox.http import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.interop, pytest.mark.slow]


#: script → a tool without which it stops, and those that it finds
NEEDED = {
    "verify-with-gh.sh": ("gh", "jq gh", "sha256sum gh jq"),
    "verify-with-cosign.sh": ("cosign", "jq cosign", "openssl cosign jq", "sha256sum cosign jq openssl"),
}


@pytest.fixture(scope="module")
def variables(signers: Signers, kept_root: Path) -> dict[str, str]:
    return {
        "REPO": REPOSITORY,
        "REPO_ID": "777",
        "TAG": TAG,
        "GATE_REVISION": RELEASED,
        "ISSUER": signers.issuer.url,
        "ROOT": str(kept_root),
    }


@pytest.fixture(params=["gh", "cosign"])
def stranger(request: pytest.FixtureRequest, tool: Callable[[str], Path], tmp_path: Path) -> Stranger:
    return Stranger.with_tool(request.param, tool, tmp_path)


@pytest.fixture(scope="module")
def right(signers: Signers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Parts().write(tmp_path_factory.mktemp("right") / "release", signers)


def test_the_right_release_is_accepted(stranger: Stranger, right: Path, variables: dict[str, str]) -> None:
    done = stranger.verify(right, variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"verified: {right.name}, production, {TAG} of {REPOSITORY} (777)\n"), done.stdout
    assert "ledger entry 42" in done.stdout
    assert "not checked: revocations" in done.stdout


def test_every_file_is_looked_at(
    stranger: Stranger, signers: Signers, variables: dict[str, str], tmp_path: Path
) -> None:
    """All of them, or nothing is said to be verified."""
    file = Parts(both_files=True).write(tmp_path / "release", signers)
    other = file.with_name(OTHER_FILE)
    done = stranger.verify(file, variables, other)
    assert done.returncode == 0, done.stderr
    assert [row.split()[1] for row in done.stdout.splitlines() if "verified: " in row] == [f"{FILE},", f"{OTHER_FILE},"]
    other.write_bytes(b"evil")
    for files in ((file, other), (other, file)):
        done = stranger.verify(files[0], variables, files[1])
        assert done.returncode != 0
        assert "verified" not in done.stdout


def test_a_name_is_no_option(stranger: Stranger, signers: Signers, variables: dict[str, str], tmp_path: Path) -> None:
    """A file whose name a tool could take for an option is a file all the same, and not the right one."""
    file = Parts().write(tmp_path / "release", signers)
    for name in ("--help", "--no-public-good", "-h"):
        file.with_name(name).write_bytes(file.read_bytes())
        done = stranger.verify(name, variables, folder=file.parent)
        assert done.returncode != 0
        assert "verified" not in done.stdout
    done = stranger.verify(FILE, variables, folder=file.parent)
    assert done.returncode == 0, done.stderr


def test_without_a_file_or_a_tool_it_says_what_it_needs(
    stranger: Stranger, right: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    nothing = tmp_path / "bin"
    nothing.mkdir()
    bash = shutil.which("bash")
    assert bash
    for tool, *others in (each.split() for each in NEEDED[stranger.script]):
        for name in others:
            (nothing / name).symlink_to("/bin/true")
        done = subprocess.run(
            (bash, SCRIPTS / stranger.script, right),
            env={**variables, "PATH": str(nothing)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert f"there is no {tool} in PATH" in done.stderr
        for name in others:
            (nothing / name).unlink()
    done = subprocess.run(
        (bash, SCRIPTS / stranger.script), env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_release_is_refused(
    case: str, stranger: Stranger, signers: Signers, variables: dict[str, str], tmp_path: Path
) -> None:
    parts = Parts()
    WRONG[case](parts)
    done = stranger.verify(parts.write(tmp_path / "release", signers), variables)
    assert done.returncode != 0, done.stdout
    assert "verified" not in done.stdout
    assert re.search(rf"^not verified: \S*/{FILE}: \S", done.stderr, re.MULTILINE), "it does not end without a word"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPO", "mallory/app"),
        ("REPO_ID", "778"),
        ("TAG", "v1.2.1"),
        ("GATE_REVISION", "b" * 40),
        ("STAGE", "staging"),
        ("DEFAULT_REF", "refs/heads/develop"),
        ("BUILDER", ".github/workflows/ci.yml"),
        ("GATE", f"{REPOSITORY}/.github/workflows/gate.yml"),
        ("ISSUER", "https://token.actions.githubusercontent.com"),
        ("RESOURCE_URI", "pkg:github/acme/app@v1.2.0"),
    ],
)
def test_every_variable_counts(
    name: str, value: str, stranger: Stranger, right: Path, variables: dict[str, str]
) -> None:
    done = stranger.verify(right, {**variables, name: value})
    assert done.returncode != 0, done.stdout
    assert f"/{FILE}: " in done.stderr.partition("not verified: ")[2]


def test_a_root_of_somebody_else_is_refused(
    stranger: Stranger, right: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    server = LoopbackServer()
    server.start()
    try:
        other = tmp_path / "other.jsonl"
        other.write_text(json.dumps(Signers(server).root) + "\n")
    finally:
        server.stop()
    done = stranger.verify(right, {**variables, "ROOT": str(other)})
    assert done.returncode != 0, done.stdout


def test_each_missing_variable_is_named(stranger: Stranger, right: Path, variables: dict[str, str]) -> None:
    for name in ("REPO", "REPO_ID", "TAG", "GATE_REVISION", "ROOT"):
        done = stranger.verify(right, {key: value for key, value in variables.items() if key != name})
        assert done.returncode != 0
        assert f"{name}: " in done.stderr


def test_the_scripts_use_our_names() -> None:
    for path in SCRIPTS.glob("*.sh"):
        text = path.read_text()
        types = set(re.findall(r"https://(?:slsa\.dev|cyclonedx\.org|counterseal\.dev)/[\w./-]+", text))
        assert types == {ids.VSA, ids.DECISION, ids.EVENT, ids.PROVENANCE, ids.SBOM}
        assert f"GATE=${{GATE:-{ids.REPOSITORY}/{ids.GATE_WORKFLOW}}}" in text
        assert {ids.BUNDLES_FILE, ids.MANIFEST_FILE, ids.SBOM_FILE, ids.STAGE_LEVEL_PREFIX} <= set(
            re.findall(r"[\w.]+", text)
        )
