"""A repository in the sandbox with its people, for contract tests: what happens there is told to the model directly."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from counterseal.adapters.github.forge import GitHubForge
from counterseal.adapters.github.releases import GitHubReleases
from counterseal.adapters.github.runs import GitHubGateRuns
from counterseal.adapters.gitlab.access import GitLabTokens
from counterseal.adapters.gitlab.forge import GitLabForge
from counterseal.adapters.gitlab.releases import GitLabReleases
from counterseal.adapters.gitlab.runs import GitLabGateRuns
from counterseal.errors import ServiceError
from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract import gitlab_described, openapi

    from counterseal.ports import AssetStore, Forge, GateRuns
    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.change import Change
    from counterseal_sandbox.forge.github.face import GitHubFace
    from counterseal_sandbox.forge.gitlab.face import GitLabFace
    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import Request
    from counterseal_sandbox.service import Sandbox

Watch: TypeAlias = "gitlab_described.Violations | openapi.Violations"

NUMBERS = count(1)
GITLAB_ROLES = {"alice": "maintainer", "bob": "developer", "carol": "developer", "dora": "developer"}
PEOPLE = {"alice": 1001, "bob": 1002, "carol": 1003, "dora": 1010, "mallory": 1666}
MAIN = "refs/heads/main"
GATE = {"contents": "write", "pull-requests": "write", "actions": "read"}


def no_pause(_: float) -> None:
    """Stand in for waiting."""


def refused(call: Callable[[], object], token: str = "") -> ServiceError:
    """Return the error that `call` ends with, after checking that it helps and keeps the token to itself."""
    with pytest.raises(ServiceError) as caught:
        call()
    error = caught.value
    assert error.what
    assert error.why
    assert error.fix
    assert not token or token not in f"{error}{error!r}{error.__cause__!r}{error.__context__!r}"
    return error


@contextmanager
def watched(sandbox: Sandbox, face: GitHubFace | GitLabFace, violations: Watch) -> Iterator[None]:
    """Fail after the block if an answer of `face` was not as it is described, or a call was not known."""
    before, face.on_answer = face.on_answer, violations
    sandbox.forge.clock = lambda: datetime.now(UTC)
    yield
    face.on_answer = before
    sandbox.server.interceptors.clear()
    assert violations == [], violations
    unknown, sandbox.forge.unknown_calls[:] = list(sandbox.forge.unknown_calls), []
    assert unknown == []


class World:
    """A fresh repository of GitHub: alice maintains it, bob, carol and dora may write, mallory is nobody."""

    host = "github.com"
    kind = ForgeKind.GITHUB

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.model = sandbox.forge
        for login, number in PEOPLE.items():
            if self.model.accounts.by_login(login) is None:
                self.model.create_account(login, number=number)
        if self.model.accounts.by_login("acme") is None:
            self.model.create_account("acme", "Organization", 2000)
        self.name = f"acme/app-{next(NUMBERS)}"
        roles = {"alice": "maintain", "bob": "write", "carol": "write", "dora": "write"}
        self.repository: HostedRepository = self.model.create_repository(
            self.name, kind=self.kind, collaborators=roles if self.kind is ForgeKind.GITHUB else GITLAB_ROLES
        )
        self.changes = self.repository.changes
        self.first = self.repository.write_file("main", "README.md", b"first\n", self.who("alice"))

    # --- what people do ----------------------------------------------------------------------

    def who(self, login: str) -> Account:
        return self.model.account(login)

    def write(
        self, login: str, path: str = "file", content: bytes | None = b"x\n", branch: str = "work", **more: Any
    ) -> str:
        if self.repository.branch(branch) is None:
            tip = self.repository.branch("main")
            assert tip
            self.repository.move_branch(branch, tip, self.who(login))
        return self.repository.write_file(branch, path, content, self.who(login), **more)

    def open(self, login: str = "bob", branch: str = "work", **more: Any) -> Change:
        if self.repository.branch(branch) is None:
            self.write(login, f"{branch}.txt", branch=branch)
        return self.changes.open(self.who(login), branch, "main", title=f"Add {branch}", **more)

    def approve(self, change: Change, login: str) -> None:
        self.changes.review(change, self.who(login), "APPROVE")

    def tag(self, name: str = "v1.0.0") -> str:
        self.repository.move_ref(f"refs/tags/{name}", self.repository.branch("main"), self.who("alice"))
        return name

    def noreply(self, login: str) -> str:
        """Return the address that the forge gives to somebody who hides their own."""
        return self.who(login).noreply_at(self.kind)

    # --- ports -------------------------------------------------------------------------------

    @property
    def api(self) -> str:
        return f"{self.sandbox.url}/github/api"

    def token(self, login: str | None = None, **permissions: str) -> str:
        """Return a person's token, or that of a run (by default the gate's)."""
        if login:
            return self.model.token(login)
        named = {name.replace("_", "-"): level for name, level in permissions.items()}
        return self.model.run_token(self.repository, named or GATE)

    def forge(
        self, token: Any = None, *, timeout: float = 20.0, api: str | None = None, name: str | None = None
    ) -> Forge:
        token, name = token or self.token(), self.name if name is None else name
        return GitHubForge(name, token, host=self.host, api_url=api or self.api, timeout=timeout, pause=no_pause)

    def store(self, token: Any = None, *, timeout: float = 20.0) -> AssetStore:
        token = token or self.token()
        return GitHubReleases(self.name, token, host=self.host, api_url=self.api, timeout=timeout, pause=no_pause)

    #: A file that takes the inputs of a run that somebody starts, and its path.
    by_hand = (
        ".github/workflows/promote.yml",
        b"on:\n  push:\n  workflow_dispatch:\n    inputs:\n      action: {default: ''}\n      stage: {default: all}\n",
    )

    def runs(self, token: Any = None, *, api: str | None = None) -> GateRuns:
        """Return what starts runs of the gate, by default as bob."""
        token = token or self.token("bob")
        return GitHubGateRuns(self.name, token, host=self.host, api_url=api or self.api, pause=no_pause)

    # --- faults ------------------------------------------------------------------------------

    def answer(self, path: str, response: Response, *, times: int = 1_000_000, method: str = "") -> list[Request]:
        """Let calls whose path ends in `path` be answered so; return the list of those calls, which grows."""
        seen: list[Request] = []

        def intercept(_: str, request: Request) -> Response | None:
            if not request.path.endswith(path) or method not in ("", request.method) or len(seen) >= times:
                return None
            seen.append(request)
            return response

        self.sandbox.server.interceptors.append(intercept)
        return seen

    def alter(self, path: str, change: Callable[[Any], Any]) -> None:
        """Let the JSON that answers calls whose path ends in `path` be changed on its way."""
        import json

        server, face = self.sandbox.server, self.sandbox.face
        busy: list[bool] = []

        def intercept(prefix: str, request: Request) -> Response | None:
            if busy or not request.path.endswith(path):
                return None
            busy.append(True)
            try:
                honest = server.answer(
                    request.method, prefix + request.encoded + _query(request), request.headers, request.body
                )
            finally:
                busy.clear()
            assert face is not None
            return Response(honest.status, json.dumps(change(json.loads(honest.body))).encode(), honest.headers)

        server.interceptors.append(intercept)


class GitLabWorld(World):
    """A fresh project of GitLab with the same people."""

    host = "gitlab.com"
    kind = ForgeKind.GITLAB

    @property
    def api(self) -> str:
        return f"{self.sandbox.url}/gitlab/api/v4"

    def job(self, login: str = "alice") -> str:
        """Return the token of a job of a pipeline that somebody started."""
        return self.model.job_token(self.repository, self.who(login))

    def reading(self) -> str:
        """Return a project access token as the documentation asks for: Reporter, `read_api`."""
        return self.model.project_token(self.repository)

    def bot(self, role: Role = Role.TRIAGE) -> Account:
        """Return the bot of a new project access token."""
        before = set(self.repository.roles)
        self.model.project_token(self.repository, role, read_only=False)
        (number,) = set(self.repository.roles) - before
        account = self.model.accounts.by_id(number)
        assert account is not None
        return account

    def tokens(self, given: Any = None) -> GitLabTokens:
        """Return a person's token as they have it, or (by default) what a gate's job has."""
        if isinstance(given, GitLabTokens):
            return given
        return GitLabTokens(personal=given) if given else GitLabTokens(job=self.job(), api=self.reading())

    def forge(
        self, token: Any = None, *, timeout: float = 20.0, api: str | None = None, name: str | None = None
    ) -> GitLabForge:
        tokens, name = self.tokens(token), self.name if name is None else name
        return GitLabForge(name, tokens, host=self.host, api_url=api or self.api, timeout=timeout, pause=no_pause)

    def store(self, token: Any = None, *, timeout: float = 20.0) -> GitLabReleases:
        return GitLabReleases(
            self.name, self.tokens(token), host=self.host, api_url=self.api, timeout=timeout, pause=no_pause
        )

    by_hand = (
        ".gitlab-ci.yml",
        (
            b"spec:\n  inputs:\n    action: {default: '', options: ['', hold]}\n"
            b"    stage: {default: all, regex: '^[a-z]*$'}\n---\njob: {script: [a]}\n"
        ),
    )

    def runs(self, token: Any = None, *, api: str | None = None) -> GateRuns:
        tokens = self.tokens(token or self.token("bob"))
        return GitLabGateRuns(self.name, tokens, host=self.host, api_url=api or self.api, pause=no_pause)


def _query(request: Request) -> str:
    from urllib.parse import urlencode

    return f"?{urlencode(dict(request.query))}" if request.query else ""
