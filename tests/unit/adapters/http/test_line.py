"""The line below a library: one host, one answer, read whole, whatever the library thinks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from tests.loopback import ok, raw_servers

from counterseal.adapters.github.api import GitHubApi
from counterseal.adapters.http.line import Line
from counterseal.adapters.http.transport import BoundedAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    with raw_servers() as start:
        yield start


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as each:
        yield each


def line(session: requests.Session, url: str, *, seconds: float = 5) -> Line:
    return Line(session, f"{url}/api", seconds, ignoring=(ValueError,))


@pytest.mark.parametrize("status", [200, 202, 301, 404, 500])
def test_every_status_is_told_as_it_was(serve: Callable[..., str], session: requests.Session, status: int) -> None:
    url = serve(b"HTTP/1.1 %d X\r\nX-Word: y\r\nLocation: /b\r\nContent-Length: 1\r\n\r\nz" % status)
    answer = line(session, url).ask(lambda: session.get(url))
    assert (answer.status, answer.headers["x-word"], answer.body) == (status, "y", b"z")


def test_there_is_no_way_to_another_host(serve: Callable[..., str], session: requests.Session) -> None:
    ours, other = serve(ok(b"ours")), serve(ok(b"other"))
    one = line(session, ours)
    for url in (other, ours.replace("http:", "https:"), ours.replace("127.0.0.1", "localhost")):
        with pytest.raises(requests.exceptions.InvalidSchema):
            one.ask(lambda url=url: session.get(f"{url}/api"))  # type: ignore[misc] # bound now, for each
    assert one.ask(lambda: session.get(f"{ours}/api")).body == b"ours"


def test_what_a_library_would_stream_is_read_whole_and_in_time(
    serve: Callable[..., str], session: requests.Session
) -> None:
    answer = ok(b"x" * 100)
    url = serve(answer, drip=0.02, whole=len(answer) - 100)
    with pytest.raises(requests.ReadTimeout):
        line(session, url, seconds=0.2).ask(lambda: session.get(url, stream=True))


def test_what_a_library_says_of_an_answer_does_not_count(serve: Callable[..., str], session: requests.Session) -> None:
    url = serve(ok(b"text"))

    def ask() -> None:
        session.get(url)
        raise ValueError

    assert line(session, url).ask(ask).body == b"text"


def test_what_it_says_without_an_answer_counts(session: requests.Session) -> None:
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        line(session, "http://127.0.0.1:9").ask(fail)


def test_an_earlier_answer_is_not_taken_for_this_one(serve: Callable[..., str], session: requests.Session) -> None:
    url = serve(ok(b"text"))
    one = line(session, url)
    one.ask(lambda: session.get(url))
    with pytest.raises(AssertionError):
        one.ask(lambda: None)


def test_the_address_of_the_real_forge_is_on_its_line() -> None:
    """PyGithub writes the port into every address; a line that did not know it would reach nothing."""
    api = GitHubApi("acme/app", "token", api_url="https://api.github.com", timeout=0.1)
    sent = requests.Request("GET", "https://api.github.com:443/user").prepare().url
    assert isinstance(api._connection.session.get_adapter(str(sent)), BoundedAdapter)
