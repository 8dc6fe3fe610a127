"""GitLab's git over HTTP below `/gitlab/git/GROUP/PROJECT.git`, and the permanent links of releases beside it.

The addresses are those of gitlab.com below that place: `…/GROUP/PROJECT/-/releases/TAG/downloads/NAME` leads to where
the link of the release points.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.accounts import Role, TokenKind
from counterseal_sandbox.forge.github.git import GitHttp
from counterseal_sandbox.forge.gitlab.face import GIT
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.accounts import Principal
    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import Request

JOB_USER = "gitlab-ci-token"
_PERMALINK = re.compile(r"/(?P<name>[^/]+(?:/[^/]+)+)/-/releases/(?P<tag>[^/]+)/downloads(?P<file>/.+)")
_WITHOUT_GIT = re.compile(r"/(?P<name>[^/]+(?:/[^/]+)+(?<!\.git))/info/refs")
_NOT_FOUND = "The project you were looking for could not be found or you don't have permission to view it."


class GitLabHttp(GitHttp):
    """Serves the projects of a forge to git, as GitLab does."""

    kind: ClassVar = ForgeKind.GITLAB
    prefix: ClassVar = GIT
    path: ClassVar = re.compile(
        r"/(?P<name>[^/]+(?:/[^/]+)+?)\.git/(?P<rest>info/refs|git-upload-pack|git-receive-pack)"
    )

    def _principal(self, request: Request) -> Principal | None:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, token = base64.b64decode(rest).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user = token = ""
        principal = self._forge.accounts.principal(token, ForgeKind.GITLAB)
        if principal is None or (principal.kind is TokenKind.JOB and user != JOB_USER):
            raise Refused("HTTP Basic: Access denied.", 401)
        return principal

    def _authorise(self, name: str, principal: Principal | None, *, writing: bool) -> HostedRepository:
        repository = self._find(name)
        if principal is None and (writing or repository is None or repository.private):
            raise Refused("HTTP Basic: Access denied.", 401)
        role = self._role(repository, principal) if repository else Role.NONE
        if repository is None or role < Role.READ:
            raise Refused(_NOT_FOUND, 404)
        if writing and (role < Role.WRITE or not self._may_write(repository, principal)):
            raise Refused("You are not allowed to push code to this project.", 403)
        return repository

    def _role(self, repository: HostedRepository, principal: Principal | None) -> Role:
        public = Role.NONE if repository.private else Role.READ
        if principal is None or (principal.kind is not TokenKind.PERSON and principal.repository != repository.id):
            return public
        return repository.role(self._forge.accounts.by_id(principal.account))

    def _may_write(self, repository: HostedRepository, principal: Principal | None) -> bool:
        if principal is None or principal.read_only:
            return False
        return principal.kind is not TokenKind.JOB or repository.job_token_may_push

    def _page(self, request: Request) -> Response | None:
        if match := _WITHOUT_GIT.fullmatch(request.path):
            query = "&".join(f"{name}={value}" for name, value in request.query.items())
            return Response(301, headers={"Location": f"{GIT}/{match['name']}.git/info/refs?{query}"})
        match = _PERMALINK.fullmatch(request.encoded)
        return self._permalink(request, *map(unquote, match.group("name", "tag", "file"))) if match else None

    def _permalink(self, request: Request, name: str, tag: str, file: str) -> Response:
        with self._forge.lock:
            try:
                repository = self._authorise(name, self._principal(request), writing=False)
                link = repository.project_releases.get(tag).link_at(file)
            except Refused:
                link = None
        return Response(302, headers={"Location": link.url}) if link else Response(404, b"Not Found")
