"""What every forge adapter does when its forge refuses, limits, or is not there: an error that helps."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.contract.test_asset_store import candidate, file, filled
from tests.contract.world import refused

from counterseal.errors import UsageError
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.contract.world import World

    from counterseal_sandbox.http import Request


class RefusalContract:
    """A subclass has the fixture `world`; `parts` are the paths that a change request is read from, its own first."""

    parts: ClassVar[Sequence[str]]
    #: What names a repository or project of the forge, in its error.
    names: ClassVar[str]

    # --- statuses ------------------------------------------------------------

    @pytest.mark.slow
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 429, 451, 500, 502, 503, 504])
    def test_a_refusal_of_any_part_is_an_error(self, world: World, status: int) -> None:
        number, token = world.open().number, world.token("bob")
        for path in self.parts:
            world.sandbox.server.interceptors.clear()
            asked = world.answer(path, json_response({"message": f"no, {token}"}, status))
            error = refused(lambda: world.forge(token).change_request(number), token)
            assert str(status) in error.why
            assert len(asked) == (4 if status >= 500 or status == 429 else 1)

    def test_an_ended_token_says_so(self, world: World) -> None:
        token = world.token("bob")
        world.model.accounts.revoke_token(token)
        assert "ended" in refused(lambda: world.forge(token).repository(), token).fix

    def test_an_invisible_repository_is_not_told_from_a_missing_one(self, world: World) -> None:
        world.repository.private = True
        assert "404" in refused(lambda: world.forge(world.token("mallory")).repository()).why

    def test_a_short_trouble_passes(self, world: World) -> None:
        number = world.open().number
        asked = world.answer(self.parts[0], Response(502, b"<html>bad gateway</html>"), times=3)
        assert world.forge().change_request(number).number == number
        assert len(asked) == 3

    def test_a_short_rate_limit_is_waited_for(self, world: World) -> None:
        number = world.open().number
        world.answer(self.parts[0], Response(429, b"{}", {"Retry-After": "2"}), times=1)
        assert world.forge().change_request(number).number == number

    @pytest.mark.parametrize("status", [403, 429])
    def test_a_long_rate_limit_is_not_waited_for(self, world: World, status: int) -> None:
        limited = Response(status, b'{"message": "rate limit exceeded"}', {"Retry-After": "3600"})
        asked = world.answer(self.parts[0], limited)
        error = refused(lambda: world.forge().change_request(1))
        assert "asks to wait 3600 seconds" in error.what
        assert len(asked) == 1

    # --- the way ------------------------------------------------------------

    def test_a_slow_forge_is_not_waited_for(self, world: World) -> None:
        ready = threading.Event()

        def dawdle(_: str, request: Request) -> Response | None:
            if request.path.endswith(self.parts[0]):
                ready.wait(10)
            return None

        world.sandbox.server.interceptors.append(dawdle)
        error = refused(lambda: world.forge(timeout=0.1).change_request(1))
        ready.set()
        assert error.why == "no answer in time"

    def test_a_forge_that_is_not_there(self, world: World) -> None:
        token = world.token("bob")
        nowhere = world.api.replace(world.sandbox.url, "http://127.0.0.1:9")
        assert "refused" in refused(world.forge(token, api=nowhere).repository, token).why

    def test_neither_proxy_nor_netrc_come_between(
        self, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
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
        shown = filled(store, world.tag(), tmp_path)
        store.download(shown, shown.assets[0].id, tmp_path / "down", max_bytes=100)
        store.upload(shown, "more.bin", file(tmp_path))
        assert len(candidate(store, shown.tag).assets) == 2

    # --- what is not even tried ------------------------------------------------------------

    @pytest.mark.parametrize("token", ["with blank", "line\nbreak", "tab\t", "ünicode"])
    def test_what_cannot_be_a_token_is_not_sent_and_not_shown(self, world: World, token: str) -> None:
        with pytest.raises(UsageError) as caught:
            world.forge(token)
        assert token not in str(caught.value)

    @pytest.mark.parametrize("url", ["http://api.example", "ftp://127.0.0.1", "api.github.com", "file:///etc"])
    def test_a_token_goes_over_https_only(self, world: World, url: str) -> None:
        with pytest.raises(UsageError, match="https only"):
            world.forge(api=url)

    @pytest.mark.parametrize("name", ["app", "../app", "acme//app", "acme/app?x", "acme/ap p", "acme/", ""])
    def test_what_is_no_repository_is_refused(self, world: World, name: str) -> None:
        with pytest.raises(UsageError, match=self.names):
            world.forge(name=name)
