"""What this machine knows of a build: source, lock files, workflow file, tools, platform, parameters, a few variables.

It starts no process but git. Of the environment the names in `VARIABLES` are kept, redacted, and what the pipeline
file asks people for. What cannot be known here (which compiler another job used) is left out, not guessed: `observe`
says it.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import __version__, plain_file
from counterseal.adapters.local import installed_packages, machine, source_facts
from counterseal.adapters.local.secret_values import Published, redact
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import digests
from counterseal.model import BuildInputs, Redaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOCK_FILES: Final = (
    *("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "requirements.txt", "Pipfile.lock"),
    *("package-lock.json", "pnpm-lock.yaml", "yarn.lock", "Cargo.lock", "go.sum", "gradle.lockfile"),
)
TOOLS: Final = ("build", "hatchling", "pip", "setuptools", "uv")
VARIABLES: Final = ("LANG", "LC_ALL", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TZ")
MAX_LOCK_BYTES: Final = 64 << 20
MAX_WHEEL_METADATA: Final = 64 << 10
MAX_PARAMETERS: Final = 100


class LocalBuildFacts:
    """Collects build inputs on this machine (`ports.BuildFacts`).

    Args:
        variables: The environment, or the part of it that may be looked at; kept are the names of the allow-list, and
            what the pipeline file asks people for.
        redaction: What no text may tell.
        kind: The forge that runs this.
        filled: What whoever started the run by hand filled in, where a file of the forge says it (GitHub).
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        redaction: Redaction | None = None,
        kind: ForgeKind = ForgeKind.GITHUB,
        filled: Mapping[str, str] | None = None,
    ) -> None:
        self._variables = variables
        self._words = Published(variables, redaction or Redaction())
        self._kind = kind
        self._filled = filled or {}

    def collect(
        self, projects: Sequence[Path], files: Sequence[Path], definition: tuple[str, str] | None = None
    ) -> BuildInputs:
        """Return what can be known here of how `files` were built from `projects`.

        Raises:
            UsageError: SOURCE_DATE_EPOCH is no number, a lock file is no plain file, or huge, or there are more
                parameters or submodules than are recorded.
        """
        clone = source_facts.clone_of(projects[0])
        found = source_facts.definition(clone, self._kind, definition, self._words) if clone and definition else None
        return BuildInputs(
            lock_files=self._lock_files(projects),
            tools={**_tools(), **_generators(files)},
            platform={**machine.platform_facts(), **self._words.chosen(machine.RUNNER_VARIABLES, self._variables)},
            variables=self._words.chosen(VARIABLES, self._variables),
            epoch=self._epoch(),
            checkout=source_facts.checkout(clone, self._words) if clone else None,
            definition=found[0] if found else None,
            container=machine.container(self._variables, self._words),
            parameters=self._parameters(found[1].parameters if found else ()),
        )

    def _lock_files(self, projects: Sequence[Path]) -> dict[str, str]:
        """Return path and sha256 of the lock files in some folders, the paths relative to the first folder."""
        paths = [project / name for project in projects for name in LOCK_FILES if os.path.lexists(project / name)]
        return {self._words.path(Path(os.path.relpath(path, projects[0])).as_posix()): _digest(path) for path in paths}

    def _parameters(self, asked: Sequence[str]) -> dict[str, str]:
        """Return what people were asked for and filled in: at GitLab the variables that the file asks for."""
        given = self._filled or {name: self._variables[name] for name in asked if name in self._variables}
        if len(given) > MAX_PARAMETERS:
            raise UsageError(f"{len(given)} parameters", why=f"at most {MAX_PARAMETERS} are recorded", fix="use fewer")
        return {self._words.text(name): self._words.value(name, value) for name, value in given.items()}

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
