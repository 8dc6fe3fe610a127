"""What can be seen of a repository before anybody is asked: its clone, and its forge as far as a token sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from counterseal.commands.status import Unseen
from counterseal.errors import CountersealError
from counterseal.identifiers import LEDGER_REF
from counterseal.model import Collaborator, Project
from counterseal.project import layout, plan
from counterseal.project.layout import DEFAULT_PATTERN, Layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.ports import Clone, ProjectSurvey, Tell

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Looked:
    """A repository as far as it was seen; `unseen` says what was not, and why.

    `host` and `name` are those that were asked for; `layout` is of the clone, the others are the forge's word.
    """

    host: str
    name: str
    layout: Layout
    project: Project | None
    collaborators: tuple[Collaborator, ...] | None
    settings: plan.Settings
    unseen: tuple[Unseen, ...]


def look(clone: Clone, survey: Callable[[], ProjectSurvey], host: str, name: str, tell: Tell) -> Looked:
    """Return what the clone and the forge show.

    Args:
        clone: The clone.
        survey: Gives what reads the forge, or raises a UsageError without a token.
        host: The forge that it belongs to.
        name: The repository there.
        tell: Told how far it is.
    """
    tell("reading the clone")
    found = layout.read(clone)
    try:
        asked = survey()
    except CountersealError as error:
        return Looked(host, name, found, None, None, plan.Settings(), (_blind(error),))
    tell(f"asking {host}")
    eyes = _Eyes()
    project = eyes.see(asked.project)
    people = eyes.see(asked.collaborators) if project else None
    settings = _settings(eyes, asked, project, found.tag_pattern or DEFAULT_PATTERN) if project else plan.Settings()
    return Looked(host, name, found, project, None if people is None else tuple(people), settings, tuple(eyes.unseen))


def _blind(error: CountersealError) -> Unseen:
    why = "so number, visibility, default branch, people and settings of the repository were not seen"
    return Unseen(error.what, f"{error.why}, {why}" if error.why else why, error.fix)


class _Eyes:
    def __init__(self) -> None:
        self.unseen: list[Unseen] = []

    def see(self, asked: Callable[[], T]) -> T | None:
        """Return what a question gives, or None after noting that it could not be seen."""
        try:
            return asked()
        except CountersealError as error:
            if (what := Unseen.of(error)) not in self.unseen:
                self.unseen.append(what)
            return None


def _settings(eyes: _Eyes, asked: ProjectSurvey, project: Project, pattern: str) -> plan.Settings:
    variables, schedules = eyes.see(asked.variables), eyes.see(asked.schedules)
    return plan.Settings(
        branch=eyes.see(lambda: asked.branch_rules(project.default_ref)),
        tags=eyes.see(lambda: asked.tag_rules(f"refs/tags/{pattern}")),
        ledger_branch=eyes.see(lambda: asked.branch_rules(LEDGER_REF)),
        switches=eyes.see(asked.settings),
        variables=None if variables is None else tuple(variables),
        schedules=None if schedules is None else tuple(schedules),
    )
