"""cosign, by the script that consumers copy, accepts the right release of GitLab and refuses each wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.interop import gitlab_releases
from tests.interop.gitlab_releases import WRONG
from tests.interop.releases import REPOSITORY, TAG, Signers
from tests.interop.strangers import Stranger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.interop, pytest.mark.slow]


@pytest.fixture(scope="module")
def variables(signers: Signers, kept_root: Path) -> dict[str, str]:
    named = {"HOST": "gitlab.com", "REPO": REPOSITORY, "REPO_ID": "777", "TAG": TAG}
    return {**named, "ISSUER": signers.gitlab.url, "ROOT": str(kept_root)}


@pytest.fixture
def stranger(tool: Callable[[str], Path], tmp_path: Path) -> Stranger:
    return Stranger.with_tool("cosign", tool, tmp_path)


@pytest.fixture(scope="module")
def right(signers: Signers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gitlab_releases.right().write(tmp_path_factory.mktemp("right") / "release", signers)


def test_the_right_release_is_accepted(stranger: Stranger, right: Path, variables: dict[str, str]) -> None:
    done = stranger.verify(right, variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"verified: {right.name}, production, {TAG} of {REPOSITORY} (777)\n"), done.stdout


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_release_is_refused(
    case: str, stranger: Stranger, signers: Signers, variables: dict[str, str], tmp_path: Path
) -> None:
    parts = gitlab_releases.right()
    WRONG[case](parts)
    done = stranger.verify(parts.write(tmp_path / "release", signers), variables)
    assert done.returncode != 0, done.stdout
    assert "verified" not in done.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "github.com"),
        ("HOST", "gitea.example"),
        ("REPO", "mallory/app"),
        ("REPO_ID", "778"),
        ("TAG", "v1.2.1"),
        ("STAGE", "staging"),
        ("DEFAULT_REF", "refs/heads/develop"),
        ("BUILDER", "ci/build.yml"),
        ("GATE", "ci/gate.yml"),
        ("ISSUER", "https://gitlab.com"),
        ("RESOURCE_URI", "pkg:gitlab/acme/app@v1.2.0"),
    ],
)
def test_every_variable_counts(
    name: str, value: str, stranger: Stranger, right: Path, variables: dict[str, str]
) -> None:
    done = stranger.verify(right, {**variables, name: value})
    assert done.returncode != 0, done.stdout
