"""Who agreed to an event that permits: it came as a merged request, and at least two people approved it."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.model import Actor, DocumentDigest


@dataclass(frozen=True, slots=True)
class Consent:
    """The request file (path) with its merge, who asked, who approved, and the evidence that was judged (digest)."""

    request: str
    merge_revision: str
    requester: Actor | None
    approvers: tuple[Actor, ...]
    evidence_digest: DocumentDigest


def consent_of(body: object) -> Consent | None:
    """Return who agreed to what an event's body says, or None: one person did it, or nobody had to agree."""
    consent = getattr(body, "consent", None)
    return consent if isinstance(consent, Consent) else None
