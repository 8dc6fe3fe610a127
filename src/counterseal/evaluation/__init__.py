"""Evidence → findings → decision. Pure: it is handed everything it judges, and fetches nothing.

`evidence.py` is what is known, `approvals.py` which reviews count, `identity.py` whose signature is accepted,
`started.py` which lines one person alone may make, `rules/` one rule a file, `judging.py` runs them, `decision.py` puts
the result into words that are signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import front_door

if TYPE_CHECKING:
    from counterseal.evaluation.approvals import Approvals
    from counterseal.evaluation.decision import Decision, PolicyUse
    from counterseal.evaluation.evidence import (
        Evidence,
        LedgerFacts,
        ObservedAsset,
        PolicyOrigin,
        SignatureFacts,
        Source,
        groups_of,
    )
    from counterseal.evaluation.judging import evaluate, judge, needs, outcome
    from counterseal.evaluation.request_file import MergedFile, RequestFile
    from counterseal.evaluation.rules import EVENTS, RULES, STAGE_HELD
    from counterseal.evaluation.rules.enough_reviews import Wanted, few_enough, possible_without, wanted
    from counterseal.evaluation.rules.review_of_this_revision import before_merge
    from counterseal.evaluation.sbom_facts import LicenceUse, SbomContent, SbomFacts, content_of

__all__ = [
    "EVENTS",
    "RULES",
    "STAGE_HELD",
    "Approvals",
    "Decision",
    "Evidence",
    "LedgerFacts",
    "LicenceUse",
    "MergedFile",
    "ObservedAsset",
    "PolicyOrigin",
    "PolicyUse",
    "RequestFile",
    "SbomContent",
    "SbomFacts",
    "SignatureFacts",
    "Source",
    "Wanted",
    "approvals",
    "before_merge",
    "concerned",
    "content_of",
    "decision",
    "evaluate",
    "evidence",
    "few_enough",
    "groups_of",
    "identity",
    "identity_words",
    "judge",
    "needs",
    "outcome",
    "possible_without",
    "rules",
    "started",
    "wanted",
]

__getattr__ = front_door.opened_by(
    __name__,
    {
        "approvals": "Approvals",
        "decision": "Decision PolicyUse",
        "evidence": "Evidence LedgerFacts ObservedAsset PolicyOrigin SignatureFacts Source groups_of",
        "judging": "evaluate judge needs outcome",
        "request_file": "MergedFile RequestFile",
        "rules": "EVENTS RULES STAGE_HELD",
        "rules.enough_reviews": "Wanted few_enough possible_without wanted",
        "rules.review_of_this_revision": "before_merge",
        "sbom_facts": "LicenceUse SbomContent SbomFacts content_of",
    },
)
