"""What holds of every ledger: its fold is total and knows no accident; what restricts only adds, and does not get lost.

Ledgers are drawn by hypothesis (`kept.py`).
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests import evidence_samples as samples
from tests.unit import ledger_lines as lines
from tests.unit.history import kept

from counterseal.errors import FormatError, LedgerError
from counterseal.evaluation.evidence import LedgerFacts
from counterseal.evaluation.rules import not_revoked, stage_not_held
from counterseal.history import History, content_of
from counterseal.history import state as states
from counterseal.history.events import Audit, Event, Reinstatement, Resume
from counterseal.model import FindingOutcome
from counterseal.policy import NoOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from counterseal.evaluation import Decision
    from counterseal.history.state import State
    from counterseal.model import Held, Revoked, Target

    Content = Decision | Event

BEGUN = states.after(None, kept.GENESIS, lines.LEDGER, kept.name(0))


def after(state: State, content: Content, entry_id: str) -> State:
    return states.after(state, content, lines.LEDGER, entry_id)


def fold(contents: Sequence[tuple[str, Content]], begun: State = BEGUN) -> State:
    """Return the state after entries; what no gate may have signed there is left out, as a gate would leave it out."""
    state = begun
    for entry_id, content in contents:
        said = content
        if isinstance(said, Event) and isinstance(said.body, Audit):
            said = dataclasses.replace(said, body=dataclasses.replace(said.body, verified=state.sequence))
        try:
            state = after(state, said, entry_id)
        except LedgerError:
            continue
    return state


#: A hold and a provisional revocation, so that not every ledger has to come across some.
STARTED: tuple[tuple[str, Content], ...] = (
    (kept.name(1), kept.hold("production", kept.PEOPLE[0])),
    (kept.name(2), kept.revocation_of(kept.TARGETS[0], kept.PEOPLE[1])),
)


@st.composite
def ledgers(draw: st.DrawFn, most: int = 7) -> list[tuple[str, Content]]:
    """Draw what gates were asked to record, one after the other; most of it they may."""
    contents = list(draw(st.sampled_from([(), STARTED])))
    state = fold(contents)
    for number in range(len(contents) + 1, draw(st.integers(3, most)) + 1):
        contents.append((kept.name(number), draw(kept.sensible(state))))
        state = fold(contents[-1:], state)
    return contents


def moments(*kept_states: State) -> list[datetime]:
    """Return the times from the last entry on at which something may begin or end, and those beside them."""
    now = max(state.time for state in kept_states)
    known: list[Held | Revoked] = [held for state in kept_states for held in state.holds]
    known += [each for state in kept_states for each in state.revoked]
    edges = {now, *(each.since for each in known), *(each.until for each in known if each.until)}
    beside = {edge + timedelta(seconds=by) for edge in edges for by in (-301, -1, 0, 1)}
    return sorted(at for at in beside if at >= now)


# --- deterministic and total ----------------------------------------------------------------


@given(st.lists(kept.anything(), max_size=6))
@settings(max_examples=200)
def test_whatever_lines_there_are_they_fold_or_are_refused_by_name(written: list[Callable[[int], bytes]]) -> None:
    history, state, sequence = History(), BEGUN, 1
    for line in written:
        try:
            entry = lines.entry(line(sequence))
            content = content_of(entry)
            state = after(state, content, entry.link.entry_id)
            history.add(entry.link.sequence, entry.link.entry_id, entry.attestation.digest, content)
        except (LedgerError, FormatError):
            continue
        sequence += 1
        at = state.time
        assert all(held.stands(at) in {True, False} for held in state.holds)
        assert all(known.stands(at) in {True, False} for known in state.revoked)
        assert states.parse(states.document(state), "the document") == state


@given(ledgers(), ledgers())
@settings(max_examples=100)
def test_who_begins_at_a_document_comes_to_the_same(
    before: list[tuple[str, Content]], later: list[tuple[str, Content]]
) -> None:
    state = fold(before)
    assert fold(before) == state
    read = states.parse(states.document(state), "the document")
    assert read == state
    assert states.document(fold(later, read)) == states.document(fold(later, state))


# --- what restricts only adds ---------------------------------------------------------------


def stopped(state: State, at: datetime) -> set[tuple[str, str]]:
    """Return the stages and manifests that nothing is let into, or that are not let in, as the rules have it."""
    facts = LedgerFacts(lines.LEDGER, state.sequence, (), state.holds, state.revoked)
    return set(_stopped(facts, at))


def _stopped(facts: LedgerFacts, at: datetime) -> Iterator[tuple[str, str]]:
    for stage in kept.STAGES:
        for manifest in kept.MANIFESTS:
            evidence = samples.evidence(now=at, stage=stage, manifest_digest=manifest, ledger=facts)
            findings = (judge(evidence, NoOptions()) for judge in (stage_not_held.judge, not_revoked.judge))
            if any(finding.outcome is FindingOutcome.VIOLATED for finding in findings):
                yield stage, manifest


@given(ledgers(), st.data())
@settings(max_examples=300)
def test_a_hold_or_revocation_more_lets_nothing_in(contents: list[tuple[str, Content]], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([len(contents), *range(len(contents))]))
    more = data.draw(kept.restricting(fold(contents[:place]), st.just(0)))
    without, having = fold(contents), fold([*contents[:place], (kept.name(99), more), *contents[place:]])
    for at in moments(without, having):
        assert stopped(without, at) <= stopped(having, at)
    assert without.stages.keys() == having.stages.keys()
    assert [each.entry_id for each in without.unpublished] == [each.entry_id for each in having.unpublished]


# --- none goes away but by people, or at its end ---------------------------------------------


def in_force(state: State, at: datetime) -> dict[str | Target, set[str]]:
    """Return what is in force at a moment: holds by their entry and things by their revocation, with the entries."""
    found: dict[str | Target, set[str]] = {held.entry_id: {held.entry_id} for held in state.holds if held.stands(at)}
    for known in state.revoked:
        if known.stands(at):
            found.setdefault(known.target, set()).add(known.entry_id)
    return found


def named(content: Content) -> tuple[str, ...]:
    """Return what an event may end: a resume and a reinstatement what they name, nothing else anything."""
    body = content.body if isinstance(content, Event) else None
    if isinstance(body, Resume):
        return body.holds
    return body.revocations if isinstance(body, Reinstatement) else ()


@given(ledgers(), st.data())
@settings(max_examples=300)
def test_none_goes_away_but_by_people_or_at_its_end(contents: list[tuple[str, Content]], data: st.DataObject) -> None:
    before = fold(contents)
    content = data.draw(kept.sensible(before))
    later = fold([(kept.name(99), content)], before)
    for at in moments(before, later):
        had, has = in_force(before, at), in_force(later, at)
        assert all(had[what] <= set(named(content)) for what in had.keys() - has.keys())
