"""Asks for an event that permits: to end holds, to take revocations back, to make one last, or to revoke by two.

People name entries by their numbers, the file names them by their ids: what is recorded later is another entry, and no
request reaches it. What a gate would deny for certain is said at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from counterseal import evaluation, forges
from counterseal import policy as policies
from counterseal.commands.request.asking import VALID_FOR, opened_before, policy_of, valid_until
from counterseal.errors import UsageError
from counterseal.evaluation import EVENTS, rules
from counterseal.formats import digests, event_request
from counterseal.gate.ledger import Tip
from counterseal.identifiers import REQUEST_BRANCH_PREFIX, page
from counterseal.model import Actor, EventRequest, Held, Person, Repository, Revoked, Target
from counterseal.ports import Clock, Forge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.model import Policy

Restriction = Held | Revoked
#: How many entries a request's id names.
MAX_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class AskedEvent:
    """What is asked for: a kind, entries by number or a target, by whom and why. `by_job`: a job asks."""

    kind: str
    entries: tuple[int, ...]
    target: Target | None
    since: datetime | None
    reason: str
    requester: Actor
    valid_for: timedelta = VALID_FOR
    by_job: bool = False


@dataclass(frozen=True, slots=True)
class EventBriefing:
    """What reviewers are told: what it is about, who can approve, and whether a job opens it."""

    repository: Repository
    named: tuple[Restriction, ...]
    left: tuple[str, ...]
    by_job: bool


@dataclass(frozen=True, slots=True)
class EventPorts:
    """What it works with: `ledger` reads the ledger, and `words` gives title and body of the change request."""

    forge: Forge
    clock: Clock
    ledger: Callable[[], Tip]
    words: Callable[[EventRequest, EventBriefing], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class EventResult:
    """The opened change request (number and URL None with `dry_run`), its file, and what reviewers are told.

    `before`: it was open before this call.
    """

    number: int | None
    url: str | None
    path: str
    data: bytes
    content: EventRequest
    briefing: EventBriefing
    before: bool = False


def run(ports: EventPorts, asked: AskedEvent, *, dry_run: bool) -> EventResult:
    """Open a request for an event.

    Raises:
        UsageError: It is about nothing, or about what is not in force; nobody could approve it; or it is open already
            with other words.
        ServiceError: The forge refused.
        LedgerError: The ledger is not what it was.
    """
    _check(asked)
    forge, now = ports.forge, ports.clock.now()
    data = policy_of(forge)
    named = _named(ports.ledger(), asked, now) if asked.entries else ()
    requester = Person(asked.requester.host, asked.requester.id, asked.requester.login)
    until = valid_until(now, asked.valid_for)
    if asked.since and asked.since > until:
        raise UsageError("--since lies after the request has lapsed", fix="name a moment before it is decided, or none")
    content = EventRequest(
        request_id=_next_id(forge, asked),
        requested_by=requester,
        kind=asked.kind,
        entries=tuple(known.entry_id for known in named),
        target=_whole_seconds(asked.target) if asked.target else None,
        since=_whole_second(asked.since),
        policy=digests.sha256(data),
        reason=asked.reason,
        valid_until=until,
    )
    left = _left(policies.load(data, rules=rules.RULES), requester, named, asked)
    return _open(ports, content, EventBriefing(forge.repository(), named, left, asked.by_job), dry_run=dry_run)


def _check(asked: AskedEvent) -> None:
    if not asked.reason.strip():
        raise UsageError(
            "no --reason",
            why="reviewers and auditors are told why something is permitted again",
            fix='say it: --reason "the machine was another one"',
        )
    if asked.target is not None:
        if asked.kind != event_request.REVOCATION:
            raise UsageError(f"a {asked.kind} has no target", fix="name its entries: --entry 43")
        event_request.check_target(asked.target)
    if (asked.target is None) is (not asked.entries):
        both = "both --entry and --target" if asked.entries else f"a {asked.kind} of nothing"
        raise UsageError(both, fix="name one: --entry 43" + (", or --target artifact=SHA256" if "both" in both else ""))
    if asked.target is None and asked.since is not None:
        raise UsageError("--since is of what --target names", fix="leave it out: what is confirmed counts as it did")
    if asked.kind == event_request.REVOCATION and len(asked.entries) > 1:
        raise UsageError("a revocation confirms one entry", fix="make a request for each")
    if len(asked.entries) > event_request.MAX_ENTRIES:
        raise UsageError(
            f"{len(asked.entries)} entries in one request", why=f"{event_request.MAX_ENTRIES} are the most"
        )


def _named(tip: Tip, asked: AskedEvent, now: datetime) -> tuple[Restriction, ...]:
    """Return what the numbers name.

    Raises:
        UsageError: Something that is not there, not in force, or of another kind.
    """
    state = tip.state
    holds = {held.sequence: held for held in state.holds} if state else {}
    revoked = {known.sequence: known for known in state.revoked} if state else {}
    numbers = dict.fromkeys(asked.entries)
    for number in numbers:
        if not 0 <= number < tip.size:
            have = f"the ledger has entries 0 to {tip.size - 1}" if tip.size else "there is no ledger yet"
            raise UsageError(f"no entry {number}", why=have, fix="counterseal status shows what is held and revoked")
    if asked.kind == event_request.RESUME:
        return tuple(_hold(number, holds.get(number), number in revoked, now) for number in numbers)
    return tuple(_revocation(number, revoked.get(number), number in holds, asked.kind, now) for number in numbers)


def _hold(number: int, held: Held | None, is_revocation: bool, now: datetime) -> Held:  # noqa: FBT001 - one of two
    if held is None:
        raise _other(number, "hold", "reinstatement" if is_revocation else "")
    if not held.stands(now):
        raise _ended(number, "hold", held.ended or held.until)
    return held


def _revocation(number: int, known: Revoked | None, is_hold: bool, kind: str, now: datetime) -> Revoked:  # noqa: FBT001
    if known is None:
        raise _other(number, "revocation", "resume" if is_hold else "")
    if ended := known.ended or (known.until if known.until is not None and now >= known.until else None):
        raise _ended(number, "revocation", ended)
    if kind == event_request.REVOCATION and known.until is None:
        raise UsageError(f"the revocation of entry {number} lasts already", fix="nothing is to be confirmed")
    return known


def _other(number: int, wanted: str, kind: str) -> UsageError:
    if kind:
        is_a = "revocation" if wanted == "hold" else "hold"
        return UsageError(
            f"entry {number} is a {is_a}, not a {wanted}",
            why="a request is about one kind of entry",
            fix=f"counterseal request --kind {kind} --entry {number}",
        )
    return UsageError(
        f"entry {number} is no {wanted} in force",
        why="it says something else, or it ended long ago",
        fix=f"counterseal log show {number}",
    )


def _ended(number: int, what: str, at: datetime) -> UsageError:
    return UsageError(f"the {what} of entry {number} ended at {at:%Y-%m-%dT%H:%M:%SZ}", fix="nothing is to be done")


def _left(policy: Policy, asker: Person, named: Sequence[Restriction], asked: AskedEvent) -> tuple[str, ...]:
    """Return who could approve.

    Raises:
        UsageError: Too few.
    """
    out = [asker]
    if asked.kind != event_request.REINSTATEMENT:
        out += [_person(known.by) for known in named]
    everybody = {member.key: member for members in policy.groups.values() for member in members}
    left = tuple(member.login for key, member in everybody.items() if key not in {person.key for person in out})
    # whoever lets a job open it may be one of those who approve it, so that takes one approval more (R15)
    needed = rules.CONSENT + (1 if asked.by_job else 0)
    if not evaluation.possible_without(policy, EVENTS, *out) or len(left) < needed:
        enough = asked.by_job and len(left) >= rules.CONSENT
        own = f"ask on your own machine, where {rules.CONSENT} are enough: counterseal request --kind {asked.kind}; or "
        job = ", since a job opens it in the name of a bot" if asked.by_job else ""
        raise UsageError(
            f"too few are left who could approve: {', '.join(left) or 'nobody'}",
            why=f"it takes {needed} of the policy's people{job}; whoever asks does not count, nor whoever made the "
            "entry that it is about",
            fix=f"{own if enough else ''}let whoever made the entry ask; or name more people in the policy "
            f"({page('policy-reference.md')})",
        )
    return left


def _person(by: str) -> Person:
    host, _, number = by.rpartition("/")
    return Person(host, int(number), "")


def _next_id(forge: Forge, asked: AskedEvent) -> str:
    """Return the id of this request: what it is about, and the first number that the default branch does not have."""
    if asked.target is not None:
        about = f"{asked.target.kind}-{digests.sha256(asked.target.value.encode())[:12]}"
    else:
        numbers = [str(number) for number in dict.fromkeys(asked.entries)]
        about = "-".join([*numbers[:MAX_NAMED], *(["more"] if len(numbers) > MAX_NAMED else [])])
    number = 1
    while forge.file_at(forge.default_ref(), event_request.path(asked.kind, f"{about}-{number}")) is not None:
        number += 1
    return f"{about}-{number}"


def _whole_second(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(microsecond=0) if moment else None


def _whole_seconds(target: Target) -> Target:
    return Target(target.kind, target.value, _whole_second(target.window_since), _whole_second(target.window_until))


def _open(ports: EventPorts, content: EventRequest, told: EventBriefing, *, dry_run: bool) -> EventResult:
    path, data = event_request.path(content.kind, content.request_id), event_request.build(content)
    if dry_run:
        return EventResult(None, None, path, data, content, told)
    prefix = f"{REQUEST_BRANCH_PREFIX}{content.kind}-{content.request_id}-"
    branch = f"{prefix}{digests.sha256(data)[:8]}"
    before = opened_before(ports.forge, prefix)
    if before is not None and before.branch != branch:
        name = forges.change_name(told.repository.host, before.number)
        raise UsageError(
            f"the same {content.kind} is asked for already: {name} is open",
            why="it has another reason, expiry or policy than this call, and a request is not changed once it is open",
            fix=f"have it approved and merged, or close it and ask again: {before.url}",
        )
    title, body = ports.words(content, told)
    number, url = ports.forge.open_request(branch=branch, path=path, content=data, title=title, body=body)
    return EventResult(number, url, path, data, content, told, before=before is not None)
