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
            needed = _needed(job, decides=decides)
            count += bool(needed)
            if missing := _missing(job, needed):
                lacking = True
                yield _lacks(pipeline.path, job, missing)
    if count and not lacking:
        yield well("permissions", f"the {count} jobs that run counterseal have the permissions that they need")


def _needed(job: Job, *, decides: bool) -> dict[str, str]:
    needed: dict[str, str] = {}
    for use in job.uses:
        of_use = (_DECIDES if decides else _PREVIEWS) if use == _GATE else _NEEDS.get(use, {})
        for name, level in of_use.items():
            needed[name] = "write" if "write" in (level, needed.get(name)) else level
    return needed


def _missing(job: Job, needed: Mapping[str, str]) -> dict[str, str]:
    has = job.permissions or {}
    return {name: level for name, level in needed.items() if has.get(name) not in (level, "write")}


def _lacks(path: str, job: Job, missing: Mapping[str, str]) -> Observation:
    named = ", ".join(f"{name}: {level}" for name, level in missing.items())
    uses = ", ".join(job.uses)
    return fault(
        "permissions",
        f"{path}: the job {job.name} lacks {named}",
        why=f"{uses} needs it, so the step fails",
        fix=f"add it beside what the job has: permissions: {{{named}}}",
    )
