"""Why somebody's approval does not count, and what is not known of who made a request: in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal.render.findings.shown import plural, short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.model import Dismissed

#: Why an approval does not count, as in `carol (approved an older revision …)`.
NOT_COUNTED: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "author": lambda _: "author of this request",
    "asked": lambda _: "asked for this",
    "commit": lambda it: f"has a part in its commit {short(it['revision'])}",
    "pushed": lambda _: "pushed to this request",
    "started-run": lambda _: "started this run of the gate",
    "restricted": lambda it: f"made entry {it['entry']}, which this is about",
    "revoked-run": lambda _: "had a hand in the run that was revoked",
    "no-person": lambda it: f"no person's account ({it['kind']})",
    "in-no-group": lambda it: (
        "in no group of the policy"
        + (f", which lists another account under this login: {it['listedAs']}" if "listedAs" in it else "")
    ),
    "permission-missing": lambda it: f"has the permission {it['permission']}, and write is needed",
    "revision-lost": lambda _: "approved a revision that the forge has lost",
    "older-revision": lambda it: f"approved an older revision of this request ({short(it['revision'])})",
    "time-unknown": lambda _: "approved at an unknown time",
    "after-merge": lambda it: f"approved after the merge ({it['submittedAt']})",
    "before-retarget": lambda _: "approved before the request was turned to another branch",
    "review-dismissed": lambda _: "the review was dismissed",
    "no-place": lambda it: f"approved, but is in {' and '.join(it['groups'])} only, where no place is left",
    "account-deleted": lambda _: "nobody can say who it was",
    "no-room": lambda _: "not named here, where there is no room for all",
}
#: What is not known of who made a request, as in `it is not completely known: …`.
GAPS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "unreadable": lambda _: "the request cannot be read",
    "author-deleted": lambda _: "its author's account was deleted",
    "no-commits": lambda _: "it has no commits",
    "commit-unattributed": lambda it: f"commit {short(it['revision'])} has {it['people']} whom the forge cannot name",
    "pushers-unknown": lambda it: f"{it['people']} of its pushers cannot be named",
    "run-gone": lambda _: "the forge says nothing any more of a run that was revoked",
    "bot": lambda it: f"{it['actor']['login']} is not a person, and who is behind it is not known",
}


def who(dismissed: Dismissed) -> str:
    """Return whose approval does not count."""
    if dismissed.actor is not None:
        return dismissed.actor.login
    if dismissed.code == "no-room":
        return f"{dismissed.data.get('more')} more"
    approvals = dismissed.data.get("approvals", 1)
    return "a deleted account" if approvals == 1 else f"deleted accounts ({plural(approvals, 'approval')})"


def why(dismissed: Dismissed) -> str:
    """Return why an approval does not count."""
    return _words(NOT_COUNTED, dismissed.code, dismissed.data)


def gap(reason: Mapping[str, Any]) -> str:
    """Return what is not known of who made a request, by a reason as a finding's data has it."""
    return _words(GAPS, str(reason.get("code")), reason.get("data") or {})


def _words(table: Mapping[str, Callable[[Mapping[str, Any]], str]], code: str, data: Mapping[str, Any]) -> str:
    try:
        return table[code](data)
    except (KeyError, TypeError, AttributeError, ValueError):  # of a version that says it otherwise
        return code
