"""A decision as bytes that a line of the ledger can hold, whatever it is about (R54). Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal.decision import payload, subjects
from counterseal.model import Finding, FindingOutcome, Outcome, Subject

if TYPE_CHECKING:
    from counterseal.decision import Decision
    from counterseal.evidence import Evidence
    from counterseal.model import LedgerLink

#: What a payload may have so that its bundle (base64, certificate, log entry, timestamp) is a line of the ledger.
MAX_PAYLOAD: Final = 32 << 10
MAX_ABANDONED: Final = 16
#: Rule and code of a decision that does not fit.
TOO_LONG: Final = ("review-of-this-revision", "decision-too-long")


def fitting(decision: Decision, evidence: Evidence, link: LedgerLink) -> tuple[Decision, bytes]:
    """Return the decision and its bytes, or, where a line of the ledger cannot hold it, a short deny that says so.

    What would be too long now is so at the next run, too; without an entry the request would stop its gate for ever.
    """
    data = payload(decision, subjects(evidence), link)
    if len(data) <= MAX_PAYLOAD:
        return decision, data
    reason = f"the decision would have {len(data)} bytes, and a line of the ledger holds {MAX_PAYLOAD} of one"
    fix = f"promote less at once, or say it shorter: counterseal request --stage {decision.stage} --again"
    too_long = Finding(TOO_LONG[0], FindingOutcome.VIOLATED, TOO_LONG[1], reason, fix)
    short = replace(
        decision,
        outcome=Outcome.DENY,
        reason="",
        findings=(too_long,),
        reviews=(),
        responsible=replace(decision.responsible, approvers=()),
        evidence=decision.evidence[:1],
        builds=(),
        abandoned=decision.abandoned[-MAX_ABANDONED:],
    )
    about = (Subject(evidence.request.path, evidence.request.digest),)
    return short, payload(short, about, link)
