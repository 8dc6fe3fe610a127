"""One history, both faces: whatever people do to a request, both forges end with the verdict that a third judge gives.

What a history comes to at each forge is held against `histories.verdict`, which knows no forge, and then against the
other forge's. A failing test prints what happened at each, in plain words.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.flow.histories import (
    ALONE,
    HISTORIES,
    NAMED,
    Approve,
    Demand,
    Dismiss,
    History,
    Lose,
    Merge,
    Open,
    Push,
    PushBack,
    Retarget,
    Revive,
    Step,
    TakeBack,
    verdict,
)
from tests.flow.two_faces import START, GitHub, GitLab, Outcome

from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Faces = tuple[GitHub, GitLab]
REVISION, ENOUGH, AUTHOR = RULES = ("review-of-this-revision", "enough-reviews", "author-did-not-approve")


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faces]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        sandbox.forge.clock = lambda: START
        yield GitHub(sandbox), GitLab(sandbox)
        assert sandbox.forge.unknown_calls == []


# --- where the forges differ -----------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """A step of a history, what came before and after it, and what it was at each forge."""

    history: History
    place: int
    github: tuple[Step, ...]
    gitlab: tuple[Step, ...]

    @property
    def step(self) -> Step:
        return self.history.steps[self.place]

    def is_one(self, *kinds: type[Step], at: str) -> bool:
        """Return whether it is a step of such a kind, which only the forge `at` took."""
        alone = (self.github, self.gitlab) if at == "GitHub" else (self.gitlab, self.github)
        return isinstance(self.step, kinds) and alone == ((self.step,), ())

    @property
    def by_author(self) -> bool:
        return self.step.who == self.history.steps[1].who

    @property
    def may_write(self) -> bool:
        before = self.history.steps[: self.place]
        return self.step.who not in {"rita", *(each.who for each in before if isinstance(each, Lose))}

    @property
    def demanded(self) -> bool:
        return Demand(self.step.who) in self.history.steps[: self.place]

    @property
    def first_may_matter(self) -> bool:
        """Return whether an approval from before may be about what is merged: it is merged, or pushed back later."""
        earlier, later = self.history.steps[: self.place], self.history.steps[self.place + 1 :]
        returns = any(isinstance(each, PushBack) or (isinstance(each, Push) and each.over) for each in later)
        return returns or any(isinstance(each, Merge) for each in earlier)

    @property
    def resets(self) -> bool:
        """Return whether it is a push that takes approvals away at GitLab."""
        rest = {type(each) for each in self.gitlab[1:]}
        return self.history.push_resets and self.github == self.gitlab[:1] == (self.step,) and rest == {TakeBack}

    @property
    def again(self) -> bool:
        """Return whether it is one more approval by somebody who approves."""
        return (self.github, self.gitlab) == ((self.step,), (TakeBack(self.step.who), self.step))


class Effect(Enum):
    """How far the verdicts may lie apart. That GitLab allows what GitHub denies has no place here."""

    NONE = "not at all"
    NAMED = "the person's approval counts at neither, and only one of them names it"
    STRICTER = "GitLab may deny what GitHub allows"


#: What the forges do not have in common, and why.
DIFFERENCES: Final[tuple[tuple[str, Effect, Callable[[Scene], bool]], ...]] = (
    (
        "everybody may review at GitHub; approvals at GitLab need a Developer",
        Effect.NAMED,
        lambda it: it.is_one(Approve, TakeBack, at="GitHub") and not it.may_write and not it.demanded,
    ),
    (
        "so who asked for changes and may not write any more can approve after all at GitHub only",
        Effect.STRICTER,
        lambda it: it.is_one(Approve, TakeBack, at="GitHub") and not it.may_write,
    ),
    (
        "a GitLab project can let authors approve; GitHub never does",
        Effect.NAMED,
        lambda it: (
            it.history.author_may_approve
            and it.by_author
            and isinstance(it.step, Approve | TakeBack)
            and (it.github, it.gitlab[-1:]) == ((), (it.step,))
        ),
    ),
    (
        "there is one approval a person at GitLab: who gives another one has to take back the first",
        Effect.NONE,
        lambda it: it.again and not it.first_may_matter,
    ),
    (
        "so a push of the old head does not bring back the first one at GitLab, nor does anything after the merge",
        Effect.STRICTER,
        lambda it: it.again,
    ),
    (
        "a push may take back approvals at GitLab, by a setting of the project",
        Effect.NONE,
        lambda it: it.resets and not it.first_may_matter,
    ),
    (
        "so a push of the old head does not bring back at GitLab what a push took away",
        Effect.STRICTER,
        lambda it: it.resets,
    ),
    (
        "what a push has taken back at GitLab, nobody takes back again",
        Effect.NONE,
        lambda it: it.history.push_resets and it.is_one(TakeBack, at="GitHub"),
    ),
    (
        "a request that is opened again has a new version at GitLab, which only what is approved after it is about",
        Effect.STRICTER,
        lambda it: isinstance(it.step, Revive) and it.github == it.gitlab[:1] == (it.step,),
    ),
    (
        "a demand for changes can be dismissed at GitHub; at GitLab only an approval of who made it ends it",
        Effect.STRICTER,
        lambda it: it.is_one(Dismiss, at="GitHub"),
    ),
    (
        "authors may ask for changes of their own request at GitLab",
        Effect.STRICTER,
        lambda it: it.by_author and it.is_one(Demand, at="GitLab"),
    ),
)


def differences(history: History, github: Outcome, gitlab: Outcome) -> list[tuple[Step, str, Effect]]:
    """Return the steps that came to different things, each with the one reason for it."""
    found = []
    for place, (one, other) in enumerate(zip(github.happened, gitlab.happened, strict=True)):
        if one != other:
            scene = Scene(history, place, one, other)
            reason = next(((why, effect) for why, effect, fits in DIFFERENCES if fits(scene)), None)
            assert reason, f"{scene.step}: {one} at GitHub and {other} at GitLab, and no reason is known"
            found.append((scene.step, *reason))
    return found


# --- the same verdict ------------------------------------------------------------------------


def judge(face: GitHub | GitLab, history: History) -> Outcome:
    """Return what a history comes to at a forge, after holding it against the oracle."""
    found = face.play(history)
    expected = verdict(found.log)
    assert (found.counted(REVISION), found.dismissed(REVISION)) == (expected.counted, expected.dismissed), found
    assert found.codes == expected.codes, found
    return found


def compare(faces: Faces, history: History) -> tuple[Outcome, Outcome, list[tuple[Step, str, Effect]]]:
    """Let a history happen at both forges and demand the same verdict, but for the differences above."""
    github, gitlab = (judge(each, history) for each in faces)
    found = differences(history, github, gitlab)
    both = f"\n{github}\n{gitlab}"
    assert gitlab.allowed <= github.allowed, both
    assert gitlab.counted(REVISION) <= github.counted(REVISION), both
    if Effect.STRICTER not in {effect for _, _, effect in found}:
        apart = {step.who for step, _, effect in found if effect is Effect.NAMED}
        assert not apart & github.counted(REVISION), both
        for rule in RULES:
            assert github.findings[rule].outcome is gitlab.findings[rule].outcome, both
            assert github.codes[rule] == gitlab.codes[rule], both
            assert github.counted(rule) == gitlab.counted(rule), both
            assert github.dismissed(rule) - apart == gitlab.dismissed(rule) - apart, both
    return github, gitlab, found


def many(examples: int) -> settings:
    """Return the settings for so many; a failure is shrunk, but not explained: that would take minutes."""
    phases = [each for each in Phase if each is not Phase.explain]
    return settings(max_examples=examples, phases=phases, suppress_health_check=[HealthCheck.too_slow])


@many(10)
@given(history=HISTORIES)
def test_some_histories_end_alike(faces: Faces, history: History) -> None:
    compare(faces, history)


@pytest.mark.slow
@many(100)
@given(history=HISTORIES)
def test_many_histories_end_alike(faces: Faces, history: History) -> None:
    compare(faces, history)


@pytest.mark.slow
def test_every_ending_is_among_these_histories() -> None:
    seen: set[str] = set()

    @settings(many(300), derandomize=True)
    @given(HISTORIES)
    def look(history: History) -> None:
        codes = verdict(history.steps).codes
        seen.update([*codes.values(), *(["allowed"] if set(codes.values()) == {"satisfied"} else [])])

    look()
    review = {"other-branch", "changes-requested", "not-reviewed", "not-merged"}
    assert {"allowed", "review-missing", "author-unknown", "nobody-else", *review} <= seen


#: For each difference a history in which it is the only one.
BOB: Final = (Push("bob", "bob"), Open("bob"))
END: Final = (Merge("bob", "squash"),)
SHOWN = {
    DIFFERENCES[0][0]: History((*BOB, Approve("rita"), Approve("alice"), *END)),
    DIFFERENCES[1][0]: History((*BOB, Approve("alice"), Demand("carol"), Lose("carol"), Approve("carol"), *END)),
    DIFFERENCES[2][0]: History((*BOB, Approve("bob"), Approve("alice"), *END), author_may_approve=True),
    DIFFERENCES[3][0]: History((*BOB, Approve("alice"), Push("bob", "bob"), Approve("alice"), *END)),
    DIFFERENCES[4][0]: History((*BOB, Approve("alice"), Push("bob", "bob"), Approve("alice"), PushBack("dora"), *END)),
    DIFFERENCES[5][0]: History(
        (*BOB, Approve("carol"), Push("dora", "dora"), Approve("alice"), *END), push_resets=True
    ),
    DIFFERENCES[6][0]: History((*BOB, Approve("alice"), Push("bob", "bob"), PushBack("dora"), *END), push_resets=True),
    DIFFERENCES[7][0]: History(
        (*BOB, Approve("alice"), Push("bob", "bob"), TakeBack("alice"), Approve("carol"), *END), push_resets=True
    ),
    DIFFERENCES[8][0]: History((*BOB, Approve("alice"), Revive("bob"), *END)),
    DIFFERENCES[9][0]: History((*BOB, Approve("alice"), Demand("carol"), Dismiss("dora", "carol"), *END)),
    DIFFERENCES[10][0]: History((*BOB, Approve("alice"), Demand("bob"), *END)),
}


@pytest.mark.slow
@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda it: it[0])
def test_each_difference_is_real_and_as_big_as_it_is_said_to_be(
    faces: Faces, difference: tuple[str, Effect, object]
) -> None:
    why, effect, _ = difference
    github, gitlab, found = compare(faces, SHOWN[why])
    assert (why, effect) in [each[1:] for each in found]
    assert github.allowed
    assert gitlab.allowed == (effect is not Effect.STRICTER)
    if effect is not Effect.STRICTER:
        assert (github.dismissed(ENOUGH) == gitlab.dismissed(ENOUGH)) == (effect is Effect.NONE)


#: What comes between, and must not let alice's approval count, whatever chance brings to the other tests.
LAST = (Push("mallory", "mallory", over=True), Push("mallory", "bob", "mallory"))
DENIED: Final[dict[str, tuple[Step, ...]]] = {
    "an older revision": (Approve("alice"), Push("bob", "bob")),
    "taken back": (Approve("alice"), TakeBack("alice")),
    "changes asked for": (Approve("alice"), Demand("alice")),
    "for another branch": (Approve("alice"), Retarget("olga", "stable"), Retarget("olga", "main")),
    "a reader by now": (Approve("alice"), Lose("alice")),
    "gone by now": (Approve("alice"), Lose("alice", read=False)),
    "own commit": (Push("bob", "alice"), Approve("alice")),
    "co-author": (Push("bob", "bob", "alice"), Approve("alice")),
    "pushed it": (Push("alice", "bob"), Approve("alice")),
    "pushed long ago": (Push("alice", "bob"), Push("carol", "bob", "bob"), *LAST, Approve("alice")),
    "pushed before a push back": (
        Push("alice", "bob"),
        Push("carol", "bob", "bob"),
        PushBack("dora"),
        LAST[1],
        Approve("alice"),
    ),
    "restored it": (Revive("alice"), Approve("alice")),
    "pushed before it was restored": (Push("alice", "bob"), Revive("dora"), Approve("alice")),
    "pushed before it was restored and pushed over": (
        Push("alice", "bob"),
        Revive("dora"),
        Push("carol", "bob", over=True),
        Approve("alice"),
    ),
    "pushed before a detour": (
        Push("alice", "bob"),
        Retarget("olga", "own"),
        Push("dora", "bob"),
        Retarget("olga", "main"),
        Approve("alice"),
    ),
    "too late": (*END, Approve("alice")),
}


@pytest.mark.parametrize("name", DENIED)
def test_an_approval_that_must_not_count(faces: Faces, name: str) -> None:
    github, gitlab, _ = compare(faces, History((*BOB, *DENIED[name], *END)))
    for outcome in (github, gitlab):
        assert not outcome.allowed
        assert not outcome.counted(REVISION)


#: Who dismisses what carol asked for, after what, and when; nobody of them ends it.
DISMISSED: Final[dict[str, tuple[Step, ...]]] = {
    "by the author": (Demand("carol"), Dismiss("bob", "carol")),
    "by a pusher": (Push("dora", "bob"), Approve("alice"), Demand("carol"), Dismiss("dora", "carol")),
    "by a committer": (Push("bob", "dora"), Approve("alice"), Demand("carol"), Dismiss("dora", "carol")),
    "by who restored the branch": (Demand("carol"), Revive("dora"), Approve("alice"), Dismiss("dora", "carol")),
    "by one who pushes later": (Demand("carol"), Dismiss("dora", "carol"), Push("dora", "bob"), Approve("alice")),
    "by a bot of the policy": (Demand("carol"), Dismiss("bot", "carol")),
    "by a writer who is not in the policy": (Demand("carol"), Dismiss("mallory", "carol")),
    "by one who may not write any more": (Demand("carol"), Dismiss("dora", "carol"), Lose("dora")),
    "only the last of two": (Demand("carol"), Demand("carol"), Dismiss("dora", "carol")),
    "after the merge": (Demand("carol"), *END, Dismiss("dora", "carol")),
}


@pytest.mark.parametrize("name", DISMISSED)
def test_an_objection_that_is_not_closed(faces: Faces, name: str) -> None:
    history = History((*BOB, Approve("alice"), *DISMISSED[name], *END))
    for face in faces:
        outcome = judge(face, history)
        assert outcome.codes[REVISION] == "changes-requested"
        if face is faces[0]:
            assert outcome.findings[REVISION].data["dismissedBy"] or "two" in name


@pytest.mark.parametrize("closed", [Dismiss("dora", "carol"), Dismiss("carol", "carol")], ids=str)
def test_an_objection_is_closed_by_who_made_it_or_who_may_approve(faces: Faces, closed: Step) -> None:
    github, gitlab, _ = compare(faces, History((*BOB, Approve("alice"), Demand("carol"), closed, *END)))
    assert github.allowed
    assert not gitlab.allowed


# --- what may never happen -------------------------------------------------------------------


@pytest.mark.slow
@many(25)
@given(history=ALONE)
def test_one_writer_alone_with_a_bot_and_the_names_of_others_never_gets_an_allow(
    faces: Faces, history: History
) -> None:
    github, gitlab, _ = compare(faces, history)
    assert not github.allowed
    assert not gitlab.allowed


@pytest.mark.slow
@many(15)
@given(history=HISTORIES, data=st.data())
def test_less_approval_or_more_objection_never_turns_a_deny_into_an_allow(
    faces: Faces, history: History, data: st.DataObject
) -> None:
    """At GitLab a second approval takes the first one back, so there only who approves once approves less."""
    steps = history.steps
    given_by = Counter(each.who for each in steps if isinstance(each, Approve))
    once = [at for at, each in enumerate(steps) if isinstance(each, Approve) and given_by[each.who] == 1]
    place = data.draw(st.integers(2, len(steps)), label="place of the demand")
    worse = [(*steps[:place], Demand(data.draw(st.sampled_from(sorted(NAMED)))), *steps[place:])]
    worse += [(*steps[:at], *steps[at + 1 :]) for at in ([data.draw(st.sampled_from(once))] if once else [])]
    for face in faces:
        if not judge(face, history).allowed:
            for each in worse:
                assert not judge(face, replace(history, steps=each)).allowed
