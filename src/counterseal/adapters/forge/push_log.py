"""Whose pushes made the head of a change request, out of the log of the branch that it comes from (R14, R45). Pure.

The log is followed from the push that brought the head back to where the change began: a push onto a commit that it
begins at, or the first making of the branch. A branch that was deleted and made again at commits of the change is
followed through its deletion: what anybody pushed in its earlier lives may be what came back. What does not fit
together is a push of which nobody can be named.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from counterseal.adapters.http.answers import RefusedError
from counterseal.errors import LimitError
from counterseal.model import Actor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: How many entries below where the change began are searched for its commits: a branch that was reset to there, or
#: deleted and made again there, may have had them before.
LOOK_BACK: Final = 300
#: What a forge answers about a repository that we may not see, or that it may not show (HTTP).
_HIDDEN: Final = (404, 451)


@dataclass(frozen=True, slots=True)
class Push:
    """An entry of the log: `before` is None where the branch was made, `after` where it was deleted.

    `forced` says that it may have dropped what was there; `hidden` that it moved refs of which the forge does not say
    which: perhaps this branch, too, and then it was `deleted`.
    """

    actor: Actor | None
    before: str | None
    after: str | None
    at: datetime
    forced: bool = True
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """What is followed: from `head` down to `begins`, the commits that the change begins at.

    `commits` are its own; it was opened and (None: not yet) merged at these moments. `is_old` tells of a commit whether
    the target branch has it, so that a branch made there brought nothing.
    """

    head: str
    commits: Collection[str]
    begins: Collection[str]
    opened: datetime
    merged: datetime | None
    is_old: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Pushers:
    """Who pushed what a branch brings, and for how many pushes nobody can be named.

    `head_came_back_at`: when the head was pushed once more after something else had been there (None: never).
    """

    people: tuple[Actor, ...]
    unknown: int
    head_came_back_at: datetime | None = None


def pushers(log: Iterable[Push | None], span: Span) -> Pushers:
    """Return who pushed what the branch brings.

    Args:
        log: The pushes to the branch, newest first; None stands for an entry about another one.
        span: What is followed.
    """
    known: dict[tuple[str, int], Actor] = {}
    tips: list[Push] = []
    unknown = 0
    rest = iter(log)
    try:
        for push in itertools.chain(_followed(rest, span), _seen_before(rest, span)):
            actor = None if push is None else push.actor
            tips += [push] if push else []
            if actor is None:
                unknown += 1
            else:
                known[actor.key] = actor
    except LimitError:
        unknown += 1  # the log goes on, but we stop here
    return Pushers(tuple(known.values()), unknown, _came_back(tips, span.head))


def of_a_fork(read: Callable[[], Pushers]) -> Pushers:
    """Return the pushers of a branch elsewhere, or an unknown one where its repository is hidden from us by now.

    Whoever has the fork may hide it at any time, so that is no reason to ask again for ever. Other refusals are.
    """
    try:
        return read()
    except RefusedError as error:
        if error.status not in _HIDDEN:
            raise
        return Pushers((), 1)


def _came_back(pushes: list[Push], head: str) -> datetime | None:
    """Return when the head was pushed the last time, if between that and the first time something else was there."""
    places = [place for place, push in enumerate(pushes) if push.after == head]
    between = pushes[places[0] : places[-1]] if places else []
    return between[0].at if any(push.after != head for push in between) else None


def _followed(log: Iterator[Push | None], span: Span) -> Iterator[Push | None]:
    """Yield the pushes that made the head, newest first; None stands for those that the log does not have."""
    place = _Place(span)
    for push in log:
        if push is None or place.is_elsewhere(push):
            continue
        if place.begun and push.at <= span.opened:
            yield from _seen_before(iter((push,)), span)
            return
        if not place.fits(push):
            yield None
            return
        if push.after is None:
            place.before_deletion(push)
            continue
        brought = place.brought(push)
        if brought:
            yield push
        elif push.before is None and push.at <= span.opened and not place.revived:
            return
        place.before(push)
    if not (place.begun or (place.started and place.expected is None)):
        yield None


class _Place:
    """Where we are in the log: `expected` is what the branch pointed to there, None before it was made.

    `forced`: what was there may have been dropped since. `revived`: the branch was deleted since. `begun`: all that is
    below stood there before the change began.
    """

    def __init__(self, span: Span) -> None:
        self._span = span
        self.expected: str | None = span.head
        self.started = self.forced = self.revived = self.begun = False

    def is_elsewhere(self, push: Push) -> bool:
        """Return whether an entry has nothing to do with the change: it is about other branches, or came too late."""
        if push.hidden:
            return self.expected is not None or push.at < self._span.opened
        late = self._span.merged is not None and push.at > self._span.merged
        return not self.started and (late or push.after != self.expected)

    def fits(self, push: Push) -> bool:
        """Return whether an entry is what comes next; before the branch was made that can only be its deletion."""
        if self.expected is None:
            return push.after is None and push.before is not None and not push.hidden
        return push.after == self.expected

    def brought(self, push: Push) -> bool:
        """Return whether a push may have brought commits; who only makes the branch where it is old brings none."""
        span = self._span
        if push.before is not None or push.after in span.commits:
            return True
        new = push.after is not None and push.after not in span.begins
        return self.forced and new and not span.is_old(str(push.after))

    def before_deletion(self, push: Push) -> None:
        """Go on in an earlier life of the branch."""
        self.expected, self.forced, self.revived = push.before, True, True

    def before(self, push: Push) -> None:
        """Go on below a push."""
        self.started, self.forced = True, self.forced or push.forced
        self.expected = push.before
        here, span = push.before, self._span
        # what a forced push dropped is no commit of the change any more, and need not be where it begins
        begins = here in span.begins or not (self.forced or here in span.commits)
        self.begun = here is not None and begins and not self.revived


def _seen_before(log: Iterator[Push | None], span: Span) -> Iterator[Push]:
    """Yield the pushes below where the change began that had left one of its commits as the tip of the branch."""
    for push in itertools.islice(log, LOOK_BACK):
        if push is not None and push.after in span.commits:
            yield push
