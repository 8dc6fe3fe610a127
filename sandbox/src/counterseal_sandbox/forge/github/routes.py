"""How a face writes down which calls it answers: method, path, GitHub's operation id, permissions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from counterseal_sandbox.forge.github.call import Call
from counterseal_sandbox.http import Response

Handler: TypeAlias = Callable[[Call], Response]

#: Parts of a path that hold slashes.
_DEEP = {"ref", "path", "branch"}


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `needs`: of each inner tuple one permission is enough; `outsiders` may with reading alone."""

    method: str
    pattern: re.Pattern[str]
    operation: str
    needs: tuple[tuple[str, ...], ...]
    outsiders: bool
    handler: Handler


class Routes(list[Route]):
    """A table of routes that handlers enter themselves into."""

    def __call__(
        self, call: str, operation: str, needs: str = "", *, outsiders: bool = False
    ) -> Callable[[Handler], Handler]:
        """Enter a handler for `GET /path/{name}`.

        Args:
            call: Method and path; `{…_id}` and `{…_number}` are numeric, `{ref}`, `{path}`, `{branch}` hold slashes.
            operation: GitHub's operation id.
            needs: Permissions, such as `contents:read & issues:read|pull-requests:read`.
            outsiders: Whether people without a role may do it in a public repository.
        """
        method, _, path = call.partition(" ")
        wanted = tuple(tuple(need.strip().split("|")) for need in needs.split("&") if need.strip())

        def enter(handler: Handler) -> Handler:
            self.append(Route(method, re.compile(_expression(path)), operation, wanted, outsiders, handler))
            return handler

        return enter


def _expression(path: str) -> str:
    def part(match: re.Match[str]) -> str:
        name = match.group(1)
        kind = ".+" if name in _DEEP else "[0-9]+" if name.endswith(("_number", "_id")) else "[^/]+"
        return f"(?P<{name}>{kind})"

    return re.sub(r"\{(\w+)\}", part, path)
