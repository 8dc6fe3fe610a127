"""Start the sandbox and keep it running: forge, identities, certificate authority, log and timestamps on loopback.

What it signs proves nothing to anybody. Control calls are listed in docs/sandbox.md.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli.report import Report
from counterseal.commands import sandbox

if TYPE_CHECKING:
    import argparse

    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--state", type=Path, help="folder for git objects and assets (default: a temporary one)")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    with contextlib.ExitStack() as stack:
        state = options.state or stack.enter_context(wiring.work_folder())
        with contextlib.suppress(KeyboardInterrupt):
            sandbox.run(state, options.port, ready=_ready)
    return Report("the sandbox is gone", {"schema": "counterseal.sandbox/v1"})


def _ready(url: str, gate: str) -> None:
    sys.stdout.write(
        f"sandbox: {url} · proves nothing to anybody · stop with Ctrl-C\n"
        "  a world of your own:\n"
        f'    curl -d \'{{"login": "alice"}}\' {url}/users\n'
        f'    curl -d \'{{"owner": "alice", "name": "app"}}\' {url}/repositories\n'
        "  the environment of a CI run (docs/sandbox.md):\n"
        f'    curl -d \'{{"repository": "alice/app", "workflow": ".github/workflows/promote.yml", '
        f'"ref": "refs/heads/main", "event": "push", "actor": "alice", "gateRevision": "{gate}", '
        f'"permissions": {{"contents": "write", "id-token": "write"}}}}\' {url}/runs\n'
        "  whom it trusts:\n"
        f"    counterseal trust export --sandbox-url {url} --format json\n"
    )
    sys.stdout.flush()
