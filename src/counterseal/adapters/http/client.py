"""HTTP with bounds for everything that talks to a forge: time, size and number of tries are limited.

What may be repeated is repeated with a jittered pause; a rate limit is waited for only if the wait is short. A token
goes to the host it is for and never along a redirect. What an answer means is not this room's business.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from urllib3.util import Retry

TIMEOUT: Final = 20.0
MAX_ANSWER: Final = 32 << 20
TRIES: Final = 4
LONGEST_PAUSE: Final = 60.0

_CHUNK: Final = 1 << 18
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}
_REDIRECTS: Final = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: status, headers with names in lower case, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class BoundedAdapter(HTTPAdapter):
    """A transport for `requests` that reads an answer whole, within `seconds` and `max_bytes`.

    With `stream` the caller reads, and bounds, the body itself.
    """

    def __init__(self, seconds: float, retry: Retry | None = None, max_bytes: int = MAX_ANSWER) -> None:
        super().__init__(max_retries=retry or 0)
        self._seconds = seconds
        self._max_bytes = max_bytes

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
    session.auth = _keep_headers
    if is_loopback(url):
        session.trust_env = False


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand in as `auth`, so that ~/.netrc does not replace our token."""
    return request


# --- trying again ----------------------------------------------------------------------------


def patiently(
    what: str, attempt: Callable[[], Answer], *, pause: Callable[[float], None] = time.sleep, tries: int = TRIES
) -> Answer:
    """Return the answer of something that may be repeated, after at most `tries` tries.

    Tried again is what did not arrive, 5xx, 429 and GitHub's rate limits; any other status is an answer.

    Args:
        what: What is asked for, for the message.
        attempt: Asks once.
        pause: Waits so many seconds.
        tries: How often to ask.

    Raises:
        ServiceError: No answer in all tries, or the service asks for a longer wait than a minute.
    """
    for number in range(1, tries + 1):
        try:
            answer = attempt()
        except requests.RequestException as error:
            if number == tries:
                raise unreachable(what, error) from error
            pause(_backoff(number))
            continue
        wait = wait_wanted(answer)
        if wait is None or number == tries:
            return answer
        if wait > LONGEST_PAUSE:
            raise ServiceError(
                f"{what}: the service asks to wait {wait:.0f} seconds",
                why=f"HTTP {answer.status}: a rate limit is used up",
                fix="run again later; at GitHub, a token of an App has a higher limit",
            )
        pause(max(wait, _backoff(number)))
    raise AssertionError  # tries is at least 1


def _backoff(number: int) -> float:
    seconds: float = 0.5 * 2 ** (number - 1)
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret


def wait_wanted(answer: Answer) -> float | None:
    """Return how many seconds to wait before asking again, or None if the answer is final."""
    after = answer.headers.get("retry-after", "")
    limited = answer.status == 429 or (
        answer.status == 403 and (after or answer.headers.get("x-ratelimit-remaining") == "0")
    )
    if not limited and answer.status < 500:
        return None
    if answer.status == 501:
        return None
    if after.isdigit():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if limited and answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(float(reset) - time.time(), 1.0)  # the service gives a moment, not a duration
    return 0.0


def unreachable(what: str, error: requests.RequestException) -> ServiceError:
    """Return the error of an answer that did not come."""
    if isinstance(error, requests.Timeout):
        why = "no answer in time"
    elif isinstance(error, requests.exceptions.SSLError):
        why = f"TLS: {_root(error)}"
    else:
        why = _root(error)
    return ServiceError(
        f"{what}: no answer", why=why, fix="check the network and the service's status page, then run again"
    )


def _root(error: BaseException) -> str:
    while (deeper := error.__cause__ or error.__context__ or (error.args[0] if error.args else None)) and isinstance(
        deeper, BaseException
    ):
        error = deeper
    return f"{type(error).__name__}: {error}"[:300]


# --- files and documents that need no client -------------------------------------------------


def get_bytes(
    url: str, *, max_bytes: int = 1 << 20, seconds: float = TIMEOUT, pause: Callable[[float], None] = time.sleep
) -> bytes:
    """Return what is at a public URL (200, no redirect).

    Raises:
        ServiceError: It is not there, too big, or not protected on the way.
    """
    _require_protected(url)
    with requests.Session() as session:
        bound(session, url, seconds)
        answer = patiently(url, lambda: once(session, "GET", url), pause=pause)
    if answer.status != 200:
        raise ServiceError(
            f"{url}: HTTP {answer.status}", why="there is no document", fix="check the URL, and that the service runs"
        )
    if len(answer.body) > max_bytes:
        raise ServiceError(
            f"{url}: {len(answer.body)} bytes are too many", why=f"at most {max_bytes} are read", fix="check the URL"
        )
    return answer.body


def once(session: requests.Session, method: str, url: str, **more: Any) -> Answer:
    """Return the answer to one request."""
    response = session.request(method, url, allow_redirects=False, **more)
    return Answer(response.status_code, lower(response.headers), response.content)


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def stream_to(target: IO[bytes], url: str, headers: Mapping[str, str], *, max_bytes: int, seconds: float) -> Answer:
    """Write the body at `url` to an open file; return the answer with status and headers, and an empty body if 200.

    Up to three redirects are followed, without `headers` other than `Accept`: a token is for the first host only.

    Raises:
        requests.RequestException: It does not arrive whole and in time, or has more than `max_bytes` bytes.
        ServiceError: A redirect to a place that is not protected.
    """
    with requests.Session() as session:
        for _ in range(4):
            _require_protected(url)
            bound(session, url, seconds)
            end = time.monotonic() + seconds + max_bytes / 1e5  # at least 100 kB/s
            response = session.get(url, headers=dict(headers), stream=True, allow_redirects=False)
            answered = lower(response.headers)
            if response.status_code in _REDIRECTS and "location" in answered:
                url = urljoin(url, answered["location"])
                headers = {name: value for name, value in headers.items() if name == "Accept"}
                response.close()
                continue
            if response.status_code != 200:
                return Answer(response.status_code, answered, b"".join(pieces(response, end, MAX_ANSWER)))
            target.seek(0)
            target.truncate()
            for piece in pieces(response, end, max_bytes):
                target.write(piece)
            return Answer(200, answered, b"")
    raise ServiceError(
        f"{urlsplit(url).hostname}: more than three redirects", why="they lead in circles", fix="run again later"
    )


def _require_protected(url: str) -> None:
    if not is_protected(url):
        raise ServiceError(
            f"{url}: not https", why="plain http is for this machine only", fix="use the service's https address"
        )
