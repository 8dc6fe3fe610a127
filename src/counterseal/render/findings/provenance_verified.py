"""The sentences of `provenance-verified`."""

from __future__ import annotations

from typing import Any, Final

from counterseal.evaluation import identity_words
from counterseal.model import Reason
from counterseal.render.findings.shown import Sentences, Shown, logins, plural, short

#: Codes of a tag on a commit that nobody merged as a change of its own.
_WRONG_COMMIT: Final = ("revision-not-merged", "revision-inside-change", "revision-pushed")


def _satisfied(it: Shown) -> str:
    workflow = it["workflow"].rpartition("/")[2]
    artifacts = f"{plural(it['artifacts'], 'artifact')} made by {workflow} at {it['tag']} ({short(it['revision'])})"
    hands = "".join(map(_hands, it["starts"]))
    if it["merge"] is None:
        return artifacts + hands
    end = it.called(it["merge"])
    return f"{artifacts}{hands}, the end of {end}; what came onto the branch before that merge was not looked at"


def _hands(start: dict[str, Any]) -> str:
    who = logins(start["people"], joint=" and ") or "a deleted account"
    first = "" if start["trigger"] == "push" else f", started by {who} ({start['trigger']})"
    return first + (f", started again by {who}" if start["again"] else "")


def _problem(it: Shown) -> str:
    return identity_words.sentence(Reason(it["problem"]["code"], it["problem"]["data"]))


def _missing(it: Shown) -> str:
    return f"the candidate has no {'readable ' + it['file'] if 'file' in it.data else 'verified provenance'}"


def _steered(it: Shown) -> str:
    who = logins(it["people"], joint=" and ") or "a deleted account"
    return f"{it['run']} is a manual job of {who}: who plays or retries one chooses its variables"


def _unverified(it: Shown) -> str:
    return f"{it['file']} is not a signature over {it['name']}: {it['detail'] or 'there is none that was read'}"


def _another_run(it: Shown) -> str:
    there = it["provenanceRun"] or "an unknown run"
    return f"{it['file']} comes from {it['run'] or 'an unknown run'}, the provenance from {there}"


def _tag_moved(it: Shown) -> str:
    now = short(it["now"]) if it["now"] else "nothing"
    return f"the tag {it['tag']} points to {now}, and the manifest names {short(it['manifest'])}"


def _inside(it: Shown) -> str:
    revision, branch = short(it["revision"]), it["branch"]
    if "merge" not in it.data:
        return f"{revision} was never what {branch} was at: it lies inside what was merged"
    request = it.called(it["merge"])
    return f"{revision} lies inside {request}, whose merge left {branch} at {short(it['end'])}"


def _pushed(it: Shown) -> str:
    revision, branch = short(it["revision"]), it["branch"]
    if "merge" not in it.data:
        return f"{revision} came onto {branch} by a push, without a change request"
    request = it.called(it["merge"])
    return f"{revision} is the end of {request}, and it came onto {branch} by a push, not by a merge"


def _build_again(it: Shown) -> str:
    tag = it.data.get("tag", "the tag")
    return f"build {tag} again with the policy's builder, then make a new request"


def _another_tag(_: Shown) -> str:
    return (
        "bring the version by a change request, tag the commit that its merge leaves on the branch, "
        "build that tag, and make a new request"
    )


_FIELDS: Final = {"sourceRevision": "source revision"}
REASONS: Final[Sentences] = {
    "satisfied": _satisfied,
    "provenance-missing": _missing,
    "provenance-unverified": lambda it: it["detail"],
    "provenance-ambiguous": lambda it: (
        f"the candidate has {it['statements']} provenance statements, and one was expected"
    ),
    "builder-not-accepted": lambda it: f"a statement ({it['predicateType']}) is not the builder's: {_problem(it)}",
    "builder-steered": _steered,
    "builder-gone": lambda it: f"who started {it['run']} ({it['trigger']}) cannot be told: it is gone from the forge",
    "runs-differ": lambda it: f"the build's statements come from {len(it['runs'])} runs: {', '.join(it['runs'])}",
    "subjects-differ": lambda it: f"the provenance does not cover {', '.join(it['missing'])} as the manifest lists it",
    "revision-differs": lambda it: f"built from {short(it['built'])}, and the manifest names {short(it['manifest'])}",
    "ref-differs": lambda it: f"built from {it['built']}, and the manifest names {it['manifest']}",
    "tag-moved": _tag_moved,
    "revision-not-merged": lambda it: f"{short(it['revision'])} is not on {it['branch']}",
    "revision-inside-change": _inside,
    "revision-pushed": _pushed,
    "statement-disagrees": lambda it: (
        f"the provenance says another {_FIELDS.get(it['field'], it['field'])} than its certificate"
    ),
    "signature-unverified": _unverified,
    "signature-not-the-builders": lambda it: f"{it['file']} is not the builder's: {_problem(it)}",
    "signature-of-another-run": _another_run,
}
FIXES: Final[Sentences] = {
    code: _another_tag if code in _WRONG_COMMIT else _build_again for code in REASONS if code != "satisfied"
}
