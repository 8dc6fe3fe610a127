"""Puts together what the clone and the forge say: how things are now, or the way of one tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from counterseal.commands.status import in_force
from counterseal.commands.status.clone import Clone, Merged, Proven, Unseen, content_of
from counterseal.commands.status.forge import MOST, AtForge, Opened
from counterseal.commands.status.in_force import InForce
from counterseal.errors import UsageError
from counterseal.history import RecordedDecision, RecordedEvent, standing
from counterseal.model import EventRequest, PromotionRequest, Release

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
#: How many decisions that name no tag are looked up on the branch, newest first, for the way of a tag.
MAX_NAMELESS: Final = 200


@dataclass(frozen=True, slots=True)
class StageState:
    """A stage, what let in what it has now (None: nothing), and whether the policy has it still.

    `revoked` is by what that was revoked (None: it was not), `instead` the newest allow before it that is not.
    """

    name: str
    publishes: bool
    known: RecordedDecision | None
    listed: bool = True
    revoked: InForce | None = None
    instead: RecordedDecision | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A draft at the forge, and the stages that let its tag in."""

    release: Release
    passed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """How things are now; candidates and open requests None: they could not be seen. `more` counts what is left out.

    `standing` are the holds and revocations that are in force.
    """

    proven: Proven
    host: str
    stages: tuple[StageState, ...]
    candidates: tuple[Candidate, ...] | None
    opened: tuple[Opened, ...] | None
    merged: tuple[Merged, ...]
    denied: tuple[RecordedDecision, ...]
    unseen: tuple[Unseen, ...]
    more: Mapping[str, int]
    standing: tuple[InForce, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """The way of a tag: its candidate or release, what is recorded in the order of its time, then what waits.

    `more` counts the oldest records, which are left out.
    """

    proven: Proven
    host: str
    tag: str
    releases: tuple[Release, ...]
    recorded: tuple[RecordedDecision | RecordedEvent, ...]
    merged: tuple[Merged, ...]
    opened: tuple[Opened, ...]
    unseen: tuple[Unseen, ...]
    more: int


def now(clone: Clone, forge: AtForge) -> Status:
    """Return how things are now."""
    more: dict[str, int] = {}

    def most(name: str, rows: Sequence[T]) -> tuple[T, ...]:
        more[name] = max(0, len(rows) - MOST)
        return tuple(rows[:MOST])

    waiting = [*(request.path for request in clone.merged), *clone.unread]
    waiting += [path for request in forge.opened or () for path in request.paths]
    merged = most("merged", clone.merged)
    more["merged"] += len(clone.unread)
    return Status(
        proven=clone.proven,
        host=_host(clone),
        stages=_stages(clone),
        candidates=None if forge.releases is None else most("candidates", _candidates(clone, forge.releases)),
        opened=forge.opened,
        merged=merged,
        denied=tuple(map(clone.ledger.decided, most("denied", standing.turned_away(clone.ledger.history, waiting)))),
        unseen=_unseen(clone, forge),
        more=more,
        standing=clone.standing,
    )


def way(clone: Clone, forge: AtForge, tag: str) -> Way:
    """Return the way of a tag.

    Raises:
        UsageError: Nothing names it.
    """
    history = clone.ledger.history
    decisions = standing.decided(history, tag, _files_of(clone, tag))
    entries = (clone.ledger.entries[known.sequence] for known in decisions)
    about = {subject.digest for entry in entries for subject in entry.attestation.statement.subjects}
    consequences = standing.consequences(history, decisions, about)
    places = sorted([*(known.sequence for known in decisions), *(known.sequence for known in consequences)])
    answer = Way(
        clone.proven,
        _host(clone),
        tag,
        forge.releases or (),
        tuple(map(clone.ledger.recorded, places[-MOST:])),
        tuple(request for request in clone.merged if _is_for(request.content, tag))[:MOST],
        tuple(request for request in forge.opened or () if request.preview and request.preview.tag == tag),
        (*_unseen(clone, forge), *_unread(clone), *_unjudged(forge)),
        max(0, len(places) - MOST),
    )
    if not (answer.releases or answer.recorded or answer.merged or answer.opened):
        raise UsageError(
            f"nothing is known about {tag[:100]!r}",
            why="; ".join(("no candidate, request or decision names it", *(gap.what for gap in answer.unseen))),
            fix="counterseal status shows what there is; a tag is written like v1.2.0",
        )
    return answer


def _unseen(clone: Clone, forge: AtForge) -> tuple[Unseen, ...]:
    """Return what was not seen: a ledger that the forge has not either is no gap."""
    return (*(clone.unseen if forge.has_ledger else ()), *forge.unseen)


def _host(clone: Clone) -> str:
    return clone.policy.ledger_id.split("/")[0]


def _stages(clone: Clone) -> tuple[StageState, ...]:
    """Return the policy's stages in their order, then those that it had once and that still have something."""
    history, policy = clone.ledger.history, clone.policy
    states = [_stage(clone, stage.name, publishes=stage.publish) for stage in policy.stages]
    listed = {stage.name for stage in policy.stages}
    once = dict.fromkeys(known.decision.stage for known in history.decisions.values() if known.stands)
    gone = (name for name in once if name not in listed)
    states += [_stage(clone, name, publishes=False, listed=False) for name in gone]
    return tuple(states)


def _stage(clone: Clone, name: str, *, publishes: bool, listed: bool = True) -> StageState:
    told = (known for known in clone.ledger.history.query(stage=name) if known.stands)
    allows = map(clone.ledger.decided, told)
    current = next(allows, None)
    revoked = in_force.taken_back(current, clone.standing) if current else None
    rest = allows if revoked else ()
    instead = next((known for known in rest if in_force.taken_back(known, clone.standing) is None), None)
    return StageState(name, publishes, current, listed, revoked, instead)


def _candidates(clone: Clone, drafts: Sequence[Release]) -> list[Candidate]:
    passed: dict[str, list[str]] = {}
    for known in clone.ledger.history.decisions.values():
        if known.stands and known.decision.source:
            passed.setdefault(known.decision.source.tag, []).append(known.decision.stage)
    newest_first = sorted(drafts, key=lambda release: -release.id)
    return [Candidate(draft, tuple(dict.fromkeys(passed.get(draft.tag, ())))) for draft in newest_first]


def _files_of(clone: Clone, tag: str) -> set[str]:
    """Return the requests for a tag whose decisions name none, since the candidate was not read."""
    nameless = [
        known.decision.request for known in clone.ledger.history.decisions.values() if known.decision.source is None
    ]
    return {
        request.file
        for request in nameless[-MAX_NAMELESS:]
        if _is_for(content_of(clone.repository, request.merge_revision, request.file), tag)
    }


def _is_for(content: PromotionRequest | EventRequest | None, tag: str) -> bool:
    return isinstance(content, PromotionRequest) and content.candidate.tag == tag


def _unread(clone: Clone) -> list[Unseen]:
    if not clone.unread:
        return []
    why = f"{len(clone.merged)} of those that wait for a gate are read"
    return [Unseen(f"{len(clone.unread)} more merged requests were not read", why)]


def _unjudged(forge: AtForge) -> list[Unseen]:
    return [
        Unseen(
            f"change request {request.change.number}: {request.problem.what}", request.problem.why, request.problem.fix
        )
        for request in forge.opened or ()
        if request.problem
    ]
