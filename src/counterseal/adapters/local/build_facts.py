"""What this machine knows of a build: lock files, tools, platform and a few environment variables.

It starts no process and never sees the whole environment: `wiring/` hands in the variables, of which the names in
`VARIABLES` are kept, redacted. What cannot be known here (which compiler another job used) is left out, not guessed.
"""

from __future__ import annotations

import os
import platform
import re
import string
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import __version__, credentials, plain_file
from counterseal.adapters.local import installed_packages
from counterseal.errors import UsageError
from counterseal.formats import digests
from counterseal.model import BuildInputs, Redaction
from counterseal.policy import Confidentiality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOCK_FILES: Final = (
    *("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "requirements.txt", "Pipfile.lock"),
    *("package-lock.json", "pnpm-lock.yaml", "yarn.lock", "Cargo.lock", "go.sum", "gradle.lockfile"),
)
TOOLS: Final = ("build", "hatchling", "pip", "setuptools", "uv")
VARIABLES: Final = ("LANG", "LC_ALL", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TZ")
RUNNER_VARIABLES: Final = ("ImageOS", "ImageVersion", "RUNNER_ARCH", "RUNNER_OS", "CI_RUNNER_EXECUTABLE_ARCH")
MAX_LOCK_BYTES: Final = 64 << 20
MAX_WHEEL_METADATA: Final = 64 << 10
MAX_VALUE: Final = 200
#: More than is shown, because replacing shortens it, and so little that looking for secrets costs nothing.
MAX_READ: Final = 2048
REDACTED: Final = "[redacted]"

_IN_SECRETS: Final = string.ascii_letters + string.digits + "_-."


def redact(text: str) -> str:
    """Return free text fit to be published: known forms of secrets replaced, unprintable escaped, cut to 200."""
    # The cut may be in the middle of a secret, whose beginning alone would not be recognised.
    read = text if len(text) <= MAX_READ else text[:MAX_READ].rstrip(_IN_SECRETS)
    without, end = "", 0
    for start, stop, _ in credentials.apart((*span, "") for span in credentials.spans(read, cut=True)):
        without, end = f"{without}{read[end:start]}{REDACTED}", stop
    shown = "".join(
        char if char.isprintable() else f"\\u{ord(char):04x}" for char in f"{without}{read[end:]}"[: 2 * MAX_VALUE]
    )
    return shown[:MAX_VALUE]


class LocalBuildFacts:
    """Collects build inputs on this machine (`ports.BuildFacts`).

    Args:
        variables: The environment, or the part of it that may be looked at; kept are the names of the allow-list.
        redaction: What paths of lock files must not tell.
    """

    def __init__(self, variables: Mapping[str, str], redaction: Redaction | None = None) -> None:
        self._variables = variables
        self._redaction = redaction or Redaction()

    def collect(self, projects: Sequence[Path], files: Sequence[Path]) -> BuildInputs:
        """Return what can be known here of how `files` were built from `projects`.

        Raises:
            UsageError: SOURCE_DATE_EPOCH is no number, or a lock file is no plain file, or huge.
        """
        return BuildInputs(
            lock_files=self._lock_files(projects),
            tools={**_tools(), **_generators(files)},
            platform={**_platform(), **self._chosen(RUNNER_VARIABLES)},
            variables=self._chosen(VARIABLES),
            epoch=self._epoch(),
        )

    def _lock_files(self, projects: Sequence[Path]) -> dict[str, str]:
        """Return path and sha256 of the lock files in some folders, the paths relative to the first folder."""
        words = Confidentiality(self._redaction)
        paths = [project / name for project in projects for name in LOCK_FILES if os.path.lexists(project / name)]
        return {words.text(Path(os.path.relpath(path, projects[0])).as_posix()): _digest(path) for path in paths}

    def _chosen(self, names: Sequence[str]) -> dict[str, str]:
        return {name: redact(self._variables[name]) for name in names if name in self._variables}

    def _epoch(self) -> int | None:
        text = self._variables.get("SOURCE_DATE_EPOCH", "")
        if not text:
            return None
        if not re.fullmatch(r"[0-9]{1,11}", text, re.ASCII):
            raise UsageError(
                f"SOURCE_DATE_EPOCH is {text[:40]!r}",
                why="it is not a number of seconds",
                fix="unset it, or set seconds",
            )
        return int(text)


def _digest(path: Path) -> str:
    with plain_file.opened(path, max_bytes=MAX_LOCK_BYTES) as stream:
        return digests.sha256_of(stream)


def _tools() -> dict[str, str]:
    """Return the tools of the environment that this process runs in."""
    tools = {"counterseal": __version__, "python": platform.python_version()}
    for head in installed_packages.metadata(sys.path, prefixes=TOOLS):
        if (name := str(head.get("Name", ""))) in TOOLS and name not in tools:
            tools[name] = redact(str(head.get("Version", "")))
    return tools


def _generators(files: Sequence[Path]) -> dict[str, str]:
    """Return what each wheel says of the tool that wrote it (`Generator` of WHEEL, binary distribution format)."""
    generators = {}
    for path in files:
        if path.suffix == ".whl" and (generator := _generator(path)):
            generators[f"generator of {path.name}"] = redact(generator)
    return generators


def _generator(path: Path) -> str:
    try:
        with plain_file.opened(path) as file, zipfile.ZipFile(file) as archive:
            name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/WHEEL", name))
            with archive.open(name) as stream:
                text = stream.read(MAX_WHEEL_METADATA).decode("utf-8", "replace")
    except Exception:  # noqa: BLE001 - an archive can be damaged in more ways than its readers have errors
        return ""  # says nothing; whether it is a wheel at all is not our question
    match = re.search(r"^Generator: *(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else ""


def _platform() -> dict[str, str]:
    return {
        "arch": platform.machine(),
        "kernel": platform.release(),
        "os": platform.system(),
        "pythonImplementation": platform.python_implementation(),
    }
