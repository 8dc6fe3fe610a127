"""What is rehearsed, as plain data: whoever reads the policy says what is to be copied, and who is whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from counterseal.forges import ForgeKind


@dataclass(frozen=True, slots=True)
class Job:
    """A job of CI: the file that defines it, the event that starts it, and what the policy wants of it beside that.

    `ref` None: the tag that it is asked for. `revision`: it is counterseal's reusable gate at that revision.
    """

    file: str
    event: str = "push"
    ref: str | None = None
    environment: str | None = None
    runner: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A copy of the repository in `folder` at `revision`, its checked-out commit, on the default branch `branch`.

    Attributes:
        kind: The forge that it is at.
        name: Its name there.
        number: Its id there.
        private: Whether everybody may see it.
        folder: The clone, which is only read.
        revision: The commit to begin with.
        branch: The default branch, a short name.
        policy: The policy of the copy.
        people: The policy's people, login → id.
        asker: Somebody beside them, who asks.
        approver: Who approves the copy's policy.
        protected: Patterns of refs that nobody may move.
        builder: The job that builds a tag.
        gate: The job that decides.
    """

    kind: ForgeKind
    name: str
    number: int
    private: bool
    folder: Path
    revision: str
    branch: str
    policy: bytes
    people: Mapping[str, int]
    asker: str
    approver: str
    protected: tuple[str, ...]
    builder: Job
    gate: Job
