"""One call of GitLab's REST API: the table of those that are answered, who may, and what handlers need."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode

from counterseal_sandbox.forge.accounts import Account, Principal, Role, TokenKind
from counterseal_sandbox.forge.gitlab.shapes import Shapes
from counterseal_sandbox.forge.model import Forge
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.repository import HostedRepository
from counterseal_sandbox.http import Request, Response, json_response

Handler: TypeAlias = Callable[["Call"], Response]

#: Parts of a path that may hold slashes which are not escaped.
_DEEP = {"package_version"}


@dataclass(frozen=True, slots=True)
class Route:
    """One call.

    `name` is GitLab's (`GET /projects/:id`), `least` the role that it needs, `job` whether it takes a job's token,
    `public` whether everybody may do it in a public project.
    """

    name: str
    pattern: re.Pattern[str]
    handler: Handler
    least: Role
    job: bool
    public: bool

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return self.name.partition(" ")[0]


class Routes(list[Route]):
    """A table of calls that handlers enter themselves into."""

    def __call__(
        self, name: str, *, least: Role = Role.READ, job: bool = False, public: bool = False
    ) -> Callable[[Handler], Handler]:
        """Enter a handler for `GET /projects/:id`; parts whose name ends in `id` are numbers, but `:id` itself."""

        def enter(handler: Handler) -> Handler:
            pattern = re.compile(re.sub(r":(\w+)", _part, name.partition(" ")[2]))
            self.append(Route(name, pattern, handler, least, job, public))
            return handler

        return enter


def _part(match: re.Match[str]) -> str:
    name = match.group(1)
    number = name != "id" and name.endswith("id")
    return f"(?P<{name}>{'[0-9]+' if number else '.+' if name in _DEEP else '[^/]+'})"


@dataclass(frozen=True, slots=True)
class Call:
    """A call: `path` has the named parts of the URL, unescaped; `principal` None is a caller without a token."""

    forge: Forge
    shapes: Shapes
    request: Request
    path: Mapping[str, str]
    principal: Principal | None
    account: Account | None
    repository: HostedRepository | None

    @property
    def project(self) -> HostedRepository:
        """Return the project that the path names."""
        if self.repository is None:
            raise Refused("404 Project Not Found", 404)
        return self.repository

    @property
    def actor(self) -> Account:
        """Return who calls; a caller without a token is refused."""
        if self.account is None:
            raise Refused("401 Unauthorized", 401)
        return self.account

    def number(self, name: str) -> int:
        """Return a numeric part of the path."""
        return int(self.path[name])

    def parameters(self) -> dict[str, Any]:
        """Return what was sent in the query and in a JSON body."""
        if not self.request.headers.get("content-type", "").startswith("application/json"):
            return dict(self.request.query)
        try:
            data = self.request.json()
        except ValueError:
            raise Refused("400 Bad request - the body is not JSON", 400) from None
        if not isinstance(data, dict):
            raise Refused("400 Bad request - the body is not an object", 400)
        return {**self.request.query, **data}

    def needed(self, *names: str) -> list[str]:
        """Return parameters that must be there."""
        given = self.parameters()
        if missing := [name for name in names if not given.get(name)]:
            raise Refused(f"{', '.join(missing)} is missing", 400)
        return [str(given[name]) for name in names]

    # --- who may -----------------------------------------------------------------------------

    @property
    def role(self) -> Role:
        """Return what the caller may do in the project; a token of a project or job speaks for that one alone."""
        principal = self.principal
        if principal and principal.kind is not TokenKind.PERSON and principal.repository != self.project.id:
            return Role.NONE if self.project.private else Role.READ
        return self.project.role(self.account)

    def authorise(self, route: Route) -> None:
        """Refuse what GitLab would refuse, in its words."""
        if self.repository is not None and self.project.private and self.role == Role.NONE:
            raise Refused("404 Project Not Found", 404)
        if self.account is None:
            if not route.public:
                raise Refused("401 Unauthorized", 401)
            return
        if self.principal and self.principal.read_only and route.method != "GET":
            raise Refused("insufficient_scope", 403)
        if self.repository is not None and self.role < route.least:
            raise Refused("403 Forbidden", 403)

    # --- answers -----------------------------------------------------------------------------

    def page(self, items: Sequence[Any], shape: Callable[[Any], Any]) -> Response:
        """Return one page of a list, with its place among the others in headers."""
        query = dict(self.request.query)
        size = min(max(_number(query.get("per_page"), 20), 1), 100)
        page = max(_number(query.get("page"), 1), 1)
        last = max((len(items) + size - 1) // size, 1)
        places = {"prev": page - 1 if page > 1 else None, "next": page + 1 if page < last else None}
        url = self.shapes.api + self.request.encoded
        links = [
            f'<{url}?{urlencode({**query, "page": str(to), "per_page": str(size)})}>; rel="{name}"'
            for name, to in {**places, "first": 1, "last": last}.items()
            if to
        ]
        headers = {
            "Link": ", ".join(links),
            "X-Page": str(page),
            "X-Per-Page": str(size),
            "X-Prev-Page": str(places["prev"] or ""),
            "X-Next-Page": str(places["next"] or ""),
            "X-Total": str(len(items)),
            "X-Total-Pages": str(last),
        }
        return json_response([shape(item) for item in items[(page - 1) * size : page * size]], 200, **headers)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else default
