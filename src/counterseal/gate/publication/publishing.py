"""`publish`: makes a release of every recorded allow of a publishing stage that has no publication yet.

Order (docs/formats.md#release): second reading (R24) → VSAs → upload → read digests back → publication entry (sealed) →
proof → third reading → publish → read back, the tag too. Each step can be repeated; a run takes up where another
stopped, and judges the allow again, sealed or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import errors, ledger
from counterseal.errors import CountersealError, ServiceError
from counterseal.evaluation import decision as decisions
from counterseal.formats import digests
from counterseal.gate import appending, collect
from counterseal.gate import ledger as ledgers
from counterseal.gate.ledger import recording
from counterseal.gate.publication import release_assets, second_reading
from counterseal.history import events, label
from counterseal.history import state as states
from counterseal.history.events import EntryReference, Event, EventKind, Publication, PublishedAsset, Withdrawn
from counterseal.identifiers import PROOF_FILE
from counterseal.model import Entry, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation import Evidence
    from counterseal.gate.candidate_bytes import CandidateFacts
    from counterseal.gate.ledger import Tip
    from counterseal.gate.opening import Gate
    from counterseal.history import RecordedDecision
    from counterseal.model import Policy, Release, Subject


@dataclass(frozen=True, slots=True)
class Published:
    """A release that is public now; `files` are its assets by name with sha256."""

    tag: str
    url: str
    stage: str
    entry: Entry
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NotPublished:
    """An allow that did not become a release: it was withdrawn (`why`), or the work failed and can be repeated.

    `taken_back` tells whether the forge made a release that was public a draft again (None: none was public).
    """

    tag: str
    stage: str
    why: Reason | None = None
    taken_back: bool | None = None
    error: CountersealError | None = None


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What one run published, withdrew or could not finish."""

    published: tuple[Published, ...]
    stopped: tuple[NotPublished, ...]
    sweep: bool = False

    @property
    def exit_code(self) -> int:
        """Return the worst code of what was done: 10 for what was withdrawn, 12 for what waits for the end of a hold.

        A sweep where something only waits is well.
        """
        codes = (stopped.error.exit_code if stopped.error else errors.DENIED for stopped in self.stopped)
        code = errors.worst(codes)
        return errors.ALLOWED if self.sweep and code == errors.HELD else code


def run(gate: Gate, *, stage: str | None = None) -> PublishResult:
    """Publish what is allowed and not published.

    Args:
        gate: The gate whose identity signs summaries and publication entries.
        stage: Only allows of this stage.

    Raises:
        LedgerError: The ledger is not what it was.
    """
    waiting = _read(gate, stage)
    published: list[Published] = []
    stopped: list[NotPublished] = []
    for recorded in waiting:
        decision = recorded.decision
        tag = decision.source.tag if decision.source else ""
        try:
            published.append(_publish(gate, recorded))
        except _WithdrawnError as withdrawn:
            stopped.append(NotPublished(tag, decision.stage, withdrawn.why, withdrawn.taken_back))
        except CountersealError as error:
            stopped.append(NotPublished(tag, decision.stage, error=error))
    return PublishResult(tuple(published), tuple(stopped), gate.run.event == states.SCHEDULE)


def plan(gate: Gate, *, stage: str | None = None) -> tuple[RecordedDecision, ...]:
    """Return the allows that `run` would publish.

    Raises:
        LedgerError: The ledger is not what it was.
    """
    return tuple(_read(gate, stage))


def _read(gate: Gate, stage: str | None) -> list[RecordedDecision]:
    tip = gate.reader.read(gate.store)
    ledgers.check_anchor(tip, gate.sources.assets, gate.sources.work)
    return [recorded for recorded in _waiting(gate, tip) if stage in (None, recorded.decision.stage)]


class _WithdrawnError(Exception):
    """The allow does not stand any more, and was withdrawn."""

    def __init__(self, why: Reason, *, taken_back: bool | None = None) -> None:
        super().__init__(why.code)
        self.why = why
        self.taken_back = taken_back


def _waiting(gate: Gate, tip: Tip) -> list[RecordedDecision]:
    """Return allows of publishing stages without a *public* release: never published, or sealed but still a draft."""
    waiting = list(tip.unpublished())
    for draft in sorted(gate.sources.assets.drafts(), key=lambda draft: draft.id):
        for recorded in tip.published(draft.tag):
            sealed = recorded.publication
            if sealed is not None and not recorded.withdrawn and _publication(sealed).release == draft.id:
                waiting.append(recorded)
    policies: dict[str, Policy] = {}
    publishing = []
    for recorded in sorted(waiting, key=lambda recorded: recorded.sequence):
        digest = recorded.decision.policy.digest.sha256
        if digest not in policies:
            policies[digest], _ = collect.read_policy(gate.sources.repository, recorded.decision.policy.revision)
        stage = policies[digest].stage(recorded.decision.stage)
        if stage is not None and stage.publish:  # what was signed of it is looked at again
            publishing.append(recorded)
    return publishing


def _publish(gate: Gate, recorded: RecordedDecision) -> Published:
    """Publish one allow, judged again before anything is done and again immediately before it is public (R24, R47)."""
    evidence, facts = _read_again(gate, recorded)
    sealed = recorded.publication
    if sealed is None:
        release = evidence.candidate
        if release is None:
            raise ServiceError("the candidate cannot be read any more", fix="build again and open a new request")
        sealed = _seal(gate, recorded, release, release_assets.upload(gate, recorded, evidence, release))
    body = _publication(sealed)
    release = release_assets.fresh(gate, body.release)
    proof = gate.sources.work / PROOF_FILE
    proof.write_bytes(_proof(gate, recorded.entry, sealed))
    gate.sources.assets.upload(release, PROOF_FILE, proof)
    expected = {asset.name: asset.digest for asset in body.assets} | {PROOF_FILE: digests.sha256(proof.read_bytes())}
    release_assets.check_assets(gate, release_assets.fresh(gate, release.id), expected)
    _read_again(gate, recorded, facts)
    public = gate.sources.assets.publish(release)
    release_assets.check_assets(gate, public, expected)
    _check_tag(gate, recorded, evidence, public)
    return Published(public.tag, public.url, body.stage, sealed, expected)


