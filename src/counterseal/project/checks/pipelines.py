"""The files of builder and gate: whether they are there, run counterseal, and are started by what the policy means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal import forges
from counterseal.identifiers import GATE_WORKFLOW, REQUEST_FOLDER, page
from counterseal.model import Policy
from counterseal.project.observations import fault, unseen, warning, well
from counterseal.project.pipelines import meet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.project.observations import Observation
    from counterseal.project.pipelines import Pipeline
    from counterseal.project.seen import Seen

#: What makes a file a builder's or a gate's: actions, the reusable workflow, templates of GitLab.
_BUILDS: Final = ("actions/candidate", "candidate", "all")
_DECIDES: Final = (GATE_WORKFLOW, "actions/gate", "gate", "all")
_TAGS: Final = "refs/tags/"
_HOW: Final = f"counterseal init writes it; {page('how-to-github.md')} and {page('how-to-gitlab.md')} show it"


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the files that the policy names."""
    if not isinstance(seen.policy, Policy):
        return
    yield from _builder(seen, seen.policy)
    yield from _gate(seen, seen.policy)


def gate_files(seen: Seen) -> list[Pipeline]:
    """Return the files in which the gate runs: the own one, or those that call counterseal's."""
    own = seen.policy.gate.own if isinstance(seen.policy, Policy) else None
    if own is not None:
        return [seen.pipelines[own.file]] if own.file in seen.pipelines else []
    return [pipeline for pipeline in seen.pipelines.values() if pipeline.jobs_with(GATE_WORKFLOW)]


def _builder(seen: Seen, policy: Policy) -> Iterator[Observation]:
    path = policy.builder.workflow
    file = seen.pipelines.get(path)
    if file is None:
        yield fault(
            "builder-file",
            f"the builder's file {path} is not in this clone",
            why="the policy names it, and accepts what nothing else has built",
            fix=_HOW,
        )
    elif file.problem:
        yield unseen("builder-file", f"what {path} does", f"it cannot be read: {file.problem}", "mend the file")
    elif not file.jobs_with(*_BUILDS) and not file.elsewhere:
        why = "without a candidate there is nothing to promote"
        yield fault("builder-file", f"no job of {path} makes a candidate", why=why, fix=_HOW)
    else:
        yield well("builder-file", f"the builder's file is {path}")
        yield from () if seen.at_gitlab or "push" not in policy.builder.triggers else _trigger(file, policy)


def _trigger(file: Pipeline, policy: Policy) -> Iterator[Observation]:
    """Yield whether the pushes that start the builder are those that the policy accepts."""
    wanted = policy.builder.refs
    started = [pattern for pattern in file.events.get("push", ()) if "!" not in pattern]
    if any(meet(pattern, ref) for pattern in started for ref in wanted):
        yield well("builder-trigger", f"{file.path} runs for {', '.join(wanted)}")
        return
    has = ", ".join(started) or "no push"
    tags = ", ".join(f'"{ref.removeprefix(_TAGS)}"' for ref in wanted)
    yield fault(
        "builder-trigger",
        f"{file.path} is started by {has}, and the policy accepts builds of {', '.join(wanted)} only",
        why="so no build would ever be a candidate",
        fix=f"on: {{push: {{tags: [{tags}]}}}}, or correct identities.builder.refs",
    )


def _gate(seen: Seen, policy: Policy) -> Iterator[Observation]:
    own, files = policy.gate.own, gate_files(seen)
    if own is not None and own.file == policy.builder.workflow and not files:
        return  # what is missing was said of the builder
    if not files:
        what = f"the gate's file {own.file} is not in this clone" if own else f"no workflow calls {GATE_WORKFLOW}"
        yield fault("gate-file", what, why="so no merged request is ever decided", fix=_HOW)
        return
    for file in files:
        if file.problem:
            yield unseen("gate-file", f"what {file.path} does", f"it cannot be read: {file.problem}", "mend the file")
        elif not file.jobs_with(*_DECIDES) and not file.elsewhere:
            yield fault("gate-file", f"no job of {file.path} is a gate", why="nothing decides", fix=_HOW)
        else:
            yield well("gate-file", f"the gate runs in {file.path}")
    if not seen.at_gitlab:
        yield from _starts(seen, files)


def _starts(seen: Seen, files: Sequence[Pipeline]) -> Iterator[Observation]:
    """Yield whether a merge starts the gate, and something makes up for a run that was lost."""
    names, branch = ", ".join(file.path for file in files), seen.default_ref
    if not any(forges.ref_matches(pattern, branch) for file in files for pattern in file.events.get("push", ())):
        yield fault(
            "gate-trigger",
            f"no push to {seen.default_branch} starts {names}",
            why="a merged request is decided by the run that its merge starts",
            fix=f'on: {{push: {{branches: [{seen.default_branch}], paths: ["{REQUEST_FOLDER}/**"]}}}}',
        )
    elif not any("schedule" in file.events for file in files):
        yield warning(
            "gate-trigger",
            f"{names} has no schedule",
            why="a run that was cancelled, or never started, is made up for by the next merge only",
            fix='on: {schedule: [{cron: "17 * * * *"}]}',
        )
    else:
        yield well("gate-trigger", f"merges to {seen.default_branch} and a schedule start it")
