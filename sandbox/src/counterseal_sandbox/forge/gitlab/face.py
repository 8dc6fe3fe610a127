"""GitLab's face of the forge: REST routes, tokens, refusals in GitLab's words.

Answered are only the calls of the modules in `ROUTES` and the two GraphQL queries of `graphql`; any other is 501 with
its name and is written down in `forge.unknown_calls`. Nothing here decides anything about the forge: that is the
model's work.

A job's token is taken by the calls that GitLab lists for it ("CI/CD job token") and is no token at the others, as it
is there. GitLab shows approvals, versions, commits and reviewers of public projects to callers without a token as well;
the sandbox does not, so that nobody comes to rely on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.accounts import TokenKind
from counterseal_sandbox.forge.github.face import token_of
from counterseal_sandbox.forge.gitlab import changes, graphql, jobs, projects, registry, settings
from counterseal_sandbox.forge.gitlab.call import Call
from counterseal_sandbox.forge.gitlab.shapes import Shapes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal_sandbox.forge.accounts import Principal
    from counterseal_sandbox.forge.gitlab.call import Route
    from counterseal_sandbox.forge.model import Forge
    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import LoopbackServer, Request, Response

API: Final = "/gitlab/api/v4"
GRAPHQL: Final = "/gitlab/api/graphql"
GIT: Final = "/gitlab/git"
ROUTES: Final = (*projects.ROUTES, *settings.ROUTES, *changes.ROUTES, *registry.ROUTES, *jobs.ROUTES)


class GitLabFace:
    """Answers below `/gitlab/api` of a server.

    `on_answer(name of the call, status, body)` is called with every answer before it is sent; tests hold it
    against GitLab's documentation there.
    """

    def __init__(self, forge: Forge, server: LoopbackServer) -> None:
        self.forge = forge
        self.shapes = Shapes(forge, api=server.url + API, site=server.url + GIT)
        self.on_answer: Callable[[str, int, bytes], None] = lambda *_: None
        server.mount(API, self._serve)
        server.mount(GRAPHQL, self._query)

    def _serve(self, request: Request) -> Response:
        for route in ROUTES:
            if route.method == request.method and (match := route.pattern.fullmatch(request.encoded)):
                break
        else:
            return self._unknown(f"{request.method} {request.path}")
        path = {name: unquote(value) for name, value in match.groupdict().items()}
        try:
            with self.forge.lock:
                response = self._answer(route, request, path)
        except Refused as refused:
            response = _refusal(refused)
        self.on_answer(route.name, response.status, response.body)
        return response

    def _answer(self, route: Route, request: Request, path: Mapping[str, str]) -> Response:
        principal = self._principal(request)
        if principal and principal.kind is TokenKind.JOB and not route.job:
            principal = None
        account = self.forge.accounts.by_id(principal.account) if principal else None
        repository = self._project(path["id"]) if "id" in path else None
        call = Call(self.forge, self.shapes, request, path, principal, account, repository)
        call.authorise(route)
        return route.handler(call)

    def _principal(self, request: Request) -> Principal | None:
        headers = request.headers
        job, basic = headers.get("job-token"), headers.get("authorization", "").lower().startswith("basic ")
        token = job or headers.get("private-token") or token_of(headers)
        if token is None:
            return None
        principal = self.forge.accounts.principal(token, ForgeKind.GITLAB)
        # each header takes its own kind of token; a password is of either
        if principal is None or (not basic and (principal.kind is TokenKind.JOB) != (job is not None)):
            raise Refused("401 Unauthorized", 401)
        return principal

    def _project(self, name: str) -> HostedRepository:
        project = self.forge.by_id(int(name)) if name.isdecimal() else self.forge.find(name)
        if project is None or project.kind is not ForgeKind.GITLAB:
            raise Refused("404 Project Not Found", 404)
        return project

    def _query(self, request: Request) -> Response:
        try:
            with self.forge.lock:
                principal = self._principal(request)
                if principal and principal.kind is TokenKind.JOB:
                    principal = None
                account = self.forge.accounts.by_id(principal.account) if principal else None
                response = graphql.answer(self.forge, request, account)
        except graphql.UnknownQueryError as unknown:
            return self._unknown(f"GraphQL {unknown}")
        except Refused as refused:
            response = _refusal(refused)
        self.on_answer("POST /api/graphql", response.status, response.body)
        return response

    def _unknown(self, name: str) -> Response:
        self.forge.unknown_calls.append(name)
        return _refusal(Refused(f"the sandbox does not answer {name}", 501))


def _refusal(refused: Refused) -> Response:
    if str(refused) == "insufficient_scope":
        text = "The request requires higher privileges than provided by the access token."
        return json_response({"error": "insufficient_scope", "error_description": text, "scope": "api"}, 403)
    return json_response({"message": refused.details or str(refused)}, refused.status)
