"""The rules of tests/conftest.py hold: nothing outside is reached, and CI lets nothing be skipped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.project.source_tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_COSIGN = """
import pytest

@pytest.mark.interop
def test_with_cosign(tool):
    tool("cosign")
"""
SKIPS_BY_HAND = """
import pytest

@pytest.mark.interop
def test_that_gives_up():
    pytest.skip("not today")
"""


def test_sockets_reach_loopback_only() -> None:
    # Neither name nor number exists, so nothing is sent even if the guard were gone.
    with pytest.raises(RuntimeError, match="may not look up"):
        socket.getaddrinfo("outside.example", 443)
    with socket.socket() as other, pytest.raises(RuntimeError, match="may not connect"):
        other.connect(("256.0.0.1", 443))
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_the_callers_settings_are_gone() -> None:
    assert not {"GITHUB_ACTIONS", "CI", "GITLAB_CI", "COUNTERSEAL_SANDBOX"} & set(os.environ)
    named = subprocess.run(["git", "config", "user.email"], cwd="/", capture_output=True, text=True, check=False)
    assert named.stdout == ""


def run_tests(folder: Path, text: str, **env: str) -> str:
    """Return what pytest prints for a project that has our conftest.py, this test, and no cosign."""
    (folder / "tests").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "tests" / "test_it.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = interop\naddopts = -ra -p no:cacheprovider\n")
    settings = {"PATH": "/nowhere", "HOME": str(folder), **env}
    command = [sys.executable, "-m", "pytest", "tests"]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False).stdout


@pytest.mark.slow
def test_a_missing_tool_skips_with_the_command_that_installs_it(tmp_path: Path) -> None:
    printed = run_tests(tmp_path, NEEDS_COSIGN)
    assert "1 skipped" in printed
    assert "cosign is missing" in printed
    assert "make tools" in printed


@pytest.mark.slow
@pytest.mark.parametrize("text", [NEEDS_COSIGN, SKIPS_BY_HAND])
def test_in_ci_nothing_of_interop_is_skipped(tmp_path: Path, text: str) -> None:
    printed = run_tests(tmp_path, text, COUNTERSEAL_REQUIRE_TOOLS="1")
    assert "1 failed" in printed
    assert "skipped in" not in printed.splitlines()[-1]
