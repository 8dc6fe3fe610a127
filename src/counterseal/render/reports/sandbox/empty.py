"""What a sandbox says once it answers: where it is, and the calls that one makes first."""

from __future__ import annotations

import json
from typing import Final

from counterseal.identifiers import page
from counterseal.render.report import Report

_SCHEMA: Final = "counterseal.sandbox/v1"


def ready(url: str, gate: str) -> str:
    """Return the lines for somebody who wants to use it.

    Args:
        url: Where it answers.
        gate: The released revision of the gate in it.
    """
    rows = [f"sandbox: {url} · proves nothing to anybody · stop with Ctrl-C"]
    for heading, path, body in _calls(gate):
        rows += [f"  {heading}:"] if heading else []
        rows.append(f"    curl --json '{json.dumps(body)}' {url}{path}")
    return "\n".join([*rows, "  whom it trusts:", f"    counterseal trust export --sandbox-url {url} --format json"])


def data(url: str, gate: str) -> dict[str, object]:
    """Return the same for a program."""
    calls = [{"path": path, "body": body} for _, path, body in _calls(gate)]
    return {"schema": _SCHEMA, "url": url, "gateRevision": gate, "calls": calls}


def gone() -> Report:
    """Return what is left to say when it was stopped."""
    return Report("the sandbox is gone", {"schema": _SCHEMA, "stopped": True})


def _calls(gate: str) -> list[tuple[str, str, dict[str, object]]]:
    """Return (heading, path, body) of the calls; those without a heading belong to the one before."""
    run: dict[str, object] = {
        "repository": "alice/app",
        "workflow": ".github/workflows/promote.yml",
        "ref": "refs/heads/main",
        "event": "push",
        "actor": "alice",
        "gateRevision": gate,
        "permissions": {"contents": "write", "pull-requests": "write", "actions": "read", "id-token": "write"},
    }
    job: dict[str, object] = {
        "project": "alice/tools/app",
        "ref": "refs/heads/main",
        "source": "push",
        "actor": "alice",
        "apiToken": True,
    }
    project: dict[str, object] = {"forge": "gitlab", "owner": "alice", "name": "tools/app", "jobTokenMayPush": True}
    return [
        ("a world of your own, at GitHub and at GitLab", "/users", {"login": "alice"}),
        ("", "/repositories", {"owner": "alice", "name": "app"}),
        ("", "/repositories", project),
        (
            f"the environment of a run and of a job, once their repository has a commit ({page('sandbox.md')})",
            "/runs",
            run,
        ),
        ("", "/jobs", job),
    ]
