"""Every transition that an event may be, and every one that no gate may have signed."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit import frozen
from tests.unit import ledger_lines as lines
from tests.unit.ledger_lines import FIRST, LEDGER, event

from counterseal.errors import LedgerError
from counterseal.evaluation import rules
from counterseal.history import state as states
from counterseal.history import transitions
from counterseal.history.events import (
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
)
from counterseal.model import Actor, Outcome, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.evaluation import Decision
    from counterseal.history.state import State

FILE, RUN = Target("artifact", "1" * 64), Target("run", "https://github.com/acme/app/actions/runs/1/attempts/1")
END = FIRST + timedelta(hours=72)
HOLDER = event(EventKind.HOLD, Hold("production", "promote", END, "why")).actor
ASKER, FIRST_OF_TWO, SECOND_OF_TWO = (Actor("github.com", number, f"p{number}") for number in (71, 72, 73))
CONSENT = dataclasses.replace(frozen.CONSENT, requester=ASKER, approvers=(FIRST_OF_TWO, SECOND_OF_TWO))


def name(text: str) -> str:
    return lines.identifier(text)


def known() -> State:
    """Return a state with a hold, one that was resumed; a provisional revocation, a lasting one, one taken back."""
    state = states.after(None, event(EventKind.GENESIS, Genesis(LEDGER, "aa" * 32)), LEDGER, name("genesis"))
    for entry, said in (
        ("hold", event(EventKind.HOLD, Hold("production", "promote", END, "why"))),
        ("resumed", event(EventKind.HOLD, Hold(None, "all", END, "why"))),
        ("end", event(EventKind.RESUME, Resume((name("resumed"),), "why", CONSENT))),
        ("provisional", event(EventKind.REVOCATION, Revocation(FILE, FIRST, END, None, "why", None))),
        ("lasting", event(EventKind.REVOCATION, Revocation(RUN, FIRST, None, None, "why", CONSENT))),
        ("taken back", event(EventKind.REVOCATION, Revocation(FILE, FIRST, END, None, "why", None))),
        ("back", event(EventKind.REINSTATEMENT, Reinstatement((name("taken back"),), "why", CONSENT))),
    ):
        state = states.after(state, said, LEDGER, name(entry))
    return state


BEFORE = known()


def after(said: Event) -> State:
    return states.after(BEFORE, said, LEDGER, name("new"))


def hold(**changes: Any) -> Event:
    return event(EventKind.HOLD, dataclasses.replace(Hold("staging", "promote", END, "why"), **changes))


def resume(*entries: str, **consent: Any) -> Event:
    agreed = dataclasses.replace(CONSENT, **consent)
    return event(EventKind.RESUME, Resume(tuple(map(name, entries)), "why", agreed))


def reinstate(*entries: str, **consent: Any) -> Event:
    agreed = dataclasses.replace(CONSENT, **consent)
    return event(EventKind.REINSTATEMENT, Reinstatement(tuple(map(name, entries)), "why", agreed))


def revoke(target: Target = FILE, **changes: Any) -> Event:
    body = Revocation(target, FIRST, END, None, "why", None)
    return event(EventKind.REVOCATION, dataclasses.replace(body, **changes))


def by_two(target: Target = FILE, confirms: str | None = None, **consent: Any) -> Event:
    agreed = dataclasses.replace(CONSENT, **consent)
    return revoke(target, until=None, confirms=name(confirms) if confirms else None, consent=agreed)


@pytest.mark.parametrize(
    ("said", "holds", "revoked"),
    [
        (hold(), 2, 2),
        (hold(stage=None, stops="all"), 2, 2),
        (hold(stage="production"), 2, 2),  # a second one of the same
        (resume("hold"), 0, 2),
        (revoke(), 1, 3),
        (revoke(Target("manifest", "2" * 64)), 1, 3),
        (by_two(), 1, 3),
        *((by_two(Target(kind, "x")), 1, 3) for kind in ("manifest", "run", "gate", "identity")),
        (by_two(confirms="provisional"), 1, 2),
        (reinstate("provisional"), 1, 1),
        (reinstate("lasting"), 1, 1),
        (reinstate("lasting", "provisional"), 1, 0),
    ],
)
def test_what_may_follow(said: Event, holds: int, revoked: int) -> None:
    state = after(said)
    assert sum(held.stands(FIRST) for held in state.holds) == holds
    assert sum(each.stands(FIRST) for each in state.revoked) == revoked


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (hold(until=FIRST), "ends before it begins"),
        (resume(), "names no entries"),
        (resume("hold", "hold"), "one twice"),
        (resume("resumed"), "resumed before"),
        (resume("hold", "resumed"), "resumed before"),
        *((resume("hold", other), "not in force") for other in ("provisional", "lasting", "end", "genesis", "nothing")),
        (reinstate(), "names no entries"),
        *((reinstate(other), "not in force") for other in ("hold", "resumed", "end", "genesis", "nothing")),
        *((revoke(Target(kind, "x")), "takes 2") for kind in ("run", "gate", "identity", "something")),
        (revoke(until=None), "for good"),
        (revoke(confirms=name("provisional")), "for good"),
        (revoke(consent=CONSENT), "and that ends"),
        (reinstate("taken back"), "taken back or confirmed before"),
        (by_two(confirms="taken back"), "was taken back"),
        (by_two(confirms="hold"), "not in force"),
        (by_two(confirms="nothing"), "not in force"),
        (by_two(RUN, confirms="lasting"), "lasts already"),
        (by_two(RUN, confirms="provisional"), "something else"),
        (revoke(since=END, until=None, confirms=name("provisional"), consent=CONSENT), "counts from later"),
    ],
)
def test_what_no_gate_may_have_signed(said: Event, why: str) -> None:
    with pytest.raises(LedgerError, match=f"entry 8: no gate may have signed this {said.kind}") as caught:
        after(said)
    assert why in caught.value.why


@pytest.mark.parametrize(
    "approvers",
    [
        (),
        (FIRST_OF_TWO,),
        (FIRST_OF_TWO, FIRST_OF_TWO),
        (FIRST_OF_TWO, ASKER),
    ],
)
@pytest.mark.parametrize("make", [lambda **said: resume("hold", **said), lambda **said: reinstate("lasting", **said),
                                  by_two, lambda **said: by_two(confirms="provisional", **said)])  # fmt: skip
def test_too_few_agree(make: Any, approvers: tuple[Actor, ...]) -> None:
    with pytest.raises(LedgerError) as caught:
        after(make(approvers=approvers))
    assert "it takes 2" in caught.value.why


@pytest.mark.parametrize("make", [lambda **said: resume("hold", **said),
                                  lambda **said: by_two(confirms="provisional", **said)])  # fmt: skip
def test_whoever_made_it_does_not_agree_to_its_end(make: Any) -> None:
    with pytest.raises(LedgerError, match="no gate may have signed"):
        after(make(approvers=(FIRST_OF_TWO, HOLDER)))
    assert after(make(approvers=(FIRST_OF_TWO, HOLDER, SECOND_OF_TWO))).sequence == 8


def test_readers_ask_for_as_many_as_the_gate() -> None:
    assert transitions.QUORUM == rules.CONSENT


def test_whoever_revoked_may_agree_to_take_it_back() -> None:
    assert after(reinstate("provisional", approvers=(FIRST_OF_TWO, HOLDER))).revoked


def test_no_revocation_lifts_a_hold() -> None:
    for kind in ("manifest", "artifact", "run", "gate", "identity"):
        state = after(by_two(Target(kind, "x", FIRST - timedelta(days=9))))
        assert state.holds == BEFORE.holds


# --- the table that the page draws -----------------------------------------------------------


def test_the_table_is_whole() -> None:
    words = transitions.CONDITIONS
    assert {step.thing for step in transitions.STEPS} == words.keys()
    for thing, conditions in words.items():
        steps = [step for step in transitions.STEPS if step.thing == thing]
        assert {*(step.before for step in steps), *(step.after for step in steps)} == conditions.keys()
        assert len({(step.before, step.by) for step in steps}) == len(steps), "where it leads is certain"
        assert len(conditions.keys() - {step.after for step in steps}) == 1, "there is one beginning"


def condition(state: State, entry: str) -> str:
    """Return the condition of a hold or a revocation in a state."""
    for held in state.holds:
        if held.entry_id == name(entry):
            return transitions.RESUMED if held.ended else transitions.IN_FORCE
    for each in state.revoked:
        if each.entry_id == name(entry):
            return (
                transitions.TAKEN_BACK if each.ended else transitions.PROVISIONAL if each.until else transitions.LASTING
            )
    return transitions.ABSENT


#: The event that makes a step, of the thing with a name; what comes to be has the name `new`.
MAKE: dict[str, Callable[[str], Event]] = {
    "hold": lambda _: hold(),
    "resume": resume,
    "revocation at once": lambda _: revoke(),
    "revocation by two": lambda _: by_two(),
    "confirmation": lambda entry: by_two(RUN if entry == "lasting" else FILE, confirms=entry),
    "reinstatement": reinstate,
}
#: What there is of each thing in `BEFORE`, by condition.
THERE = {
    transitions.HOLD: {transitions.IN_FORCE: "hold", transitions.RESUMED: "resumed"},
    transitions.REVOCATION: {
        transitions.PROVISIONAL: "provisional",
        transitions.LASTING: "lasting",
        transitions.TAKEN_BACK: "taken back",
    },
}
MADE_NEW = ("hold", "revocation at once", "revocation by two", "confirmation")
CASES = [
    (thing, before, by)
    for thing, there in THERE.items()
    for before in (transitions.ABSENT, *there)
    for by in MAKE
    if before == transitions.ABSENT or by in ("resume", "confirmation", "reinstatement")
]


@pytest.mark.parametrize(("thing", "before", "by"), CASES)
def test_events_do_what_the_table_says_and_nothing_else_follows(thing: str, before: str, by: str) -> None:
    entry = THERE[thing].get(before, "new")
    assert condition(BEFORE, entry) == before
    leads = [step.after for step in transitions.STEPS if (step.thing, step.before, step.by) == (thing, before, by)]
    made = MAKE[by](entry)
    of_this = (made.kind is EventKind.HOLD) is (thing == transitions.HOLD)
    if not leads and (by not in MADE_NEW[:3] or before != transitions.ABSENT):
        with pytest.raises(LedgerError, match="no gate may have signed"):
            after(made)
    elif of_this or leads:
        now = condition(after(made), "new" if by in MADE_NEW else entry)
        forgotten = before == transitions.LASTING and leads == [transitions.TAKEN_BACK]
        assert now == (transitions.ABSENT if forgotten else leads[0])


def withdrawn(tag: str) -> Event:
    made = lines.decision(tag)
    assert made.manifest is not None
    body = Withdrawn(made.stage, made.manifest.sha256, EntryReference(name(tag), 1, "d" * 64), "tag-moved", {})
    return event(EventKind.WITHDRAWN, body)


def published(tag: str) -> Event:
    made = lines.decision(tag)
    assert made.manifest is not None
    body = Publication(made.stage, f"v{tag}", made.manifest.sha256, EntryReference(name(tag), 1, "d" * 64), 55, ())
    return event(EventKind.PUBLICATION, body)


#: How the manifest of "x" comes to each condition, and what then happens to it.
WAYS: dict[str, tuple[str, ...]] = {
    "absent": (),
    "denied": ("deny",),
    "active": ("allow",),
    "superseded": ("allow", "allow of another"),
    "withdrawn": ("allow", "withdrawal"),
    "waiting": ("allow",),
    "published": ("allow", "publication"),
}
HAPPENS: dict[str, tuple[str, Decision | Event]] = {
    "deny": ("denied", lines.decision("x", outcome=Outcome.DENY)),
    "allow": ("x", lines.decision("x")),
    "allow of another": ("y", lines.decision("y")),
    "withdrawal": ("withdrawal of x", withdrawn("x")),
    "withdrawal of the newer": ("withdrawal of y", withdrawn("y")),
    "publication": ("publication", published("x")),
}


@pytest.mark.parametrize(
    "step", [step for step in transitions.STEPS if step.thing in (transitions.MANIFEST, transitions.PUBLICATION)]
)
def test_decisions_do_what_the_table_says(step: transitions.Step) -> None:
    state = BEFORE
    for entry, said in map(HAPPENS.__getitem__, (*WAYS[step.before], step.by)):
        state = states.after(state, said, LEDGER, name(entry))
    had = state.stages.get("production")
    current = bool(had and had.current and had.current.tag == "vx")
    before = bool(had and any(each.tag == "vx" for each in had.before))
    waits = any(each.tag == "vx" for each in state.unpublished)
    if step.thing == transitions.PUBLICATION:
        assert not waits
        assert current is (step.after == "published")
    else:
        assert current is (step.after == "active")
        assert current or before is (step.after == "superseded")
