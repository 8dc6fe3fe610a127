"""A decision as bytes that a line of the ledger can hold, as it can hold its publication later (R54). Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal.evaluation import decision as decisions
from counterseal.history import events
from counterseal.history.events import EntryReference, Event, EventKind, Publication, PublishedAsset
from counterseal.identifiers import BUNDLES_FILE, CHECKSUMS_FILE, EVIDENCE_FILE, VSA_SUFFIX
from counterseal.model import Finding, FindingOutcome, Outcome, Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.evaluation import Decision, Evidence
    from counterseal.model import LedgerLink

#: How many bytes a payload may have so that its bundle (base64, certificate, log entry, timestamp) fits on a line.
MAX_PAYLOAD: Final = 32 << 10
MAX_ABANDONED: Final = 16
_NO_DIGEST: Final = "0" * 64
_LARGEST: Final = 2**53 - 1
#: Rule and code of a decision that does not fit.
TOO_LONG: Final = ("review-of-this-revision", "decision-too-long")


def fitting(decision: Decision, evidence: Evidence, place: Callable[[Decision], LedgerLink]) -> tuple[Decision, bytes]:
    """Return the decision and its bytes, or, where a line of the ledger cannot hold it, a short deny that says so.

    What is too long now is too long at the next run; without an entry the request would block its gate for ever.

    Args:
        decision: The decision.
        evidence: What it rests on.
        place: Returns where a decision would stand in the ledger.
    """
    link = place(decision)
    data = decisions.payload(decision, decisions.subjects(evidence), link)
    released = _publication(decision, evidence, link)
    if max(len(data), len(released)) <= MAX_PAYLOAD:
        return decision, data
    what, size = ("decision", len(data)) if len(data) > MAX_PAYLOAD else ("publication", len(released))
    facts = {"what": what, "size": size, "largest": MAX_PAYLOAD}
    too_long = Finding(TOO_LONG[0], FindingOutcome.VIOLATED, TOO_LONG[1], facts)
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
    return short, decisions.payload(short, about, place(short))


def _publication(decision: Decision, evidence: Evidence, link: LedgerLink) -> bytes:
    """Return a publication entry of the decision, as large as it may become; nothing where none follows."""
    stage, content = evidence.policy.stage(evidence.stage), evidence.request.promotion
    publishes = stage is not None and stage.publish and decision.outcome is Outcome.ALLOW
    if not publishes or content is None or evidence.manifest is None:
        return b""
    summaries = (artifact.name + VSA_SUFFIX for artifact in evidence.manifest.subjects)
    ours = (BUNDLES_FILE, EVIDENCE_FILE, CHECKSUMS_FILE)
    names = (*(asset.name for asset in content.candidate.assets), *summaries, *ours)
    assets = tuple(PublishedAsset(name, _NO_DIGEST, _LARGEST) for name in names)
    line = EntryReference(link.entry_id, link.sequence, _NO_DIGEST)
    body = Publication(evidence.stage, content.candidate.tag, _NO_DIGEST, line, content.candidate.release, assets)
    event = Event(EventKind.PUBLICATION, decision.decided_at, decision.responsible.run_actor, decision.policy, body)
    return events.payload(event, decisions.subjects(evidence), link)
