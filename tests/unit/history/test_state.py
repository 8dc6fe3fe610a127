"""The state document: what is in force follows from the entries alone, whoever computes it."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit import frozen
from tests.unit import ledger_lines as lines
from tests.unit.ledger_lines import FIRST, LEDGER, decision, event

from counterseal.errors import FormatError, LedgerError
from counterseal.formats import digests, wire
from counterseal.history import state as states
from counterseal.history.events import (
    Audit,
    EntryReference,
    Event,
    EventKind,
    Genesis,
    Hold,
    Publication,
    Reinstatement,
    Resume,
    Revocation,
    Swept,
    Withdrawn,
)
from counterseal.history.events import hold as hold_event
from counterseal.history.events import revocation as revocation_event
from counterseal.history.state import Audited, Heartbeat, StageState, State
from counterseal.model import Outcome, Target

if TYPE_CHECKING:
    from counterseal.evaluation.decision import Decision

GENESIS = event(EventKind.GENESIS, Genesis(LEDGER, "aa" * 32))


def reference(name: str) -> EntryReference:
    return EntryReference(lines.identifier(name), 1, "dd" * 32)


def published(name: str) -> Event:
    body = Publication("production", f"v{name}", digests.sha256(name.encode()), reference(name), 55, ())
    return event(EventKind.PUBLICATION, body)


def withdrawn(name: str, stage: str = "production") -> Event:
    body = Withdrawn(stage, digests.sha256(name.encode()), reference(name), "tag-moved", {})
    return event(EventKind.WITHDRAWN, body)


def audit(verified: int, trigger: str = "push", swept: Swept | None = None, **at: Any) -> Event:
    return event(EventKind.AUDIT, Audit(verified, trigger, swept), FIRST + timedelta(**at))


def fold(*contents: tuple[str, Decision | Event] | Event) -> State:
    """Return the state after a genesis and these; a decision stands with its name."""
    state = states.after(None, GENESIS, LEDGER, "e" * 64)
    for content in contents:
        name, said = content if isinstance(content, tuple) else ("", content)
        if isinstance(said, Event) and isinstance(said.body, Audit) and said.body.verified == -1:
            said = dataclasses.replace(said, body=dataclasses.replace(said.body, verified=state.sequence))
        state = states.after(state, said, LEDGER, lines.identifier(name) if name else "f" * 64)
    return state


def allow(name: str, **changes: Any) -> tuple[str, Decision]:
    return name, decision(name, **changes)


def has(state: State, stage: str = "production") -> list[str]:
    """Return the tags that a stage has and had, the current one first."""
    known = state.stages[stage]
    return [allowed.tag for allowed in (*((known.current,) if known.current else ()), *known.before)]


def test_a_ledger_begins_audited_and_with_nothing() -> None:
    state = fold()
    assert (state.sequence, state.audit, state.heartbeat, state.swept) == (0, Audited(0, 0), None, None)
    assert (state.stages, state.unpublished, state.time) == ({}, (), FIRST)


def test_the_newest_allow_is_what_a_stage_has() -> None:
    state = fold(allow("1"), allow("2"), allow("3", outcome=Outcome.DENY), allow("4", stage="staging"))
    assert (has(state), has(state, "staging")) == (["v2", "v1"], ["v4"])


def test_a_withdrawn_allow_gives_way_to_the_one_before_it() -> None:
    both = (allow("1"), allow("2"), allow("3"))
    assert has(fold(*both, withdrawn("3"))) == ["v2", "v1"]
    assert has(fold(*both, withdrawn("2"))) == ["v3", "v1"]
    assert has(fold(*both, withdrawn("3"), withdrawn("2"), withdrawn("1"))) == []
    assert fold(*both, withdrawn("3"), withdrawn("2"), withdrawn("1")).stages["production"].current is None


def test_so_many_allows_before_the_current_one_are_known() -> None:
    state = fold(*(allow(str(number)) for number in range(20)))
    assert has(state) == [f"v{number}" for number in range(19, 11, -1)]


def test_what_publishes_waits_until_it_is_published_or_withdrawn() -> None:
    state = fold(allow("1"), allow("2"), allow("3", publishes=False), allow("4"), published("1"), withdrawn("4"))
    assert [allowed.tag for allowed in state.unpublished] == ["v2"]
    assert has(state) == ["v3", "v2", "v1"]


def test_time_never_goes_back() -> None:
    state = fold(allow("1", decided_at=FIRST + timedelta(hours=2)), allow("2", decided_at=FIRST + timedelta(hours=1)))
    assert state.time == FIRST + timedelta(hours=2)


def test_only_a_scheduled_audit_is_a_heartbeat() -> None:
    state = fold(allow("1"), audit(1, "schedule", hours=1), allow("2"), audit(3, hours=2))
    assert (state.audit, state.heartbeat) == (Audited(4, 3), Heartbeat(2, FIRST + timedelta(hours=1)))


def test_an_audit_that_says_nothing_of_requests_leaves_what_was_said() -> None:
    swept = Swept("ab" * 20, ())
    assert fold(audit(0, swept=swept), audit(1)).swept == swept


@pytest.mark.parametrize("verified", [0, 1, 3])
def test_an_audit_is_of_all_entries_before_it(verified: int) -> None:
    assert fold(allow("1"), allow("2"), audit(2)).audit == Audited(3, 2)
    with pytest.raises(LedgerError, match=f"entry 3: an audit says that entries 0 to {verified} were verified"):
        fold(allow("1"), allow("2"), audit(verified))


def test_a_genesis_is_first_and_alone() -> None:
    with pytest.raises(LedgerError, match="entry 1: a ledger has a genesis at entry 0"):
        fold(GENESIS)
    with pytest.raises(LedgerError, match="entry 0: a ledger has a genesis"):
        states.after(None, audit(0), LEDGER, "e" * 64)


def test_the_document_is_read_back_as_it_was() -> None:
    state = fold(allow("1"), audit(1, "schedule", Swept("ab" * 20, ())))
    assert states.parse(states.document(state), "x") == state
    assert states.digest(state) == digests.sha256(states.document(state))
    assert states.parse(states.document(frozen.LATER), "x") == frozen.LATER
    for wrong in (b"", b"{}", b"[]", states.document(state).replace(b'"sequence":2', b'"sequence":"2"', 1)):
        with pytest.raises(FormatError):
            states.parse(wrong, "x")


# --- what restricts, and what ends it --------------------------------------------------------


def hold(stage: str | None = "production", lasts: int = 72, **at: Any) -> Event:
    began = FIRST + timedelta(**at)
    return event(EventKind.HOLD, Hold(stage, "promote", began + timedelta(hours=lasts), "why"), began)


def revocation(digest: str, until: datetime | None, confirms: str | None = None, **at: Any) -> Event:
    began = FIRST + timedelta(**at)
    consent = frozen.CONSENT if until is None else None
    since = FIRST if confirms else began
    return event(
        EventKind.REVOCATION, Revocation(Target("manifest", digest), since, until, confirms, "why", consent), began
    )


def resume(*entries: str, **at: Any) -> Event:
    return event(EventKind.RESUME, Resume(entries, "why", frozen.CONSENT), FIRST + timedelta(**at))


def after(state: State, said: Event, name: str) -> State:
    return states.after(state, said, LEDGER, lines.identifier(name))


def standing(state: State, at: datetime) -> list[int]:
    return [held.sequence for held in state.holds if held.stands(at)]


def test_a_hold_ends_by_itself_and_is_remembered_for_a_week() -> None:
    state = after(fold(), hold(lasts=1), "h")
    assert standing(state, FIRST) == [1]
    assert standing(state, FIRST + timedelta(hours=1)) == []
    assert len(after(state, audit(1, days=6), "a").holds) == 1
    assert after(state, audit(1, days=7), "a").holds == ()
    assert len(after(after(fold(), hold(lasts=24 * 9), "h"), audit(1, days=8), "a").holds) == 1


def test_a_second_hold_of_the_same_by_the_same_is_a_renewal() -> None:
    state = after(fold(), hold(lasts=1), "h")
    by, week = state.holds[0].by, FIRST + timedelta(days=6)
    known = hold_event.renewed(state.holds, "production", by, week)
    assert known == state.holds[0]
    assert hold_event.renewed(state.holds, "staging", by, week) is None
    assert hold_event.renewed(state.holds, "production", "github.com/9", week) is None
    assert hold_event.renewed(state.holds, "production", by, FIRST + timedelta(days=7)) is None


def test_a_resume_ends_what_it_names_and_no_later_one() -> None:
    state = after(after(fold(), hold(), "1"), hold(lasts=48), "2")
    state = after(state, resume(lines.identifier("1"), hours=1), "r")
    at = FIRST + timedelta(hours=2)
    assert standing(state, at) == [2]
    assert len(state.holds) == 2, "a renewal is still told"
    assert standing(after(state, hold(lasts=5), "3"), at) == [2, 4]


def test_a_provisional_revocation_ends_or_is_confirmed() -> None:
    until = FIRST + timedelta(hours=72)
    state = after(fold(), revocation("a" * 64, until), "p")
    assert [known.stands(FIRST) for known in state.revoked] == [True]
    assert not state.revoked[0].stands(until)
    confirmed = after(state, revocation("a" * 64, None, lines.identifier("p"), hours=1), "c")
    assert [known.stands(FIRST + timedelta(hours=1)) for known in confirmed.revoked] == [False, True]
    assert confirmed.items == state.items == 1
    assert [len(after(state, audit(1, days=days), "a").revoked) for days in (6, 7)] == [1, 0], "as with holds"
    assert [len(after(confirmed, audit(2, days=days), "a").revoked) for days in (6, 7, 99)] == [2, 1, 1]


def test_a_reinstatement_takes_back_what_it_names() -> None:
    state = after(after(fold(), revocation("a" * 64, None), "1"), revocation("b" * 64, None), "2")
    back = event(EventKind.REINSTATEMENT, Reinstatement((lines.identifier("1"),), "why", frozen.CONSENT))
    assert [known.sequence for known in after(state, back, "r").revoked] == [2]
    state = after(fold(), revocation("a" * 64, FIRST + timedelta(hours=72)), "1")
    (known,) = after(state, back, "r").revoked
    assert (known.ended, known.stands(FIRST)) == (FIRST, False), "that of one person is remembered"


def test_how_many_revocations_a_person_made_today() -> None:
    state = fold()
    for number in range(4):
        state = after(state, revocation(str(number) * 64, FIRST + timedelta(days=3), hours=number), str(number))
    by = state.revoked[0].by
    assert revocation_event.made_today(state.revoked, by, FIRST + timedelta(hours=5)) == 4
    assert revocation_event.made_today(state.revoked, by, FIRST + timedelta(hours=25)) == 2
    assert revocation_event.made_today(state.revoked, "github.com/9", FIRST + timedelta(hours=5)) == 0
    assert len(revocation_event.made(state.revoked, by, FIRST + timedelta(hours=25))) == 4
    assert len(revocation_event.made(state.revoked, by, FIRST + timedelta(days=7, hours=1))) == 2


names = st.sampled_from("abcd")
steps = st.one_of(
    st.builds(lambda name, stage: allow(name, stage=stage), names, st.sampled_from(["staging", "production"])),
    st.builds(withdrawn, names, st.sampled_from(["staging", "production"])),
    st.builds(published, names),
    st.builds(audit, st.just(-1), st.sampled_from(["push", "schedule"])),
    st.builds(hold, st.sampled_from([None, "staging"]), st.integers(1, 99), hours=st.integers(0, 99)),
    st.builds(revocation, st.sampled_from(["a" * 64, "b" * 64]), st.sampled_from([None, FIRST + timedelta(days=3)])),
)


@given(st.lists(steps, max_size=30), st.lists(st.text(), max_size=4))
def test_the_document_is_canonical_whatever_was_written_before(contents: list[Any], names: list[str]) -> None:
    state = fold(*contents)
    stages = {**state.stages, **dict.fromkeys(names, StageState(None, ()))}
    for known in (state, frozen.LATER, dataclasses.replace(state, stages=stages)):
        assert states.document(known) == wire.canonical(wire.encode(known))


@given(st.lists(steps, max_size=30))
def test_the_fold_is_total_deterministic_and_bounded(contents: list[Any]) -> None:
    state = fold(*contents)
    assert states.document(state) == states.document(fold(*contents))
    assert state.sequence == len(contents)
    assert all(len(known.before) <= states.MAX_BEFORE for known in state.stages.values())
    restricting = [said.body for said in contents if isinstance(said, Event)]
    lasting = sum(isinstance(body, Revocation) and body.until is None for body in restricting)
    assert sum(known.until is None for known in state.revoked) == lasting, "none goes away by itself"
    begun = [body for body in restricting if isinstance(body, Hold)]
    assert sum(held.stands(state.time) for held in state.holds) == sum(state.time < body.until for body in begun)
    waiting = {allowed.entry_id for allowed in state.unpublished}
    if contents and isinstance(contents[-1], Event) and isinstance(contents[-1].body, Withdrawn):
        assert contents[-1].body.decision.entry_id not in waiting
