"""Asks for a promotion: one change request with one file, made so that the same call finds what it made before."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from counterseal import forges
from counterseal import policy as policies
from counterseal.commands.request import briefing, draft, promotable
from counterseal.commands.request.briefing import Briefing
from counterseal.errors import CountersealError, UsageError
from counterseal.evaluation import rules
from counterseal.formats import digests, manifest
from counterseal.history import Past
from counterseal.identifiers import POLICY_PATH, REQUEST_BRANCH_PREFIX, page
from counterseal.model import Actor, OpenChange, Person, PinnedCandidate, PromotionRequest
from counterseal.ports import AssetStore, Clock, Forge

if TYPE_CHECKING:
    from pathlib import Path

VALID_FOR: Final = timedelta(days=7)
#: How many open change requests are looked at for one that asks the same.
MAX_LOOKED_AT: Final = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a tag's candidate (None: the only one there is) into a stage, by whom and why.

    With `again` an empty reason is that of the request before. `by_job`: a job asks, in its own name or a bot's.
    """

    stage: str
    tag: str | None
    reason: str
    requester: Actor
    again: bool = False
    valid_for: timedelta = VALID_FOR
    by_job: bool = False


@dataclass(frozen=True, slots=True)
class RequestPorts:
    """What `request` works with.

    `history` reads the ledger, and `words` gives title and body of the change request, from it and what is told.
    """

    forge: Forge
    assets: AssetStore
    clock: Clock
    history: Callable[[], Past]
    words: Callable[[PromotionRequest, Briefing], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RequestResult:
    """The opened change request (number and URL None with `dry_run`), the file in it, and what reviewers are told.

    `before`: it was open before this call.
    """

    tag: str
    number: int | None
    url: str | None
    path: str
    content: bytes
    valid_until: datetime
    dry_run: bool
    briefing: Briefing
    before: bool = False


def days(count: int) -> timedelta:
    """Return how long a request is valid.

    Raises:
        UsageError: It is longer than a request can be valid for, or not even a day.
    """
    if not 1 <= count <= manifest.MAX_VALID.days:
        raise UsageError(
            f"--valid-days must be between 1 and {manifest.MAX_VALID.days}, not {count}",
            why="a request expires, so that a forgotten one is not merged later",
            fix="--valid-days 7",
        )
    return timedelta(days=count)


def run(ports: RequestPorts, asked: Asked, work: Path, *, dry_run: bool) -> RequestResult:
    """Open a promotion request for the candidate of a tag.

    Raises:
        UsageError: No reason, no candidate, no policy or stage, the stage before has not allowed it, too long a time,
            or the same request was made before (then `--again`) or is open with other words.
        ServiceError: The forge refused.
    """
    _check(asked)
    forge, assets, known = ports.forge, ports.assets, _once(ports.history)
    release = draft.find(assets, asked.tag)
    policy = policy_of(forge)
    loaded = policies.load(policy, rules=rules.RULES)
    stage = promotable.stage_of(loaded, asked.stage)
    listed, digest = draft.read(assets, release, work)
    promotable.check_order(stage, digest, release.tag, known)
    pinned = tuple(draft.pin(assets, release, name, work) for name in draft.names_of(listed))
    candidate = promotable.Candidate(release.tag, digest, loaded, stage)
    number, reason = _next_id(forge, asked, candidate, known)
    requester = Person(asked.requester.host, asked.requester.id, asked.requester.login)
    content = PromotionRequest(
        request_id=number,
        requested_by=requester,
        stage=asked.stage,
        manifest=digest,
        candidate=PinnedCandidate(release.id, release.tag, pinned),
        policy=digests.sha256(policy),
        reason=reason,
        valid_until=valid_until(ports.clock.now(), asked.valid_for),
    )
    matter = briefing.Matter(release, listed, loaded, stage, requester, asked.by_job)
    told = briefing.brief(assets, forge.repository(), matter, known, work)
    return _open(ports, content, told, dry_run=dry_run)


def _open(ports: RequestPorts, content: PromotionRequest, told: Briefing, *, dry_run: bool) -> RequestResult:
    path, data = manifest.request_path(content.stage, content.manifest, content.request_id), manifest.request(content)
    tag = content.candidate.tag
    if dry_run:
        return RequestResult(tag, None, None, path, data, content.valid_until, dry_run=True, briefing=told)
    prefix = f"{REQUEST_BRANCH_PREFIX}{content.stage}-{content.manifest[:12]}-{content.request_id}-"
    # It belongs to exactly this file: the same call finds what it made before, and one with another reason is not
    # stopped by what an earlier, failed one left behind.
    branch = f"{prefix}{digests.sha256(data)[:8]}"
    before = opened_before(ports.forge, prefix)
    if before is not None and before.branch != branch:
        raise UsageError(
            f"{tag} is asked for already: "
            f"{forges.change_name(told.repository.host, before.number)} into {content.stage} is open",
            why="it has another reason, expiry or policy than this call, and a request is not changed once it is open",
            fix=f"have it approved and merged, or close it and ask again: {before.url}",
        )
    title, body = ports.words(content, told)
    number, url = ports.forge.open_request(branch=branch, path=path, content=data, title=title, body=body)
    return RequestResult(
        tag,
        number,
        url,
        path,
        data,
        content.valid_until,
        dry_run=False,
        briefing=told,
        before=before is not None,
    )


def opened_before(forge: Forge, prefix: str) -> OpenChange | None:
    """Return the open change request of a branch of ours, the newest that there is."""
    changes = itertools.islice(forge.open_changes(forge.default_ref()), MAX_LOOKED_AT)
    return next((change for change in changes if change.inside and change.branch.startswith(prefix)), None)


def _check(asked: Asked) -> None:
    if not timedelta(days=1) <= asked.valid_for <= manifest.MAX_VALID:
        raise UsageError(
            f"a request cannot be valid for {asked.valid_for}",
            why=f"it is for 1 to {manifest.MAX_VALID.days} days; a longer one would be denied",
            fix="leave it at 7 days, and ask again if it lapses",
        )
    if not (asked.reason.strip() or asked.again):
        raise _no_reason()


def _once(read: Callable[[], Past]) -> Callable[[], Past]:
    """Return what reads once: a failure is told again, and not tried again."""
    told: list[Past | CountersealError] = []

    def known() -> Past:
        if not told:
            try:
                told.append(read())
            except CountersealError as error:
                told.append(error)
        if isinstance(told[0], CountersealError):
            raise told[0]
        return told[0]

    return known


def policy_of(forge: Forge) -> bytes:
    """Return the policy of the default branch.

    Raises:
        UsageError: There is none.
    """
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


def valid_until(now: datetime, wanted: timedelta) -> datetime:
    """Return the midnight (UTC) after the wanted time, so that a repeated call writes the same file again.

    Where that would be beyond the longest time allowed, it is the midnight before it.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + min(wanted + timedelta(days=1), manifest.MAX_VALID)


def _next_id(forge: Forge, asked: Asked, candidate: promotable.Candidate, known: Callable[[], Past]) -> tuple[str, str]:
    """Return the number of this request and its reason, which with `again` may be that of the one before.

    The number is 1, or with `again` the first that the default branch does not have.

    Raises:
        UsageError: It was asked for before and this is no `again`, it passed already, or there is no reason.
    """
    number, before = 0, ""
    while True:
        number += 1
        path = manifest.request_path(asked.stage, candidate.digest, str(number))
        content = forge.file_at(forge.default_ref(), path)
        if content is None:
            break
        if not asked.again:
            raise promotable.asked_before(candidate, path, known)
        with contextlib.suppress(CountersealError):  # one that nobody can read gives none
            before = manifest.parse_request(content, path).reason
    if asked.reason.strip():
        return str(number), asked.reason
    promotable.check_not_passed(candidate, known)
    if not before:
        raise _no_reason()
    return str(number), before
