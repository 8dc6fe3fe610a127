"""GitHub as `ProjectFixes`: rulesets that are added beside what there is, and switches turned to the strict side."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.github.api import GitHubApi
from counterseal.adapters.http.answers import in_path
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.model import Repair, SettingCall

if TYPE_CHECKING:
    from collections.abc import Callable

_ADMIN: Final = "administration: write"
_KEPT: Final = ({"type": "deletion"}, {"type": "non_fast_forward"})
_PULL_REQUEST: Final = {
    "type": "pull_request",
    "parameters": {
        "required_approving_review_count": 1,
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": False,
        "require_last_push_approval": True,
        "required_review_thread_resolution": False,
    },
}
_RULES: Final = {
    Repair.PROTECT_BRANCH: ("branch", (*_KEPT, _PULL_REQUEST)),
    Repair.PROTECT_LEDGER: ("branch", _KEPT),
    Repair.PROTECT_TAGS: ("tag", ({"type": "deletion"}, {"type": "update"})),
}


class GitHubFixes:
    """Implements `ProjectFixes`.

    Args:
        name: `owner/name`.
        token: Of somebody who administers the repository.
        api_url: Base of the API.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        name: str,
        token: str,
        *,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitHubApi(name, token, api_url=api_url, timeout=timeout, pause=pause)

    def call(self, repair: Repair, target: str) -> SettingCall:
        """Return the call that repairs something."""
        here = self._api.here
        if repair in _RULES:
            return SettingCall(f"adds a ruleset for {target}", "POST", here("/rulesets"), _ruleset(repair, target))
        if repair is Repair.IMMUTABLE_RELEASES:
            return SettingCall("makes releases immutable from now on", "PUT", here("/immutable-releases"))
        if repair is Repair.ENABLE_WORKFLOW:
            file = in_path(target.rpartition("/")[2])
            return SettingCall(f"turns {target} on again", "PUT", here(f"/actions/workflows/{file}/enable"))
        if repair is Repair.FORBID_APPROVALS:
            body = {"can_approve_pull_request_reviews": False}
            what = "forbids workflows to create and approve pull requests"
            return SettingCall(what, "PUT", here("/actions/permissions/workflow"), body)
        raise ValueError(f"GitHub has no {repair}")

    def make(self, call: SettingCall) -> None:
        """Make a call."""
        self._api.write(call.method, call.path, call.body, what=call.what, access=_ADMIN)


def _ruleset(repair: Repair, target: str) -> dict[str, Any]:
    kind, rules = _RULES[repair]
    return {
        "name": f"counterseal: {target.split('/', 2)[-1]}",
        "target": kind,
        "enforcement": "active",
        "conditions": {"ref_name": {"include": [target], "exclude": []}},
        "rules": list(rules),
    }
