"""Holds what was seen of a repository against what counterseal needs: a topic a file, in the order of reading.

A check never takes what was not seen for well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.project.checks import (
    branch,
    clone,
    id_tokens,
    machine,
    people,
    permissions,
    pins,
    pipelines,
    policy,
    refs,
    schedules,
    switches,
    tokens,
    variables,
)
from counterseal.project.observations import Mark, Observation
from counterseal.project.seen import CloneState, InLedger, Member, Seen, Unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CHECKS", "CloneState", "InLedger", "Mark", "Member", "Observation", "Seen", "Unseen"]

#: Topic → its check.
CHECKS: Final[dict[str, Callable[[Seen], Iterator[Observation]]]] = {
    "policy": policy.check,
    "files": pipelines.check,
    "pins": pins.check,
    "permissions": permissions.check,
    "who may sign": id_tokens.check,
    "people": people.check,
    "default branch": branch.check,
    "tags and ledger branch": refs.check,
    "switches": switches.check,
    "what starts by itself": schedules.check,
    "variables": variables.check,
    "tokens": tokens.check,
    "this clone": clone.check,
    "this machine": machine.check,
}
