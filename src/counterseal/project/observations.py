"""What a check has to say: one line, and where it is not well why that matters, what to do, and on which page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

from counterseal.model import Repair

if TYPE_CHECKING:
    from typing import Unpack

    from counterseal.project.seen import Unseen


class Mark(StrEnum):
    """How it is."""

    WELL = "well"
    FAULT = "fault"
    WARNING = "warning"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a check says.

    `check` names it in JSON, `page` is a link. `repair` is what `doctor --fix` can do about it, to `target` (a full
    ref, a pattern of them, a file) if there are several.
    """

    check: str
    mark: Mark
    what: str
    why: str = ""
    fix: str = ""
    page: str = ""
    repair: Repair | None = None
    target: str = ""


class _More(TypedDict, total=False):
    why: str
    fix: str
    page: str
    repair: Repair | None
    target: str


def well(check: str, what: str) -> Observation:
    """Return that something is as it should be."""
    return Observation(check, Mark.WELL, what)


def fault(check: str, what: str, **more: Unpack[_More]) -> Observation:
    """Return what stops a promotion, or lets somebody get around the gate."""
    return Observation(check, Mark.FAULT, what, **more)


def warning(check: str, what: str, **more: Unpack[_More]) -> Observation:
    """Return what will be missed one day, or is noticed only afterwards."""
    return Observation(check, Mark.WARNING, what, **more)


def hidden(check: str, what: str) -> Observation:
    """Return what a forge shows to the administrators of a repository only."""
    fix = "ask with the token of somebody who administers the repository"
    return Observation(check, Mark.UNSEEN, what, "this token is not shown it", fix)


def unseen(check: str, what: str, why: Unseen | str, fix: str = "") -> Observation:
    """Return what was not seen, and what would show it."""
    if isinstance(why, str):
        return Observation(check, Mark.UNSEEN, what, why, fix)
    joint = " " if why.what.endswith("?") else ": "
    reason = f"{why.what}{joint}{why.why}" if why.why else why.what
    return Observation(check, Mark.UNSEEN, what, reason, why.fix)
