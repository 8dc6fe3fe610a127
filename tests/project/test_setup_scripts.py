"""Setting up on a machine that lacks something says what, why and how to get it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.project.source_tree import ROOT, relative, tracked

if TYPE_CHECKING:
    from collections.abc import Mapping


def run_script(name: str, path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / name)],
        env={"PATH": str(path), **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def programs(folder: Path, scripts: Mapping[str, str] | None = None, links: tuple[str, ...] = ()) -> Path:
    folder.mkdir()
    for name, text in (scripts or {}).items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    for name in links:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


def test_no_python(tmp_path: Path) -> None:
    done = run_script("find_python.sh", programs(tmp_path / "bin"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "no Python 3.11 or newer" in done.stderr
    assert "fix: " in done.stderr


def test_an_old_python_is_not_taken(tmp_path: Path) -> None:
    done = run_script("find_python.sh", programs(tmp_path / "bin", {"python3": "exit 1"}))
    assert "no Python 3.11 or newer" in done.stderr


def test_a_python_that_cannot_make_environments(tmp_path: Path) -> None:
    half = 'case "$2" in *ensurepip*) exit 1;; esac'
    done = run_script("find_python.sh", programs(tmp_path / "bin", {"python3.12": half}))
    assert done.returncode == 1
    assert "cannot make environments" in done.stderr
    assert "apt-get install python3-venv" in done.stderr


def test_the_next_candidate_is_tried(tmp_path: Path) -> None:
    folder = programs(tmp_path / "bin", {"python3.13": "exit 1", "python3": f'exec {sys.executable} "$@"'})
    done = run_script("find_python.sh", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == sys.executable


def test_cosign_without_go(tmp_path: Path) -> None:
    folder = programs(tmp_path / "bin", links=("sh", "env", "grep", "dirname", "mkdir"))
    target = tmp_path / "cache" / "cosign"
    done = run_script("get_cosign.sh", folder, COSIGN=str(target), COSIGN_VERSION="v3.1.3")
    assert done.returncode == 1
    assert "there is no go in PATH" in done.stderr
    assert str(target) in done.stderr


def test_a_cosign_of_another_version_is_not_taken(tmp_path: Path) -> None:
    folder = programs(tmp_path / "bin", {"cosign": 'echo "GitVersion:    v3.1.33"'}, ("sh", "env", "grep", "dirname"))
    arguments = {"COSIGN": str(folder / "cosign"), "COSIGN_LOCKED": "1"}
    assert run_script("get_cosign.sh", folder, COSIGN_VERSION="v3.1.3", **arguments).returncode == 1
    assert run_script("get_cosign.sh", folder, COSIGN_VERSION="v3.1.33", **arguments).returncode == 0


def test_the_services_without_go(tmp_path: Path) -> None:
    folder = programs(tmp_path / "bin", links=("sh", "env", "dirname", "mkdir"))
    there = tmp_path / "bin" / "env"
    target = tmp_path / "cache" / "rekor-server-posix-v2.3.0"
    done = run_script("get_sigstore.sh", folder, FULCIO=str(there), REKOR=str(target), TSA=str(there))
    assert done.returncode == 1
    assert done.stdout == "env\n"
    assert "there is no go in PATH" in done.stderr
    assert str(target) in done.stderr


def test_a_service_that_was_not_built_to_its_end_is_built_again(tmp_path: Path) -> None:
    go = 'test "$1 $2" = "install example.org/fulcio@v1.8.8" || exit 1; echo partial > "$GOBIN/fulcio"; exit ${FAIL:-0}'
    links = ("sh", "env", "dirname", "mkdir", "mktemp", "mv", "rm", "nice")
    folder = programs(tmp_path / "bin", {"go": go.replace("example.org", "github.com/sigstore")}, links)
    (tmp_path / "cache").mkdir()
    target = tmp_path / "cache" / "fulcio-v1.8.8"
    there = {"REKOR": str(folder / "env"), "TSA": str(folder / "env"), "FULCIO": str(target)}
    assert run_script("get_sigstore.sh", folder, FAIL="1", **there).returncode == 1
    assert list(target.parent.iterdir()) == []
    assert run_script("get_sigstore.sh", folder, **there).returncode == 0
    assert list(target.parent.iterdir()) == [target]


def test_gitlab_ci_local_without_rsync_or_node(tmp_path: Path) -> None:
    links = ("sh", "env", "dirname", "mkdir", "cmp")
    target = tmp_path / "cache" / "gitlab-ci-local"
    bare = programs(tmp_path / "bare", links=links)
    done = run_script("get_gitlab_ci_local.sh", bare, GITLAB_CI_LOCAL=str(target))
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no rsync in PATH" in done.stderr
    assert "fix: apt-get install rsync" in done.stderr
    old = programs(tmp_path / "old", {"rsync": "exit 1", "npm": "exit 1", "node": "exit 1"}, links)
    done = run_script("get_gitlab_ci_local.sh", old, GITLAB_CI_LOCAL=str(target))
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no Node.js 20 or newer" in done.stderr


def test_gitlab_ci_local_that_was_not_installed_to_its_end_is_installed_again(tmp_path: Path) -> None:
    npm = 'test "$1" = ci || exit 1; mkdir -p node_modules/.bin; test -z "${FAIL-}" || exit 1\n'
    npm += 'printf "#!/bin/sh\necho 4.73.0\n" > node_modules/.bin/gitlab-ci-local; chmod +x node_modules/.bin/*'
    links = ("sh", "env", "dirname", "mkdir", "cmp", "mktemp", "cp", "mv", "rm", "chmod")
    folder = programs(tmp_path / "bin", {"rsync": "exit 1", "npm": npm, "node": "exit 0"}, links)
    target = tmp_path / "cache" / "gitlab-ci-local"
    target.parent.mkdir()
    assert run_script("get_gitlab_ci_local.sh", folder, GITLAB_CI_LOCAL=str(target), FAIL="1").returncode == 1
    assert list(target.parent.iterdir()) == []
    first, second = (run_script("get_gitlab_ci_local.sh", folder, GITLAB_CI_LOCAL=str(target)) for _ in range(2))
    assert first.stdout.endswith("once) …\ngitlab-ci-local 4.73.0\n"), first.stderr
    assert second.stdout == "gitlab-ci-local 4.73.0\n"
    assert list(target.parent.iterdir()) == [target]


def conformance(folder: Path) -> tuple[str, str]:
    """Return a repository with a suite as sigstore-conformance has it, and its commit."""
    assets = folder / "test" / "assets" / "bundle-verify"
    assets.mkdir(parents=True)
    (assets / "README.md").write_text("cases\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@a.example")
    for arguments in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "suite")):
        subprocess.run(("git", *arguments), cwd=folder, check=True)
    revision = subprocess.check_output(("git", "rev-parse", "HEAD"), cwd=folder, text=True).strip()
    return folder.as_uri(), revision


def test_the_conformance_suite_is_fetched_once_at_its_commit(tmp_path: Path) -> None:
    source, revision = conformance(tmp_path / "upstream")
    target = tmp_path / "cache" / f"sigstore-conformance-{revision}"
    target.parent.mkdir()
    given = {"CONFORMANCE": str(target), "CONFORMANCE_REVISION": revision, "CONFORMANCE_SOURCE": source}
    path = Path(os.environ["PATH"])
    assert run_script("get_conformance.sh", path, **given).returncode == 0
    assert (target / "bundle-verify" / "README.md").read_text() == "cases\n"
    again = run_script("get_conformance.sh", path, **{**given, "CONFORMANCE_SOURCE": "file:///none"})
    assert again.stdout == f"sigstore-conformance {revision}\n"
    assert {each.name for each in target.parent.iterdir()} <= {target.name, "sigstore-conformance.lock"}


def test_a_suite_that_cannot_be_fetched_is_an_error_only_where_it_is_demanded(tmp_path: Path) -> None:
    source, _ = conformance(tmp_path / "upstream")
    target = tmp_path / "cache" / "suite"
    target.parent.mkdir()
    given = {"CONFORMANCE": str(target), "CONFORMANCE_REVISION": "a" * 40, "CONFORMANCE_SOURCE": source}
    path = Path(os.environ["PATH"])
    done = run_script("get_conformance.sh", path, **given)
    assert done.returncode == 0
    assert "warning: the suite of sigstore-conformance cannot be fetched; its tests skip" in done.stderr
    assert "fix: set COUNTERSEAL_SUITES" in done.stderr
    done = run_script("get_conformance.sh", path, COUNTERSEAL_REQUIRE_SUITES="locks sigstore-conformance", **given)
    assert done.returncode == 1
    assert "error: the suite" in done.stderr
    assert not target.exists()


def test_a_suite_that_is_there_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "sigstore-conformance" / "bundle-verify").mkdir(parents=True)
    done = run_script("get_conformance.sh", programs(tmp_path / "bin"), COUNTERSEAL_SUITES=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "sigstore-conformance in COUNTERSEAL_SUITES\n")


@pytest.mark.parametrize("path", [*tracked("*.sh"), ROOT / ".ci" / "run"], ids=relative)
def test_shell_scripts_parse_and_can_be_run(path: Path) -> None:
    shell = "bash" if "bash" in path.read_text().partition("\n")[0] else "sh"
    done = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert path.stat().st_mode & 0o100, "not executable"


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", text, re.MULTILINE)
    documented = re.findall(r"^([a-z-]+):.* ## .+", text, re.MULTILINE)
    assert documented == targets
