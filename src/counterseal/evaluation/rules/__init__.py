"""All rules, in the order in which they are judged and shown. One rule a file; rules do not know each other.

To add one: its file here, its line below, its section in docs/rules.md, its test in tests/unit/rules/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.evaluation.rules import (
    author_did_not_approve,
    digest_matches,
    enough_reviews,
    entries_in_force,
    ledger_intact,
    licences_allowed,
    not_revoked,
    previous_stage_passed,
    provenance_verified,
    review_of_this_revision,
    sbom_present,
    stage_not_held,
)
from counterseal.identifiers import EVENT_STAGE
from counterseal.model import RuleUse, Stage
from counterseal.policy import NoOptions

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
#: Why `stage-not-held` is violated: then a deny is one that waits (exit code 12).
STAGE_HELD: Final = stage_not_held.HELD
#: How many people have to approve an event that permits, whatever the policy says (R37).
CONSENT: Final = 2
#: What a request for an event is judged by, as a stage of that name would be. No policy chooses anything of it.
EVENT_RULES: Final[Mapping[str, RuleSpec]] = {
    spec.name: spec
    for spec in (
        review_of_this_revision.RULE,
        ledger_intact.RULE,
        not_revoked.RULE,
        entries_in_force.RULE,
        enough_reviews.RULE,
        author_did_not_approve.RULE,
    )
}
EVENTS: Final = Stage(
    EVENT_STAGE,
    after=None,
    publish=False,
    rules=(
        RuleUse(entries_in_force.NAME, NoOptions()),
        RuleUse(enough_reviews.NAME, enough_reviews.Options(CONSENT)),
        RuleUse(author_did_not_approve.NAME, NoOptions()),
    ),
)
