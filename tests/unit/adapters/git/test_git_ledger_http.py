"""The ledger's store over http: the token, answers that are lost, redirects, old protocols."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.unit.git_ledgers import continued, next_commit, plain_commit, planted, texts
from tests.unit.git_remotes import git
from tests.unit.ledger_lines import Book, book, identifier

from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.errors import ServiceError
from counterseal_sandbox.http import LoopbackServer, Request, Response

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "ghs_a-very-secret-token"


@pytest.fixture
def store(server: LoopbackServer, tmp_path: Path) -> GitLedgerStore:
    return GitLedgerStore(f"{server.url}/git/app.git", tmp_path / "http.git", token=TOKEN)


def test_the_token_goes_into_a_header_and_nowhere_else(
    server: LoopbackServer, store: GitLedgerStore, tmp_path: Path
) -> None:
    seen: list[Request] = []
    server.interceptors.append(lambda _, request: seen.append(request))
    assert book(store, 2).tip().size == 3
    store.check_push()
    headers = {request.headers.get("authorization", "") for request in seen}
    assert [header.partition(" ")[0] for header in headers] == ["Basic"]
    assert not [request for request in seen if TOKEN in request.path or TOKEN.encode() in request.body]
    copy = tmp_path / "http.git"
    assert not [each for each in copy.rglob("*") if each.is_file() and TOKEN.encode() in each.read_bytes()]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_final_and_not_shown(server: LoopbackServer, store: GitLedgerStore, status: int) -> None:
    calls: list[str] = []

    def refuse(_: str, request: Request) -> Response | None:
        calls.append(request.path)
        return Response(status, request.headers.get("authorization", "").encode(), {"Content-Type": "text/plain"})

    server.interceptors.append(refuse)
    for read in (store.tip, lambda: store.commits(5), lambda: store.objects(["5" * 40])):
        calls.clear()
        with pytest.raises(ServiceError) as caught:
            read()
        assert "permissions: contents: read" in caught.value.fix
        assert TOKEN not in str(caught.value)
        assert len(calls) <= 2  # git asks again with what it was given, we do not


def test_a_push_without_the_right_to_is_final(server: LoopbackServer, store: GitLedgerStore, remote: Path) -> None:
    def refuse(_: str, request: Request) -> Response | None:
        return Response(403) if request.query.get("service") == "git-receive-pack" else None

    server.interceptors.append(refuse)
    with pytest.raises(ServiceError, match="push of the ledger failed") as caught:
        store.push(plain_commit(b"x"))
    assert "permissions: contents: write" in caught.value.fix
    assert texts(remote) == []


@pytest.mark.slow
def test_reading_is_tried_again_and_writing_is_not(server: LoopbackServer, store: GitLedgerStore, remote: Path) -> None:
    failures: list[str] = []
    asked: list[str] = []

    def stumble(_: str, request: Request) -> Response | None:
        service = request.query.get("service", "")
        asked.append(service)
        if service in failures:
            failures.remove(service)
            return Response(503)
        return None

    server.interceptors.append(stumble)
    planted(remote, 1)
    line = str(store.commits(1)[0].line)
    for read in (store.tip, lambda: store.commits(5), lambda: store.objects([line])):
        failures += ["git-upload-pack"] * 2
        asked.clear()
        assert read()
        assert asked.count("git-upload-pack") == 3
    git(remote, "update-ref", "-d", "refs/heads/counterseal-ledger")
    failures.append("git-receive-pack")
    assert not store.push(plain_commit(b"x")).taken
    assert asked.count("git-receive-pack") == 1
    assert store.push(plain_commit(b"x")).taken


@pytest.mark.parametrize("lost", ["dropped", "dropped once", "bad gateway"])
def test_a_lost_answer_to_a_push_is_not_taken_for_a_no(
    server: LoopbackServer, store: GitLedgerStore, lost: str
) -> None:
    written = book(store, 1)
    pushes: list[Request] = []

    def lose(prefix: str, request: Request) -> Response | None:
        if not request.path.endswith("/git-receive-pack") or (pushes and lost == "dropped once"):
            return None
        pushes.append(request)
        server._handlers[prefix](request)
        if lost != "bad gateway":
            return Response(200, headers={"X-Broken": "\u2028"})  # cannot be sent: the connection ends here
        return Response(502)

    commit = next_commit(written, "lost")
    server.interceptors.append(lose)
    pushed = store.push(commit)
    assert not pushed.taken
    assert len(pushes) <= 2  # curl sends again what a connection that was open already did not answer
    assert store.tip() == pushed.commit
    assert written.tip().find(identifier("lost")) is not None


def test_redirects_are_not_followed(server: LoopbackServer, store: GitLedgerStore) -> None:
    moved: list[Request] = []

    def move(_: str, request: Request) -> Response | None:
        if "moved" in request.path:
            moved.append(request)
            return None
        query = "&".join(f"{key}={value}" for key, value in request.query.items())
        return Response(301, headers={"Location": f"{server.url}/git/moved{request.path}?{query}"})

    server.interceptors.append(move)
    for call in (store.tip, lambda: store.commits(5), store.check_push, lambda: store.push(plain_commit(b"x"))):
        with pytest.raises(ServiceError):
            call()
    assert moved == []


def test_a_server_that_knows_only_the_first_protocol(
    server: LoopbackServer, store: GitLedgerStore, remote: Path
) -> None:
    """It gives only what its refs name, unless it is told otherwise, so nothing can be left out there."""

    def strip(prefix: str, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "git-protocol"}
        return server._handlers[prefix](dataclasses.replace(request, headers=headers))

    server.interceptors.append(strip)
    written = continued(planted(remote, 12, 5), store)
    with pytest.raises(ServiceError, match="a part of the ledger could not be fetched") as caught:
        written.tip()
    assert "uploadpack.allowAnySHA1InWant" in caught.value.fix
    for setting, value in (("allowFilter", "false"), ("allowAnySHA1InWant", "true")):
        git(remote, "config", "uploadpack.allowFilter", "true")
        git(remote, "config", f"uploadpack.{setting}", value)
        goes_on = Book(GitLedgerStore(f"{server.url}/git/app.git", remote.parent.parent / setting, token=None))
        assert goes_on.tip().find(identifier("3")) is not None
        goes_on.decide(setting, publishes=False)
        assert goes_on.tip().find(identifier(setting)) is not None
