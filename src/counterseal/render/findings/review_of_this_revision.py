"""The sentences of `review-of-this-revision`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, logins, said, short


def _again(it: Shown) -> str:
    return it.again


def _satisfied(it: Shown) -> str:
    reviewed = f"request {it.change} was reviewed at {short(it['head'])} and merged unchanged into {it['baseRef']}"
    if not it["approvedBefore"]:
        return reviewed
    names = logins(it["approvedBefore"])
    return (
        f"{reviewed}; warning: after {names} approved, something else was pushed, "
        f"and this head came back {it['cameBackAt']}"
    )


def _no_change_request(it: Shown) -> str:
    return f"{it.about.path} came onto {it['branch']} without a change request (commit {short(it['commit'])})"


def _other_repository(it: Shown) -> str:
    home = f"{it['expected']['id']} ({it['expected']['name']})"
    return f"{it.change} is of repository {it['repository']}, not of {home}"


def _too_long_valid(it: Shown) -> str:
    return f"the request is valid until {it['validUntil']}; {it['days']} days after its merge are the longest allowed"


def _policy_changed(it: Shown) -> str:
    return (
        f"the policy changed since the request was made: requested under {it['askedUnder'][:12]}, now {it['now'][:12]}"
    )


def _changes_requested(it: Shown) -> str:
    asked = f"{logins(it['people'])} asked for changes of request {it.change} at {short(it['head'])}"
    if not it["dismissedBy"]:
        return asked
    who = logins(it["dismissedBy"])
    return f"{asked}, which {who} dismissed: that is for who asked, or for one who may approve, before the merge"


REASONS: Final[Sentences] = {
    "satisfied": _satisfied,
    "request-malformed": lambda it: it["detail"] or f"{it.about.path} cannot be read",
    "no-change-request": _no_change_request,
    "path-differs": lambda it: f"{it.about.path} has the content of {it['expected']}",
    "other-changes": lambda it: (
        f"the change touches {it['files']} more files than the request, such as {it['first']!r}"
    ),
    "file-mode": lambda it: f"{it.about.path} has the mode {it['mode'] or 'unknown'}, not {it['expected']}",
    "file-added-before": lambda it: f"{it.about.path} was there once before; each request is used once",
    "file-differs": said("the merged file is not the one at the reviewed head"),
    "head-gone": lambda it: f"the forge has deleted the ref of the head of {it.change}, so it cannot be compared",
    "beyond-limits": lambda it: f"{it.change} cannot be judged as a whole: {it['limit']}",
    "decision-too-long": lambda it: (
        f"the {it['what']} would have {it['size']} bytes, and a line of the ledger holds {it['largest']} of one"
    ),
    "other-repository": _other_repository,
    "other-branch": lambda it: f"{it.change} went to {it['ref']}, not to {it['expected']}",
    "request-pushed": lambda it: f"{it.change} came onto {it['branch']} by a push of its commits, not by a merge",
    "request-expired": lambda it: f"the request was valid until {it['validUntil']}, and it is {it['judgedAt']}",
    "valid-too-long": _too_long_valid,
    "policy-changed": _policy_changed,
    "policy-pushed": lambda it: (
        f"the policy was last changed by {short(it['revision'])}, which came onto {it['branch']} without a merge"
    ),
    "changes-requested": _changes_requested,
    "not-reviewed": lambda it: f"no approval of request {it.change} at {short(it['head'])} counts",
    "not-merged": lambda it: f"request {it.change} is not merged",
}
FIXES: Final[Sentences] = {
    **{code: _again for code in REASONS if code != "satisfied"},
    "request-malformed": said("make requests with `counterseal request` and do not edit them by hand"),
    "head-gone": lambda it: f"{it.again}, and let the gate run within two weeks of the merge",
    "beyond-limits": lambda it: f"make it smaller: {it.again}, in a change of one commit",
    "decision-too-long": lambda it: f"promote less at once, or say it shorter: {it.again}",
    "policy-pushed": lambda it: f"bring the policy by a change request; then {it.again}",
    "changes-requested": lambda it: f"settle that with {logins(it['people'])}; {it.again}",
    "not-reviewed": lambda it: (
        f"{it.again}, and have it approved before the merge" if it["merged"] else "have it approved before the merge"
    ),
    "not-merged": said("merge it when it has its approvals"),
}
