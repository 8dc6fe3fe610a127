"""What a ledger says: its decisions, one entry whole, how far it is proven, the proof of a release."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, Final

from counterseal.formats import wire
from counterseal.render import escape, text
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.commands import log
    from counterseal.evaluation import Decision
    from counterseal.history import RecordedDecision, Told


#: So many moves of the branch are told in text.
_SHOWN: Final = 5


def listed(result: log.LogResult) -> Report:
    """Return the decisions, newest first, and how far they are proven."""
    found = result.decisions or result.restrictions
    table = text.log_rows(result.decisions, result.restrictions) if found else ()
    told = "\n".join((_text(result, result.decisions), *_follows(result), *_moved(result), *_nothing(result)))
    return Report(told, _data(result), table=table)


def verified(result: log.LogResult) -> Report:
    """Return how far the ledger is proven, without its decisions, and how to ask later whether anything went away."""
    told = f"ledger {result.ledger_id}: " + _text(result, ()).partition(" · ")[2]
    data = _data(result) | ({} if result.seen is None else {"seen": result.seen})
    return Report("\n".join((told, *_follows(result), *_moved(result), *_since(result))), data)


def _follows(result: log.LogResult) -> Iterator[str]:
    if result.follows is not None:
        before = result.follows
        yield f"it follows the ledger {before.id}, which ended with entry {before.sequence}, head {before.head}"


def _moved(result: log.LogResult) -> Iterator[str]:
    """Yield how the branch was moved by hand, the newest moves last; a repair is among them."""
    for move in result.moved[-_SHOWN:]:
        who = f"{escape.plain(move.actor.login)} (id {move.actor.id})" if move.actor else "an account that is gone"
        before, after = (revision[:12] if revision else "nothing" for revision in (move.before, move.after))
        yield f"by the forge's log {who} moved its branch from {before} to {after} at {wire.timestamp(move.at)}"
    if len(result.moved) > _SHOWN:
        yield f"and {len(result.moved) - _SHOWN} more moves before that: --format json"


def _since(result: log.LogResult) -> Iterator[str]:
    if result.seen is not None:
        count = result.entries - 1 - result.seen
        later = f"{count} {'entry' if count == 1 else 'entries'}"
        yield f"nothing went away since the head that you saw: it is entry {result.seen}, and {later} came after it"
    if result.head is not None:
        yield f"whoever keeps this head can ask later whether anything went away: --since-head {result.head}"


def entry(shown: log.ShowResult) -> Report:
    """Return one entry whole; in JSON with its statement decoded, and the bundle that it was verified from."""
    data = {
        "schema": "counterseal.entry/v1",
        "sequence": shown.sequence,
        "statement": json.loads(shown.recorded.entry.attestation.payload),
        "bundle": json.loads(shown.line),
    }
    return Report(text.entry(shown.recorded), data)


def proof(document: bytes) -> Report:
    """Return a ledger proof as it is."""
    return Report(document.decode(), json.loads(document), verbatim=True)


def _text(result: log.LogResult, decisions: tuple[Told, ...]) -> str:
    return text.log(
        decisions,
        result.restrictions,
        entries=result.entries,
        kinds=result.kinds,
        head=result.head,
        sandbox=result.sandbox,
    )


def _nothing(result: log.LogResult) -> Iterator[str]:
    """Yield why nothing fits what was asked, as far as that can be told; of a word what else finds one."""
    asked = result.query
    if result.decisions or result.restrictions or not result.stages:
        return
    if asked.stage is not None and asked.stage not in result.stages:
        stages = ", ".join(result.stages)
        yield f"no decision is about the stage {escape.plain(asked.stage)!r}; there are some about {stages}"
    elif asked.since is not None and result.newest is not None and result.newest < asked.since:
        yield f"the newest decision is of {wire.timestamp(result.newest)}"
    elif asked.text is not None:
        yield f"components are found by: counterseal sbom find {shlex.quote(escape.plain(asked.text))}"


def _data(result: log.LogResult) -> dict[str, Any]:
    return {
        "schema": "counterseal.log/v1",
        "ledger": result.ledger_id,
        "entries": result.entries,
        "head": result.head,
        "sandbox": result.sandbox,
        "stages": list(result.stages),
        "follows": wire.encode(result.follows),
        "moved": wire.encode(result.moved),
        "decisions": [
            _row(told.sequence, decision, withdrawn=told.withdrawn, published=told.publication is not None)
            for told, decision in zip(result.decisions, result.wholes, strict=bool(result.wholes))
        ],
        "restrictions": [
            {"sequence": known.sequence, "event": wire.encode(known.event)} for known in result.restrictions
        ],
    }


def row(recorded: RecordedDecision) -> dict[str, Any]:
    """Return a decision as JSON data."""
    published = recorded.publication is not None
    return _row(recorded.sequence, recorded.decision, withdrawn=recorded.withdrawn, published=published)


def _row(sequence: int, decision: Decision, *, withdrawn: bool, published: bool) -> dict[str, Any]:
    said = wire.encode(decision)
    return {"sequence": sequence, "withdrawn": withdrawn, "published": published, "decision": said}
