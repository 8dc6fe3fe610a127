"""Asking again: what may be repeated is, after a jittered pause; a rate limit is waited for if the wait is short."""

from __future__ import annotations

import random
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import requests

from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.adapters.http.transport import Answer

TRIES: Final = 4
LONGEST_PAUSE: Final = 60.0


def patiently(
    what: str, attempt: Callable[[], Answer], *, pause: Callable[[float], None] = time.sleep, tries: int = TRIES
) -> Answer:
    """Return the answer of something that may be repeated, after at most `tries` tries.

    Tried again is what did not arrive, what is not ready yet (202), 5xx, 429 and GitHub's rate limits; any other status
    is an answer.

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
                fix="run again later; on GitHub, an App's token has a higher limit",
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
    if not limited and answer.status != 202 and (answer.status < 500 or answer.status == 501):
        return None
    if (wait := _until(after)) is not None:
        return wait
    reset = answer.headers.get("x-ratelimit-reset", "")
    if limited and answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(float(reset) - time.time(), 1.0)  # the service gives a moment, not a duration
    return 0.0


def _until(after: str) -> float | None:
    """Return the seconds that `Retry-After` asks for: a number, or a date (RFC 9110); None if it says neither."""
    if after.isdecimal():
        return float(after)
    try:
        moment = parsedate_to_datetime(after)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment.timestamp() - time.time(), 0.0)


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