def _proof(gate: Gate, decision: Entry, sealed: Entry) -> bytes:
    """Return the proof that the publication's ledger has the decision; of an old one the whole ledger is read."""
    proof = gate.reader.read(gate.store).proof(decision, sealed)
    proof = proof or gate.reader.read_whole(gate.store).tip.proof(decision, sealed)
    if proof is None:
        raise ServiceError(f"entry {decision.link.sequence} is not in the ledger any more")
    return proof


def _read_again(
    gate: Gate, recorded: RecordedDecision, known_bytes: CandidateFacts | None = None
) -> tuple[Evidence, CandidateFacts]:
    """Return the evidence as it is now, or withdraw the allow if it does not stand on it (R24, R38).

    Args:
        gate: The gate.
        recorded: The allow.
        known_bytes: What the candidate's bytes said when they were read before; they are pinned by digest.
    """
    evidence, facts, problem = second_reading.read(gate, recorded, known_bytes)
    if problem is not None:
        _withdraw(gate, recorded, evidence, problem)
        _take_proof_away(gate, evidence)
        raise _WithdrawnError(problem)
    return evidence, facts


def _take_proof_away(gate: Gate, evidence: Evidence) -> None:
    """Delete the proof from the draft of a withdrawn allow, so that nobody makes a release of it by hand."""
    draft = evidence.candidate
    proof = next((asset for asset in draft.assets if asset.name == PROOF_FILE), None) if draft and draft.draft else None
    if draft and proof:
        gate.sources.assets.delete(draft, proof.id)


def _check_tag(gate: Gate, recorded: RecordedDecision, evidence: Evidence, public: Release) -> None:
    """Read the tag back after the release is public; if it moved, withdraw the allow and take the release back."""
    source = recorded.decision.source
    revision = gate.sources.repository.resolve(f"refs/tags/{public.tag}")
    if source is not None and revision == source.revision:
        return
    moved = Reason("tag-moved", {"tag": public.tag, "now": revision})
    _withdraw(gate, recorded, evidence, moved)
    raise _WithdrawnError(moved, taken_back=gate.sources.assets.unpublish(public))


def _manifest(recorded: RecordedDecision) -> str:
    """Return the manifest (sha256) that an allow is of.

    Raises:
        ServiceError: It names none.
    """
    if recorded.decision.manifest is None:
        raise ServiceError(f"entry {recorded.sequence} is an allow without a manifest")
    return recorded.decision.manifest.sha256


def _reference(recorded: RecordedDecision) -> EntryReference:
    link = recorded.entry.link
    return EntryReference(link.entry_id, link.sequence, digests.sha256(recorded.entry.line))


def _record_event(
    gate: Gate,
    identifier: str,
    about: Sequence[Subject],
    event: Event,
    message: str,
    check: Callable[[Tip], None] = lambda _: None,
) -> Entry:
    def prepare(tip: Tip, _: Sequence[str]) -> recording.Draft | Entry:
        check(tip)
        if entry := tip.find(identifier):
            return entry
        link = tip.next_link(identifier, event)
        return recording.Draft(events.payload(event, about, link), identifier, f"{link.sequence} {message}")

    return appending.record(gate, prepare).entry


def _withdraw(gate: Gate, recorded: RecordedDecision, evidence: Evidence, why: Reason) -> None:
    reference = _reference(recorded)
    event = Event(
        EventKind.WITHDRAWN,
        gate.sources.clock.now(),
        gate.run.actor,
        decisions.policy_use(evidence),
        Withdrawn(recorded.decision.stage, _manifest(recorded), reference, why.code, why.data),
    )
    identifier = ledger.entry_id("withdrawn", gate.policy.ledger_id, reference.entry_id)
    about = recorded.entry.attestation.statement.subjects
    _record_event(gate, identifier, about, event, f"withdrawn entry {reference.sequence}: {why.code}")


def _seal(gate: Gate, recorded: RecordedDecision, release: Release, assets: tuple[PublishedAsset, ...]) -> Entry:
    """Record the publication entry: from here on the release is exactly these assets and the proof."""
    decision = recorded.decision
    if decision.source is None or decision.manifest is None:
        raise ServiceError("an allow without source or manifest cannot be published")
    listed = tuple(sorted(assets, key=lambda asset: asset.name))
    body = Publication(
        decision.stage, decision.source.tag, _manifest(recorded), _reference(recorded), release.id, listed
    )
    event = Event(EventKind.PUBLICATION, gate.sources.clock.now(), gate.run.actor, decision.policy, body)
    identifier = ledger.entry_id("publication", gate.policy.ledger_id, body.decision.entry_id)
    about = recorded.entry.attestation.statement.subjects

    def standing(tip: Tip) -> None:
        second_reading.require_no_hold(gate, tip, recorded)
        if tip.is_withdrawn(recorded):
            raise _WithdrawnError(Reason("withdrawn-before"))

    return _record_event(gate, identifier, about, event, f"publication {decision.stage} {label(decision)}", standing)


def _publication(sealed: Entry) -> Publication:
    body = events.parse(sealed.attestation.statement, f"entry {sealed.link.sequence}").body
    if not isinstance(body, Publication):
        raise ServiceError(f"entry {sealed.link.sequence} is not a publication")
    return body
