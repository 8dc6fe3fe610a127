"""What each job at GitHub may do, against what counterseal's part of it needs (docs/how-to-github.md#permissions)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.identifiers import GATE_WORKFLOW
from counterseal.model import Policy
from counterseal.project.observations import fault, well

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterseal.project.observations import Observation
    from counterseal.project.pipelines import Job
    from counterseal.project.seen import Seen

_GATE: Final = "actions/gate"
_DECIDES: Final = {"contents": "write", "pull-requests": "write", "actions": "read", "id-token": "write"}
_PREVIEWS: Final = {"contents": "read", "pull-requests": "write"}
_NEEDS: Final[Mapping[str, Mapping[str, str]]] = {
    "actions/sign": {"id-token": "write"},
    "actions/candidate": {"contents": "write"},
    "actions/request": {"contents": "write", "pull-requests": "write", "id-token": "write"},
    "actions/publish": {"contents": "write", "pull-requests": "read", "actions": "read", "id-token": "write"},
    GATE_WORKFLOW: _DECIDES,
}


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what jobs lack."""
    own = seen.policy.gate.own if isinstance(seen.policy, Policy) else None
    count, lacking = 0, False
    for pipeline in () if seen.at_gitlab else seen.pipelines.values():
        decides = own is not None and pipeline.path == own.file
        for job in pipeline.jobs:
            needs = {use: need for use in job.uses if (need := _need(use, decides=decides))}
            count += bool(needs)
            if missing := _missing(job, needs):
                lacking = True
                users = [use for use, need in needs.items() if need.keys() & missing.keys()]
                yield _lacks(pipeline.path, job, missing, users)
    if count and not lacking:
        yield well("permissions", f"the {count} jobs that run counterseal have the permissions that they need")


def _need(use: str, *, decides: bool) -> Mapping[str, str]:
    """Return what a piece of counterseal needs; an own gate decides, in other files the action shows a preview."""
    if use == _GATE:
        return _DECIDES if decides else _PREVIEWS
    return _NEEDS.get(use, {})


def _missing(job: Job, needs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return what a job lacks of what its parts need; whoever may write may read."""
    has, missing = job.permissions or {}, dict[str, str]()
    for need in needs.values():
        for name, level in need.items():
            if has.get(name) not in (level, "write"):
                missing[name] = "write" if "write" in (level, missing.get(name)) else level
    return missing


def _lacks(path: str, job: Job, missing: Mapping[str, str], users: list[str]) -> Observation:
    named = ", ".join(f"{name}: {level}" for name, level in missing.items())
    need = "needs" if len(users) == 1 else "need"
    return fault(
        "permissions",
        f"{path}: the job {job.name} lacks {named}",
        why=f"{' and '.join(users)} {need} it, so the step fails",
        fix=f"add it beside what the job has: permissions: {{{named}}}",
    )
