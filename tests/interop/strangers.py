"""Runs the scripts of docs/verify-without-us as a stranger would: empty HOME, no network, nothing of ours in PATH."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "verify-without-us"


@dataclass(frozen=True, slots=True)
class Stranger:
    """A person with a release folder and one foreign verifier.

    Args:
        script: Name of the script below docs/verify-without-us.
        programs: The tools that the script calls; their folders and the system's are the PATH.
        home: An empty folder.
    """

    script: str
    programs: tuple[Path, ...]
    home: Path

    @classmethod
    def with_tool(cls, name: str, tool: Callable[[str], Path], folder: Path) -> Stranger:
        """Return a stranger with gh or cosign; `tool` skips the test or fails it if something is missing."""
        home = folder / "home"
        home.mkdir()
        needed = {"gh": ("gh", "jq"), "cosign": ("cosign", "jq", "openssl")}[name]
        return cls(f"verify-with-{name}.sh", tuple(tool(program) for program in needed), home)

    def verify(
        self, file: Path | str, variables: Mapping[str, str], *more: Path | str, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Return the finished script for files of a downloaded release folder, run in `folder` if it is given."""
        folders = dict.fromkeys([*(str(program.parent) for program in self.programs), "/usr/bin", "/bin"])
        env = {"PATH": os.pathsep.join(folders), "HOME": str(self.home), **variables}
        command = [*_without_network(), "bash", str(SCRIPTS / self.script), *map(str, (file, *more))]
        return subprocess.run(
            command,
            env=env,
            cwd=folder or self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def _without_network() -> list[str]:
    """Return what cuts the network off, where we may; elsewhere the tools' own offline behaviour has to do."""
    probe = ["unshare", "-n", "true"]
    try:
        usable = subprocess.run(probe, capture_output=True, check=False, timeout=20).returncode == 0
    except FileNotFoundError:
        usable = False
    return ["unshare", "-n"] if usable else []
