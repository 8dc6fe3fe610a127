"""Variables that reach the gate: those that it refuses, and the one that it needs at GitLab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.project.checks.pipelines import gate_files
from counterseal.project.influence import SET_BY_GITLAB, steers
from counterseal.project.observations import fault, unseen, warning, well
from counterseal.project.pages import group_page, settings_page
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.model import Variable
    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen

_TOKEN: Final = "COUNTERSEAL_GITLAB_TOKEN"  # noqa: S105 - the name of a variable
_WHY: Final = "a gate refuses what could choose for it what it trusts, talks to or runs (exit 2, R35)"


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of variables."""
    yield from _gitlab(seen) if seen.at_gitlab else _github(seen)


def _github(seen: Seen) -> Iterator[Observation]:
    """Yield what the file of an own gate sets; a called workflow does not get the variables of its caller."""
    for file in gate_files(seen):
        jobs = file.jobs_with("actions/gate")
        bad = sorted({name for job in jobs for name in job.variables if steers(name, seen.gate_inputs)})
        if bad:
            what = f"{file.path} sets {', '.join(bad)} for its gate"
            yield fault("refused-variable", what, why=_WHY, fix="take them out of its env")
        elif jobs:
            yield well("refused-variable", f"{file.path} sets nothing that its gate refuses")


def _gitlab(seen: Seen) -> Iterator[Observation]:
    refused = _refused(seen, seen.variables, "the project"), _refused(seen, seen.inherited, "the groups above")
    found = [observation for part in refused for observation in part]
    yield from found
    if not found:
        yield well("refused-variable", "no variable of project or groups is one that a gate refuses")
    yield from _token(seen)


def _refused(seen: Seen, variables: Iterable[Variable] | Unseen, place: str) -> list[Observation]:
    if isinstance(variables, Unseen):
        return [unseen("refused-variable", f"the variables of {place}", variables)]
    allowed = seen.gate_inputs | SET_BY_GITLAB
    return [
        fault(
            "refused-variable",
            f"the variable {each.name} is set in {_place(each)}",
            why=_WHY,
            fix="delete it, or limit it to an environment that the gate's job does not have",
            page=settings_page(seen, "variables") if each.place == "project" else group_page(seen, each.place),
        )
        for each in variables
        if steers(each.name, allowed)
    ]


def _place(variable: Variable) -> str:
    return "the project" if variable.place == "project" else f"the group {variable.place}"


def _token(seen: Seen) -> Iterator[Observation]:
    parts = (seen.variables, seen.inherited)
    found = [each for part in parts if not isinstance(part, Unseen) for each in part if each.name == _TOKEN]
    if not found and any(isinstance(part, Unseen) for part in parts):
        why = "not all variables were seen"
        yield unseen("approvals-token", f"whether {_TOKEN} is set", why, "ask with the token of a maintainer")
    elif not found:
        yield fault(
            "approvals-token",
            f"the variable {_TOKEN} is not set",
            why="a job's token cannot read approvals, so the gate stops before it signs",
            fix=f"make a token with the scope read_api, and save it as {_TOKEN}, masked and protected",
            page=settings_page(seen, "variables"),
        )
    elif not all(each.masked for each in found):
        yield warning(
            "approvals-token",
            f"the variable {_TOKEN} is not masked",
            why="a job that prints its variables prints it into its log",
            fix="edit it: Visibility: Masked",
            page=settings_page(seen, "variables"),
        )
    else:
        yield well("approvals-token", f"{_TOKEN} is set and masked")
