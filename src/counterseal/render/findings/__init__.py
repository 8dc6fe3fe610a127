"""Findings in words: one file a rule, with a reason and a fix for every code. Nothing signed has these words.

A finding of a version that says more than this one is shown by its code and data; nothing here can fail.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from counterseal.model import FindingOutcome
from counterseal.render import withdrawals
from counterseal.render.findings import (
    author_did_not_approve,
    digest_matches,
    enough_reviews,
    entries_in_force,
    ledger_intact,
    licences_allowed,
    not_revoked,
    people,
    previous_stage_passed,
    provenance_verified,
    review_of_this_revision,
    sbom_present,
    stage_not_held,
)
from counterseal.render.findings.shown import About, Shown, of_decision, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.model import Counted, Dismissed, Finding, Reason
    from counterseal.render.findings.shown import Sentence, Sentences

__all__ = ["FIXES", "REASONS", "About", "counted", "fix", "not_counted", "of_decision", "reason", "withdrawal"]

_RULES: Final = {
    "author-did-not-approve": author_did_not_approve,
    "digest-matches": digest_matches,
    "enough-reviews": enough_reviews,
    "entries-in-force": entries_in_force,
    "ledger-intact": ledger_intact,
    "licences-allowed": licences_allowed,
    "not-revoked": not_revoked,
    "previous-stage-passed": previous_stage_passed,
    "provenance-verified": provenance_verified,
    "review-of-this-revision": review_of_this_revision,
    "sbom-present": sbom_present,
    "stage-not-held": stage_not_held,
}
#: What any rule may say.
_COMMON: Final[Sentences] = {
    "no-request": said("there is no readable request to judge"),
    "not-read": lambda it: f"not judged here: {', '.join(map(_unread, it['needs']))}",
    "rule-error": lambda it: it["detail"],
}
_UNREAD: Final = {"bytes": "the gate checks file contents after the merge", "merge": "the request is not merged"}
#: (rule, code) → the reason of a finding, and the one thing to do about it.
REASONS: Final[dict[tuple[str, str], Sentence]] = {
    (rule, code): words for rule, room in _RULES.items() for code, words in {**_COMMON, **room.REASONS}.items()
}
FIXES: Final[dict[tuple[str, str], Sentence]] = {
    (rule, code): words for rule, room in _RULES.items() for code, words in room.FIXES.items()
}


def reason(finding: Finding, about: About) -> str:
    """Return what a rule found, in a sentence."""
    return _said(REASONS, finding, about) or _plainly(finding)


def fix(finding: Finding, about: About) -> str:
    """Return the one thing to do about a finding; empty if there is nothing to do."""
    if finding.outcome is FindingOutcome.ERROR:
        return "this is a defect of counterseal; report it"
    return _said(FIXES, finding, about) if finding.outcome is FindingOutcome.VIOLATED else ""


def counted(person: Counted) -> str:
    """Return whose approval counts."""
    return person.actor.login


def not_counted(dismissed: Dismissed) -> tuple[str, str]:
    """Return whose approval does not count, and why."""
    return people.who(dismissed), people.why(dismissed)


def withdrawal(why: Reason) -> str:
    """Return why an allow was withdrawn."""
    return withdrawals.sentence(why)


def _said(table: Mapping[tuple[str, str], Sentence], finding: Finding, about: About) -> str:
    words = table.get((finding.rule, finding.code))
    try:
        sentence: object = words(Shown(finding.data, about, finding.counted, finding.dismissed)) if words else ""
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):  # of a version that says it otherwise
        return ""
    return sentence if isinstance(sentence, str) else ""


def _plainly(finding: Finding) -> str:
    data = json.dumps(dict(finding.data), ensure_ascii=False, sort_keys=True) if finding.data else ""
    return f"{finding.code} {data}".strip()


def _unread(need: str) -> str:
    return _UNREAD.get(need, f"{need} was not read")
