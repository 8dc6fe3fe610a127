"""What no library may do to a forge adapter's calls: follow, wait, ask elsewhere, read past what cannot be read."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.contract.world import refused
from tests.loopback import ok, raw_servers

from counterseal.adapters.http.answers import UncertainError
from counterseal_sandbox.http import LoopbackServer, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.contract.world import World

    from counterseal_sandbox.http import Request

#: So often a read is tried; a library that waits by itself asks once more and gets a good answer.
TRIES = 4


class Elsewhere:
    """Another host, which answers all that it is asked."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.server = LoopbackServer()
        self.server.mount("/", self._answer)

    def _answer(self, request: Request) -> Response:
        self.seen.append(request)
        return json_response([])


class LineContract:
    """A subclass has the fixture `world`; `parts` are the paths that a change request is read from, its own first.

    `comments` is the path that a comment is sent to, below the API.
    """

    parts: ClassVar[Sequence[str]]
    comments: ClassVar[str]

    @pytest.fixture
    def elsewhere(self) -> Iterator[Elsewhere]:
        other = Elsewhere()
        other.server.start()
        yield other
        other.server.stop()

    # --- 202 ------------------------------------------------------------

    def test_what_is_never_ready_is_not_waited_for(self, world: World) -> None:
        number = world.open().number
        asked = world.answer(self.parts[0], Response(202, b"{}"), times=TRIES)
        error = refused(lambda: world.forge().change_request(number))
        assert error.why.startswith("HTTP 202")
        assert "not ready" in error.fix
        assert len(asked) == TRIES

    def test_what_becomes_ready_is_read(self, world: World) -> None:
        number = world.open().number
        asked = world.answer(self.parts[0], Response(202, b"{}"), times=1)
        assert world.forge().change_request(number).number == number
        assert len(asked) == 1

    def test_a_write_that_is_accepted_and_no_more_may_not_be_done(self, world: World) -> None:
        number = world.open().number
        asked = world.answer(self.comments, Response(202, b"{}"), method="POST")
        error = refused(lambda: world.forge(world.token("bob")).comment(number, "<!--", "<!-- hello"))
        assert isinstance(error, UncertainError)
        assert "202" in error.what
        assert len(asked) == 1

    # --- redirects ------------------------------------------------------------

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
    def test_a_redirect_of_any_part_is_told_and_not_followed(
        self, world: World, elsewhere: Elsewhere, status: int
    ) -> None:
        number = world.open().number
        for path in self.parts:
            for to in (elsewhere.server.url, f"{world.api}/moved"):
                world.sandbox.server.interceptors.clear()
                moved = world.answer("/moved", json_response([]))
                asked = world.answer(path, Response(status, b"", {"Location": f"{to}{path}/moved"}))
                error = refused(lambda: world.forge().change_request(number))
                assert error.why.startswith(f"HTTP {status}:")
                assert "use its current" in error.fix
                assert (len(asked), moved, elsewhere.seen) == (1, [], [])

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_write_is_not_sent_on(self, world: World, elsewhere: Elsewhere, status: int) -> None:
        number = world.open().number
        for to in (elsewhere.server.url, f"{world.api}/moved"):
            world.sandbox.server.interceptors.clear()
            moved = world.answer("/moved", json_response([]))
            asked = world.answer(self.comments, Response(status, b"", {"Location": f"{to}/x/moved"}), method="POST")
            error = refused(lambda: world.forge(world.token("bob")).comment(number, "<!--", "<!-- hello"))
            assert error.why.startswith(f"HTTP {status}:")
            assert (len(asked), moved, elsewhere.seen) == (1, [], [])

    # --- pages ------------------------------------------------------------

    def test_a_next_page_at_another_host_gets_no_token(self, world: World, elsewhere: Elsewhere) -> None:
        number = world.open().number
        next_page = f'<{elsewhere.server.url}{self.parts[0]}/commits?page=2>; rel="next"'
        asked = world.answer(f"{self.parts[0]}/commits", json_response([], Link=next_page))
        error = refused(lambda: world.forge().change_request(number))
        assert error.what.endswith("the next page is at another host")
        assert (len(asked), elsewhere.seen) == (1, [])

    # --- waiting ------------------------------------------------------------

    @pytest.mark.parametrize("status", [403, 429, 503])
    def test_a_date_that_is_far_off_is_not_waited_for(self, world: World, status: int) -> None:
        late = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
        asked = world.answer(self.parts[0], Response(status, b"{}", {"Retry-After": late}))
        error = refused(lambda: world.forge().change_request(1))
        assert any(f"asks to wait {seconds} seconds" in error.what for seconds in range(3580, 3601))
        assert len(asked) == 1

    @pytest.mark.parametrize("after", ["Wed, 21 Oct 2015 07:28:00 GMT", "²", "soon", ""])
    def test_a_date_that_is_past_or_nonsense_holds_nobody_up(self, world: World, after: str) -> None:
        number = world.open().number
        asked = world.answer(self.parts[0], Response(429, b"{}", {"Retry-After": after}), times=1)
        assert world.forge().change_request(number).number == number
        assert len(asked) == 1

    @pytest.mark.parametrize("dripping", ["head", "body"])
    def test_an_answer_that_drips_is_cut_off(self, world: World, dripping: str) -> None:
        """Each byte comes in time for a library; the whole would come after two seconds."""
        answers = {"head": ok(b"[]", more=b"X-Long: %100s\r\n" % b"x"), "body": ok(b"%100s" % b"[]")}
        answer = answers[dripping]
        with raw_servers() as serve:
            url = serve(*[answer] * TRIES, drip=0.02, whole=0 if dripping == "head" else answer.index(b"\r\n\r\n") + 4)
            began = time.monotonic()
            slow = world.api.replace(world.sandbox.url, url)
            error = refused(world.forge(world.token("bob"), timeout=0.3, api=slow).repository, world.token("bob"))
        assert error.why == "no answer in time"
        assert time.monotonic() - began < TRIES * 1.0

    # --- what is read ------------------------------------------------------------

    def test_what_a_library_cannot_read_is_told_all_the_same(self, world: World) -> None:
        """The libraries read JSON without a bound for its depth, and numbers of rate limits without a doubt."""
        headers = {"X-RateLimit-Remaining": "few", "X-RateLimit-Limit": "inf", "X-RateLimit-Reset": "later"}
        world.answer(self.parts[0], Response(403, b"[" * 100_000, headers))
        assert refused(lambda: world.forge().change_request(1)).why == "HTTP 403: no reason given"

    def test_bytes_that_are_no_text_are_not_read_around(self, world: World) -> None:
        world.answer(self.parts[0], Response(200, b'{"title": "\xff"}', {"Content-Type": "application/json"}))
        assert "utf-8" in refused(lambda: world.forge().change_request(1)).why.lower()
