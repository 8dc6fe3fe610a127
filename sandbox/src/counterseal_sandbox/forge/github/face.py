"""GitHub's REST face of the forge: routes, tokens, refusals in GitHub's words.

Answered are only the calls of the modules whose routes are mounted here; any other is 501 with its name and is written
down in `forge.unknown_calls`. Nothing here decides anything about the forge: that is the model's work.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.github import changes, releases, repositories, rules, runs, settings
from counterseal_sandbox.forge.github.call import Call
from counterseal_sandbox.forge.github.json import Shapes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from counterseal_sandbox.forge.github.routes import Route
    from counterseal_sandbox.forge.model import Forge
    from counterseal_sandbox.http import LoopbackServer, Request, Response

API = "/github/api"
UPLOADS = f"{API}/uploads"  # below the API, as GitHub Enterprise Server has it: PyGithub goes nowhere else
OBJECTS = "/github/objects"
GIT = "/github/git"


class GitHubFace:
    """Answers below `/github/api` (uploads at `/github/api/uploads`) and `/github/objects` of a server.

    `on_answer(operation id, status, body)` is called with every JSON answer before it is sent; tests
    hold it against GitHub's description there.
    """

    def __init__(self, forge: Forge, server: LoopbackServer) -> None:
        self.forge = forge
        self.shapes = Shapes(
            forge,
            api=server.url + API,
            uploads=server.url + UPLOADS,
            objects=server.url + OBJECTS,
            site=server.url + GIT,
        )
        self.on_answer: Callable[[str, int, bytes], None] = lambda *_: None
        calls = (*rules.ROUTES, *settings.ROUTES, *repositories.ROUTES, *changes.ROUTES, *releases.ROUTES, *runs.ROUTES)
        server.mount(API, lambda request: self._serve(calls, request))
        server.mount(UPLOADS, lambda request: self._serve(releases.UPLOADS, request))
        server.mount(OBJECTS, lambda request: releases.serve_object(forge, request))

    def _serve(self, routes: Iterable[Route], request: Request) -> Response:
        for route in routes:
            if route.method == request.method and (match := route.pattern.fullmatch(request.path)):
                break
        else:
            name = f"{request.method} {request.path}"
            self.forge.unknown_calls.append(name)
            return _refusal(Refused(f"the sandbox does not answer {name}", 501))
        try:
            with self.forge.lock:
                response = self._answer(route, request, match.groupdict())
        except Refused as refused:
            response = _refusal(refused)
        self.on_answer(route.operation, response.status, response.body)
        return response

    def _answer(self, route: Route, request: Request, path: Mapping[str, str]) -> Response:
        accounts, token = self.forge.accounts, token_of(request.headers)
        principal = accounts.principal(token) if token is not None else None
        if token is not None and principal is None:
            raise Refused("Bad credentials", 401)
        account = accounts.by_id(principal.account) if principal else None
        name = f"{path['owner']}/{path['repo']}" if "owner" in path else None
        repository = self.forge.repository(name, ForgeKind.GITHUB) if name else None
        call = Call(self.forge, self.shapes, request, path, principal, account, repository)
        if repository is not None:
            _authorise(route, call)
        return route.handler(call)


def _authorise(route: Route, call: Call) -> None:
    if call.hides():
        raise Refused("Not Found", 404)
    if all(any(call.may(need, outsiders=route.outsiders) for need in either) for either in route.needs):
        return
    if call.principal is None:
        raise Refused("Requires authentication", 401)
    of = "integration" if call.principal.permissions is not None else "personal access token"
    raise Refused(f"Resource not accessible by {of}", 403)


def token_of(headers: Mapping[str, str]) -> str | None:
    """Return the token of an `Authorization` header: `token`, `Bearer`, or the password of `Basic`."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("token", "bearer"):
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return None


def _refusal(refused: Refused) -> Response:
    body = {"message": str(refused), "documentation_url": "https://docs.github.com/rest", "status": str(refused.status)}
    return json_response(body, refused.status)
