"""Ledgers for hypothesis: events of every kind, by several people, of several stages and things.

`sensible` draws what a gate might be asked to record next; `anything` lines that are well formed and nothing more.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from tests import evidence_samples as samples
from tests.unit import ledger_lines as lines

from counterseal import ledger
from counterseal.formats import digests, statement, wire
from counterseal.history.events import (
    Audit,
    Consent,
    EntryReference,
    Event,
    EventKind,
    Genesis,
    Hold,
    Publication,
    Reinstatement,
    Resume,
    Revocation,
    Withdrawn,
    revocation,
)
from counterseal.identifiers import DECISION, EVENT
from counterseal.model import Actor, DocumentDigest, LedgerLink, Outcome, Subject, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.evaluation import Decision
    from counterseal.history.state import State

PEOPLE: Final = (samples.DORA, samples.ERIN, samples.FRANK, samples.MALLORY)
STAGES: Final = ("staging", "production")
MANIFESTS: Final = (samples.MANIFEST_DIGEST, "2" * 64)
TARGETS: Final = (
    *(Target("manifest", digest) for digest in MANIFESTS),
    Target("artifact", samples.WHEEL.digest),
    Target("run", str(samples.BUILDER_CERTIFICATE.run_uri)),
    Target("gate", samples.GATE_REVISION),
    Target("identity", samples.BUILDER_SAN),
    Target("identity", samples.BUILDER_SAN, lines.FIRST, lines.FIRST + timedelta(days=1)),
)
AT_ONCE: Final = tuple(target for target in TARGETS if target.kind in revocation.AT_ONCE)
GENESIS: Final = lines.event(EventKind.GENESIS, Genesis(lines.LEDGER, "aa" * 32))

_people = st.sampled_from(PEOPLE)
_stages = st.sampled_from(STAGES)
#: Hours, many of them at the edges of what lasts a day, three days or seven.
_hours = st.one_of(st.integers(0, 30), st.sampled_from([71, 72, 73, 167, 168, 169]))


def name(number: int) -> str:
    """Return the id of the entry with a number."""
    return digests.sha256(b"entry %d" % number)


def hold(stage: str | None, by: Actor, at: datetime = lines.FIRST) -> Event:
    """Return a hold of a stage."""
    return _said(Hold(stage, "promote", at + timedelta(hours=72), "why"), by, at)


def revocation_of(target: Target, by: Actor, at: datetime = lines.FIRST) -> Event:
    """Return a revocation by one person."""
    return _said(Revocation(target, at, at + revocation.PROVISIONAL, None, "why", None), by, at)


def _said(body: Any, by: Actor, at: datetime) -> Event:
    kind = EventKind(type(body).__name__.lower())
    return dataclasses.replace(lines.event(kind, body, at), actor=by)


@st.composite
def consents(draw: st.DrawFn) -> Consent:
    """Draw who asked and who agreed: mostly enough of them."""
    agreed = draw(st.permutations(PEOPLE))[: draw(st.sampled_from([4, 4, 4, 3, 2, 1]))]
    document = DocumentDigest("3" * 64, "3" * 40)
    return Consent("promotions/_events/x.1.json", "4" * 40, draw(st.none() | _people), tuple(agreed), document)


def _reference(draw: st.DrawFn, state: State) -> tuple[EntryReference, str, str]:
    """Draw an allow that is known, or one that never was, with its stage and manifest."""
    known = [each for had in state.stages.values() for each in (had.current, *had.before) if each]
    if not known:
        return EntryReference(name(-1), 1, "5" * 64), STAGES[0], MANIFESTS[0]
    allowed = draw(st.sampled_from(known))
    return EntryReference(allowed.entry_id, allowed.sequence, "5" * 64), allowed.stage, allowed.manifest


def _ids(draw: st.DrawFn, known: Sequence[Any]) -> tuple[str, ...]:
    """Draw ids of what is known, or of nothing."""
    return tuple(
        draw(st.lists(st.sampled_from([*(each.entry_id for each in known), name(-1)]), min_size=1, max_size=3))
    )


@st.composite
def restricting(draw: st.DrawFn, state: State, later: st.SearchStrategy[int] = _hours) -> Event:
    """Draw a hold, a revocation by one person, one by two, or the confirmation of one; so many hours `later`."""
    at = state.time + timedelta(hours=draw(later))
    until = at + timedelta(hours=draw(_hours))
    provisional = [known for known in state.revoked if known.until is not None and known.stands(at)]
    how = draw(st.sampled_from(["hold", "alone", "two", *(["confirm"] * 6 if provisional else [])]))
    since = at + timedelta(hours=draw(st.sampled_from([-200, 0, 0, 50])))
    if how == "hold":
        body: Hold | Revocation = Hold(
            draw(st.none() | _stages), draw(st.sampled_from(["promote", "all"])), until, "why"
        )
    elif how == "alone":
        target = draw(st.sampled_from([*AT_ONCE, *AT_ONCE, *TARGETS]))
        return revocation_of(target, draw(_people), at)
    elif how == "two":
        body = Revocation(draw(st.sampled_from(TARGETS)), since, None, None, "why", draw(consents()))
    else:
        known = draw(st.sampled_from(provisional))
        since = draw(st.sampled_from([known.since, at, at + timedelta(hours=50)]))
        body = Revocation(known.target, since, None, known.entry_id, "why", draw(consents()))
    return _said(body, draw(_people), at)


@st.composite
def sensible(draw: st.DrawFn, state: State) -> Decision | Event:
    """Draw what might be recorded after a state, of every kind but a genesis."""
    at = state.time + timedelta(hours=draw(_hours))
    kind = draw(st.sampled_from(["decision", *("restricting",) * 4, "resume", "reinstatement", "audit", "of an allow"]))
    if kind == "restricting":
        return draw(restricting(state))
    if kind == "decision":
        outcome = draw(st.sampled_from([Outcome.ALLOW, Outcome.ALLOW, Outcome.DENY]))
        made = lines.decision(str(state.sequence), outcome=outcome, stage=draw(_stages), decided_at=at)
        return dataclasses.replace(made, publishes=draw(st.booleans()))
    if kind == "resume":
        body: Any = Resume(_ids(draw, state.holds), "why", draw(consents()))
    elif kind == "reinstatement":
        body = Reinstatement(_ids(draw, state.revoked), "why", draw(consents()))
    elif kind == "audit":
        body = Audit(state.sequence, draw(st.sampled_from(["push", "schedule"])), None)
    else:
        reference, stage, manifest = _reference(draw, state)
        withdrawn = Withdrawn(stage, manifest, reference, "tag-moved", {})
        body = draw(st.sampled_from([withdrawn, Publication(stage, "v1", manifest, reference, 55, ())]))
    return _said(body, draw(_people), at)


# --- lines that are well formed, and nothing more --------------------------------------------

_BODIES: Final[Mapping[EventKind, type]] = {
    EventKind.GENESIS: Genesis,
    EventKind.PUBLICATION: Publication,
    EventKind.WITHDRAWN: Withdrawn,
    EventKind.AUDIT: Audit,
    EventKind.HOLD: Hold,
    EventKind.RESUME: Resume,
    EventKind.REVOCATION: Revocation,
    EventKind.REINSTATEMENT: Reinstatement,
}
_texts = st.one_of(st.sampled_from([*map(name, range(6)), *STAGES, "manifest", "run", ""]), st.text(max_size=5))
_moments = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.integers(0, 300).map(lambda hours: lines.FIRST + timedelta(hours=hours)),
    st.sampled_from([datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]),
)
_PLAIN: Final[Mapping[Any, st.SearchStrategy[Any]]] = {
    str: _texts,
    int: st.integers(-1, 6) | st.just(2**53 - 1),
    bool: st.booleans(),
    NoneType: st.none(),
    datetime: _moments,
    Any: _texts,
}
#: Other spellings of a time that open documents are read with.
_SPELLINGS: Final = ("Z", ".9Z", ".000001Z", "+00:30", "-11:00")
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z")


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for what a member of ours may hold: all that its type says, and no more."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return st.one_of(*map(of, parts))
    if origin is tuple:
        return st.lists(of(parts[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(of(parts[0]), of(parts[1]), max_size=2)
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: of(hints[field.name]) for field in dataclasses.fields(hint)})


_bodies = {kind: of(body) for kind, body in _BODIES.items()}
_any_consent = of(Consent)


def _spelled(value: Any, draw: st.DrawFn) -> Any:
    """Return JSON with its times spelled as somebody else might."""
    if isinstance(value, dict):
        return {key: _spelled(item, draw) for key, item in value.items()}
    if isinstance(value, list):
        return [_spelled(item, draw) for item in value]
    if isinstance(value, str) and (match := _TIME.fullmatch(value)):
        return match[1] + draw(st.sampled_from(_SPELLINGS))
    return value


@st.composite
def anything(draw: st.DrawFn) -> Callable[[int], bytes]:
    """Draw a line that is well formed: an event of any kind, a decision, or a type that nobody knows."""
    kind = draw(st.sampled_from([*EventKind, "decision", "other", "unknown"]))
    if kind == "decision":
        made = lines.decision(draw(st.sampled_from("ab")), decided_at=draw(_moments), stage=draw(_texts))
        predicate = wire.encode(made)
    else:
        body = draw(_bodies[kind]) if isinstance(kind, EventKind) else {}
        said = dataclasses.replace(lines.event(EventKind.AUDIT, body), occurred_at=draw(_moments), actor=draw(_people))
        predicate = {**wire.encode(said), "kind": kind}
    predicate = _spelled(predicate, draw)
    types = {"decision": DECISION, "other": "https://example.com/x"}

    def at(sequence: int) -> bytes:
        link = LedgerLink(ledger.FORMAT, lines.LEDGER, name(sequence), sequence, None, None, None, 0, "", (), "")
        about = (Subject("x", "6" * 64),)
        return statement.build(about, types.get(kind, EVENT), {**predicate, "ledger": wire.encode(link)})

    return at
