"""Our line below the forges' client libraries: they put a request together, we judge what comes back.

A library would follow a redirect with our token, ask again for as long as it is told 202, or lose the headers that say
how long to wait. So an answer that a library acts upon is raised past it, and of every other one status, headers and
bytes are heard before the library reads them. No status is changed on the way, and there is no way to another host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from counterseal.adapters.http.transport import Answer, BoundedAdapter, trust_nothing_here

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

_ACCEPTED: Final = 202


class WithheldError(Exception):
    """An answer that no library gets to see, since it would act upon it: a redirect, or 202."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


class Line:
    """All that a library's session sends goes through here, to one host.

    Args:
        session: The library's session; ours from now on.
        url: Of the API; what goes to another scheme, host or port is not sent.
        seconds: For one answer.
        ignoring: What the library raises about an answer that we judge ourselves.
    """

    def __init__(
        self, session: requests.Session, url: str, seconds: float, *, ignoring: tuple[type[Exception], ...]
    ) -> None:
        place = urlsplit(url)
        session.adapters.clear()
        session.mount(f"{place.scheme}://{place.netloc}/", _Withholding(seconds))
        session.hooks["response"].append(self._hear)
        trust_nothing_here(session, url)
        self._ignoring = ignoring
        self._heard: Answer | None = None

    def ask(self, call: Callable[[], object]) -> Answer:
        """Return the answer to the one request that `call` lets the library send.

        Raises:
            requests.RequestException: There is none.
        """
        self._heard = None
        try:
            call()
        except WithheldError as withheld:
            return withheld.answer
        except self._ignoring:
            if self._heard is None:
                raise
        if self._heard is None:
            raise AssertionError  # a library that asks nobody
        return self._heard

    def _hear(self, response: requests.Response, *_: object, **__: object) -> None:
        self._heard = Answer.of(response)


class _Withholding(BoundedAdapter):
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - the signature of requests; we read every answer whole
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - the signature of requests
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request; raise the answer if a library would act upon it."""
        response = super().send(request, False, timeout, verify, cert, proxies)  # noqa: FBT003 - as above
        response.encoding = "utf-8"  # else a library guesses it, for seconds if the body is large
        if response.status_code == _ACCEPTED or 300 <= response.status_code < 400:
            raise WithheldError(Answer.of(response))
        return response
