"""`publish`: makes a release of every recorded allow of a publishing stage that has no publication yet.

Order (docs/formats.md#release): second reading (R24) → VSAs → upload → read digests back → publication
entry (sealed) → proof → publish → read back. Each step can be repeated; a run takes up where another stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import decision as decisions
from counterseal import digests, errors, ledger
from counterseal import event as events
from counterseal.commands import candidate_bytes, collect, gate, reading, recording, release_files, second_reading
from counterseal.errors import CountersealError, ServiceError
from counterseal.event import EntryReference, Event, EventKind, Publication, PublishedAsset, Withdrawn
from counterseal.history import History, label
from counterseal.identifiers import PROOF_FILE
from counterseal.model import Entry, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from counterseal.commands.gate import Gate
    from counterseal.evidence import Evidence
    from counterseal.history import RecordedDecision
    from counterseal.ledger import Ledger
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
    """An allow that did not become a release: withdrawn (`error` None), or the work failed and can be repeated."""

    tag: str
    stage: str
    reason: str
    error: CountersealError | None


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What one run published, withdrew or could not finish."""

    published: tuple[Published, ...]
    stopped: tuple[NotPublished, ...]

    @property
    def exit_code(self) -> int:
        """Return the code of the first failure, else 10 if something was withdrawn, else 0."""
        failures = [each.error.exit_code for each in self.stopped if each.error]
        if failures:
            return failures[0]
        return errors.DENIED if self.stopped else errors.ALLOWED


def run(opened: Gate, *, stage: str | None = None) -> PublishResult:
    """Publish what is allowed and not published.

    Args:
        opened: The gate whose identity signs summaries and publication entries.
        stage: Only allows of this stage.

    Raises:
        LedgerError: The ledger is not what it was.
    """
    history, waiting = _read(opened, stage)
    known = {each.decision.evidence_digest.sha256 for each in history.decisions.values()}
    published: list[Published] = []
    stopped: list[NotPublished] = []
    for recorded in waiting:
        found = recorded.decision
        tag = found.source.tag if found.source else ""
        try:
            published.append(_publish(opened, recorded, known))
        except _WithdrawnError as withdrawn:
            stopped.append(NotPublished(tag, found.stage, str(withdrawn), None))
        except CountersealError as error:
            stopped.append(NotPublished(tag, found.stage, error.what, error))
    return PublishResult(tuple(published), tuple(stopped))


def plan(opened: Gate, *, stage: str | None = None) -> tuple[RecordedDecision, ...]:
    """Return the allows that `run` would publish.

    Raises:
        LedgerError: The ledger is not what it was.
    """
    return tuple(_read(opened, stage)[1])


def _read(opened: Gate, stage: str | None) -> tuple[History, list[RecordedDecision]]:
    stored = opened.store.fetch()
    reading.require_mirror(stored)
    current = opened.reader.read(stored)
    reading.check_anchor(current, opened.sources.assets, opened.reader, opened.sources.work)
    history = History(current.entries)
    return history, [each for each in _waiting(opened, history) if stage in (None, each.decision.stage)]


class _WithdrawnError(Exception):
    """The second reading found changed evidence; the allow was withdrawn."""


def _waiting(opened: Gate, history: History) -> list[RecordedDecision]:
    """Return allows of publishing stages without a *public* release: never published, or sealed but still a draft."""
    drafts = {each.id for each in opened.sources.assets.drafts()}
    policies: dict[str, Policy] = {}
    waiting = []
    for each in history.decisions.values():
        found = each.decision
        if found.outcome is not Outcome.ALLOW or each.withdrawn or found.source is None:
            continue
        if each.publication is not None and _publication(each.publication).release not in drafts:
            continue
        digest = found.policy.digest.sha256
        if digest not in policies:
            policies[digest], _ = collect.read_policy(opened.sources.repository, found.policy.revision)
        stage = policies[digest].stage(found.stage)
        if stage is not None and stage.publish:
            waiting.append(each)
    return waiting


def _publish(opened: Gate, recorded: RecordedDecision, known: Collection[str]) -> Published:
    sealed = recorded.publication
    if sealed is None:
        evidence = _read_again(opened, recorded)
        release = evidence.candidate
        if release is None:
            raise ServiceError("the candidate cannot be read any more", fix="build again and make a new request")
        assets = _upload(opened, recorded, evidence, release, known)
        sealed = _seal(opened, recorded, release, assets)
    body = _publication(sealed)
    release = _fresh(opened, body.release)
    current = opened.reader.read(opened.store.fetch())
    proof = opened.sources.work / PROOF_FILE
    proof.write_bytes(ledger.build_proof(current, recorded.sequence, sealed.link.sequence))
    opened.sources.assets.upload(release, PROOF_FILE, proof)
    wanted = {each.name: each.digest for each in body.assets} | {PROOF_FILE: digests.sha256(proof.read_bytes())}
    _check_assets(opened, _fresh(opened, release.id), wanted)
    public = opened.sources.assets.publish(release)
    _check_assets(opened, public, wanted)
    return Published(public.tag, public.url, body.stage, sealed, wanted)


def _read_again(opened: Gate, recorded: RecordedDecision) -> Evidence:
    """Return the evidence as it is now, or withdraw the allow if it does not stand on it (R24, R38)."""
    evidence, problem = second_reading.read(opened, recorded)
    if problem:
        _withdraw(opened, recorded, evidence, problem)
        raise _WithdrawnError(problem)
    return evidence


