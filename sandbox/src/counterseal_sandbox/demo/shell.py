"""Programs started as a user would start them, with nothing in their environment but what is given."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TIMEOUT: Final = 120.0


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """What a program left: exit code, stdout and stderr as text, wall time in seconds."""

    exit_code: int
    output: str
    errors: str
    seconds: float


class Shell:
    """Starts other programs, as a user would.

    Args:
        path: The value of PATH.
        home: The value of HOME: a folder of its own, so that nobody's settings play a part.
    """

    def __init__(self, path: str, home: Path) -> None:
        self._base = {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8"}

    def run(
        self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
    ) -> ProcessResult:
        """Return what a program said after it ended.

        Args:
            arguments: The program and its arguments.
            folder: Where it runs.
            environment: All that it sees of the environment, beside PATH and HOME.
        """
        start = time.monotonic()
        try:
            done = subprocess.run(
                list(arguments),
                cwd=folder,
                env={**self._base, **(environment or {})},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ServiceError(f"could not run {arguments[0]}", why=str(error)) from error
        return ProcessResult(
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
            time.monotonic() - start,
        )
