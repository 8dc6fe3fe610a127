"""The policy file → `Policy`, and what a rule is to a policy: its name, its options, its codes.

It judges nothing, and knows no rule by name.
"""

from __future__ import annotations

from counterseal.policy.reader import EXAMPLE_RANDOM, load, new_ledger_id
from counterseal.policy.rule import (
    BYTES_NOT_CHECKED,
    NO_REQUEST,
    SATISFIED,
    NoOptions,
    OptionProblem,
    Problem,
    RuleSpec,
    bytes_not_checked,
    no_request,
    satisfied,
    skipped,
    violated,
)

__all__ = [
    "BYTES_NOT_CHECKED",
    "EXAMPLE_RANDOM",
    "NO_REQUEST",
    "SATISFIED",
    "NoOptions",
    "OptionProblem",
    "Problem",
    "RuleSpec",
    "bytes_not_checked",
    "load",
    "new_ledger_id",
    "no_request",
    "satisfied",
    "skipped",
    "violated",
]
