"""Which requests a run of the gate decides, and in which order: nobody lets an approved one wait behind junk (R54)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal import ledger
from counterseal.errors import CountersealError, UsageError
from counterseal.gate.request_files import base_of, is_of_event, merged_requests
from counterseal.model import ReviewState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.gate.ledger import Tip
    from counterseal.gate.opening import Gate
    from counterseal.gate.request_files import MergedRequest
    from counterseal.history.events import Swept
    from counterseal.model import Policy
    from counterseal.ports import Forge, SourceRepository


#: How many requests one run decides that nobody in the policy approved: what was allowed is published after them.
MAX_UNAPPROVED: Final = 32


def selected(gate: Gate, tip: Tip, stage: str | None, request: str | None) -> tuple[list[MergedRequest], int]:
    """Return the undecided requests, the decided ones that this run is about, and how many have to wait."""
    sources = gate.sources
    requests = merged_requests(sources.repository, gate.run.revision, None if request else swept(tip))
    if request is not None and not any(merged.path == request for merged in requests):
        raise UsageError(
            f"no merged request {request!r}",
            why=f"the default branch did not have this file at {gate.run.revision[:12]}, of which this run is",
        )

    is_decided = decided_on(tip, requests)
    files = [
        merged
        for merged in requests
        if not merged.strays
        and (stage is None or merged.path.split("/")[1:2] == [stage])
        and (request is None or merged.path == request)
        and (not is_decided(merged.path) or request is not None or merged.revision == gate.run.revision)
    ]
    if stage is None:
        files += _strays(gate, [merged for merged in requests if merged.strays], is_decided, request)
    ref = sources.repository.default_ref()
    return in_turn(sources.forge, ref, gate.policy, files, is_decided)


def swept(tip: Tip) -> Swept | None:
    """Return how far requests were looked for already, as the ledger says."""
    return tip.state.swept if tip.state else None


def decided_on(tip: Tip, requests: Sequence[MergedRequest]) -> Callable[[str], bool]:
    """Return what says whether there is a decision on a request (path); the given ones are looked up together."""

    def identifier(path: str) -> str:
        return ledger.entry_id("decision", tip.id, path)

    tip.look_up(identifier(merged.path) for merged in requests)
    return lambda path: tip.find(identifier(path)) is not None


def _strays(
    gate: Gate, strays: Sequence[MergedRequest], is_decided: Callable[[str], bool], request: str | None
) -> list[MergedRequest]:
    """Return what else came into the folder since strays were last decided, one item a change."""
    if request is not None:
        return [stray for stray in strays if stray.path == request]
    repeated = [stray for stray in strays if is_decided(stray.path) and stray.revision == gate.run.revision]
    return repeated + one_a_change(gate.sources.repository, gate.sources.forge, _since_decided(strays, is_decided))


def _since_decided(strays: Sequence[MergedRequest], is_decided: Callable[[str], bool]) -> Sequence[MergedRequest]:
    """Return the strays after the last decided one: with it all before it were decided."""
    last = max((place for place, stray in enumerate(strays) if is_decided(stray.path)), default=-1)
    return strays[last + 1 :]


def undecided(requests: Sequence[MergedRequest], is_decided: Callable[[str], bool]) -> list[MergedRequest]:
    """Return what is merged and waits for a gate, requests before strays; of those every commit by itself."""
    strays = [merged for merged in requests if merged.strays]
    files = [merged for merged in requests if not merged.strays and not is_decided(merged.path)]
    return [*files, *_since_decided(strays, is_decided)]


def one_a_change(repository: SourceRepository, forge: Forge, strays: Sequence[MergedRequest]) -> list[MergedRequest]:
    """Return strays, oldest first; those that one change request brought as several commits become one."""
    changes: list[MergedRequest] = []
    rest = list(strays)
    while rest:
        newest = rest.pop()
        siblings = _take_brought_with(repository, forge, newest, rest) if rest else []
        names = (*(name for stray in siblings for name in stray.strays), *newest.strays)
        changes.append(replace(newest, strays=names))
    return changes[::-1]


def _take_brought_with(
    repository: SourceRepository, forge: Forge, newest: MergedRequest, older: list[MergedRequest]
) -> list[MergedRequest]:
    """Take the strays of `newest`'s change from the end of `older` (one first-parent line); return them."""
    try:
        change = forge.change_request_of(newest.revision, repository.default_ref())
        base = base_of(repository, forge, newest, change)
    except CountersealError:
        return []  # reported when its turn comes
    count = len(older)
    while count and base is not None and not repository.is_ancestor(older[count - 1].revision, base):
        count -= 1
    siblings = older[count:]
    del older[count:]
    return siblings


def in_turn(
    forge: Forge, default_ref: str, policy: Policy, waiting: Sequence[MergedRequest], is_decided: Callable[[str], bool]
) -> tuple[list[MergedRequest], int]:
    """Return requests in the order in which they are decided, and how many are left for another run.

    Approved ones are first, of these what changes holds and revocations, so that all others are judged by that; what
    cannot be allowed is last. One run decides at most `MAX_UNAPPROVED` that nobody
    approved.
    """
    files = Counter(merged.revision for merged in waiting)

    def rank(merged: MergedRequest) -> int:
        if merged.strays:
            return 4
        if is_decided(merged.path):
            return 0
        if files[merged.revision] > 1:
            return 3  # several in one change: none can be allowed
        if not _looks_approved(forge, default_ref, policy, merged):
            return 2
        return 0 if is_of_event(merged.path) else 1

    if len(waiting) < 2:
        return list(waiting), 0
    ranks = [(rank(merged), merged) for merged in waiting]
    first = sum(number < 2 for number, _ in ranks)
    ordered = [merged for _, merged in sorted(ranks, key=lambda ranked: ranked[0])]
    return ordered[: first + MAX_UNAPPROVED], max(0, len(ordered) - first - MAX_UNAPPROVED)


def _looks_approved(forge: Forge, default_ref: str, policy: Policy, merged: MergedRequest) -> bool:
    """Return whether somebody in the policy approved it: the least that an allow takes."""
    try:
        change = forge.change_request_of(merged.revision, default_ref)
    except CountersealError:
        return False  # reported when its turn comes
    people = {member.key for members in policy.groups.values() for member in members}
    return change is not None and any(
        review.state is ReviewState.APPROVED and review.actor is not None and review.actor.key in people
        for review in change.reviews
    )
