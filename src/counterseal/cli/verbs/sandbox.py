"""Start the sandbox and keep it running: forge, identities, certificate authority, log and timestamps on loopback.

What it signs proves nothing to anybody. Control calls are listed in docs/sandbox.md.
"""

from __future__ import annotations

import contextlib
import json
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
        state = options.state or stack.enter_context(wiring.surroundings.work_folder())
        with contextlib.suppress(KeyboardInterrupt):
            sandbox.run(state, options.port, ready=_ready)
    return Report("the sandbox is gone", {"schema": "counterseal.sandbox/v1"})


def _ready(url: str, gate: str) -> None:
    run = {
        "repository": "alice/app",
        "workflow": ".github/workflows/promote.yml",
        "ref": "refs/heads/main",
        "event": "push",
        "actor": "alice",
        "gateRevision": gate,
        "permissions": {"contents": "write", "pull-requests": "write", "actions": "read", "id-token": "write"},
    }
    job = {"project": "alice/tools/app", "ref": "refs/heads/main", "source": "push", "actor": "alice", "apiToken": True}
    project = {"forge": "gitlab", "owner": "alice", "name": "tools/app", "jobTokenMayPush": True}
    calls = [
        ("a world of your own, at GitHub and at GitLab", "/users", {"login": "alice"}),
        ("", "/repositories", {"owner": "alice", "name": "app"}),
        ("", "/repositories", project),
        ("the environment of a run and of a job, once their repository has a commit (docs/sandbox.md)", "/runs", run),
        ("", "/jobs", job),
    ]
    rows = [f"sandbox: {url} · proves nothing to anybody · stop with Ctrl-C"]
    for title, path, body in calls:
        rows += [f"  {title}:"] if title else []
        rows.append(f"    curl --json '{json.dumps(body)}' {url}{path}")
    rows += ["  whom it trusts:", f"    counterseal trust export --sandbox-url {url} --format json"]
    sys.stdout.write("\n".join(rows) + "\n")
    sys.stdout.flush()
