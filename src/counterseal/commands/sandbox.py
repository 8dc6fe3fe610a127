"""`sandbox`: keeps the sandbox running until it is stopped, for rehearsals and drills."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

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
    """
    with Sandbox(state, port=port) as sandbox:
        ready(sandbox.url, DEFAULT_GATE_REVISION)
        (until or threading.Event()).wait()
