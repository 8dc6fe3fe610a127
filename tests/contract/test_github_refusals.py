"""GitHub refuses, limits, or is not there: every doubt is an error that says what, why and what to do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from tests.contract.world import refused

from counterseal.adapters.github import GitHubForge
from counterseal.errors import UsageError
from counterseal.sandbox.http import Response, json_response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.world import World

    from counterseal.sandbox.http import Request

# --- statuses ------------------------------------------------------------


PARTS = ["/pulls/1", "/pulls/1/reviews", "/pulls/1/commits", "/issues/1/timeline", "/activity"]


@pytest.mark.slow
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 429, 451, 500, 502, 503, 504])
def test_a_refusal_of_any_part_is_an_error(world: World, status: int) -> None:
    number, token = world.open().number, world.token()
    for path in PARTS:
        world.sandbox.server.interceptors.clear()
        asked = world.answer(path, json_response({"message": f"no, {token}"}, status))
        error = refused(lambda: world.forge(token).change_request(number), token)
        assert str(status) in error.why
        assert len(asked) == (4 if status >= 500 or status == 429 else 1)


def test_a_missing_permission_shows_the_yaml_to_paste(world: World) -> None:
    number = world.open().number
    error = refused(lambda: world.forge(world.token(contents="read")).change_request(number))
    assert error.why == "HTTP 403: Resource not accessible by integration"
    assert "    permissions:\n      contents: read\n      pull-requests: write\n" in error.fix
    error = refused(lambda: world.forge(world.token(contents="read")).comment(number, "<!--", "<!-- hello"))
    assert "      pull-requests: write\n" in error.fix


def test_what_only_a_setting_allows_names_the_setting(world: World) -> None:
    """A job's token gets the same status for this, whatever its permissions."""
    world.repository.actions_may_approve = False
    forge = world.forge(world.token(contents="write", pull_requests="write"))
    what = {"branch": "asked", "path": "promotions/a.json", "title": "Promote", "body": "because"}
    error = refused(lambda: forge.open_request(content=b"{}", **what))
    assert "GitHub Actions is not permitted to create or approve pull requests" in error.why
    setting = 'Actions → General → Workflow permissions → "Allow GitHub Actions to create and approve pull requests"'
    assert setting in error.fix
    assert "permissions:\n" not in error.fix


def test_an_ended_token_says_so(world: World) -> None:
    token = world.token()
    world.model.accounts.revoke_token(token)
    assert "ended" in refused(lambda: world.forge(token).repository(), token).fix


def test_an_invisible_repository_is_not_told_from_a_missing_one(world: World) -> None:
    world.repository.private = True
    assert "404" in refused(lambda: world.forge(world.token("mallory")).repository()).why


def test_a_short_trouble_passes(world: World) -> None:
    number = world.open().number
    asked = world.answer(f"/pulls/{number}", Response(502, b"<html>bad gateway</html>"), times=3)
    assert world.forge().change_request(number).number == number
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"Retry-After": "3600"}),
        (403, {"Retry-After": "3600"}),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}),
    ],
)
def test_a_long_rate_limit_is_not_waited_for(world: World, status: int, headers: dict[str, str]) -> None:
    limited = Response(status, b'{"message": "API rate limit exceeded"}', headers)
    asked = world.answer("/pulls/1", limited)
    error = refused(lambda: world.forge().change_request(1))
    assert "asks to wait" in error.what
    assert len(asked) == 1


def test_a_short_rate_limit_is_waited_for(world: World) -> None:
    number = world.open().number
    world.answer(f"/pulls/{number}", Response(429, b"{}", {"Retry-After": "2"}), times=1)
    assert world.forge().change_request(number).number == number


@pytest.mark.parametrize("status", [202, 301, 302, 307, 308, 204, 304])
def test_a_status_that_is_no_answer(world: World, status: int) -> None:
    moved = Response(status, b"", {"Location": f"{world.api}/repos/{world.name}/pulls/2"})
    world.answer("/pulls/1", moved)
    assert (
        str(503 if status == 202 else 308 if status == 301 else status)
        in refused(lambda: world.forge().change_request(1)).why
    )


# --- the way ------------------------------------------------------------


def test_a_slow_forge_is_not_waited_for(world: World) -> None:
    ready = threading.Event()

    def dawdle(_: str, request: Request) -> Response | None:
        if request.path.endswith("/pulls/1"):
            ready.wait(10)
        return None

    world.sandbox.server.interceptors.append(dawdle)
    error = refused(lambda: world.forge(timeout=0.1).change_request(1))
    ready.set()
    assert error.why == "no answer in time"


def test_a_forge_that_is_not_there(world: World) -> None:
    token = world.token()
    forge = GitHubForge(world.name, token, host="github.com", api_url="http://127.0.0.1:9", pause=lambda _: None)
    assert "refused" in refused(forge.repository, token).why


def test_neither_proxy_nor_netrc_come_between(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password stolen\n")
    for name, value in {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
        "NETRC": str(netrc),
    }.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    assert world.forge().repository().name == world.name
    store = world.store()
    draft = store.create_draft(world.tag(), "app")
    (tmp_path / "file").write_bytes(b"x")
    number = store.upload(draft, "file", tmp_path / "file")
    shown = store.release(draft.id)
    assert shown is not None
    store.download(shown, number, tmp_path / "down", max_bytes=10)


@pytest.mark.parametrize("token", ["", "with blank", "line\nbreak", "tab\t", "ünicode"])
def test_what_cannot_be_a_token_is_not_sent_and_not_shown(world: World, token: str) -> None:
    with pytest.raises(UsageError) as caught:
        GitHubForge(world.name, token, host="github.com", api_url=world.api)
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize("url", ["http://api.example", "ftp://127.0.0.1", "api.github.com", "file:///etc"])
def test_a_token_goes_over_https_only(world: World, url: str) -> None:
    with pytest.raises(UsageError, match="https only"):
        GitHubForge(world.name, world.token(), host="github.com", api_url=url)


@pytest.mark.parametrize("name", ["app", "../app", "a/b/c", "acme/app?x", "acme/ap p", ""])
def test_what_is_no_repository_is_refused(world: World, name: str) -> None:
    with pytest.raises(UsageError, match="no repository"):
        GitHubForge(name, world.token(), host="github.com", api_url=world.api)
