"""Bounded HTTP: what arrives broken, late or endless is an error, and only what may be repeated is."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from tests.loopback import ok, raw_servers
from urllib3.connection import HTTPConnection, HTTPSConnection

from counterseal.adapters.http import head
from counterseal.adapters.http.client import get_bytes, stream_to
from counterseal.adapters.http.patience import patiently, wait_wanted
from counterseal.adapters.http.transport import Answer, BoundedAdapter, is_protected
from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    with raw_servers() as start:
        yield lambda *answers, **how: f"{start(*answers, **how)}/document"


def quick(url: str, *, seconds: float = 5, max_bytes: int = 100) -> bytes:
    return get_bytes(url, seconds=seconds, max_bytes=max_bytes, pause=lambda _: None)


def test_a_document(serve: Callable[..., str]) -> None:
    assert quick(serve(ok(b"text"))) == b"text"


def test_one_that_breaks_off_is_asked_for_again(serve: Callable[..., str]) -> None:
    assert quick(serve(ok(b"te", length=4), b"", b"garbage\r\n\r\n", ok(b"text"))) == b"text"
    with pytest.raises(ServiceError, match="no answer") as caught:
        quick(serve(*[ok(b"te", length=4)] * 4))
    assert "2 bytes" in caught.value.why or "IncompleteRead" in caught.value.why


@pytest.mark.parametrize(("drip", "whole"), [(0, 0), (0.02, 0), (0.02, 30)])
def test_one_that_never_ends_in_time(serve: Callable[..., str], drip: float, whole: int) -> None:
    slow = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500] * 4
    began = time.monotonic()
    with pytest.raises(ServiceError) as caught:
        quick(serve(*slow, drip=drip, whole=whole, hold=True), seconds=0.1)
    assert caught.value.why == "no answer in time"
    assert time.monotonic() - began < 2


def test_a_head_that_breaks_off_is_no_answer(serve: Callable[..., str]) -> None:
    with pytest.raises(ServiceError):
        quick(serve(*[b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Wor"] * 4))


def test_connections_over_tls_and_through_a_proxy_are_watched_too() -> None:
    adapter = BoundedAdapter(1)
    for manager in (adapter.poolmanager, adapter.proxy_manager_for("http://127.0.0.1:9")):
        for scheme in ("http", "https"):
            pool = manager.connection_from_host("127.0.0.1", 9, scheme)
            assert issubclass(pool.ConnectionCls, HTTPSConnection if scheme == "https" else HTTPConnection)
            assert pool.ConnectionCls.getresponse.__module__ == head.__name__


def test_one_that_is_too_big(serve: Callable[..., str]) -> None:
    with pytest.raises(ServiceError, match="101 bytes are too many"):
        quick(serve(ok(b"x" * 101)))


def test_a_redirect_is_no_document(serve: Callable[..., str]) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with pytest.raises(ServiceError, match="HTTP 302"):
        quick(serve(moved))


@pytest.mark.parametrize("url", ["http://example/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://[127.0.0.1/"])
def test_what_is_not_protected_is_not_asked(url: str) -> None:
    with pytest.raises(ServiceError, match="not https"):
        quick(url)
    assert not is_protected(url)


def test_a_compressed_bomb_is_cut_off(serve: Callable[..., str]) -> None:
    import gzip

    body = gzip.compress(bytes(50 << 20))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
    with pytest.raises(ServiceError, match="no answer") as caught:
        quick(serve(*[head + body] * 4))
    assert "more than" in caught.value.why


def test_a_stream_is_begun_anew(serve: Callable[..., str]) -> None:
    target = io.BytesIO(b"left from before, and longer")
    url = serve(ok(b"whole"))
    assert stream_to(target, url, {}, max_bytes=5, seconds=5).status == 200
    assert target.getvalue() == b"whole"
    with pytest.raises(requests.ConnectionError, match="more than 4 bytes"):
        stream_to(target, serve(ok(b"whole")), {}, max_bytes=4, seconds=5)


# --- trying again ----------------------------------------------------------------------------


def answers(*statuses: int, **headers: str) -> Callable[[], Answer]:
    waiting = [
        Answer(status, {key.replace("_", "-"): value for key, value in headers.items()}, b"") for status in statuses
    ]
    return lambda: waiting.pop(0)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 409, 422, 501])
def test_a_final_answer_is_not_asked_for_again(status: int) -> None:
    assert patiently("x", answers(status), pause=lambda _: None).status == status


def test_pauses_grow_and_are_not_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    assert patiently("x", answers(500, 502, 503, 200), pause=slept.append).status == 200
    assert 0.25 <= slept[0] <= 0.75
    assert 0.5 <= slept[1] <= 1.5
    assert 1 <= slept[2] <= 3
    assert len({round(each / 2**number, 6) for number, each in enumerate(slept)}) > 1


def test_a_wait_that_is_asked_for_is_kept() -> None:
    slept: list[float] = []
    patiently("x", answers(429, 200, retry_after="17"), pause=slept.append)
    assert slept == [17.0]
    with pytest.raises(ServiceError, match="asks to wait 61 seconds"):
        patiently("x", answers(429, retry_after="61"), pause=slept.append)


def test_what_counts_as_a_limit() -> None:
    assert wait_wanted(Answer(403, {}, b"")) is None
    assert wait_wanted(Answer(403, {"x-ratelimit-remaining": "12"}, b"")) is None
    assert wait_wanted(Answer(403, {"retry-after": "3"}, b"")) == 3
    assert wait_wanted(Answer(202, {"retry-after": "3"}, b"")) == 3
    assert wait_wanted(Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, b"")) == 1


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_a_date_to_wait_for(zone: str) -> None:
    def wait(seconds: float) -> float | None:
        moment = datetime.now(UTC) + timedelta(seconds=seconds)
        return wait_wanted(Answer(429, {"retry-after": f"{moment:%a, %d %b %Y %H:%M:%S} {zone}"}, b""))

    assert 27 <= (wait(30) or 0) <= 30
    assert wait(-30) == 0


@pytest.mark.parametrize(
    "after", ["", "soon", "-1", "1.5", "\u00b2", "Tue, 99 Nov 2026 09:10:44 GMT", "1" * 20 + " Nov"]
)
def test_what_is_no_time_to_wait(after: str) -> None:
    assert wait_wanted(Answer(429, {"retry-after": after}, b"")) == 0
