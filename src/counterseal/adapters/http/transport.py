"""The transport of everything that talks to a forge: an answer is read whole, within bounds of time and size.

What an answer means, and whether to ask again, is not this room's business.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from counterseal.adapters.http.head import POOLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from urllib3.util import Retry

TIMEOUT: Final = 20.0
MAX_ANSWER: Final = 32 << 20

_CHUNK: Final = 1 << 18
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: status, headers with names in lower case, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, response: requests.Response) -> Self:
        """Return what `requests` has received."""
        return cls(response.status_code, lower(response.headers), response.content)


class BoundedAdapter(HTTPAdapter):
    """A transport for `requests` that reads an answer whole, within `seconds` and `max_bytes`.

    With `stream` the caller reads, and bounds, the body itself.
    """

    def __init__(self, seconds: float, retry: Retry | None = None, max_bytes: int = MAX_ANSWER) -> None:
        super().__init__(max_retries=retry or 0)
        self._seconds = seconds
        self._max_bytes = max_bytes

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Let connections be those whose answer begins in time."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Return the manager for a proxy; the same holds on the way through it."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the signature of requests
        timeout: Any = None,  # noqa: ARG002 - ours counts
        verify: bool | str = True,  # noqa: FBT001, FBT002 - the signature of requests
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request and read the answer within the bounds."""
        end = time.monotonic() + self._seconds
        response = super().send(request, True, self._seconds, verify, cert, proxies)  # noqa: FBT003 - as above
        if not stream:
            try:
                response.raw = io.BytesIO(b"".join(pieces(response, end, self._max_bytes)))
            except requests.RequestException:
                response.close()  # half read: of no use for the next request
                raise
        return response


def pieces(response: requests.Response, end: float, max_bytes: int) -> Iterator[bytes]:
    """Yield the body of an answer.

    Args:
        response: An answer whose body was not read.
        end: Moment (monotonic seconds) until which the last byte has to be there.
        max_bytes: More than this is an error.

    Raises:
        requests.RequestException: It breaks off, lasts too long or is too big.
    """
    size = 0
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            size += len(chunk)
            if size > max_bytes:
                raise requests.ConnectionError(f"the answer has more than {max_bytes} bytes")
            if time.monotonic() > end:
                raise requests.ReadTimeout("no complete answer in time")
            yield chunk
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(f"the answer breaks off: {error}") from error


def is_loopback(url: str) -> bool:
    """Return whether `url` points to this machine."""
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:  # brackets that are no IPv6 address
        return False


def is_protected(url: str) -> bool:
    """Return whether what is sent to `url` cannot be read on the way: https, or this machine."""
    return url.startswith("https://") or (url.startswith("http://") and is_loopback(url))


def bound(
    session: requests.Session, url: str, seconds: float, *, retry: Retry | None = None, max_bytes: int = MAX_ANSWER
) -> None:
    """Let everything that `session` sends to `url` be bounded, without .netrc, and without a proxy on loopback."""
    adapter = BoundedAdapter(seconds, retry, max_bytes)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    trust_nothing_here(session, url)


def trust_nothing_here(session: requests.Session, url: str) -> None:
    """Let `session` send to `url` what it is told, without .netrc, and without a proxy on loopback."""
    session.auth = _keep_headers
    if is_loopback(url):
        session.trust_env = False


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand in as `auth`, so that ~/.netrc does not replace our token."""
    return request


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}
