"""What starts by itself: the sweep that makes up for lost runs, and whether it still can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.model import Permission, Policy, Repair, Schedule
from counterseal.project.checks.pipelines import gate_files
from counterseal.project.observations import fault, unseen, warning, well
from counterseal.project.pages import settings_page
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen

_SWEEP: Final = "a request whose run was cancelled or failed waits for the next merge"
_WHY: Final = {
    "disabled_inactivity": "GitHub stops schedules after 60 days without a commit",
    "disabled_manually": "somebody turned it off",
    "disabled_fork": "GitHub turns workflows off in a fork",
}


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of workflows that are turned off, or of the pipeline schedule."""
    if isinstance(seen.schedules, Unseen):
        yield unseen("schedule", "whether what has to start by itself does", seen.schedules)
    elif seen.at_gitlab:
        yield from _gitlab(seen, seen.schedules)
    else:
        yield from _github(seen, seen.schedules)


def _github(seen: Seen, schedules: Sequence[Schedule]) -> Iterator[Observation]:
    builder = [seen.policy.builder.workflow] if isinstance(seen.policy, Policy) else []
    needed = dict.fromkeys((*(file.path for file in gate_files(seen)), *builder))
    known = {each.file: each for each in schedules}
    for path in (path for path in needed if path in seen.pipelines):
        if path not in known:
            yield warning(
                "workflow-active",
                f"{path} is not on {seen.default_branch} yet",
                why="workflows with a schedule, and gates, run from there only",
                fix=f"merge it into {seen.default_branch}",
            )
        elif not known[path].active:
            state = known[path].state
            yield fault(
                "workflow-active",
                f"{path} is turned off ({state})",
                why=_WHY.get(state, "it does not run"),
                fix="turn it on again: … → Enable workflow",
                page=f"{settings_page(seen, 'runs')}/workflows/{path.rpartition('/')[2]}",
                repair=Repair.ENABLE_WORKFLOW,
                target=path,
            )
        else:
            yield well("workflow-active", f"{path} is turned on")


def _gitlab(seen: Seen, schedules: Sequence[Schedule]) -> Iterator[Observation]:
    here = [each for each in schedules if each.ref == seen.default_ref]
    place = settings_page(seen, "schedules")
    active = [each for each in here if each.active]
    if not active:
        what = "is turned off" if here else "is missing"
        yield warning(
            "schedule",
            f"the pipeline schedule of {seen.default_branch} {what}",
            why=_SWEEP,
            fix="one on the default branch, every hour, owned by a maintainer",
            page=place,
        )
        return
    for each in active:
        yield _owner(each, place)


def _owner(schedule: Schedule, place: str) -> Observation:
    fix = "let a maintainer take ownership of it"
    if schedule.owner is None or schedule.owner_permission is None:
        return fault("schedule-owner", "the pipeline schedule has no owner any more", why=_SWEEP, fix=fix, page=place)
    if schedule.owner_permission < Permission.WRITE:
        return fault(
            "schedule-owner",
            f"{schedule.owner.login}, who owns the pipeline schedule, may not start pipelines any more",
            why=_SWEEP,
            fix=fix,
            page=place,
        )
    return well("schedule-owner", f"a pipeline schedule is active, owned by {schedule.owner.login}")
