"""Asks the tools of a build for their versions: a fixed list of calls, each bounded in time and output.

A call gets no secret, no input, and a neutral folder, so that no file of the project chooses what runs or lets a tool
fetch another version of itself. Tools come from absolute folders of PATH. A tool that answers nothing in time is named.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS: Final = 5.0
#: For all of them together; what is not asked by then is not answered.
ALL_SECONDS: Final = 20.0
MAX_OUTPUT: Final = 16 << 10
_AT_ONCE: Final = 8

_VERSION: Final = ("--version",)
CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("python3", "pip", "uv", "hatch", "poetry", "flit", "pdm"), _VERSION),
    **dict.fromkeys(("gcc", "g++", "clang", "clang++", "ld", "ld.lld", "as", "ar", "strip", "objcopy"), _VERSION),
    **dict.fromkeys(("make", "cmake", "ninja", "meson", "bazel", "pkg-config", "protoc"), _VERSION),
    **dict.fromkeys(("node", "npm", "pnpm", "yarn", "bun", "deno"), _VERSION),
    **dict.fromkeys(("rustc", "cargo", "ruby", "bundle", "php", "composer", "ghc", "swift", "dotnet"), _VERSION),
    **dict.fromkeys(("mvn", "gradle", "kotlinc", "sbt"), _VERSION),
    **dict.fromkeys(("git", "tar", "gzip", "xz", "zstd", "bash", "docker", "podman", "buildah"), _VERSION),
    **dict.fromkeys(("java", "javac"), ("-version",)),
    **dict.fromkeys(("go", "zig"), ("version",)),
    "zip": ("-v",),
}
_NEEDED: Final = """
    PATH HOME TMPDIR USER LD_LIBRARY_PATH JAVA_HOME GOROOT GOPATH RUSTUP_HOME RUSTUP_TOOLCHAIN CARGO_HOME
    DOTNET_ROOT PYENV_ROOT PYENV_VERSION NVM_DIR VOLTA_HOME ASDF_DIR
"""
_KEPT: Final = tuple(_NEEDED.split())
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,20}m")
_NUMBER: Final = re.compile(r"\d\.\d")
_FIXED: Final = {
    "LC_ALL": "C",
    # None of them is to fetch another version of itself.
    "GOTOOLCHAIN": "local",
    "RUSTUP_AUTO_INSTALL": "0",
    "COREPACK_ENABLE_NETWORK": "0",
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    "DOTNET_NOLOGO": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def versions(variables: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the line by which each tool on the PATH says its version, and the tools that are there and said nothing.

    Args:
        variables: The environment of the build.
    """
    folders = os.pathsep.join(each for each in variables.get("PATH", "").split(os.pathsep) if os.path.isabs(each))  # noqa: PTH117 - of a text
    if not folders:
        return {}, ()
    found = {name: place for name in CALLS if (place := shutil.which(name, path=folders))}
    environment = {**{name: variables[name] for name in _KEPT if name in variables}, "PATH": folders, **_FIXED}
    until = time.monotonic() + ALL_SECONDS
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = {name: pool.submit(_answer, (place, *CALLS[name]), environment, until) for name, place in found.items()}
        answers = {name: future.result() for name, future in asked.items()}
    return {name: said for name, said in answers.items() if said}, tuple(
        sorted(name for name, said in answers.items() if not said)
    )


def _answer(command: tuple[str, ...], environment: Mapping[str, str], until: float) -> str:
    """Return the first line that a call prints; nothing if it does not end well in time."""
    until = min(until, time.monotonic() + SECONDS)
    if until <= time.monotonic():
        return ""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
    except OSError:
        return ""
    try:
        printed = _printed(process, until)
        code = process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return ""
    finally:
        _end(process)
    return _version_in(printed.decode("utf-8", "replace")) if code == 0 else ""


def _version_in(text: str) -> str:
    """Return the first line with something like a version, else the first that says anything."""
    lines = [line for row in text.splitlines() if (line := _COLOUR.sub("", row).strip())]
    return next((line for line in lines if _NUMBER.search(line)), lines[0] if lines else "")


def _printed(process: subprocess.Popen[bytes], until: float) -> bytes:
    """Return what a process prints until it ends or is out of time: a child that it leaves behind is not waited for."""
    printed = bytearray()
    if process.stdout is None:
        return b""
    ready = select.poll()
    ready.register(process.stdout, select.POLLIN)
    while len(printed) < MAX_OUTPUT and (left := until - time.monotonic()) > 0:
        if not ready.poll(min(left, 0.1) * 1000):
            if process.poll() is not None:
                break
            continue
        part = os.read(process.stdout.fileno(), 4096)
        if not part:
            break
        printed += part
    return bytes(printed)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and all that it left in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
