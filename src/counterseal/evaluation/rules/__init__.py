"""All rules, in the order in which they are judged and shown. One rule a file; rules do not know each other.

To add one: its file here, its line below, its section in docs/rules.md, its test in tests/unit/rules/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.evaluation.rules import (
    author_did_not_approve,
    digest_matches,
    enough_reviews,
    ledger_intact,
    licences_allowed,
    not_revoked,
    previous_stage_passed,
    provenance_verified,
    review_of_this_revision,
    sbom_present,
    stage_not_held,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.policy import RuleSpec

RULES: Final[Mapping[str, RuleSpec]] = {
    spec.name: spec
    for spec in (
        # these always apply
        review_of_this_revision.RULE,
        digest_matches.RULE,
        provenance_verified.RULE,
        previous_stage_passed.RULE,
        ledger_intact.RULE,
        stage_not_held.RULE,
        not_revoked.RULE,
        # these a policy chooses
        sbom_present.RULE,
        licences_allowed.RULE,
        enough_reviews.RULE,
        author_did_not_approve.RULE,
    )
}
