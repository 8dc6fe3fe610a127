"""Histories of a promotion request, in steps that belong to no forge; who counts by them, told without any adapter.

`HISTORIES` draws what people might do, sensible or not. `verdict` is the oracle: it looks at what happened with its
eyes on R08 to R15 alone, and knows neither reviews nor notes nor versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from hypothesis import strategies as st

#: Whom the policy names, and where: a reader and a bot, too, whose approvals must not count all the same.
GROUPS = {"maintainers": ("alice", "bob", "carol", "rita", "bot"), "security": ("dora",)}
NAMED = frozenset(GROUPS["maintainers"] + GROUPS["security"])
#: Whom the repository lets write; rita may read. The owner olga has no part in histories, and lends a hand.
WRITERS = ("alice", "bob", "carol", "dora", "mallory", "bot")
NOBODY = "nobody"  # writes commits, and no forge knows the address


@dataclass(frozen=True, slots=True)
class Step:
    """What `who` does."""

    who: str


@dataclass(frozen=True, slots=True)
class Push(Step):
    """A push to the branch of the request; the first one makes it, and `over` drops what was there."""

    author: str
    co_author: str = ""
    over: bool = False

    def __str__(self) -> str:
        makers = f"{self.author} and {self.co_author}" if self.co_author else self.author
        return f"{self.who} {'force-pushes' if self.over else 'pushes'} a commit of {makers}"


class PushBack(Step):
    """A forced push of the first commit of the request."""

    def __str__(self) -> str:
        return f"{self.who} pushes the first commit back"


class Open(Step):
    """The request itself."""

    def __str__(self) -> str:
        return f"{self.who} opens the request"


class Approve(Step):
    """An approval of what the head is at this moment."""

    def __str__(self) -> str:
        return f"{self.who} approves"


class TakeBack(Step):
    """The end of an approval: on GitHub a maintainer dismisses it, on GitLab its author revokes it."""

    def __str__(self) -> str:
        return f"{self.who}'s approval is taken back"


class Demand(Step):
    """A demand for changes."""

    def __str__(self) -> str:
        return f"{self.who} asks for changes"


@dataclass(frozen=True, slots=True)
class Dismiss(Step):
    """An end to the last demand for changes of somebody; GitLab has none, but who asks for a new review hides it."""

    whose: str

    def __str__(self) -> str:
        return f"{self.who} dismisses what {self.whose} asked for"


@dataclass(frozen=True, slots=True)
class Say(Step):
    """Words of which none is an approval."""

    text: str

    def __str__(self) -> str:
        return f"{self.who} says {self.text!r}"


@dataclass(frozen=True, slots=True)
class Lose(Step):
    """The end of a person's right to write; without `read` the person is no collaborator any more."""

    read: bool = True

    def __str__(self) -> str:
        return f"{self.who} {'may only read' if self.read else 'is removed'} from now on"


@dataclass(frozen=True, slots=True)
class Retarget(Step):
    """Another branch to go to."""

    branch: str

    def __str__(self) -> str:
        return f"{self.who} turns it to {self.branch}"


class Revive(Step):
    """The branch is deleted, and made again where it was by `who`; the request is opened again."""

    def __str__(self) -> str:
        return f"{self.who} restores the branch, which olga had deleted; she opens the request again"


@dataclass(frozen=True, slots=True)
class Merge(Step):
    """The merge, by `merge`, `squash` or `rebase` (on GitLab: the branch is moved forward)."""

    method: str

    def __str__(self) -> str:
        return f"{self.who} merges ({self.method})"


@dataclass(frozen=True)
class History:
    """Steps in their order, and two settings that only GitLab has."""

    steps: tuple[Step, ...]
    author_may_approve: bool = False
    push_resets: bool = False


# --- what happens ----------------------------------------------------------------------------

_WORDS = ("LGTM", "approved this merge request", "requested changes", ":+1:")
_PEOPLE = ("alice", "bob", "carol", "alice", "bob", "carol", *WRITERS, "rita")  # maintainers come more often


def _scenes(people: tuple[str, ...], asker: str) -> st.SearchStrategy[list[Step]]:
    """Return a step, or some that belong together; mostly who asks pushes, and own commits."""
    who = st.sampled_from(people)
    approval = st.builds(Approve, who)
    makers = (*[asker] * 9, *people, NOBODY)
    co_author = st.sampled_from(("",) * 40 + makers)
    push = st.builds(Push, st.sampled_from(makers[:-1]), st.sampled_from(makers), co_author, st.booleans())
    back = st.builds(PushBack, st.sampled_from(makers[:-1]))
    rare = (
        back,
        st.builds(TakeBack, who),
        st.builds(Demand, who),
        st.builds(Dismiss, who, who),
        st.builds(Say, who, st.sampled_from(_WORDS)),
        st.builds(Lose, st.sampled_from([name for name in people if name != "bot"]), st.booleans()),
        st.builds(Retarget, st.just("olga"), st.sampled_from(("main", "stable"))),
    )
    step = st.one_of(approval, approval, approval, approval, push, push, *rare)
    flurry = st.lists(st.one_of(push, push, back), min_size=2, max_size=4)
    regret = st.builds(lambda person, end: [Approve(person), end(person)], who, st.sampled_from((TakeBack, Demand)))
    dispute = st.builds(
        lambda person, end, gap: [Demand(person), *gap, Dismiss(end, person)], who, who, st.lists(push, max_size=1)
    )
    away = st.just([Retarget("olga", "stable"), Retarget("olga", "main")])
    # the branch "own" is where the head is at that moment: only what is pushed then lies above it
    detour = push.map(lambda pushed: [Retarget("olga", "own"), pushed, Retarget("olga", "main")])
    revival = st.builds(Revive, who).map(lambda single: [single])
    return st.one_of(*[step.map(lambda single: [single])] * 7, flurry, regret, away, dispute, detour, revival)


