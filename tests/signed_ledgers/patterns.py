"""The templates of what entries say, made by the rules and writers of formats from the tests' samples.

`CHANGE` and its like stand in them for what differs from entry to entry, beside digests, git ids and times.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests import evidence_samples as samples
from tests.signed_ledgers.layout import PLACE, UNPLACED
from tests.signed_ledgers.plan import Kind
from tests.signed_ledgers.template import Template, made_up

from counterseal import evaluation
from counterseal.evaluation import decision as decisions
from counterseal.evaluation import evidence as evidence_room
from counterseal.formats import manifest
from counterseal.history import events
from counterseal.history.events import EntryReference, Event, EventKind, Publication, PublishedAsset, Withdrawn
from counterseal.identifiers import BUNDLES_FILE, MANIFEST_FILE, VSA_SUFFIX
from counterseal.model import DocumentDigest, EarlierDecision, Outcome, PinnedCandidate, Subject

__all__ = ["Pattern", "decision", "event", "made_up", "request"]

# Numbers of the change request, the release, the entry that is named, and the ledger's size.
CHANGE, RELEASE, ABOUT, SIZE = (f"71818{number}" for number in range(4))
REQUEST: Final = samples.CONTENT.request_id
VERSION: Final = samples.TAG.removeprefix("v")
REASON: Final = samples.CONTENT.reason
#: The seconds since the stage before let it in.
AGE: Final = "93600"
#: Id and line of the entry that an event names.
ENTRY, LINE = samples.sha256("the entry"), samples.sha256("its line")
_WORDS: Final = (CHANGE, RELEASE, ABOUT, SIZE, REQUEST, VERSION, REASON, AGE, PLACE)
_SUBJECTS: Final = (samples.WHEEL, samples.SDIST, Subject(MANIFEST_FILE, samples.MANIFEST_DIGEST))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A decision with the evidence that it names; `named` stands in the payload for that one's digests."""

    payload: Template
    evidence: Template
    named: DocumentDigest


@cache
def request(stage: str) -> Template:
    """Return the file that asks for a stage."""
    return _template(manifest.request(dataclasses.replace(samples.CONTENT, stage=stage, candidate=_candidate())))


@cache
def decision(stage: str, outcome: Outcome) -> Pattern:
    """Return a decision about a stage that the rules made, and that has this outcome.

    Raises:
        ValueError: The rules say otherwise.
    """
    known = _evidence(stage, outcome)
    made = decisions.decide(known, evaluation.judge(known))
    if made.outcome is not outcome:
        raise ValueError(f"the rules say {made.outcome} of what is to be a {outcome}")
    payload = decisions.payload(made, decisions.subjects(known), UNPLACED)
    return Pattern(_template(payload), _template(evidence_room.canonical(known)), evidence_room.document_digest(known))


@cache
def event(kind: Kind) -> Template:
    """Return what follows an allow of production: its publication, or its withdrawal."""
    reference = EntryReference(ENTRY, int(ABOUT), LINE)
    moved = {"tag": samples.TAG, "now": samples.OLD_HEAD}
    body: Publication | Withdrawn = Withdrawn("production", samples.MANIFEST_DIGEST, reference, "tag-moved", moved)
    if kind is Kind.PUBLICATION:
        body = Publication(
            "production", samples.TAG, samples.MANIFEST_DIGEST, reference, int(RELEASE), tuple(_published())
        )
    policy = decisions.policy_use(samples.evidence())
    return _template(
        events.payload(Event(EventKind(kind), samples.NOW, samples.FRANK, policy, body), _SUBJECTS, UNPLACED)
    )


def _template(pattern: bytes) -> Template:
    return Template(pattern, _WORDS, samples.NOW)


def _candidate() -> PinnedCandidate:
    return dataclasses.replace(samples.CONTENT.candidate, release=int(RELEASE))


def _evidence(stage: str, outcome: Outcome) -> evaluation.Evidence:
    """Return the tests' evidence for a stage; for a deny a review is missing."""
    reviewers = (samples.ALICE, samples.DORA) if outcome is Outcome.ALLOW else (samples.DORA,)
    url = f"{samples.SOURCE}/pull/{CHANGE}"
    reviews = [dataclasses.replace(samples.review(who), url=f"{url}#review") for who in reviewers]
    before = EarlierDecision(
        ENTRY,
        int(ABOUT),
        "staging",
        Outcome.ALLOW,
        samples.earlier("staging", Outcome.ALLOW).decided_at,
        withdrawn=False,
    )
    start = dataclasses.replace(
        samples.evidence(),
        stage=stage,
        history=(before,) if stage == "production" else (),
        candidate=dataclasses.replace(samples.RELEASE, id=int(RELEASE)),
        ledger=evaluation.LedgerFacts(samples.LEDGER_ID, int(SIZE), anchors=()),
    )
    changed = samples.with_change(start, number=int(CHANGE), url=url, reviews=tuple(reviews))
    path = manifest.request_path(stage, samples.MANIFEST_DIGEST, REQUEST)
    return samples.with_content(samples.with_request(changed, path=path), stage=stage, candidate=_candidate())


def _published() -> list[PublishedAsset]:
    """Return what is public in the end, but for the proof, in the order of names."""
    made = [
        PublishedAsset(name, samples.sha256(name), 16_000)
        for name in (BUNDLES_FILE, *(f"{subject.name}{VSA_SUFFIX}" for subject in (samples.WHEEL, samples.SDIST)))
    ]
    seen = [PublishedAsset(asset.name, asset.digest, asset.size) for asset in samples.OBSERVED]
    return sorted([*made, *seen], key=lambda asset: asset.name)
