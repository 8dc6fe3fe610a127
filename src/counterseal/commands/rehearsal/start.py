"""Starts a sandbox with the copy in it, and keeps it running."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import forges
from counterseal.commands import sandbox as sandboxes
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal.commands.rehearsal.plan import Rehearsal
    from counterseal_sandbox.rehearsal import Job, Plan

#: What docs/how-to-github.md calls the file with the gate; no certificate of counterseal's own gate depends on it.
_GATE_FILE: Final = ".github/workflows/promote.yml"


@dataclass(frozen=True, slots=True)
class Running:
    """A copy that can be used: the sandbox's URL, and where git finds the copy."""

    url: str
    clone_url: str


def run(
    rehearsal: Rehearsal,
    state: Path,
    port: int,
    *,
    ready: Callable[[Running], None],
    until: threading.Event | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        rehearsal: What is copied.
        state: Folder for git objects and assets.
        port: Port on 127.0.0.1; 0 takes a free one.
        ready: Called once the copy can be used.
        until: Set it to stop; None: only an interrupt stops it.

    Raises:
        UsageError: The port or the folder cannot be had, or the copy cannot be made.
    """
    sandboxes.check_installed()
    from counterseal_sandbox.forge.git.objects import GitError  # noqa: PLC0415 - a package that a gate does not have
    from counterseal_sandbox.forge.refusal import Refused  # noqa: PLC0415
    from counterseal_sandbox.rehearsal import Rehearsal as Stage  # noqa: PLC0415

    revisions = rehearsal.policy.gate.revisions or (sandboxes.gate_revision(),)
    with sandboxes.opened(state, port, released=revisions) as sandbox:
        try:
            stage = Stage(sandbox, _plan(rehearsal, revisions[0]))
        except (Refused, GitError, OSError) as error:  # OSError: an earlier sandbox left its copy in the folder
            raise UsageError(
                f"no copy of {rehearsal.folder} can be made in the sandbox",
                why=str(error),
                fix="mend what it names, with --state in an empty folder; the clone is as it was",
            ) from error
        ready(Running(sandbox.url, stage.clone_url))
        (until or threading.Event()).wait()


def _plan(rehearsal: Rehearsal, revision: str) -> Plan:
    from counterseal_sandbox.rehearsal import Plan  # noqa: PLC0415

    builder = rehearsal.policy.builder
    return Plan(
        kind=forges.kind_of(rehearsal.host),
        name=rehearsal.name,
        number=rehearsal.number,
        private=rehearsal.private,
        folder=rehearsal.folder,
        revision=rehearsal.revision,
        branch=rehearsal.branch,
        policy=rehearsal.text,
        people={person.login: person.id for person in rehearsal.people},
        asker=rehearsal.asker,
        approver=rehearsal.approvers[0],
        protected=tuple(ref for ref in builder.refs if ref.startswith("refs/tags/")),
        builder=_builder(rehearsal),
        gate=_gate(rehearsal, revision),
    )


def _builder(rehearsal: Rehearsal) -> Job:
    from counterseal_sandbox.rehearsal import Job  # noqa: PLC0415

    builder = rehearsal.policy.builder
    runner = builder.runners[0] if builder.runners else None
    return Job(builder.workflow, builder.triggers[0], None, builder.environment, runner)


def _gate(rehearsal: Rehearsal, revision: str) -> Job:
    from counterseal_sandbox.rehearsal import Job  # noqa: PLC0415

    own = rehearsal.policy.gate.own
    if own is None:
        return Job(_GATE_FILE, revision=revision)
    return Job(own.file, ref=own.ref, environment=own.environment)
