"""Which requests a run of the gate decides, and in which order: nobody lets an approved one wait behind junk (R54)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal import ledger
from counterseal.errors import CountersealError, UsageError
from counterseal.gate.request_files import base_of, merged_requests
from counterseal.model import ReviewState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.gate.opening import Gate
    from counterseal.gate.request_files import MergedRequest
    from counterseal.ledger import Ledger
    from counterseal.model import Policy
    from counterseal.ports import Forge, SourceRepository


#: So many that nobody of the policy approved are decided by one run: what was allowed is published after them.
MAX_UNAPPROVED: Final = 32


def selected(gate: Gate, current: Ledger, stage: str | None, request: str | None) -> tuple[list[MergedRequest], int]:
    """Return the requests without a decision and decided ones that this run is about, and how many have to wait."""
    sources = gate.sources
    known = merged_requests(sources.repository, gate.run.revision)
    if request is not None and not any(each.path == request for each in known):
        raise UsageError(
            f"no merged request {request!r}",
            why=f"the default branch did not have this file at {gate.run.revision[:12]}, of which this run is",
        )

    def is_decided(path: str) -> bool:
        return current.find(ledger.entry_id("decision", current.id, path)) is not None

    files = [
        each
        for each in known
        if not each.strays
        and (stage is None or each.path.split("/")[1:2] == [stage])
        and (request is None or each.path == request)
        and (not is_decided(each.path) or request is not None or each.revision == gate.run.revision)
    ]
    if stage is None:
        files += _strays(gate, [each for each in known if each.strays], is_decided, request)
    ref = sources.repository.default_ref()
    return in_turn(sources.forge, ref, gate.policy, files, is_decided)


def _strays(
    gate: Gate, strays: Sequence[MergedRequest], is_decided: Callable[[str], bool], request: str | None
) -> list[MergedRequest]:
    """Return what else came into the folder since the last time that this was decided, one for each change."""
    if request is not None:
        return [each for each in strays if each.path == request]
    last = max((place for place, each in enumerate(strays) if is_decided(each.path)), default=-1)
    again = [each for each in strays[: last + 1] if is_decided(each.path) and each.revision == gate.run.revision]
    return again + one_a_change(gate.sources.repository, gate.sources.forge, strays[last + 1 :])


def one_a_change(repository: SourceRepository, forge: Forge, strays: Sequence[MergedRequest]) -> list[MergedRequest]:
    """Return strays, oldest first, with those that one change request brought as several commits put together."""
    found: list[MergedRequest] = []
    rest = list(strays)
    while rest:
        newest = rest.pop()
        own = _take_brought_with(repository, forge, newest, rest) if rest else []
        names = (*(name for each in own for name in each.strays), *newest.strays)
        found.append(replace(newest, strays=names))
    return found[::-1]


def _take_brought_with(
    repository: SourceRepository, forge: Forge, newest: MergedRequest, older: list[MergedRequest]
) -> list[MergedRequest]:
    """Take the strays of `newest`'s change from the end of `older` (one first-parent line); return them."""
    try:
        change = forge.change_request_of(newest.revision, repository.default_ref())
        base = base_of(repository, forge, newest, change)
    except CountersealError:
        return []  # it is said when it is its turn
    count = len(older)
    while count and base is not None and not repository.is_ancestor(older[count - 1].revision, base):
        count -= 1
    own = older[count:]
    del older[count:]
    return own


def in_turn(
    forge: Forge, default_ref: str, policy: Policy, waiting: Sequence[MergedRequest], is_decided: Callable[[str], bool]
) -> tuple[list[MergedRequest], int]:
    """Return requests in the order in which they are decided, and how many are left for another run.

    Approved ones are first, what cannot be allowed is last; of those that nobody approved one run decides some.
    """
    files = Counter(each.revision for each in waiting)

    def rank(each: MergedRequest) -> int:
        if each.strays:
            return 4
        if is_decided(each.path):
            return 0
        if files[each.revision] > 1:
            return 3  # no request, if there are several in one change
        return 1 if _looks_approved(forge, default_ref, policy, each) else 2

    if len(waiting) < 2:
        return list(waiting), 0
    ranks = [(rank(each), each) for each in waiting]
    first = sum(number < 2 for number, _ in ranks)
    ordered = [each for _, each in sorted(ranks, key=lambda each: each[0])]
    return ordered[: first + MAX_UNAPPROVED], max(0, len(ordered) - first - MAX_UNAPPROVED)


def _looks_approved(forge: Forge, default_ref: str, policy: Policy, merged: MergedRequest) -> bool:
    """Return whether somebody of the policy approved it: the least that an allow takes."""
    try:
        change = forge.change_request_of(merged.revision, default_ref)
    except CountersealError:
        return False  # it is said when it is its turn
    people = {member.key for members in policy.groups.values() for member in members}
    return change is not None and any(
        each.state is ReviewState.APPROVED and each.actor is not None and each.actor.key in people
        for each in change.reviews
    )
