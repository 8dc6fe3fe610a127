"""What was judged: the findings of rules, and what a decision says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from counterseal.model.people import Actor


class FindingOutcome(StrEnum):
    """What a rule says."""

    SATISFIED = "satisfied"
    VIOLATED = "violated"
    SKIPPED = "skipped"
    ERROR = "error"


class Outcome(StrEnum):
    """What a decision says; there is nothing between."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is as it is: a stable code, and what its sentence tells (plain JSON, lowerCamelCase keys).

    Sentences are made where results are shown (`render/findings/`), so that a reworded one changes nothing signed.
    """

    code: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody whose approval counts, with the policy's groups that list them."""

    actor: Actor
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dismissed:
    """An approval that does not count: whose (None: of an account that is gone, or of several), and why."""

    actor: Actor | None
    code: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found: its outcome, a stable code and the data of it (as of a `Reason`), and whom it counted."""

    rule: str
    outcome: FindingOutcome
    code: str
    data: Mapping[str, Any] = field(default_factory=dict)
    counted: tuple[Counted, ...] = ()
    dismissed: tuple[Dismissed, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """A recorded decision on the same manifest, as the ledger's history tells it to the rules.

    `pushed`: the policy that it was made or signed under came onto the branch without a merge, and may have named
    anybody as the gate.
    """

    entry_id: str
    sequence: int
    stage: str
    outcome: Outcome
    decided_at: datetime
    withdrawn: bool
    pushed: bool = False
