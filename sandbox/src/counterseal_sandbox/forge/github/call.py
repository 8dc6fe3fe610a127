"""One call of GitHub's REST API, with what the face knows about the caller, and what handlers need to answer it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from counterseal_sandbox.forge.accounts import Account, Principal, Role
from counterseal_sandbox.forge.github.json import Shapes
from counterseal_sandbox.forge.model import Forge
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.repository import HostedRepository
from counterseal_sandbox.http import Request, Response, json_response


@dataclass(frozen=True, slots=True)
class Call:
    """A call: `path` has the named parts of the URL, `principal` None is a caller without a token."""

    forge: Forge
    shapes: Shapes
    request: Request
    path: Mapping[str, str]
    principal: Principal | None
    account: Account | None
    repository: HostedRepository | None

    @property
    def hosted(self) -> HostedRepository:
        """Return the repository that the path names."""
        if self.repository is None:
            raise Refused("Not Found", 404)
        return self.repository

    @property
    def actor(self) -> Account:
        """Return who calls; a caller without a token is refused."""
        if self.account is None:
            raise Refused("Requires authentication", 401)
        return self.account

    @property
    def sees_drafts(self) -> bool:
        """Return whether the caller may see draft releases."""
        return self.may("contents:write")

    def number(self, name: str) -> int:
        """Return a numeric part of the path."""
        return int(self.path[name])

    def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent."""
        try:
            data = self.request.json()
        except ValueError:
            raise Refused("Problems parsing JSON", 400) from None
        if not isinstance(data, dict):
            raise Refused("Body should be a JSON object", 400)
        return data

    # --- who may -----------------------------------------------------------------------------

    def hides(self) -> bool:
        """Return whether the caller must not even learn that the repository exists."""
        repository = self.hosted
        if self.principal and self.principal.permissions is not None:
            return repository.private and self.principal.repository != repository.id
        return repository.private and repository.role(self.account) == Role.NONE

    def may(self, need: str, *, outsiders: bool = False) -> bool:
        """Return whether the caller has a permission such as `contents:write` in the repository of the call.

        A run's token has what its job was given and nothing else, in public repositories too: so
        the sandbox shows which permissions a workflow really has to declare.
        """
        name, _, level = need.partition(":")
        repository, principal = self.hosted, self.principal
        if principal is None:
            return not repository.private and level == "read"
        if principal.permissions is not None:
            if principal.repository != repository.id:
                return not repository.private and level == "read"  # like anybody
            return principal.permissions.get(name, "none") in ("write", level)
        if name == "administration":
            return repository.role(self.account) >= Role.ADMIN
        least = Role.READ if level == "read" or outsiders else Role.TRIAGE if name == "issues" else Role.WRITE
        return repository.role(self.account) >= least

    # --- answers -----------------------------------------------------------------------------

    def page(self, items: Sequence[Any], shape: Callable[[Any], Any]) -> Response:
        """Return one page of a list, with links to the others."""
        query = dict(self.request.query)
        size = min(max(_number(query.get("per_page"), 30), 1), 100)
        page = max(_number(query.get("page"), 1), 1)
        last = max((len(items) + size - 1) // size, 1)
        wanted = {"next": page + 1, "last": last} if page < last else {}
        if page > 1:
            wanted |= {"prev": page - 1, "first": 1}
        url = self.shapes.api + self.request.path
        links = [f'<{url}?{urlencode({**query, "page": str(to)})}>; rel="{name}"' for name, to in wanted.items()]
        return linked([shape(item) for item in items[(page - 1) * size : page * size]], links)


def linked(items: list[Any], links: Sequence[str]) -> Response:
    """Return a list with its links to other pages."""
    answer = json_response(items)
    return Response(answer.status, answer.body, {**answer.headers, "Link": ", ".join(links)}) if links else answer


def _number(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else default
