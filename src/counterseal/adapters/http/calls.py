"""Calls to a forge's API, the same for every forge: strict JSON, all pages, bounded patience, refusals explained.

Reads are repeated, writes never: whoever writes looks first, and looks again before it writes again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import requests

from counterseal.adapters.http import answers
from counterseal.adapters.http.answers import RefusedError, UncertainError
from counterseal.adapters.http.patience import patiently, unreachable
from counterseal.adapters.http.transport import is_protected
from counterseal.errors import FormatError, ServiceError, UsageError
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from counterseal.adapters.http.transport import Answer

AccessT = TypeVar("AccessT")
T = TypeVar("T")


class Calls(ABC, Generic[AccessT]):
    """Calls of one forge about one repository; `AccessT` says who may make a call.

    Args:
        api_url: Base of the API.
        secrets: Every token; they are in no message.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.

    Raises:
        UsageError: The base is not https, or what cannot be a token is given as one.
    """

    forge: ClassVar[str]
    #: What to do when the forge redirects us, and where to look when it is in trouble.
    moved: ClassVar[str]
    status_page: ClassVar[str]

    def __init__(
        self, api_url: str, secrets: tuple[str, ...], *, timeout: float, pause: Callable[[float], None]
    ) -> None:
        for secret in secrets:
            answers.check_token(secret, self.forge)
        if not is_protected(api_url):
            raise UsageError(
                f"{api_url}: a token goes over https only", why="plain http is for this machine only", fix="use https"
            )
        self.url = api_url.rstrip("/")
        self.timeout = timeout
        self.pause = pause
        self._secrets = secrets

    @abstractmethod
    def here(self, path: str) -> str:
        """Return the path of something in the repository."""

    @abstractmethod
    def _send(self, what: str, access: AccessT, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
        """Return the answer to one request, whatever it is."""

    # --- reading -----------------------------------------------------------------------------

    def get(self, path: str, *, what: str, access: AccessT, **query: str) -> Any:
        """Return the JSON at `path`.

        Args:
            path: Below the API's base.
            what: What is asked for, for messages.
            access: Who may.
            **query: Parameters.

        Raises:
            ServiceError: It cannot be read.
        """
        return self.json(self.read(path, what=what, access=access, **query), what, access)

    def find(self, path: str, *, what: str, access: AccessT, **query: str) -> Any | None:
        """Return the JSON at `path`, or None if there is nothing."""
        answer = self.read(path, what=what, access=access, **query)
        return None if answer.status == 404 else self.json(answer, what, access)

    def read(self, path: str, *, what: str, access: AccessT, **query: str) -> Answer:
        """Return the answer to a GET, after as many tries as are due."""
        return patiently(what, lambda: self._send(what, access, "GET", path, query, None), pause=self.pause)

    def pages(self, path: str, *, what: str, access: AccessT, **query: str) -> Iterator[Any]:
        """Yield the items of a list, page by page.

        Raises:
            ServiceError: A page cannot be read, is missing or is no list, or the pages do not end.
        """
        wanted: Mapping[str, str] = {"per_page": "100", **query}
        count, full = 0, True
        for _ in range(answers.MAX_PAGES):
            answer = self.read(path, what=what, access=access, **wanted)
            items = answers.load_list(self.json(answer, what, access), what, self.forge)
            count, full = count + len(items), full and bool(items)
            yield from items
            following = answers.next_page(answer, self.url, what)
            if following is None:
                answers.check_complete(answer, count, what)
                return
            path, wanted = following, {}
        raise answers.endless(what, full=full)

    # --- writing -----------------------------------------------------------------------------

    def write(self, method: str, path: str, body: Any, *, what: str, access: AccessT) -> Any:
        """Return the JSON that answers a write, which is sent once.

        Raises:
            UncertainError: It is not known whether it was done.
            RefusedError: The forge refused.
            ServiceError: Anything else.
        """
        answer = self.written(lambda: self._send(what, access, method, path, {}, body), what)
        return None if answer.status == 204 else self.json(answer, what, access)

    def written(self, send: Callable[[], Answer], what: str) -> Answer:
        """Return the answer to a write, which is sent once.

        Raises:
            UncertainError: It is not known whether it was done.
        """
        try:
            answer = send()
        except requests.RequestException as error:
            lost = unreachable(what, error)
            raise UncertainError(lost.what, why=lost.why, fix=lost.fix) from error
        # 202: it was accepted, and may be done later or not at all
        if answer.status == 202 or (answer.status >= 500 and answer.status != 501):
            raise UncertainError(f"{what}: HTTP {answer.status}", why=self.message(answer), fix="run again")
        return answer

    def ensure(self, what: str, look: Callable[[], T | None], write: Callable[[], None]) -> T:
        """Return what `look` finds, written by `write` if it was not there.

        After a write of unknown outcome, `look` is asked again before the write is repeated.

        Raises:
            ServiceError: It is not there after three tries.
        """
        lost = ServiceError(
            f"{what}: {self.forge} took it, but does not show it",
            why="it may be slow, or hide it from this token",
            fix="run again",
        )
        for _ in range(3):
            if (present := look()) is not None:
                return present
            try:
                write()
            except UncertainError as error:
                lost = error
                self.pause(1.0)
        if (present := look()) is not None:
            return present
        raise lost

    def remove(self, path: str, there: Callable[[], bool], *, what: str, access: AccessT) -> None:
        """Delete what is at `path`; it is no error if it is gone already.

        Args:
            path: Below the API's base.
            there: Tells whether it is still there.
            what: Its name for messages.
            access: Who may.

        Raises:
            ServiceError: It is still there, or nobody knows.
        """
        if not there():
            return
        try:
            self.write("DELETE", path, None, what=what, access=access)
        except UncertainError:
            if there():
                raise
        except RefusedError as error:
            if error.status != 404:
                raise

    # --- refusals ----------------------------------------------------------------------------

    def json(self, answer: Answer, what: str, access: AccessT) -> Any:
        """Return the JSON of a successful answer; any other is the error that explains it."""
        if answer.status not in (200, 201):
            raise self.refusal(answer, what, access)
        return answers.load(answer, what, self.forge)

    def message(self, answer: Answer) -> str:
        """Return what the forge says in a refusal, as one line without our tokens."""
        try:
            data = wire.load_json(answer.body, "answer")
        except FormatError:
            data = {}
        return answers.one_line(self._words(data), *self._secrets)

    @abstractmethod
    def _words(self, data: Any) -> str:
        """Return the text of a refusal, or nothing."""

    @abstractmethod
    def refusal(self, answer: Answer, what: str, access: AccessT) -> ServiceError:
        """Return the error that explains a status which is not success."""

    def _refused(self, what: str, answer: Answer, fixes: Mapping[int, str]) -> RefusedError:
        """Return the error of a refusal; `fixes` say what to do about a status that is special at this forge."""
        status = answer.status
        general = {
            202: "it is not ready yet: run again",
            429: f"wait for {self.forge}'s rate limit, then run again",
            501: "this sandbox does not know the call",
        }
        fix = {**general, **fixes}.get(status, f"see {self.forge}'s message")
        if 300 <= status < 400:
            fix = self.moved
        elif status >= 500 and status != 501:
            fix = f"see {self.status_page}, then run again"
        return RefusedError(what, status, self.message(answer), fix=fix)
