"""Tools are asked within bounds: one that hangs, floods, fails or forks costs seconds and no more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from counterseal.adapters.observing import tools


def tool(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def asked(folder: Path, **more: str) -> tuple[dict[str, str], tuple[str, ...]]:
    return tools.versions({"PATH": f"{folder}:/usr/bin:/bin", **more})


def only(found: tuple[dict[str, str], tuple[str, ...]], *names: str) -> tuple[dict[str, str], list[str]]:
    said, silent = found
    return {name: said[name] for name in names if name in said}, [name for name in silent if name in names]


def test_the_line_with_the_version_is_taken(tmp_path: Path) -> None:
    tool(tmp_path, "zip", 'echo "Copyright 1990"; echo "This is Zip 3.0"')
    tool(tmp_path, "mvn", "printf '\\033[1mApache Maven 3.8.7\\033[m\\n'")
    tool(tmp_path, "java", "echo 'openjdk version \"17.0.1\"' >&2")
    tool(tmp_path, "cargo", 'echo; echo "  nightly  "')
    said, silent = only(asked(tmp_path), "zip", "mvn", "java", "cargo")
    assert said == {
        "zip": "This is Zip 3.0",
        "mvn": "Apache Maven 3.8.7",
        "java": 'openjdk version "17.0.1"',
        "cargo": "nightly",
    }
    assert silent == []


@pytest.mark.slow
def test_a_tool_that_hangs_or_floods_or_fails_is_named_and_nothing_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "SECONDS", 1.0)
    tool(tmp_path, "gradle", f"echo 8.1; sleep 30 & echo $! > {tmp_path}/child; wait")
    tool(tmp_path, "cmake", "yes 1.0")
    tool(tmp_path, "meson", "echo 1.2; exit 3")
    tool(tmp_path, "ninja", "exit 0")
    tool(tmp_path, "bazel", "kill -9 $$")
    (tmp_path / "yarn").write_text("no program at all \x00")
    (tmp_path / "yarn").chmod(0o755)
    began = time.monotonic()
    said, silent = only(asked(tmp_path), "gradle", "cmake", "meson", "ninja", "bazel", "yarn")
    assert time.monotonic() - began < 10
    assert (said, silent) == ({}, ["bazel", "cmake", "gradle", "meson", "ninja", "yarn"])
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _runs(child):
            break
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@pytest.mark.slow
def test_a_child_that_keeps_the_output_open_is_not_waited_for(tmp_path: Path) -> None:
    tool(tmp_path, "gradle", "setsid sleep 8 & echo 8.1")
    began = time.monotonic()
    assert only(asked(tmp_path), "gradle") == ({"gradle": "8.1"}, [])
    assert time.monotonic() - began < 7


def test_a_tool_sees_no_secret_no_input_and_no_file_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, "go", 'echo "1.0 $NPM_TOKEN|$GOTOOLCHAIN|$(pwd)|$(cat)"')
    monkeypatch.chdir(tmp_path)
    said, _ = asked(tmp_path, NPM_TOKEN="secret", GOTOOLCHAIN="go9.9.9")
    assert said["go"] == "1.0 |local|/|"


def test_only_absolute_folders_of_the_path_are_looked_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    tool(tmp_path / "bin", "go", "echo 6.6.6")
    monkeypatch.chdir(tmp_path)
    for path in ("bin", "./bin:", "", ":"):
        assert tools.versions({"PATH": path}) == ({}, ())
