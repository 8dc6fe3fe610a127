"""GitLab as `ProjectFixes`: branches and tags that nothing protects yet, and who may set variables of pipelines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import MAINTAINER
from counterseal.adapters.gitlab.api import GitLabApi
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.model import Repair, SettingCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.adapters.gitlab.access import GitLabTokens

_NO_ONE, _DEVELOPERS, _MAINTAINERS = 0, 30, 40
#: Who may push to and merge into a branch: nobody pushes to the default branch; whoever merges brings the ledger on.
_LEVELS: Final = {
    Repair.PROTECT_BRANCH: (_NO_ONE, _MAINTAINERS),
    Repair.PROTECT_LEDGER: (_DEVELOPERS, _DEVELOPERS),
}


class GitLabFixes:
    """Implements `ProjectFixes`.

    Args:
        name: `group/project`.
        tokens: With a maintainer's.
        api_url: Base of the API.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        name: str,
        tokens: GitLabTokens,
        *,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitLabApi(name, tokens, api_url=api_url, timeout=timeout, pause=pause)

    def call(self, repair: Repair, target: str) -> SettingCall:
        """Return the call that repairs something."""
        here, name = self._api.here, target.split("/", 2)[-1]
        if repair in _LEVELS:
            push, merge = _LEVELS[repair]
            body = {"name": name, "push_access_level": push, "merge_access_level": merge, "allow_force_push": False}
            return SettingCall(f"protects the branch {name}", "POST", here("/protected_branches"), body)
        if repair is Repair.PROTECT_TAGS:
            body = {"name": name, "create_access_level": _MAINTAINERS}
            return SettingCall(f"protects tags {name}: maintainers create them", "POST", here("/protected_tags"), body)
        if repair is Repair.FORBID_VARIABLES:
            switch = {"ci_pipeline_variables_minimum_override_role": "no_one_allowed"}
            return SettingCall("lets nobody set variables of a pipeline", "PUT", here(""), switch)
        raise ValueError(f"GitLab has no {repair}")

    def make(self, call: SettingCall) -> None:
        """Make a call."""
        self._api.write(call.method, call.path, call.body, what=call.what, access=MAINTAINER)
