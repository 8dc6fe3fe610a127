"""A world in memory for one run of the gate: every port, with the rules of the real ones that the gate relies on.

Time stands still at `NOW`. Signatures are a registry: what was not signed here, by whoever it names, does not verify.
"""

# ruff: noqa: ARG002 - the ports have these parameters
from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from tests import evidence_samples as samples
from tests.evidence_samples import ALICE, BOB, DORA, HEAD, MAIN, MERGE, NOW, POLICY_CHANGE, REVISION, TAG
from tests.unit.memory_ledger import MemoryLedger

from counterseal.errors import ServiceError, VerificationError
from counterseal.evaluation import identity
from counterseal.formats import digests, event_request, manifest, provenance, statement
from counterseal.gate import collect, opening
from counterseal.identifiers import POLICY_PATH, PROVENANCE, SBOM
from counterseal.model import (
    Actor,
    Asset,
    Attestation,
    ChangeRequest,
    EventRequest,
    Manifest,
    Merge,
    Mover,
    OpenChange,
    Permission,
    Person,
    PinnedAsset,
    PinnedCandidate,
    PromotionRequest,
    Release,
    Subject,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from counterseal.model import BranchMove, BuildStart, Certificate, NewCommit, Pushed, Repository, Run

POLICY = f"""\
apiVersion: counterseal/v1
ledger: {{id: {samples.LEDGER_ID}}}
people:
  maintainers: [{{id: 1001, login: alice}}, {{id: 1002, login: bob}}, {{id: 1003, login: carol}}]
  security: [{{id: 1010, login: dora}}]
identities:
  builder: {{github: {{workflow: .github/workflows/release.yml, refs: [refs/tags/v*]}}}}
  gate: counterseal
stages:
  staging:
    rules:
      sbom-present: {{}}
      enough-reviews: {{count: 1, from: {{maintainers: 1}}}}
  production:
    after: staging
    publish: true
    rules:
      sbom-present: {{}}
      enough-reviews: {{count: 2, from: {{maintainers: 1, security: 1}}}}
      author-did-not-approve: {{}}
""".encode()


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


class Source:
    """A repository whose branch is one line; `line` has (commit, all files), oldest first, `heads` others."""

    def __init__(self) -> None:
        self.line: list[tuple[str, dict[str, bytes]]] = [(POLICY_CHANGE, {POLICY_PATH: POLICY})]
        self.heads: dict[int, tuple[str, dict[str, bytes]]] = {}
        self.tags: dict[str, str] = {}

    def add(self, commit: str, **files: bytes) -> None:
        self.line.append((commit, {**self.line[-1][1], **files}))

    def default_ref(self) -> str:
        return MAIN

    def default_tip(self) -> str | None:
        return self.resolve(MAIN)

    def resolve(self, ref: str) -> str | None:
        return self.line[-1][0] if ref == MAIN else self.tags.get(ref.removeprefix("refs/tags/"))

    def resolve_all(self, *refs: str) -> tuple[str | None, ...]:
        return tuple(map(self.resolve, refs))

    def _files(self, revision: str) -> dict[str, bytes]:
        return {**dict(self.heads.values()), **dict(self.line)}[revision]

    def read_file(self, revision: str, path: str) -> bytes | None:
        return self._files(revision).get(path)

    def file_mode(self, revision: str, path: str) -> str | None:
        return "100644" if path in self._files(revision) else None

    def first_parents(self, revision: str) -> Sequence[str]:
        ids = [commit for commit, _ in self.line]
        return ids[: ids.index(revision) + 1][::-1]

    def is_ancestor(self, revision: str, of: str) -> bool:
        return revision in self.first_parents(of)

    def parent(self, revision: str, generations: int = 1) -> str | None:
        before = self.first_parents(revision)
        return before[generations] if generations < len(before) else None

    def _changes(self, revision: str) -> Iterator[tuple[str, set[str], set[str]]]:
        before: dict[str, bytes] = {}
        for commit in reversed(self.first_parents(revision)):
            files = self._files(commit)
            yield commit, {path for path in files if files[path] != before.get(path)}, set(files) - set(before)
            before = files

    def commits_touching(self, revision: str, path: str) -> Sequence[str]:
        return [commit for commit, changed, _ in self._changes(revision) if path in changed][::-1]

    def touched(self, revision: str, paths: Collection[str]) -> frozenset[str]:
        return frozenset(path for path in paths if self.commits_touching(revision, path))

    def added_files(self, ref_revision: str, folder: str, since: str | None = None) -> Sequence[tuple[str, str]]:
        before = set(self.first_parents(since)) if since else set()
        added = ((commit, path) for commit, _, paths in self._changes(ref_revision) for path in sorted(paths))
        return [(commit, path) for commit, path in added if path.startswith(f"{folder}/") and commit not in before]

    def changed_paths(self, base: str, revision: str) -> Sequence[str]:
        old, new = self._files(base), self._files(revision)
        return sorted(path for path in {*old, *new} if old.get(path) != new.get(path))

    def fetch_head(self, number: int) -> str | None:
        return self.heads[number][0] if number in self.heads else None


class Forge:
    """What people did: change requests and how they were merged; everybody may write, of push logs there is nothing."""

    def __init__(self) -> None:
        self.changes: dict[int, ChangeRequest] = {}
        self.merges: dict[str, Merge] = {}
        self.files: dict[int, tuple[str, ...]] = {}
        self.comments: dict[int, str] = {}
        self.readers: set[tuple[str, int]] = set()
        self.outside: set[int] = set()
        self.source = Source()
        self.asked: list[str] = []
        self.guarded: set[str] = {MAIN}
        self.starts: dict[str, BuildStart] = {}

    def repository(self) -> Repository:
        return samples.REPOSITORY

    def default_ref(self) -> str:
        return MAIN

    def check_settings(self) -> Sequence[str]:
        return ("the schedule is missing",)

    def protected(self, ref: str) -> bool:
        return ref in self.guarded

    def direct_push(self, ref: str) -> str:
        return f"{ref} takes pushes of 3 people"

    def current_actor(self) -> Actor:
        return BOB

    def change_request_of(self, revision: str, base_ref: str) -> ChangeRequest | None:
        self.asked.append("change")
        return next(
            (change for change in self.changes.values() if change.merged and change.merge_revision == revision), None
        )

    def merge_of(self, revision: str, base_ref: str) -> Merge | None:
        return self.merges.get(revision)

    def least_to_start(self) -> Permission:
        return Permission.WRITE

    def build_start(self, run_uri: str) -> BuildStart | None:
        return self.starts.get(run_uri)

    def change_request(self, number: int) -> ChangeRequest:
        return self.changes[number]

    def open_changes(self, base_ref: str) -> Iterator[OpenChange]:
        for number in sorted(self.changes, reverse=True):
            if not self.changes[number].merged:
                url = f"https://github.com/acme/app/pull/{number}"
                yield OpenChange(number, url, number not in self.outside, f"change-{number}")

    def moves(self, ref: str) -> Iterator[BranchMove]:
        return iter(())

    def permission(self, actor: Actor) -> Permission:
        self.asked.append("permission")
        return Permission.READ if actor.key in self.readers else Permission.WRITE

    def actor(self, login: str) -> Actor:
        return next(actor for actor in (ALICE, BOB, DORA, samples.FRANK) if actor.login == login)

    def changed_files(self, number: int) -> Sequence[str]:
        return self.files[number]

    def file_at(self, revision: str, path: str) -> bytes | None:
        return self.source.read_file(revision, path)

    def open_request(self, *, branch: str, path: str, content: bytes, title: str, body: str) -> tuple[int, str]:
        raise NotImplementedError

    def comment(self, number: int, marker: str, body: str) -> None:
        self.comments[number] = body


class Assets:
    """Releases: a draft's files can be changed, a published one's cannot."""

    def __init__(self) -> None:
        self.kept: dict[int, Release] = {}
        self.bytes: dict[int, bytes] = {}

    def put(self, release_id: int, name: str, data: bytes) -> int:
        release, number = self.kept[release_id], 500 + len(self.bytes) + 1
        self.bytes[number] = data
        asset = Asset(number, name, len(data), digests.sha256(data))
        self.kept[release_id] = dataclasses.replace(release, assets=(*release.assets, asset))
        return number

    def names(self, release_id: int) -> set[str]:
        return {asset.name for asset in self.kept[release_id].assets}

    def releases(self, tag: str) -> Sequence[Release]:
        return [release for release in self.kept.values() if release.tag == tag]

    def release(self, release_id: int) -> Release | None:
        return self.kept.get(release_id)

    def drafts(self) -> Sequence[Release]:
        return [release for release in self.kept.values() if release.draft]

    def proven(self) -> Iterator[Release]:
        published = [release for release in self.kept.values() if not release.draft]
        return (release for release in published[::-1] if "ledger-proof.json" in self.names(release.id))

    def create_draft(self, tag: str, name: str) -> Release:
        release = Release(55 + len(self.kept), tag, draft=True, assets=(), url=f"https://x/{tag}")
        self.kept[release.id] = release
        return release

    def download(self, release: Release, asset_id: int, target: Path, *, max_bytes: int) -> None:
        target.write_bytes(self.bytes[asset_id])

    def upload(self, release: Release, name: str, path: Path) -> int:
        assert self.kept[release.id].draft, "a published release is never written to"
        return self.put(release.id, name, path.read_bytes())

    def delete(self, release: Release, asset_id: int) -> None:
        now = self.kept[release.id]
        assets = tuple(asset for asset in now.assets if asset.id != asset_id)
        self.kept[release.id] = dataclasses.replace(now, assets=assets)

    def publish(self, release: Release) -> Release:
        self.kept[release.id] = dataclasses.replace(self.kept[release.id], draft=False)
        return self.kept[release.id]

    def unpublish(self, release: Release) -> bool:
        self.kept[release.id] = dataclasses.replace(self.kept[release.id], draft=True)
        return True


class Sigstore:
    """Signs as one run, and verifies what anybody signed here."""

    def __init__(self, run: Run, clock: Clock) -> None:
        self.signer = identity.claimed(run)
        self.clock = clock
        self.known: dict[bytes, Attestation] = {}

    def sign_statement(self, payload: bytes) -> bytes:
        return self.sign_as(self.signer, payload)

    def sign_as(self, who: Certificate, payload: bytes) -> bytes:
        line = json.dumps({"number": len(self.known), "payload": base64.b64encode(payload).decode()}).encode()
        said = statement.parse(payload, "what is signed")
        digest = digests.sha256(line)
        self.known[line] = Attestation(said, payload, who, self.clock.now(), len(self.known), line, digest)
        return line

    def sign_digest(self, digest: str) -> bytes:
        return b"signature over " + digest.encode()

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:
        if bundle not in self.known:
            raise VerificationError(f"{what}: nobody signed this")
        return self.known[bundle]

    def verify_digest(self, bundle: bytes, digest: str, what: str) -> Certificate:
        if bundle != self.sign_digest(digest):
            raise VerificationError(f"{what}: it is over other bytes")
        return samples.BUILDER_CERTIFICATE


class World:
    """A project with a policy, a tag that was built, and a candidate; people ask, approve and merge."""

    def __init__(self, work: Path, run: Run = samples.RUN, policy: bytes = POLICY) -> None:
        self.run = dataclasses.replace(run, visibility="public")
        self.trust = samples.TRUST
        self.forge, self.assets, self.store = Forge(), Assets(), MemoryLedger()
        self.source, self.policy = self.forge.source, policy
        self.source.line[0] = (POLICY_CHANGE, {POLICY_PATH: policy})
        self.clock = Clock()
        self.sigstore = Sigstore(self.run, self.clock)
        self.work = work
        self.source.add(REVISION, README=b"1.2.0")
        self.source.tags[TAG] = REVISION
        self.forge.merges[REVISION] = Merge(16, REVISION, Mover.FORGE, samples.MERGED_AT)
        self.release = self._candidate()
        self._numbers = iter(range(18, 99))

    def _candidate(self) -> Release:
        files = {"app-1.2.0-py3-none-any.whl": b"wheel", "app-1.2.0.tar.gz": b"sdist"}
        dependency = {"type": "library", "name": "dep", "version": "1.0.0", "purl": "pkg:pypi/dep@1.0.0"}
        sbom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [dependency]}
        sbom_bytes = json.dumps(sbom).encode()
        subjects = tuple(Subject(name, digests.sha256(data)) for name, data in files.items())
        self.manifest = manifest.build(
            Manifest(samples.REPOSITORY, REVISION, TAG, subjects, digests.sha256(sbom_bytes), samples.MATRIX_DIGEST)
        )
        listed = (*subjects, Subject("manifest.json", digests.sha256(self.manifest)))
        built = provenance.predicate(samples.BUILD_RUN, {"mustEqual": {"lockFiles": {}}})
        lines = [
            self.sigstore.sign_as(samples.BUILDER_CERTIFICATE, statement.build(about, kind, predicate))
            for about, kind, predicate in ((listed, PROVENANCE, built), (subjects, SBOM, sbom))
        ]
        signatures = {
            f"{subject.name}.sigstore.json": self.sigstore.sign_digest(subject.digest) for subject in subjects
        }
        own = {"manifest.json": self.manifest, "sbom.cdx.json": sbom_bytes, "build.intoto.jsonl": b"\n".join(lines)}
        release = self.assets.create_draft(TAG, TAG)
        for name, data in {**files, **signatures, **own}.items():
            self.assets.put(release.id, name, data)
        return self.assets.kept[release.id]

    def ask(self, stage: str, *approvers: Actor, merge: str = MERGE, **changes: Any) -> str:
        """Ask for a stage as bob, approve, and merge (`merge` empty: not yet); return the path of the request."""
        pinned = tuple(PinnedAsset(asset.id, asset.name, str(asset.digest)) for asset in self.release.assets)
        content = PromotionRequest(
            request_id=f"{stage}-{len(self.source.line)}",
            requested_by=Person(BOB.host, BOB.id, BOB.login),
            stage=stage,
            manifest=digests.sha256(self.manifest),
            candidate=PinnedCandidate(self.release.id, TAG, pinned),
            policy=digests.sha256(self.policy),
            reason="fixes #16",
            valid_until=samples.CONTENT.valid_until,
        )
        path = manifest.request_path(stage, content.manifest, content.request_id)
        return self._opened(path, manifest.request(content), approvers, merge, changes)

    def ask_event(self, kind: str, *approvers: Actor, merge: str = MERGE, **said: Any) -> str:
        """Ask for an event as bob, approve, and merge; `said` is of the request, or else of its change."""
        fields = {field.name for field in dataclasses.fields(EventRequest)}
        content = EventRequest(
            request_id=f"{kind}-{len(self.source.line)}",
            requested_by=Person(BOB.host, BOB.id, BOB.login),
            kind=kind,
            entries=(),
            target=None,
            since=None,
            policy=digests.sha256(self.policy),
            reason="it was another machine",
            valid_until=samples.CONTENT.valid_until,
        )
        content = dataclasses.replace(content, **{name: value for name, value in said.items() if name in fields})
        changes = {name: value for name, value in said.items() if name not in fields}
        path = event_request.path(content.kind, content.request_id)
        return self._opened(path, event_request.build(content), approvers, merge, changes)

    def _opened(
        self, path: str, data: bytes, approvers: Sequence[Actor], merge: str, changes: Mapping[str, Any]
    ) -> str:
        number = next(self._numbers)
        self.source.heads[number] = (HEAD, {**self.source.line[-1][1], path: data})
        self.forge.files[number] = (path,)
        self.forge.changes[number] = dataclasses.replace(
            samples.CHANGE,
            number=number,
            merged=bool(merge),
            merged_at=samples.MERGED_AT if merge else None,
            merge_revision=merge or None,
            reviews=tuple(samples.review(approver) for approver in approvers),
            **changes,
        )
        if merge:
            self.source.add(merge, **{path: data})
            self.forge.merges[merge] = Merge(number, merge, Mover.FORGE, samples.MERGED_AT)
        return path

    def sources(self) -> collect.Sources:
        return collect.Sources(self.source, self.forge, self.assets, self.sigstore, self.clock, self.trust, self.work)

    def gate(self, event: str = "push", number: int = 1) -> opening.Gate:
        """Open a gate at the tip of the branch, in a run that `event` started."""
        head = self.source.line[-1][0]
        url = f"{self.run.url}/{number}" if number > 1 else self.run.url
        run = dataclasses.replace(self.run, revision=head, config_digest=head, event=event, url=url)
        if run.signer_ref == run.config_ref:  # an own gate is the file of the branch itself
            run = dataclasses.replace(run, signer_digest=head)
        self.sigstore.signer = identity.claimed(run)
        return opening.open_gate(self.sources(), self.store, self.sigstore, run)

    def told(self) -> list[Mapping[str, Any]]:
        """Return the predicates of the ledger's entries."""
        return [self.sigstore.known[line].statement.predicate for line in self.store.lines()]


class Broken(MemoryLedger):
    """A ledger whose remote goes away after so many pushes."""

    def __init__(self, pushes: int) -> None:
        super().__init__()
        self.left = pushes

    def push(self, commit: NewCommit) -> Pushed:
        self.left -= 1
        if self.left < 0:
            raise ServiceError("the remote is gone")
        return super().push(commit)
