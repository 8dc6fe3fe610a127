"""What a plan is made from: what was seen of the repository, and what its people answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from counterseal import forges
from counterseal.model import Person, Visibility
from counterseal.project.layout import DEFAULT_PATTERN, Layout, Package

if TYPE_CHECKING:
    from counterseal.forges import ForgeKind

_BRANCH: Final = "refs/heads/"


class Preset(StrEnum):
    """How strict the proposed policy is."""

    SOLO = "solo"
    TWO_PERSON = "two-person"
    REGULATED = "regulated"


class Publish(StrEnum):
    """Where the last stage's allow puts a release: on an index too, on the forge's page of releases, or nowhere."""

    PYPI = "pypi"
    RELEASE = "release"
    NONE = "none"


class GateChoice(StrEnum):
    """Whose gate decides."""

    COUNTERSEAL = "counterseal"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Facts:
    """A repository as far as it was seen.

    Attributes:
        host: Its forge, such as `github.com`.
        name: `owner/name`.
        number: Its number there.
        default_ref: The full ref of its default branch.
        visibility: Who may read it; None: nobody could see that.
        page: The address of its page, without a slash at the end.
        layout: What its clone holds.
        package: The project that is released; None if there is none that `init` knows how to build.
        fork_of: What it was forked from (nothing: of something that is not shown); None if it was not.
    """

    host: str
    name: str
    number: int
    default_ref: str
    visibility: Visibility | None
    page: str
    layout: Layout
    package: Package | None
    fork_of: str | None = None

    @property
    def kind(self) -> ForgeKind:
        """Return which forge it is."""
        return forges.kind_of(self.host)

    @property
    def branch(self) -> str:
        """Return the name of the default branch."""
        return self.default_ref.removeprefix(_BRANCH)

    @property
    def tag_pattern(self) -> str:
        """Return the pattern of release tags."""
        return self.layout.tag_pattern or DEFAULT_PATTERN


@dataclass(frozen=True, slots=True)
class Answers:
    """What people chose: who is in which group, how many approve for each stage, what is published, whose gate.

    `publish_names`: names of a private repository may stand in public logs.
    """

    preset: Preset
    groups: Mapping[str, tuple[Person, ...]]
    stages: tuple[str, ...]
    counts: tuple[int, ...]
    publish: Publish
    gate: GateChoice
    publish_names: bool = False

    @property
    def last(self) -> str:
        """Return the stage from which releases go out."""
        return self.stages[-1]
