"""`sandbox`: keeps the sandbox running until it is stopped, for rehearsals and drills."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from counterseal.errors import UsageError
from counterseal.sandbox.service import DEFAULT_GATE_REVISION, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
    with _opened(state, port) as sandbox:
        ready(sandbox.url, DEFAULT_GATE_REVISION)
        (until or threading.Event()).wait()


def _opened(state: Path, port: int) -> Sandbox:
    try:
        return Sandbox(state, port=port)
    except (OSError, OverflowError) as error:  # what a port above 65535 raises is no OSError
        raise UsageError(
            f"no sandbox on port {port} with its state in {state}",
            why=str(error),
            fix="leave --port out for a free one; --state names a folder that you may write to",
        ) from error
