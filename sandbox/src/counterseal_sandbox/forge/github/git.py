"""Git over HTTP below `/github/git/OWNER/NAME.git`: git's own programs, with the forge's tokens in front.

Pushes are booked in the model by comparing the refs before and after; what is refused is refused
by git itself (the hooks of `forge/git/habits.py`). Also the pages that people download published assets from.
`GitHttp` is GitHub's; GitLab's, in `forge/gitlab/git.py`, has other names, tokens and words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.git import smart_http
from counterseal_sandbox.forge.git.habits import ROLE
from counterseal_sandbox.forge.github.face import GIT, token_of
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.accounts import Principal
    from counterseal_sandbox.forge.model import Forge
    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import LoopbackServer, Request

_DOWNLOAD = re.compile(r"/(?P<name>[^/]+/[^/]+)/releases/download/(?P<tag>.+)/(?P<file>[^/]+)")


class GitHttp:
    """Serves the repositories of a forge to git, as GitHub does."""

    kind: ClassVar = ForgeKind.GITHUB
    prefix: ClassVar = GIT
    path: ClassVar = re.compile(
        r"/(?P<name>[^/]+/[^/]+?)(?:\.git)?/(?P<rest>info/refs|git-upload-pack|git-receive-pack)"
    )

    def __init__(self, forge: Forge, server: LoopbackServer) -> None:
        self._forge = forge
        self._abilities: dict[int, Response] = {}
        server.mount(self.prefix, self._serve)

    def _serve(self, request: Request) -> Response:
        if (page := self._page(request)) is not None:
            return page
        match = self.path.fullmatch(request.path)
        if match is None:
            name = f"git {request.method} {request.path}"
            self._forge.unknown_calls.append(name)
            return Response(501, f"the sandbox does not answer {name}\n".encode())
        writing = "git-receive-pack" in (match["rest"], request.query.get("service"))
        try:
            principal = self._principal(request)
            repository = self._authorise(match["name"], principal, writing=writing)
        except Refused as refused:
            return self._refusal(refused)
        if match["rest"] != "git-receive-pack" or principal is None:
            return self._read(repository, request, match["rest"])
        account = self._forge.accounts.by_id(principal.account)
        if account is None:
            return self._refusal(Refused("Bad credentials", 401))
        with self._forge.lock, repository.pushing(account):
            return self._backend(repository, request, match["rest"], repository.role(account))

    def _refusal(self, refused: Refused) -> Response:
        ask = {"WWW-Authenticate": f'Basic realm="{self.kind}"'} if refused.status == 401 else {}
        # git shows a refusal to its user if it is plain text
        return Response(refused.status, f"{refused}\n".encode(), {"Content-Type": "text/plain; charset=utf-8", **ask})

    # --- what differs between forges ---------------------------------------------------------

    def _principal(self, request: Request) -> Principal | None:
        token = token_of(request.headers)
        principal = self._forge.accounts.principal(token) if token is not None else None
        if token is not None and principal is None:
            raise Refused(
                "Invalid username or token. Password authentication is not supported for Git operations.", 401
            )
        return principal

    def _authorise(self, name: str, principal: Principal | None, *, writing: bool) -> HostedRepository:
        repository = self._find(name)
        if principal is None and (writing or repository is None or repository.private):
            raise Refused("Authentication required", 401)
        if repository is None:
            raise Refused("Repository not found.", 404)
        if principal and principal.permissions is not None:
            granted = principal.permissions.get("contents", "none") if principal.repository == repository.id else "none"
            allowed = granted == "write" or (not writing and (granted == "read" or not repository.private))
        else:
            account = self._forge.accounts.by_id(principal.account) if principal else None
            role = repository.role(account) if account else Role.READ
            allowed = role >= (Role.WRITE if writing else Role.READ)
        if not allowed:
            raise Refused(
                f"Write access to repository not granted: {repository.full_name}" if writing else "Not found", 403
            )
        return repository

    def _page(self, request: Request) -> Response | None:
        """Return the answer to a request that is none of git's, or None."""
        match = _DOWNLOAD.fullmatch(request.path)
        return self._download(request, *match.group("name", "tag", "file")) if match else None

    # --- git ---------------------------------------------------------------------------------

    def _find(self, name: str) -> HostedRepository | None:
        repository = self._forge.find(name)
        return repository if repository and repository.kind is self.kind else None

    def _read(self, repository: HostedRepository, request: Request, rest: str) -> Response:
        """Return git's answer; what a repository can do, which in version 2 names no ref, is asked of git once."""
        lasting = rest == "info/refs" and request.query.get("service") == "git-upload-pack"
        if not lasting or request.headers.get("git-protocol") != "version=2":
            return self._backend(repository, request, rest)
        if repository.id not in self._abilities:
            answer = self._backend(repository, request, rest)
            if answer.status != 200:
                return answer
            self._abilities[repository.id] = answer
        return self._abilities[repository.id]

    def _backend(self, repository: HostedRepository, request: Request, rest: str, role: Role = Role.NONE) -> Response:
        variables = {
            ROLE: str(int(role)),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        return smart_http.answer(repository.git.path, request, rest, variables)

    def _download(self, request: Request, name: str, tag: str, file: str) -> Response:
        with self._forge.lock:
            try:
                repository = self._authorise(name, self._principal(request), writing=False)
            except Refused:
                return Response(404, b"Not Found")
            for release in repository.releases.list(drafts=False):
                for asset in release.assets:
                    if (release.tag, asset.name, asset.state) == (tag, file, "uploaded"):
                        asset.downloads += 1
                        return Response(200, asset.path.read_bytes(), {"Content-Type": asset.content_type})
        return Response(404, b"Not Found")
