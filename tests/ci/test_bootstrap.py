"""Getting ready: from pinned digests, with nothing believed that an earlier step could have left (R41)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.ci.act import package_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ci.newcomer import Product

pytestmark = [pytest.mark.slow, pytest.mark.act]


def start(checkout: Path, temporary: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a verb as an action's step does, in an environment that has nothing but these settings."""
    temporary.mkdir(exist_ok=True)
    return subprocess.run(
        ("/bin/bash", "-p", checkout / "actions" / "_lib" / "run.sh", *arguments),
        cwd=temporary,
        env={**package_settings(os.environ), "RUNNER_TEMP": str(temporary), **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def evil(folder: Path) -> Path:
    """Return a folder of programs that leave a trace when they run."""
    folder.mkdir()
    for name in (
        "python3",
        "uv",
        "git",
        "bash",
        "mktemp",
        "env",
        "pip",
        "sitecustomize.py",
        "usercustomize.py",
        "re.py",
    ):
        script = f"open({str(folder / 'ran')!r}, 'w')\n" if name.endswith(".py") else f"#!/bin/sh\ntouch {folder}/ran\n"
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    (folder / "rc").write_text(f"touch {folder}/ran\n")
    return folder


def test_a_cold_start_believes_nothing_that_lies_about(product: Product, tmp_path: Path) -> None:
    """An earlier step may write to GITHUB_PATH, GITHUB_ENV, HOME and the temporary folder."""
    folder = evil(tmp_path / "evil")
    home = tmp_path / "home"
    for config in (".config/pip/pip.conf", ".config/uv/uv.toml"):
        (home / config).parent.mkdir(parents=True)
        (home / config).write_text("nonsense that would end pip and uv")
    done = start(
        product.folder,
        tmp_path / "temporary",
        "--version",
        PATH=f"{folder}:/usr/bin:/bin",
        BASH_ENV=str(folder / "rc"),
        ENV=str(folder / "rc"),
        HOME=str(home),
        PYTHONPATH=str(folder),
        PYTHONSTARTUP=str(folder / "re.py"),
        PYTHONUSERBASE=str(folder),
        PIP_TARGET=str(folder / "target"),
        PIP_REQUIREMENT=str(folder / "rc"),
        UV_CACHE_DIR=str(folder / "cache"),
        UV_PYTHON=str(folder / "python3"),
        XDG_CACHE_HOME=str(folder / "cache"),
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"counterseal \d+\.\d+\.\d+\n", done.stdout)
    assert not (folder / "ran").exists()
    assert not (folder / "cache").exists()
    assert not (folder / "target").exists()


@pytest.mark.parametrize(
    "name", ["PIP_CONFIG_FILE", "UV_CONFIG_FILE", "PIP_PYTHON", "PIP_KEYRING_PROVIDER", "OPENSSL_CONF"]
)
def test_no_setting_names_a_program_to_run(product: Product, tmp_path: Path, name: str) -> None:
    """pip runs itself again with the `python` of its settings, before it has looked at any digest."""
    folder = evil(tmp_path / "evil")
    settings = folder / "settings"
    settings.write_text(f"[global]\npython = {folder}/python3\nkeyring-provider = subprocess\n")
    value = {"PIP_PYTHON": str(folder / "python3"), "PIP_KEYRING_PROVIDER": "subprocess"}.get(name, str(settings))
    done = start(product.folder, tmp_path / "temporary", "--version", **{name: value})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("counterseal ")
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("lock", ["uv", "runtime"])
def test_another_digest_is_not_installed(product: Product, tmp_path: Path, lock: str) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(product.folder, checkout, ignore=shutil.ignore_patterns(".git", "tests"))
    path = checkout / "requirements" / f"{lock}.txt"
    path.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", path.read_text()))
    done = start(checkout, tmp_path / "temporary", "--version")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "::error title=counterseal::counterseal's dependencies cannot be installed" in done.stderr
    assert "hash" in done.stderr.lower()


def test_no_index(product: Product, tmp_path: Path) -> None:
    """The message is the installer's own, and has no password of a private index in it."""
    settings = {"PIP_INDEX_URL": "http://me:hunter2@127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_FIND_LINKS": ""}
    done = start(product.folder, tmp_path / "temporary", "--version", **settings)
    assert done.returncode == 1
    assert "cannot be installed" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_tool_runs_from_the_checkout_and_its_packages_from_the_new_environment(
    product: Product, tmp_path: Path
) -> None:
    start(product.folder, tmp_path / "temporary", "--version")
    (home,) = (tmp_path / "temporary").iterdir()
    assert sorted(path.name for path in home.iterdir()) == ["tmp", "venv"]
    said = subprocess.check_output(
        (
            home / "venv" / "bin" / "python",
            "-I",
            "-c",
            "import counterseal, sigstore; print(counterseal.__file__, sigstore.__file__)",
        ),
        text=True,
    )
    ours, theirs = said.split()
    assert ours == str(product.folder / "src" / "counterseal" / "__init__.py")
    assert theirs.startswith(str(home / "venv"))


def test_in_gitlab_the_template_names_the_python_and_errors_are_for_its_log(product: Product, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(product.folder, checkout, ignore=shutil.ignore_patterns(".git", "tests"))
    (checkout / "requirements" / "uv.txt").write_text(f"uv==0.0.1 --hash=sha256:{'0' * 64}\n")
    done = start(checkout, tmp_path / "temporary", "--python", "/usr/bin/python3", "--version", GITLAB_CI="true")
    assert done.returncode == 1
    assert done.stderr.startswith("error: counterseal's dependencies cannot be installed\n")
    assert "::error" not in done.stderr
    done = start(product.folder, tmp_path / "temporary", "--python", str(tmp_path / "none"), "--version")
    assert done.returncode == 127
    assert "No such file" in done.stderr
