"""The policy file → `Policy`, and what a rule is to a policy: its name, its options, its codes.

It judges nothing, and knows no rule by name.
"""

from __future__ import annotations

from counterseal.policy.reader import EXAMPLE_RANDOM, load, new_ledger_id
from counterseal.policy.rule import (
    NO_REQUEST,
    NOT_READ,
    SATISFIED,
    Need,
    NoOptions,
    OptionProblem,
    RuleSpec,
    no_request,
    not_read,
    reason,
    satisfied,
    skipped,
    violated,
)

__all__ = [
    "EXAMPLE_RANDOM",
    "NOT_READ",
    "NO_REQUEST",
    "SATISFIED",
    "Need",
    "NoOptions",
    "OptionProblem",
    "RuleSpec",
    "load",
    "new_ledger_id",
    "no_request",
    "not_read",
    "reason",
    "satisfied",
    "skipped",
    "violated",
]
