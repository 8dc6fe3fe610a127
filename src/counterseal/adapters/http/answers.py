"""What a forge's answers amount to, for every forge: refusals, writes of unknown outcome, strict JSON, pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from counterseal.adapters.http.transport import MAX_ANSWER, Answer
from counterseal.errors import FormatError, LimitError, ServiceError, UsageError
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

#: A list of more pages is cut off by an error: 100 pages of 100 things.
MAX_PAGES: Final = 100

_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_NEXT: Final = re.compile(r'<([^<>]*)>;\s*rel="next"')


class UncertainError(ServiceError):
    """A write that may or may not have been done. Look before you write again."""


class RefusedError(ServiceError):
    """A forge answered and refused; `status` says how, `message` is the forge's own."""

    def __init__(self, what: str, status: int, message: str, *, fix: str) -> None:
        super().__init__(what, why=f"HTTP {status}: {message}", fix=fix)
        self.status = status
        self.message = message


def check_token(token: str, forge: str) -> None:
    """Refuse what cannot be a token.

    Raises:
        UsageError: It is empty, or holds what does not belong in a header.
    """
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            f"the token for {forge} cannot be a token",
            why="it is empty or holds blanks or line breaks",
            fix="check how it is set",
        )


def load(answer: Answer, what: str, forge: str) -> Any:
    """Return the JSON of an answer.

    Raises:
        ServiceError: It is not JSON.
    """
    try:
        return wire.load_json(answer.body, what, max_bytes=MAX_ANSWER)
    except FormatError as error:
        raise ServiceError(
            f"{what}: {forge}'s answer cannot be used", why=error.why or error.what, fix="run again"
        ) from error


def load_list(data: Any, what: str, forge: str) -> list[Any]:
    """Return one page of a list.

    Raises:
        ServiceError: It is not a list.
    """
    if not isinstance(data, list):
        raise ServiceError(
            f"{what}: {forge}'s answer cannot be used",
            why="a list was expected",
            fix="run again",
        )
    return data


def next_page(answer: Answer, base: str, what: str) -> str | None:
    """Return the path, below the API's base, of the page after this one, or None.

    Raises:
        ServiceError: It is said to be at another host, which gets no token of ours.
    """
    link = _NEXT.search(answer.headers.get("link", ""))
    if link is None:
        return None
    url = link.group(1)
    if not url.startswith(f"{base}/"):
        raise ServiceError(
            f"{what}: the next page is at another host",
            why=f"{urlsplit(url).hostname} is not {base}",
            fix="check which server answers for the forge",
        )
    return url.removeprefix(base)


def check_complete(answer: Answer, count: int, what: str) -> None:
    """Refuse a list whose last page says that there is more (R01); one that has grown meanwhile is complete.

    Raises:
        ServiceError: A page is missing.
    """
    total, following = answer.headers.get("x-total", ""), answer.headers.get("x-next-page", "")
    if following or (total.isdecimal() and float(total) > count):
        raise ServiceError(
            f"{what}: {count} of {total or 'more'} were listed",
            why="a page is missing, or the list changed while it was read",
            fix="run again",
        )


def date_of(answer: Answer, what: str) -> datetime:
    """Return when an answer was given, by the forge's clock.

    Raises:
        ServiceError: It does not say.
    """
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except ValueError as error:
        raise ServiceError(f"{what} is not known", why="its answer carries no date", fix="run again") from error


def endless(what: str, *, full: bool) -> ServiceError:
    """Return the error of a list that does not end; if all its pages were `full`, it really is that long."""
    if full:
        return LimitError(f"{what}: more than {MAX_PAGES} pages", why="no more are read", fix="make a new request")
    return ServiceError(
        f"{what}: more than {MAX_PAGES} pages", why="no more are read", fix="close or delete what is not needed"
    )


class Limits:
    """What was too big to be read completely, one sentence each."""

    def __init__(self) -> None:
        self._sentences: list[str] = []

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the sentences."""
        return tuple(self._sentences)

    def add(self, sentence: str) -> None:
        """Add one."""
        self._sentences.append(sentence)

    def read(self, look: Callable[[], T], instead: T) -> T:
        """Return what `look` finds, or `instead`, after noting why, if there is more than is read."""
        try:
            return look()
        except LimitError as error:
            self.add(error.what)
            return instead


def one_line(text: str, *secrets: str) -> str:
    """Return what a forge says as one short, printable line without our tokens."""
    flat = " ".join((text or "no reason given").split())
    for secret in secrets:
        flat = flat.replace(secret, "[token]")
    return "".join(char if char.isprintable() else "?" for char in flat)[:300]


def in_path(text: str) -> str:
    """Return `text` as a part of a path; slashes stay."""
    return quote(text, safe="/")
