"""The sentences of `author-did-not-approve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.render.findings.people import gap

if TYPE_CHECKING:
    from counterseal.render.findings.shown import Sentences, Shown


def _unknown(it: Shown) -> str:
    more = f"; and {it['more']} more" if it["more"] else ""
    return f"who made request {it.change} is not completely known: {'; '.join(map(gap, it['gaps']))}{more}"


def _names(it: Shown) -> str:
    return ", ".join(person.actor.login for person in it.counted)


REASONS: Final[Sentences] = {
    "satisfied": lambda it: f"request {it.change} was approved by {_names(it)}, who had no part in it",
    "author-unknown": _unknown,
    "nobody-else": lambda it: f"nobody but those who made request {it.change} approved it",
}
FIXES: Final[Sentences] = {
    "author-unknown": lambda it: f"{it.again}, with commits whose e-mail addresses belong to accounts of the forge",
    "nobody-else": lambda it: f"{it.again}, and have somebody approve it who had no part in it",
}
