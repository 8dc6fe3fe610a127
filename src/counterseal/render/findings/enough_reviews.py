"""The sentences of `enough-reviews`."""

from __future__ import annotations

from typing import Any, Final

from counterseal.render.findings.people import gap
from counterseal.render.findings.shown import Sentences, Shown, short


def _ratio(it: Shown) -> str:
    return f"{it['filled']} of {it['required']} required approvals of request {it.change} at {short(it['head'])}"


def _people(it: Shown) -> str:
    return ", ".join(f"{person.actor.login} ({', '.join(person.groups)})" for person in it.counted)


def _missing(it: Shown) -> str:
    missing = ", ".join(
        f"{lack['people']} of {lack['group']}" if lack["group"] else f"{lack['people']} more" for lack in it["missing"]
    )
    because = f" (one more than the policy says, because {gap(it['because'][0])})" if it["because"] else ""
    return f"{_ratio(it)}; missing {missing}{because}"


def _asked(lack: dict[str, Any]) -> str:
    whom = f"of {lack['group']}" if lack["group"] else "more of the policy's people"
    left = ", ".join(lack["left"]) or "nobody is left: let somebody else ask"
    return f"{'one' if lack['people'] == 1 else lack['people']} {whom} ({left})"


def _misnumbered(it: Shown) -> str:
    """Return whose number in the policy is another account's, or nothing."""
    people = [(who.actor, who.data["listedAs"]) for who in it.dismissed if who.actor and "listedAs" in who.data]
    return "; ".join(
        f"{actor.login}'s account is {actor.id}, and the policy lists {listed}" for actor, listed in people
    )


def _fix(it: Shown) -> str:
    if wrong := _misnumbered(it):  # a login can be taken over by somebody else, so only people can tell
        return f"{wrong}: if that is the same person, correct the policy, then {it.again}"
    have = f"have {' and '.join(map(_asked, it['missing']))} approve it before the merge"
    return f"{it.again}, and {have}" if it["merged"] else have


REASONS: Final[Sentences] = {
    "satisfied": lambda it: f"{_ratio(it)}: {_people(it)}",
    "review-missing": _missing,
}
FIXES: Final[Sentences] = {"review-missing": _fix}
