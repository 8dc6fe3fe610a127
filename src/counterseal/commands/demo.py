"""`demo`: the whole story in the sandbox, told by the sandbox's own package; an error if it is not as told."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from counterseal.commands.sandbox import check_installed
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.ports import Signer


class Told(Protocol):
    """One step as it was told: title, what was seen, seconds."""

    @property
    def title(self) -> str:
        """Return what is done."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what was seen."""

    @property
    def seconds(self) -> float:
        """Return how long it took."""


@dataclass(frozen=True, slots=True)
class DemoPorts:
    """What the story is played with.

    Attributes:
        examples: The folder of the projects: `app`, which is released, and `web`, an npm package.
        path: The value of PATH of what it starts: git, the build and counterseal.
        signer: Gives a signer with the identity of a run's environment.
        begin: Called with each forge before its first step.
        tell: Called after each step.
    """

    examples: Path
    path: str
    signer: Callable[[Mapping[str, str]], Signer]
    begin: Callable[[ForgeKind], None]
    tell: Callable[[Told], None]


@dataclass(frozen=True, slots=True)
class Release:
    """What the story left on one forge: steps, folder, trust document, manifest, and the consumer's question."""

    steps: tuple[Told, ...]
    folder: Path
    trust: Mapping[str, Any]
    manifest: Mapping[str, Any]
    ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The story on each forge, and how long all of it took."""

    releases: Mapping[ForgeKind, Release]
    seconds: float


def run(folder: Path, kinds: Sequence[ForgeKind], ports: DemoPorts) -> Shown:
    """Play the story on each forge and return how it went.

    Args:
        folder: For everything that it makes; what an earlier demo left there is replaced.
        kinds: The forges.
        ports: What it is played with.

    Raises:
        NotAsToldError: Something did not go as told.
        UsageError: The sandbox is not installed, there is no project, or the folder is somebody else's.
    """
    check_installed()
    for manifest in ("app/pyproject.toml", "web/package.json"):
        if not (ports.examples / manifest).is_file():
            raise UsageError(
                f"no projects in {ports.examples}", why=f"there is no {manifest}", fix="run it in a checkout: make demo"
            )
    _clear(folder)
    start = time.monotonic()
    releases = {kind: _play(folder / kind, kind, ports) for kind in kinds}
    return Shown(releases, time.monotonic() - start)


def _clear(folder: Path) -> None:
    if not folder.exists():
        return
    earlier = [*(folder / kind / "sandbox" for kind in ForgeKind), folder / "sandbox"]
    if any(folder.iterdir()) and not any(sandbox.is_dir() for sandbox in earlier):
        raise UsageError(
            f"{folder} is not empty",
            why="only what an earlier demo left there is replaced",
            fix="choose another --output",
        )
    shutil.rmtree(folder)


def _play(folder: Path, kind: ForgeKind, ports: DemoPorts) -> Release:
    from counterseal_sandbox.demo import story  # noqa: PLC0415 - a package that a gate does not have
    from counterseal_sandbox.demo.shell import Shell  # noqa: PLC0415

    ports.begin(kind)
    home = folder / "home"
    home.mkdir(parents=True)
    shell = Shell(ports.path, home)
    played = story.run(shell, folder, ports.examples, kind=kind, signer=ports.signer, tell=ports.tell)
    trust, manifest = (json.loads((folder / name).read_text()) for name in ("trust.json", "release/manifest.json"))
    return Release(played.steps, _near(folder), trust, manifest, played.ask)


def _near(path: Path) -> Path:
    """Return a path as somebody here would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
