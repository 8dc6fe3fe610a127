"""`request`: opens the change request by which people decide about a promotion (one file, nothing else)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from counterseal import policy as policies
from counterseal.commands import promotable
from counterseal.errors import CountersealError, ServiceError, UsageError
from counterseal.evaluation import rules
from counterseal.formats import digests, manifest, subject
from counterseal.gate import sboms
from counterseal.history import History
from counterseal.identifiers import (
    BLOB_SUFFIX,
    BUILD_BUNDLES_FILE,
    MANIFEST_FILE,
    POLICY_PATH,
    REQUEST_BRANCH_PREFIX,
    SBOM_FILE,
    page,
)
from counterseal.model import (
    Actor,
    Manifest,
    Person,
    PinnedAsset,
    PinnedCandidate,
    PromotionRequest,
    Release,
)
from counterseal.ports import AssetStore, Clock, Forge

if TYPE_CHECKING:
    from pathlib import Path

VALID_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a tag's candidate (None: the only one there is) into a stage, by whom and why.

    With `again` an empty reason is that of the request before.
    """

    stage: str
    tag: str | None
    reason: str
    requester: Actor
    again: bool = False
    valid_for: timedelta = VALID_FOR


@dataclass(frozen=True, slots=True)
class RequestPorts:
    """What `request` works with.

    `history` reads the ledger, and `words` gives title and body of the change request.
    """

    forge: Forge
    assets: AssetStore
    clock: Clock
    history: Callable[[], History]
    words: Callable[[PromotionRequest, sboms.Comparison], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RequestResult:
    """The opened change request (number and URL None with `dry_run`), the file in it, and how components differ."""

    tag: str
    number: int | None
    url: str | None
    path: str
    content: bytes
    valid_until: datetime
    dry_run: bool
    compared: sboms.Comparison


def days(count: int) -> timedelta:
    """Return how long a request is valid.

    Raises:
        UsageError: It is longer than a request can be valid for, or not even a day.
    """
    if not 1 <= count <= manifest.MAX_VALID.days:
        raise UsageError(
            f"--valid-days {count} cannot be",
            why=f"a request is valid for 1 to {manifest.MAX_VALID.days} days",
            fix="--valid-days 7",
        )
    return timedelta(days=count)


def run(ports: RequestPorts, asked: Asked, work: Path, *, dry_run: bool) -> RequestResult:
    """Open a promotion request for the candidate of a tag.

    Raises:
        UsageError: No reason, no candidate, no policy or stage, the stage before has not allowed it, too long a time,
            or the same request was made before (then `--again`).
        ServiceError: The forge refused.
    """
    if not timedelta(days=1) <= asked.valid_for <= manifest.MAX_VALID:
        raise UsageError(
            f"a request cannot be valid for {asked.valid_for}",
            why=f"it is for 1 to {manifest.MAX_VALID.days} days; a longer one would be denied",
            fix="leave it at 7 days, and ask again if it lapses",
        )
    if not (asked.reason.strip() or asked.again):
        raise _no_reason()
    forge, assets = ports.forge, ports.assets
    release = _candidate(assets, asked.tag)
    policy = _policy(forge)
    stage = promotable.stage_of(policies.load(policy, rules=rules.RULES), asked.stage)
    listed, digest = _manifest(assets, release, work)
    known = cache(ports.history)
    promotable.check_order(stage, digest, release.tag, known)
    pinned = tuple(_pin(assets, release, name, work) for name in _names(listed))
    number, reason_before = _next_id(forge, asked, release.tag, digest)
    reason = asked.reason if asked.reason.strip() else reason_before
    if not reason:
        raise _no_reason()
    requester = asked.requester
    valid_until = _valid_until(ports.clock.now(), asked.valid_for)
    content = PromotionRequest(
        request_id=number,
        requested_by=Person(requester.host, requester.id, requester.login),
        stage=asked.stage,
        manifest=digest,
        candidate=PinnedCandidate(release.id, release.tag, pinned),
        policy=digests.sha256(policy),
        reason=reason,
        valid_until=valid_until,
    )
    path = manifest.request_path(asked.stage, digest, number)
    data = manifest.request(content)
    compared = sboms.compare(
        assets,
        asked.stage,
        work,
        candidate=lambda: sboms.released(assets, release, listed.sbom, work),
        known=known,
    )
    if dry_run:
        return RequestResult(release.tag, None, None, path, data, valid_until, dry_run=True, compared=compared)
    title, body = ports.words(content, compared)
    branch = _branch(asked.stage, digest, number, data)
    opened, url = forge.open_request(branch=branch, path=path, content=data, title=title, body=body)
    return RequestResult(release.tag, opened, url, path, data, valid_until, dry_run=False, compared=compared)


def _policy(forge: Forge) -> bytes:
    policy = forge.file_at(forge.default_ref(), POLICY_PATH)
    if policy is None:
        raise UsageError(
            f"no {POLICY_PATH} on the default branch",
            why="without a policy nothing is allowed",
            fix=f"write and merge a policy first: {page('policy-reference.md')}",
        )
    return policy


def _no_reason() -> UsageError:
    return UsageError(
        "no --reason",
        why="reviewers and auditors are told why something is promoted",
        fix='say it: --reason "fixes the parser, see #16"',
    )


def _branch(stage: str, digest: str, number: str, data: bytes) -> str:
    """Return a branch that belongs to exactly this file.

    So the same call finds what it made before, and one with another reason is not stopped by what an earlier, failed
    one left behind.
    """
    return f"{REQUEST_BRANCH_PREFIX}{stage}-{digest[:12]}-{number}-{digests.sha256(data)[:8]}"


def _valid_until(now: datetime, wanted: timedelta) -> datetime:
    """Return the midnight (UTC) after the wanted time, so that a repeated call writes the same file again.

    Where that would be beyond the longest time allowed, it is the midnight before it.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + min(wanted + timedelta(days=1), manifest.MAX_VALID)


def _candidate(assets: AssetStore, tag: str | None) -> Release:
    tag = tag or _only_draft(assets)
    releases = assets.releases(tag)
    if not releases:
        raise UsageError(
            f"no candidate for {tag}",
            why="there is none that this token can see (on GitHub drafts need `contents: write`)",
            fix="run `counterseal candidate` in the tag's pipeline first",
        )
    if len(releases) > 1:
        raise ServiceError(
            f"{tag} has {len(releases)} releases",
            why="which one is the candidate cannot be told",
            fix="delete all but one, then run again",
        )
    return releases[0]


def _only_draft(assets: AssetStore) -> str:
    tags = sorted({draft.tag for draft in assets.drafts()})
    if len(tags) != 1:
        raise UsageError(
            "which candidate?",
            why=f"these are waiting: {', '.join(tags[:20])}" if tags else "none is waiting",
            fix="name its tag: --tag v1.2.0",
        )
    return tags[0]


def _manifest(assets: AssetStore, release: Release, work: Path) -> tuple[Manifest, str]:
    pinned = _pin(assets, release, MANIFEST_FILE, work)
    target = work / MANIFEST_FILE
    assets.download(release, pinned.id, target, max_bytes=subject.largest(MANIFEST_FILE))
    data = target.read_bytes()
    return manifest.parse(data), digests.sha256(data)


def _names(listed: Manifest) -> list[str]:
    """Return the files that people are asked about: the artifacts, and what `sign` laid beside them."""
    artifacts = [artifact.name for artifact in listed.subjects]
    return [*artifacts, *(name + BLOB_SUFFIX for name in artifacts), BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE]


def _pin(assets: AssetStore, release: Release, name: str, work: Path) -> PinnedAsset:
    asset = next((asset for asset in release.assets if asset.name == name and asset.complete), None)
    if asset is None:
        raise UsageError(f"the candidate of {release.tag} has no {name}", fix="run sign and candidate again")
    if asset.digest is not None:
        return PinnedAsset(asset.id, asset.name, asset.digest)
    target = work / f"{asset.id}"  # the forge tells no digest (old releases): read the bytes
    assets.download(release, asset.id, target, max_bytes=subject.largest(name))
    with target.open("rb") as stream:
        return PinnedAsset(asset.id, asset.name, digests.sha256_of(stream))


def _next_id(forge: Forge, asked: Asked, tag: str, digest: str) -> tuple[str, str]:
    """Return the number of this request, and the reason of the one before (empty if there is none).

    It is 1, or with `again` the first that the default branch does not have.
    """
    number, reason = 0, ""
    while True:
        number += 1
        path = manifest.request_path(asked.stage, digest, str(number))
        content = forge.file_at(forge.default_ref(), path)
        if content is None:
            return str(number), reason
        if not asked.again:
            raise UsageError(
                f"{tag} was requested for {asked.stage} before ({path})",
                why="a request is judged once",
                fix=f"if it was denied, ask again: counterseal request --stage {asked.stage} --tag {tag} --again",
            )
        with contextlib.suppress(CountersealError):  # one that nobody can read gives none
            reason = manifest.parse_request(content, path).reason
