"""`sandbox`: keeps the sandbox running until it is stopped, for rehearsals and drills."""

from __future__ import annotations

import importlib.util
import threading
from typing import TYPE_CHECKING

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from counterseal_sandbox.service import Sandbox


def check_installed() -> None:
    """Check that the sandbox is there; it is a package of its own, which no gate has.

    Raises:
        UsageError: It is not installed.
    """
    if importlib.util.find_spec("counterseal_sandbox") is None:
        raise UsageError(
            "the sandbox is not installed",
            why="it is a separate package, so that no gate includes it",
            fix="run it in a checkout of counterseal: make demo sets it up",
        )


def run(state: Path, port: int, *, ready: Callable[[str, str], None], until: threading.Event | None = None) -> None:
    """Serve until interrupted.

    Args:
        state: Folder for git objects and assets.
        port: Port on 127.0.0.1; 0 takes a free one.
        ready: Called with the URL and the released gate revision once it answers.
        until: Set it to stop; None: only an interrupt stops it.

    Raises:
        UsageError: The port or the folder cannot be had.
    """
    check_installed()
    with opened(state, port, released=(gate_revision(),)) as sandbox:
        ready(sandbox.url, gate_revision())
        (until or threading.Event()).wait()


def gate_revision() -> str:
    """Return the revision of the gate that a sandbox counts as released."""
    from counterseal_sandbox.service import DEFAULT_GATE_REVISION  # noqa: PLC0415 - a package that a gate does not have

    return DEFAULT_GATE_REVISION


def opened(state: Path, port: int, *, released: Sequence[str]) -> Sandbox:
    """Return a sandbox that does not answer yet.

    Args:
        state: Folder for git objects and assets.
        port: Port on 127.0.0.1; 0 takes a free one.
        released: The revisions of the gate that it counts as released.

    Raises:
        UsageError: The port or the folder cannot be had.
    """
    from counterseal_sandbox.service import Sandbox  # noqa: PLC0415

    try:
        return Sandbox(state, port=port, released=released)
    except (OSError, OverflowError) as error:  # what a port above 65535 raises is no OSError
        raise UsageError(
            f"no sandbox on port {port} with its state in {state}",
            why=str(error),
            fix="leave --port out for a free one; --state names a folder that you may write to",
        ) from error
