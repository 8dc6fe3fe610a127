"""Files and documents over HTTP that need no client of a forge: bounded, protected on the way.

A token goes to the host it is for and never along a redirect.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import requests

from counterseal.adapters.http.patience import patiently
from counterseal.adapters.http.transport import MAX_ANSWER, TIMEOUT, Answer, bound, is_protected, lower, pieces
from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import IO

_REDIRECTS: Final = {301, 302, 303, 307, 308}


def get_bytes(
    url: str, *, max_bytes: int = 1 << 20, seconds: float = TIMEOUT, pause: Callable[[float], None] = time.sleep
) -> bytes:
    """Return what is at a public URL (200, no redirect).

    Raises:
        ServiceError: It is not there, too big, or not protected on the way.
    """
    answer = get(url, what=url, seconds=seconds, pause=pause)
    if answer.status != 200:
        raise ServiceError(
            f"{url}: HTTP {answer.status}", why="there is no document", fix="check the URL, and that the service runs"
        )
    if len(answer.body) > max_bytes:
        raise ServiceError(
            f"{url}: {len(answer.body)} bytes are too many", why=f"at most {max_bytes} are read", fix="check the URL"
        )
    return answer.body


def get(
    url: str,
    *,
    what: str,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    seconds: float = TIMEOUT,
    pause: Callable[[float], None] = time.sleep,
) -> Answer:
    """Return the answer to a GET, after as many tries as are due; no redirect is followed.

    Args:
        url: The address.
        what: What is asked for, for messages.
        headers: To send beside the usual ones, such as a token.
        query: Parameters beside those of the address.
        seconds: For one answer.
        pause: Waits so many seconds between tries.

    Raises:
        ServiceError: There is none, or the address is not protected on the way.
    """
    _require_protected(url)
    with requests.Session() as session:
        bound(session, url, seconds)
        return patiently(what, lambda: once(session, "GET", url, headers=headers, params=query), pause=pause)


def once(session: requests.Session, method: str, url: str, **more: Any) -> Answer:
    """Return the answer to one request."""
    response = session.request(method, url, allow_redirects=False, **more)
    return Answer.of(response)


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
