"""The sentences of `enough-reviews`."""

from __future__ import annotations

from typing import Any, Final

from counterseal.render.findings.people import gap
from counterseal.render.findings.shown import Sentences, Shown, short


def _ratio(it: Shown) -> str:
    return f"{it['filled']} of {it['required']} required approvals of request {it.change} at {short(it['head'])}"


def _people(it: Shown) -> str:
    return ", ".join(f"{each.actor.login} ({', '.join(each.groups)})" for each in it.counted)


def _missing(it: Shown) -> str:
    missing = ", ".join(
        f"{each['people']} of {each['group']}" if each["group"] else f"{each['people']} more" for each in it["missing"]
    )
    because = f" (one more than the policy says, because {gap(it['because'][0])})" if it["because"] else ""
    return f"{_ratio(it)}; missing {missing}{because}"


def _asked(each: dict[str, Any]) -> str:
    whom = f"of {each['group']}" if each["group"] else "more of the policy's people"
    left = ", ".join(each["left"]) or "nobody is left: let somebody else ask"
    return f"{'one' if each['people'] == 1 else each['people']} {whom} ({left})"


def _fix(it: Shown) -> str:
    have = f"have {' and '.join(map(_asked, it['missing']))} approve it before the merge"
    return f"{it.again}, and {have}" if it["merged"] else have


REASONS: Final[Sentences] = {
    "satisfied": lambda it: f"{_ratio(it)}: {_people(it)}",
    "review-missing": _missing,
}
FIXES: Final[Sentences] = {"review-missing": _fix}
