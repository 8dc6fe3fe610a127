"""Bad input and bad services as flow tests make them, and what an error has to look like to the user."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.adapters.github.ci import GitHubEnvironment
from counterseal.adapters.github.forge import GitHubForge
from counterseal.adapters.github.releases import GitHubReleases
from counterseal.adapters.gitlab.forge import GitLabForge
from counterseal.adapters.gitlab.releases import GitLabReleases
from counterseal.adapters.http import client as http
from counterseal.adapters.sigstore.signer import SigstoreSigner
from counterseal_sandbox import fulcio, identity, rekor, timestamp
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.forge.github import face as github
from counterseal_sandbox.forge.gitlab import face as gitlab
from counterseal_sandbox.http import Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.demo.shell import ProcessResult

FORGE, UPLOADS, GIT, IDENTITY = github.API, github.UPLOADS, github.GIT, identity.PREFIX
GITLAB = gitlab.API
FULCIO, LOG, TIMESTAMPS = fulcio.PREFIX, rekor.PREFIX, timestamp.PREFIX


# --- what the user sees ----------------------------------------------------------------------


def told(result: ProcessResult, code: int, what: str, *, fix: bool = True) -> str:
    """Return the first error after checking that its first line says what (a pattern), the others why and a fix."""
    text = result.errors + result.output
    assert result.exit_code == code, f"ended with {result.exit_code}, not {code}:\n{text}"
    assert "Traceback" not in text
    assert "this is a bug" not in text
    start = re.search(r"^error: .*", text, re.MULTILINE)
    assert start, text
    block = re.match(r"error: .*(\n {2,}.*|\n(?=\n? {2}))*", text[start.start() :])
    assert block, text
    error = block[0]
    first = error.split("\n")[0]
    assert re.search(what, first), f"{what!r} is not in the first line:\n{error}"
    assert re.search(r"^  why: \S", error, re.MULTILINE), f"no why:\n{error}"
    assert not fix or re.search(r"^  fix: \S", error, re.MULTILINE), f"no fix:\n{error}"
    return error


def refused(world: FlowWorld, code: int, what: str, *arguments: str, fix: bool = True, **run: Any) -> str:
    """Return what a gate that could not decide said, after checking that it recorded nothing."""
    environment, before = world.run(**run), refs(world)
    result = world.cli("gate", *arguments, environment=environment)
    assert refs(world) == before, "something was recorded"
    return told(result, code, what, fix=fix)


def refs(world: FlowWorld) -> dict[str, str]:
    """Return every ref of the forge's repository, read on its disk: whatever git over http answers."""
    return world.sandbox.forge.repository(NAME).git.refs()


# --- services that do not do their part -------------------------------------------------------


@dataclass(slots=True)
class Fault:
    """A service that answers wrongly where `where` says so; `hits` counts how often it was asked there.

    `since` is a service that has to be asked first.
    """

    answer: Callable[[Request], Response | None]
    prefix: str
    where: str = ""
    method: str = ""
    after: int = 0
    times: int = 1_000
    since: str = ""
    hits: int = field(default=0)

    def __call__(self, prefix: str, request: Request) -> Response | None:
        if self.since:
            self.since = "" if prefix == self.since else self.since
            return None
        query = "?" + "&".join(f"{key}={value}" for key, value in request.query.items())
        if prefix != self.prefix or not re.search(self.where, request.path + query):
            return None
        if self.method and request.method != self.method:
            return None
        self.hits += 1
        if not self.after < self.hits <= self.after + self.times:
            return None
        return self.answer(request)


@contextlib.contextmanager
def fault(
    world: FlowWorld,
    answer: Response | Callable[[Request], Response | None],
    prefix: str,
    where: str = "",
    method: str = "",
    since: str = "",
    **more: int,
) -> Iterator[Fault]:
    """Let a service answer wrongly in the block, and check that it was asked for it.

    Args:
        world: The world.
        answer: What it answers; a function may also wait, or return None for the true answer.
        prefix: Which service.
        where: Pattern in path and query; empty: everywhere.
        method: Only this method.
        since: Only after this service was asked.
        **more: `after`: so many calls are answered rightly first; `times`: then so many wrongly.
    """
    interceptor = Fault(
        (lambda _: answer) if isinstance(answer, Response) else answer, prefix, where, method, since=since, **more
    )
    world.sandbox.server.interceptors.append(interceptor)
    try:
        yield interceptor
    finally:
        world.sandbox.server.interceptors.remove(interceptor)
    assert interceptor.hits > interceptor.after, f"nobody asked {prefix} for {where!r}"


def altered(world: FlowWorld, prefix: str, change: Callable[[Any], Any]) -> Callable[[Request], Response]:
    """Answer with what the service says truly, after changing its JSON."""

    def answer(request: Request) -> Response:
        honest = world.sandbox.server._handlers[prefix](request)
        return Response(honest.status, json.dumps(change(json.loads(honest.body))).encode(), honest.headers)

    return answer


def down() -> Callable[[Request], Response]:
    """Answer as a load balancer does whose service is gone."""
    return lambda _: Response(503, b"upstream connect error\n", {"Content-Type": "text/plain"})


def garbage(body: bytes = b"<html>maintenance</html>") -> Callable[[Request], Response]:
    """Answer 200 with something else than was asked for."""
    return lambda _: Response(200, body, {"Content-Type": "application/json"})


def status(number: int, message: str = "no", **headers: str) -> Callable[[Request], Response]:
    """Answer as the forge does when it refuses."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: json_response({"message": message}, number, **named)


@contextlib.contextmanager
def slow() -> Iterator[Callable[[Request], None]]:
    """Give an answer that does not come before the end of the block."""
    end = threading.Event()

    def wait(_: Request) -> None:
        end.wait(30)

    try:
        yield wait
    finally:
        end.set()


@contextlib.contextmanager
def impatient(seconds: float = 0.4) -> Iterator[list[float]]:
    """Shorten every time-out, take the pauses between tries out, and give the list of the pauses that were wanted.

    A command line has no such option (R35): what is set here are the defaults of the adapters.
    """
    pauses: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        forges = (GitHubForge.__init__, GitHubReleases.__init__, GitLabForge.__init__, GitLabReleases.__init__)
        for function in (*forges, GitHubEnvironment.__init__, SigstoreSigner.__init__, http.get_bytes):
            defaults = function.__kwdefaults__
            assert defaults is not None
            for name, value in {"timeout": seconds, "seconds": seconds, "pause": pauses.append}.items():
                if name in defaults:
                    patch.setitem(defaults, name, value)
        yield pauses
