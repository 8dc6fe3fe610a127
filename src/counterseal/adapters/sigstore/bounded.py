"""Bounds for the sessions of sigstore-python, which asks without any time-out and follows redirects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from urllib3.util import Retry

from counterseal.adapters.http import transport as http

if TYPE_CHECKING:
    import requests

MAX_ANSWER: Final = 4 << 20


def bound(session: requests.Session, url: str, seconds: float, *, repeatable: bool) -> None:
    """Bound everything that `session` sends from now on; redirects are refused, since they would carry the token.

    Args:
        session: The library's session.
        url: The service that it is for.
        seconds: How long one answer may take, from connecting to its last byte.
        repeatable: Whether asking twice does no harm; then a service that is busy (429, 502–504) is asked again.
    """
    if isinstance(session.get_adapter(url), http.BoundedAdapter):
        return
    # A connection that was not made has sent nothing: to try that again is safe for all services.
    retry = Retry(
        total=None,
        connect=2,
        read=0,
        redirect=0,
        other=0,
        status=2 if repeatable else 0,
        status_forcelist=(429, 502, 503, 504) if repeatable else (),
        allowed_methods=None,
        raise_on_status=False,
        respect_retry_after_header=False,
        backoff_factor=0.2,
        backoff_jitter=0.2,
    )
    http.bound(session, url, seconds, retry=retry, max_bytes=MAX_ANSWER)
    session.max_redirects = 0