def _reference(recorded: RecordedDecision) -> EntryReference:
    link = recorded.entry.link
    return EntryReference(link.entry_id, link.sequence, digests.sha256(recorded.entry.line))


def _record_event(opened: Gate, identifier: str, about: Sequence[Subject], event: Event, message: str) -> Entry:
    def prepare(current: Ledger, _: Sequence[str]) -> recording.Draft | Entry:
        if found := current.find(identifier):
            return found
        link = current.next_link(identifier)
        return recording.Draft(events.payload(event, about, link), identifier, None, f"{link.sequence} {message}")

    return gate.record(opened, prepare).entry


def _withdraw(opened: Gate, recorded: RecordedDecision, evidence: Evidence, reason: str) -> None:
    reference = _reference(recorded)
    event = Event(
        EventKind.WITHDRAWN,
        opened.sources.clock.now(),
        opened.run.actor,
        decisions.policy_use(evidence),
        Withdrawn(reference, reason),
    )
    identifier = ledger.entry_id("withdrawn", opened.policy.ledger_id, reference.entry_id)
    about = recorded.entry.attestation.statement.subjects
    _record_event(opened, identifier, about, event, f"withdrawn entry {reference.sequence}: {reason}")


def _upload(
    opened: Gate, recorded: RecordedDecision, evidence: Evidence, release: Release, known: Collection[str]
) -> tuple[PublishedAsset, ...]:
    """Bring the release to exactly what is wanted; return its assets as they were read back."""
    store, folder = opened.sources.assets, opened.sources.work / f"release-{recorded.sequence}"
    before = _fresh(opened, release.id)
    stay = release_files.kept(evidence, before, known)
    files = release_files.write(
        recorded, evidence, stay, signer=opened.signer, now=opened.sources.clock.now(), folder=folder
    )
    for asset in before.assets:
        if (
            asset.name in files
            or asset.name == PROOF_FILE
            or (collect.is_evidence(asset.name) and asset.name not in stay)
        ):
            store.delete(release, asset.id)  # left by a run that was stopped before it sealed anything
        elif asset.name not in stay:
            raise ServiceError(
                f"release {release.tag} has an asset {asset.name} that nobody asked for",
                why="it is neither in the request nor made by this gate, and would be published with the rest",
                fix="find out who uploaded it and delete it, then run the gate again",
            )
    for name, path in files.items():
        store.upload(release, name, path)
    wanted = stay | {name: digests.sha256(path.read_bytes()) for name, path in files.items()}
    final = _fresh(opened, release.id)
    _check_assets(opened, final, wanted)
    return tuple(PublishedAsset(each.name, wanted[each.name], each.size) for each in final.assets)


def _fresh(opened: Gate, release_id: int) -> Release:
    found = opened.sources.assets.release(release_id)
    if found is None:
        raise ServiceError(f"release {release_id} disappeared while it was published", fix="make a new candidate")
    return found


def _check_assets(opened: Gate, release: Release, wanted: Mapping[str, str]) -> None:
    """Refuse a release whose assets, read back, are not exactly the wanted ones (R05)."""
    found = {each.name: each.digest or _downloaded(opened, release, each.id) for each in release.assets}
    for name, digest in wanted.items():
        if found.get(name) != digest:
            raise ServiceError(
                f"release {release.tag}: {name} has sha256:{found.get(name, 'nothing')}, not sha256:{digest}",
                why="it was replaced or removed after it was checked",
                fix="find out who did it; publish again from a new candidate",
            )
    if extra := sorted(set(found) - set(wanted)):
        raise ServiceError(
            f"release {release.tag} has an asset {extra[0]} that nobody asked for",
            fix="delete it, then run the gate again",
        )


def _downloaded(opened: Gate, release: Release, asset_id: int) -> str:
    target = opened.sources.work / f"back-{asset_id}"
    opened.sources.assets.download(release, asset_id, target, max_bytes=candidate_bytes.MAX_ASSET_BYTES)
    with target.open("rb") as stream:
        return digests.sha256_of(stream)


def _seal(opened: Gate, recorded: RecordedDecision, release: Release, assets: tuple[PublishedAsset, ...]) -> Entry:
    """Record the publication entry: from here on the release is exactly these assets and the proof."""
    found = recorded.decision
    if found.source is None or found.manifest is None:
        raise ServiceError("an allow without source or manifest cannot be published")
    listed = tuple(sorted(assets, key=lambda each: each.name))
    manifest = found.manifest.sha256
    body = Publication(found.stage, found.source.tag, manifest, _reference(recorded), release.id, listed)
    event = Event(EventKind.PUBLICATION, opened.sources.clock.now(), opened.run.actor, found.policy, body)
    identifier = ledger.entry_id("publication", opened.policy.ledger_id, found.source.tag, manifest)
    about = recorded.entry.attestation.statement.subjects
    return _record_event(opened, identifier, about, event, f"publication {found.stage} {label(found)}")


def _publication(sealed: Entry) -> Publication:
    body = events.parse(sealed.attestation.statement, f"entry {sealed.link.sequence}").body
    if not isinstance(body, Publication):
        raise ServiceError(f"entry {sealed.link.sequence} is no publication")
    return body
