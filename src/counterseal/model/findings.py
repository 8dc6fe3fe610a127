"""What was judged: the findings of rules, and what a decision says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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
class Counted:
    """Somebody or something that counted for a finding."""

    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Somebody or something that did not count, and why."""

    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found. `code` is stable, for machines; `reason` and `fix` are sentences for people."""

    rule: str
    outcome: FindingOutcome
    code: str
    reason: str
    fix: str = ""
    counted: tuple[Counted, ...] = field(default=())
    dismissed: tuple[Dismissed, ...] = field(default=())


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