@st.composite
def _histories(draw: st.DrawFn, people: tuple[str, ...]) -> History:
    """A request by somebody, what happens to it, its last reviews, its merge (mostly), and what people do too late."""
    asker = draw(st.sampled_from([name for name in people if name in WRITERS]))
    others = st.sampled_from([name for name in people if name != asker])
    reviewers = draw(st.lists(others, min_size=1, max_size=3, unique=True))  # few, so that one does several things
    cast = (asker, *reviewers)
    start = (Push(asker, draw(st.sampled_from((*[asker] * 9, NOBODY)))), Open(asker))
    scenes = _scenes(cast, asker)
    middle, after = draw(st.lists(scenes, min_size=1, max_size=6)), draw(st.lists(scenes, max_size=1))
    home = [Retarget("olga", "main")] * draw(st.sampled_from((1, 0)))
    reviews = draw(st.lists(st.builds(Approve, st.sampled_from(reviewers)), max_size=3))
    method = draw(st.sampled_from(("squash", "merge", "rebase", "squash", "merge", "")))
    merge = [Merge(draw(st.sampled_from((asker, asker, *cast))), method)] if method else []
    settings = {name: draw(st.sampled_from((False, False, True))) for name in ("author_may_approve", "push_resets")}
    return History((*start, *chain(*middle), *home, *reviews, *merge, *chain(*after)), **settings)


HISTORIES = _histories(_PEOPLE)
#: One writer, alone, with a workflow whose token approves, and with the names of others in commits.
ALONE = _histories(("carol", "bot"))


# --- what it comes to ------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """Whose approval counts and whose does not, and what that comes to where one of the maintainers is enough."""

    counted: frozenset[str]
    dismissed: frozenset[str]
    codes: dict[str, str]


def _closed(log: tuple[Step, ...], merge: int, may_close: frozenset[str]) -> set[int]:
    """Return the places of demands for changes that were dismissed in time, by who made them or one who may."""
    dismissed: set[int] = set()
    closed: set[int] = set()
    for at, step in enumerate(log):
        if isinstance(step, Dismiss):
            own = {place for place in range(at) if log[place] == Demand(step.whose)} - dismissed
            last = {max(own)} if own else set()
            dismissed |= last
            if at < merge and (step.who == step.whose or step.who in may_close):
                closed |= last
    return closed


def verdict(log: tuple[Step, ...]) -> Verdict:  # noqa: PLR0915 - a story is told in one piece
    """Return what must come of steps that a forge let happen, whatever that forge says of them."""
    merge = next((at for at, step in enumerate(log) if isinstance(step, Merge)), len(log))
    heads: list[tuple[tuple[str, str], ...]] = []  # who made the commits of the request, after each step
    for at, step in enumerate(log):
        head = heads[-1] if heads else ()
        if at < merge and isinstance(step, Push):
            head = (*(() if step.over else head), (step.author, step.co_author))
        elif at < merge and isinstance(step, PushBack):
            head = heads[0]
        heads.append(head)
    makers = {name for commit in heads[-1] for name in commit if name}
    pushers = {step.who for step in log[:merge] if isinstance(step, Push | PushBack | Open | Revive)}
    powerless = {step.who for step in log if isinstance(step, Lose)} | {"rita", "bot"}

    def stands(at: int) -> bool:
        """Return whether the approval at this place is about the final head, in time, and nothing took it away."""
        later, who = log[at + 1 :], log[at].who
        cancelled = any(isinstance(step, TakeBack | Demand) and step.who == who for step in later)
        turned = any(isinstance(step, Retarget) for step in later)
        return heads[at] == heads[-1] and at < merge and not cancelled and not turned

    closed = _closed(log, merge, NAMED - makers - pushers - powerless)

    def objects(at: int) -> bool:
        """Return whether nothing has lifted the demand at this place: no approval, no dismissal, in time."""
        own = [step for place, step in enumerate(log) if at < place < merge and step.who == log[at].who]
        return at not in closed and not any(isinstance(step, Approve) for step in own)

    approved = {at: step.who for at, step in enumerate(log) if isinstance(step, Approve)}
    objecting = {step.who for at, step in enumerate(log) if isinstance(step, Demand) and objects(at)}
    heard = {*approved.values(), *(log[at].who for at in closed)}
    counted = {who for at, who in approved.items() if stands(at)} & NAMED - makers - pushers - powerless
    branch = next((step.branch for step in reversed(log) if isinstance(step, Retarget)), "main")
    hidden = not {NOBODY, "bot"}.isdisjoint(makers | pushers)  # somebody behind a bot may be among those who approve
    enough = counted.intersection(GROUPS["maintainers"]) and len(counted) > hidden
    review = (
        (branch != "main", "other-branch"),
        (objecting & NAMED, "changes-requested"),
        (not counted, "not-reviewed"),
        (merge == len(log), "not-merged"),
    )
    author = ((NOBODY in makers, "author-unknown"), (not counted, "nobody-else"))
    codes = {
        "review-of-this-revision": next((code for wrong, code in review if wrong), "satisfied"),
        "enough-reviews": "satisfied" if enough else "review-missing",
        "author-did-not-approve": next((code for wrong, code in author if wrong), "satisfied"),
    }
    return Verdict(frozenset(counted), frozenset(heard) - counted - objecting, codes)
