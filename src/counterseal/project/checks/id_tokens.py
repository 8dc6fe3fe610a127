"""Who may sign: no job beside an own gate (R46), none that runs the project's own commands as the builder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.model import Policy
from counterseal.project.observations import fault, unseen, warning, well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.pipelines import Job, Pipeline
    from counterseal.project.seen import Seen

#: Jobs of GitLab's templates that have an ID token for Sigstore, and what is extended to have another one of the kind.
_SIGNING: Final = ("-sign", "-gate", "-emergency", "-publish")
_GATE: Final = "actions/gate"
_OURS: Final = ("actions/sign", "actions/publish")


def check(seen: Seen) -> Iterator[Observation]:
    """Yield which jobs may sign as builder or gate and should not."""
    if not isinstance(seen.policy, Policy):
        return
    yield from _gitlab(seen, seen.policy) if seen.at_gitlab else _github(seen, seen.policy)


# --- GitHub --------------------------------------------------------------------------------------


def _github(seen: Seen, policy: Policy) -> Iterator[Observation]:
    own = policy.gate.own
    if own is not None and (file := seen.pipelines.get(own.file)) is not None and not file.problem:
        others = [job for job in file.jobs if job.signs and _GATE not in job.uses and "actions/publish" not in job.uses]
        for job in others:
            yield fault(
                "gate-id-token",
                f"{file.path}: the job {job.name} has id-token: write beside your own gate",
                why="the certificate names the file and no job, so whatever this job signs is the gate's (R46)",
                fix="move the job to a workflow of its own",
            )
        if not others:
            yield well("gate-id-token", f"no other job of {file.path} may sign")
    file = seen.pipelines.get(policy.builder.workflow)
    if file is not None and not file.problem:
        yield from _builds(file)


def _builds(file: Pipeline) -> Iterator[Observation]:
    loose = [job for job in file.jobs if job.signs and (job.scripts or not any(use in job.uses for use in _OURS))]
    for job in loose:
        yield warning(
            "builder-id-token",
            f"{file.path}: the job {job.name} has id-token: write, and runs more than counterseal's steps",
            why="all that it runs, a build's dependencies too, can sign as the builder",
            fix="build in a job without id-token: write, and hand the files to the job that signs",
        )
    if not loose:
        yield well("builder-id-token", f"jobs of {file.path} that may sign run counterseal's steps only")


# --- GitLab --------------------------------------------------------------------------------------


def _gitlab(seen: Seen, policy: Policy) -> Iterator[Observation]:
    own = policy.gate.own
    paths = dict.fromkeys((policy.builder.workflow, *([own.file] if own else ())))
    for path in paths:
        file = seen.pipelines.get(path)
        if file is None or file.problem:
            continue
        loose = [job for job in file.jobs if _is_loose(job)]
        for job in loose:
            yield fault(
                "gate-id-token",
                f"{path}: the job {job.name} runs commands of yours with an ID token for sigstore",
                why="the certificate names the pipeline's file and no job: it signs as gate or builder (R46)",
                fix="take its id_tokens away; leave the scripts of counterseal's jobs as they are",
            )
        if file.elsewhere:
            count = "another include" if file.elsewhere == 1 else f"{file.elsewhere} other includes"
            fix = "look through them for `aud: sigstore`: no job but counterseal's may have it"
            yield unseen("gate-id-token", f"whether jobs of {count} of {path} may sign", "they are not read", fix)
        elif not loose:
            yield well("gate-id-token", f"no job of {path} but counterseal's may sign")


def _is_loose(job: Job) -> bool:
    """Return whether a job of the file signs with commands of its own: by its token, or by what it builds on."""
    inherits = job.name.startswith("counterseal-") and job.name.endswith(_SIGNING)
    extends = any(use.startswith(".") and use.endswith(_SIGNING) for use in job.uses)
    if inherits or extends:
        return job.scripts
    return job.signs
