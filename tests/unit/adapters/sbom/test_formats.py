"""Which lock file a project finds without being told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.sbom import formats
from counterseal.adapters.sbom.checkout import Checkout
from counterseal.errors import UsageError
from counterseal.model import Subject

if TYPE_CHECKING:
    from pathlib import Path


def lock_of(folder: Path, *files: str, artifacts: tuple[str, ...] = (), project: str = ".") -> str:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return formats.find(Checkout(folder), project, [Subject(name, "0" * 64) for name in artifacts])


@pytest.mark.parametrize(
    ("files", "lock"),
    [
        (("pyproject.toml", "uv.lock", "requirements.txt", "pylock.toml"), "uv.lock"),
        (("pyproject.toml", "Pipfile.lock", "pylock.toml"), "Pipfile.lock"),
        (("requirements.txt",), "requirements.txt"),
        (("package.json", "package-lock.json", "npm-shrinkwrap.json"), "npm-shrinkwrap.json"),
        (("Cargo.toml", "Cargo.lock"), "Cargo.lock"),
        (("go.mod", "requirements.txt"), "go.mod"),
        (("go.mod", "go.sum", "go.work"), "go.work"),
        (("settings.gradle.kts", "gradle.lockfile"), "gradle.lockfile"),
        (("settings.gradle.kts", "core/gradle.lockfile"), "settings.gradle.kts"),
    ],
)
def test_a_project_has_one_lock_file(tmp_path: Path, files: tuple[str, ...], lock: str) -> None:
    assert lock_of(tmp_path, *files) == lock


def test_a_member_of_a_workspace_finds_the_lock_above_it_and_a_stranger_does_not(tmp_path: Path) -> None:
    assert lock_of(tmp_path, "package.json", "yarn.lock", "a/b/package.json", project="a/b") == "yarn.lock"
    with pytest.raises(UsageError, match="no lock file in docs"):
        lock_of(tmp_path, "docs/index.md", project="docs")


def test_the_artifacts_choose_among_ecosystems(tmp_path: Path) -> None:
    files = ("pyproject.toml", "uv.lock", "package.json", "package-lock.json")
    assert lock_of(tmp_path, *files, artifacts=("app-1.0-py3-none-any.whl", "app-1.0.tar.gz")) == "uv.lock"
    assert lock_of(tmp_path, *files, artifacts=("app-1.0.tgz",)) == "package-lock.json"
    for artifacts in ((), ("app",), ("a.whl", "a.tgz")):
        with pytest.raises(UsageError, match=r"several ecosystems: package-lock\.json, uv\.lock"):
            lock_of(tmp_path, *files, artifacts=artifacts)


@pytest.mark.parametrize(
    "files", [("package.json", "package-lock.json", "yarn.lock"), ("pyproject.toml", "poetry.lock", "uv.lock")]
)
def test_locks_of_two_tools_are_no_choice_of_ours(tmp_path: Path, files: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="lock files of several tools") as caught:
        lock_of(tmp_path, *files)
    assert "--lock" in caught.value.fix


def test_what_was_looked_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no lock file in the workspace") as caught:
        lock_of(tmp_path, "package.json")
    assert "pnpm-lock.yaml, npm-shrinkwrap.json, package-lock.json, yarn.lock" in caught.value.why
    assert "--from" in caught.value.fix
