"""The revisions at which the repository names counterseal: whole, the same everywhere, released, not withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.formats import digests
from counterseal.identifiers import GATE_WORKFLOW
from counterseal.model import Policy
from counterseal.project.observations import fault, unseen, warning, well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.pipelines import Pin
    from counterseal.project.seen import Seen

_MOVE: Final = "pin all of them to one release: its full commit id"


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the pins."""
    pins = [pin for pipeline in seen.pipelines.values() for pin in pipeline.pins]
    if not pins:
        return
    short = [pin for pin in pins if not digests.is_revision(pin.revision)]
    for pin in short:
        yield fault(
            "pin",
            f"{pin.file} names {pin.what} at {pin.revision or 'nothing'}",
            why="a tag or branch can be moved to other code, a full commit id cannot",
            fix=_MOVE,
        )
    if short:
        return
    revisions = list(dict.fromkeys(pin.revision for pin in pins))
    if len(revisions) > 1:
        places = "; ".join(f"{revision[:12]} in {_places(pins, revision)}" for revision in revisions)
        why = "parts of two versions may not fit each other"
        yield fault("pin", f"{len(revisions)} revisions of counterseal: {places}", why=why, fix=_MOVE)
    else:
        yield well("pin", f"counterseal is pinned to {revisions[0][:12]} in {len(pins)} places")
    for revision in revisions:
        yield from _released(seen, revision)
    yield from _accepted(seen, pins)


def _places(pins: list[Pin], revision: str) -> str:
    return ", ".join(dict.fromkeys(pin.file for pin in pins if pin.revision == revision))


def _released(seen: Seen, revision: str) -> Iterator[Observation]:
    trust = seen.trust
    if revision in trust.withdrawn:
        yield fault("release", f"{revision[:12]} was withdrawn", why="verifiers refuse what its gate signs", fix=_MOVE)
    elif not trust.released:
        why = "this version of counterseal knows of no release yet"
        yield unseen("release", f"whether {revision[:12]} is a release", why, "run again with a later version")
    elif revision in trust.released:
        yield well("release", f"{revision[:12]} is a release")
    else:
        own = isinstance(seen.policy, Policy) and seen.policy.gate.own is not None
        say, why = (
            (warning, "it may be newer than this version of counterseal, or nobody's release")
            if own
            else (fault, "verifiers accept the gates of releases only")
        )
        yield say("release", f"{revision[:12]} is no release that this counterseal knows", why=why, fix=_MOVE)


def _accepted(seen: Seen, pins: list[Pin]) -> Iterator[Observation]:
    """Yield whether the policy accepts the gate at its pin."""
    allowed = seen.policy.gate.revisions if isinstance(seen.policy, Policy) else None
    refused = [pin for pin in pins if pin.what == GATE_WORKFLOW and allowed and pin.revision not in allowed]
    for pin in refused:
        yield fault(
            "gate-revision",
            f"{pin.file} calls the gate at {pin.revision[:12]}, which the policy does not list",
            why="the policy accepts the decisions of the listed revisions only",
            fix="add it to identities.gate.counterseal.revisions, or pin a listed one",
        )
