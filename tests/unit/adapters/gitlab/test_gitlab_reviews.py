"""Reviews of a merge request out of notes, versions and the list: a table of facts, and what no missing note may do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.adapters.gitlab.reviews import Note, Standing, Version, head_at, is_opinion, retargeted_at, reviews
from counterseal.model import Actor, Review, ReviewState

URL = "https://gitlab.com/acme/app/-/merge_requests/1"
ALICE, BOB, CAROL = (Actor("gitlab.com", 1000 + number, name) for number, name in enumerate(("alice", "bob", "carol")))
PEOPLE = (ALICE, BOB, CAROL)
A, B = "a" * 40, "b" * 40
APPROVED, UNAPPROVED, DEMANDED = "approved this merge request", "unapproved this merge request", "requested changes"


def at(second: float) -> datetime:
    return datetime(2026, 11, 24, 9, 0, tzinfo=UTC) + timedelta(seconds=second)


def version(second: float, head: str) -> Version:
    return Version(int(second), head, "0" * 40, at(second))


def note(second: float, actor: Actor | None, body: str) -> Note:
    return Note(int(second * 10), actor, body, at(second))


def standing(*approved: Actor, objecting: tuple[Actor, ...] = (), when: datetime | None = None) -> Standing:
    return Standing({each.id: (each, when) for each in approved}, {each.id: each for each in objecting})


def told(found: tuple[Review, ...]) -> list[tuple[str | None, str, str | None]]:
    return [(each.actor.login if each.actor else None, each.state.value, each.revision) for each in found]


PUSHED = (version(0, A), version(20, B))
NO, GONE = ("alice", "dismissed", None), "reset approvals from {} by pushing to the branch"
YES_A, YES_B = ("alice", "approved", A), ("alice", "approved", B)

TABLE = {
    "nothing": ([], standing(), []),
    "of the head of its time": ([note(10, ALICE, APPROVED)], standing(ALICE), [YES_A]),
    "at the very moment of a version": ([note(20, ALICE, APPROVED)], standing(ALICE), [YES_B]),
    "before any version": ([note(-1, ALICE, APPROVED)], standing(ALICE), [("alice", "approved", None)]),
    "taken back": ([note(10, ALICE, APPROVED), note(11, ALICE, UNAPPROVED)], standing(), [YES_A, NO]),
    "not in the list": ([note(10, ALICE, APPROVED)], standing(), [YES_A, NO]),
    "only in the list": ([], standing(ALICE), [NO]),
    "twice, and what lay between is not known": (
        [note(10, ALICE, APPROVED), note(30, ALICE, APPROVED)],
        standing(ALICE),
        [YES_A, NO, YES_B],
    ),
    "reset": ([note(10, ALICE, APPROVED), note(21, BOB, GONE.format("@Alice"))], standing(), [YES_A, NO]),
    "reset, which the list does not know yet": (
        [note(10, ALICE, APPROVED), note(21, BOB, GONE.format("@bob and @Alice"))],
        standing(ALICE),
        [YES_A, NO, NO],
    ),
    "words around a reset": (
        [note(10, ALICE, APPROVED), note(21, BOB, f"said: {GONE.format('@alice')}")],
        standing(ALICE),
        [YES_A],
    ),
    "reset of others": (
        [note(10, ALICE, APPROVED), note(21, BOB, GONE.format("@carol and @alice2"))],
        standing(ALICE),
        [YES_A],
    ),
    "a demand takes the approval away": (
        [note(10, ALICE, APPROVED), note(30, ALICE, DEMANDED)],
        standing(objecting=(ALICE,)),
        [YES_A, ("alice", "changes-requested", B)],
    ),
    "a demand is not taken back with the approval": (
        [note(10, ALICE, DEMANDED), note(11, ALICE, UNAPPROVED)],
        standing(),
        [("alice", "changes-requested", A)],
    ),
    "a demand without a note": ([], standing(objecting=(ALICE,)), [("alice", "changes-requested", None)]),
    "a demand and the list": ([note(10, ALICE, DEMANDED)], standing(ALICE), [("alice", "changes-requested", A)]),
    "a demand that is lifted": ([note(10, ALICE, DEMANDED), note(30, ALICE, APPROVED)], standing(ALICE), [
        ("alice", "changes-requested", A),
        YES_B,
    ]),
    "of an account that is gone": ([note(10, None, APPROVED)], standing(), [(None, "approved", A)]),
    "other words": ([note(10, ALICE, f"{APPROVED}."), note(11, ALICE, APPROVED.upper())], standing(), []),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_what_the_sources_come_to(name: str) -> None:
    notes, now, expected = TABLE[name]
    assert told(reviews(notes, PUSHED, now, URL)) == expected


@pytest.mark.parametrize(
    ("listed", "second", "revision"), [(None, 21, B), (19.5, 19.5, A), (21, 21, B), (-5, -5, None)]
)
def test_an_approval_is_dated_by_the_list_where_that_is_earlier(
    listed: float | None, second: float, revision: str | None
) -> None:
    now = standing(ALICE, when=None if listed is None else at(listed))
    (found,) = reviews([note(21, ALICE, APPROVED)], PUSHED, now, URL)
    assert (found.submitted_at, found.revision) == (at(second), revision)


def test_an_approval_that_is_younger_than_its_note_is_another_one() -> None:
    found = reviews([note(21, ALICE, APPROVED)], PUSHED, standing(ALICE, when=at(25)), URL)
    assert told(found) == [YES_B, NO]


def test_neither_the_note_of_a_reset_nor_that_of_the_next_approval_was_written() -> None:
    found = reviews([note(10, ALICE, APPROVED)], PUSHED, standing(ALICE, when=at(21)), URL)
    assert told(found) == [YES_A, NO]


def test_a_reset_names_people_in_any_case() -> None:
    shouting = replace(ALICE, login="Alice")
    notes = [note(10, shouting, APPROVED), note(21, BOB, GONE.format("@alice"))]
    assert [each.state.value for each in reviews(notes, PUSHED, standing(shouting), URL)][:2] == [
        "approved",
        "dismissed",
    ]


def test_a_review_leads_to_its_note() -> None:
    (found,) = reviews([note(10, ALICE, APPROVED)], PUSHED, standing(ALICE), URL)
    assert (found.id, found.url) == (100, f"{URL}#note_100")


def test_the_head_of_a_moment() -> None:
    assert [head_at(PUSHED, at(each)) for each in (-1, 0, 19.9, 20, 99)] == [None, A, A, B, B]
    assert head_at((), at(0)) is None


def test_two_signs_of_another_branch() -> None:
    turned = note(30, BOB, "changed target branch from `main` to `stable`")
    assert retargeted_at([], PUSHED) is None
    assert retargeted_at([turned], PUSHED) == at(30)
    assert retargeted_at([], (*PUSHED, version(25, B))) == at(25)
    assert retargeted_at([turned], (*PUSHED, version(40, B))) == at(40)
    assert retargeted_at([note(30, BOB, "said: changed target branch from `a` to `b`")], PUSHED) is None
    assert retargeted_at([], (*PUSHED, version(25, A))) is None, "a push of an older head"


def test_only_three_texts_are_opinions() -> None:
    assert [
        each for each in (APPROVED, UNAPPROVED, DEMANDED, f" {APPROVED}", "LGTM", "", GONE) if is_opinion(each)
    ] == [
        APPROVED,
        UNAPPROVED,
        DEMANDED,
    ]


# --- whatever happens, and whatever is missing -----------------------------------------------


@dataclass(frozen=True)
class Told:
    """What an honest GitLab tells."""

    notes: tuple[Note, ...]
    versions: tuple[Version, ...]
    now: Standing

    def stands(self) -> set[tuple[int, str | None]]:
        """Return who approved which revision with nothing after it."""
        found: set[tuple[int, str | None]] = set()
        for each in reviews(self.notes, self.versions, self.now, URL):
            assert each.actor is not None
            if each.state is ReviewState.APPROVED:
                found.add((each.actor.id, each.revision))
            else:
                found = {pair for pair in found if pair[0] != each.actor.id}
        return found


@st.composite
def tellings(draw: st.DrawFn) -> Told:
    notes, versions, approved, objecting = [], [version(0, A)], dict[int, tuple[Actor, datetime]](), dict[int, Actor]()
    steps = st.tuples(st.sampled_from(PEOPLE), st.sampled_from((APPROVED, APPROVED, UNAPPROVED, DEMANDED, "", GONE)))
    for second, (who, body) in enumerate(draw(st.lists(steps, max_size=9)), 1):
        names = " and ".join(f"@{each.login}" for each, _ in approved.values())
        possible = {APPROVED: who.id not in approved, UNAPPROVED: who.id in approved, GONE: bool(approved)}
        if not possible.get(body, True):
            continue
        if body in ("", GONE):
            versions.append(version(second, draw(st.sampled_from((A, B)))))
        if body:
            notes.append(note(second, who, body.format(names)))
        if body == GONE:
            approved.clear()
        elif body == APPROVED:
            approved[who.id] = who, at(second)
            objecting.pop(who.id, None)
        elif body:
            approved.pop(who.id, None)
        if body == DEMANDED:
            objecting[who.id] = who
    return Told(tuple(notes), tuple(versions), Standing(approved, objecting))


@given(tellings())
def test_who_approves_is_who_the_list_says_at_the_head_of_that_moment(told: Told) -> None:
    assert told.stands() == {
        (number, head_at(told.versions, moment or at(0))) for number, (_, moment) in told.now.approved.items()
    }


@given(tellings(), st.data())
def test_a_note_that_is_missing_adds_no_approval(told: Told, data: st.DataObject) -> None:
    kept = [each for each in told.notes if data.draw(st.booleans())]
    assert replace(told, notes=tuple(kept)).stands() <= told.stands()


@given(tellings(), st.sampled_from(PEOPLE))
def test_somebody_less_in_the_list_is_an_approval_less(told: Told, who: Actor) -> None:
    less = Standing({key: each for key, each in told.now.approved.items() if key != who.id}, told.now.objecting)
    assert replace(told, now=less).stands() == {each for each in told.stands() if each[0] != who.id}


@given(tellings(), st.sampled_from(PEOPLE), st.integers(0, 9), st.text() | st.sampled_from(("LGTM", f" {APPROVED}")))
def test_a_text_that_nobody_knows_changes_nothing(told: Told, who: Actor, place: int, text: str) -> None:
    more = (*told.notes[:place], Note(7, who, text, at(place)), *told.notes[place:])
    assert replace(told, notes=more).stands() == told.stands()


@given(tellings())
def test_the_order_of_notes_of_different_people_does_not_matter(told: Told) -> None:
    """Notes of one moment come in any order; a reset is about several people, so there it would."""
    notes = [each for each in told.notes if is_opinion(each.body)]
    own = {who.id: [each for each in notes if each.actor == who] for who in PEOPLE}
    by_person = tuple(each for who in PEOPLE for each in own[who.id])
    assert replace(told, notes=by_person).stands() == replace(told, notes=tuple(notes)).stands()
