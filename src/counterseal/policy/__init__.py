"""The policy file → `Policy`, and what a rule is to a policy: its name, its options, its codes.

It judges nothing, and knows no rule by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import front_door

if TYPE_CHECKING:
    from counterseal.policy.confidentiality import Confidentiality
    from counterseal.policy.moved import moved
    from counterseal.policy.reader import EXAMPLE_RANDOM, load, new_ledger_id
    from counterseal.policy.redaction import load_redaction
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
    "Confidentiality",
    "Need",
    "NoOptions",
    "OptionProblem",
    "RuleSpec",
    "load",
    "load_redaction",
    "moved",
    "new_ledger_id",
    "no_request",
    "not_read",
    "reason",
    "satisfied",
    "skipped",
    "violated",
]

__getattr__ = front_door.opened_by(
    __name__,
    {
        "confidentiality": "Confidentiality",
        "moved": "moved",
        "reader": "EXAMPLE_RANDOM load new_ledger_id",
        "redaction": "load_redaction",
        "rule": "NO_REQUEST NOT_READ SATISFIED Need NoOptions OptionProblem "
        "RuleSpec no_request not_read reason satisfied skipped violated",
    },
)
