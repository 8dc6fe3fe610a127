"""What a ledger's state says of one allow: what is wrong with it, and what is said where nothing is.

All that speaks against a release after it was published is looked at here, in one place. A state says only so much: it
has what a stage has now and the seven allows before that. An allow that is newer than the oldest of these, and not
among them, was taken back; of an older one it does not tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.history import rests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from counterseal.evaluation import Decision
    from counterseal.history import state as states
    from counterseal.model import Entry, Revoked
    from counterseal.verification.asked import Asked

_FORK: Final = (
    "the ledger was replaced, or is another than the release's: do not use the file, and tell the project "
    "(counterseal log repair, in a clone)"
)
_REVOKED: Final = "do not use the file; take a release that stands (the project's log has the reason: counterseal log)"
_WITHDRAWN: Final = "do not use the file: the project itself took it back; take a release that stands"


def problems(state: states.State, asked: Asked, allowed: states.Allowed) -> Iterator[tuple[str, str]]:
    """Yield what a state has against a published allow: why, and what to do; the first one counts.

    Args:
        state: Of the publication's entry, or later.
        asked: What the consumer asks.
        allowed: The allow.
    """
    stage = state.stages.get(allowed.stage)
    if stage is None:
        yield f"by entry {state.sequence} of this ledger nothing was ever let into {allowed.stage}", _FORK
        return
    if any(waiting.entry_id == allowed.entry_id for waiting in state.unpublished):
        yield f"by entry {state.sequence} of this ledger entry {allowed.sequence} was not published yet", _FORK
    if _is_taken_back(stage, allowed):
        allow = f"the allow of {allowed.tag} (entry {allowed.sequence})"
        yield f"{allow} does not stand any more: by entry {state.sequence} it was withdrawn", _WITHDRAWN
    if asked.current and not (stage.current and _is_same(stage.current, allowed)):
        yield f"it is not what {allowed.stage} has now: that is {_current(stage)}", _instead(stage)


def revoked(state: states.State, entry: Entry, decision: Decision, at: datetime) -> Iterator[tuple[str, str]]:
    """Yield the revocations in force that cover a release, as the rule `not-revoked` has them for a gate (R26).

    Args:
        state: The newest that is known: what an older one has may have been taken back since.
        entry: The allow.
        decision: What it says.
        at: The consumer's clock: a provisional revocation ends by itself.
    """
    for known in state.revoked:
        if known.stands(at) and _covers(known, entry, decision):
            lasts = f"until {known.until:%Y-%m-%d %H:%M} UTC, if nobody confirms it" if known.until else "for good"
            target = f"the {known.target.kind} {known.target.value}"
            yield f"{target}, which the release rests on, was revoked {lasts} (entry {known.sequence})", _REVOKED


def _covers(known: Revoked, entry: Entry, decision: Decision) -> bool:
    """Return whether a revocation is about what an allow rests on.

    When an identity signed a build the proof does not say; an allow after the revocation was judged with the builds at
    hand.
    """
    judged = known.target.kind == "identity" and entry.link.sequence >= known.sequence
    return not judged and rests.on(entry, decision, known.target)


def words(state: states.State, allowed: states.Allowed) -> str:
    """Return what a state without problems says of an allow."""
    stage = state.stages[allowed.stage]
    if stage.current is not None and _is_same(stage.current, allowed):
        return f"{allowed.stage} has {stage.current.tag}"
    if any(_is_same(known, allowed) for known in stage.before):
        return f"{allowed.stage} has {_current(stage)} since; this allow was not withdrawn"
    said = f"{allowed.stage} has {_current(stage)} since"
    return f"{said}; whether this allow was withdrawn, its newest {len(_known(stage))} do not tell"


def _is_same(known: states.Allowed, allowed: states.Allowed) -> bool:
    return allowed.entry_id == known.entry_id or allowed.manifest == known.manifest


def _known(stage: states.StageState) -> tuple[states.Allowed, ...]:
    return (stage.current, *stage.before) if stage.current else stage.before


def _is_taken_back(stage: states.StageState, allowed: states.Allowed) -> bool:
    """Return whether an allow is missing although an older one is known: allows are forgotten oldest first."""
    known = _known(stage)
    if any(_is_same(each, allowed) for each in known):
        return False
    return any(each.sequence < allowed.sequence for each in known)


def _current(stage: states.StageState) -> str:
    return f"{stage.current.tag} (entry {stage.current.sequence})" if stage.current else "nothing"


def _instead(stage: states.StageState) -> str:
    return f"take the release {stage.current.tag}, or leave out --current" if stage.current else "leave out --current"
