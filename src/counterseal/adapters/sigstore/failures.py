"""What went wrong inside sigstore-python, as one line for people.

The library's exceptions often have no text of their own (a refusal by Fulcio is an empty FulcioClientError); what the
service said stands in the response of a cause.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import requests
import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST: Final = 400
_CLEARER: Final = {
    # The timestamp is over the signature: with a changed signature no timestamp counts.
    "not enough sources of verified time": "no timestamp of a trusted authority covers this signature",
    "Integrated time only supported for dsse/hashedrekord 0.0.1 types": "the log entry is of another kind than dsse or "
    "hashedrekord; only these two are supported",
}


def reason(error: BaseException) -> str:
    """Return why `error` happened: what a service answered, or else the texts in the chain of its causes."""
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, requests.RequestException) and (text := _network(link)):
            return one_line(text)
    texts: list[str] = []
    for link in chain:
        # What follows is pydantic's, for programmers: the input and a link to its manual.
        text = str(link).partition(" [type=")[0]
        if text and not any(text in earlier for earlier in texts):
            texts.append(_CLEARER.get(text, text))
    return one_line(": ".join(texts) or type(error).__name__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    for _ in range(5):
        if link is None:
            return
        yield link
        link = link.__cause__ or link.__context__


def one_line(text: str) -> str:
    """Return foreign text as one line of printable characters, cut after 400 of them."""
    flat = " ".join(text.split())
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in flat)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + " …"


def _network(error: requests.RequestException) -> str:
    """Return what a service answered, or why it did not, without the library's inner names."""
    if error.response is not None:
        return _answer(error.response)
    if isinstance(error, requests.JSONDecodeError):
        return f"the answer is not JSON: {error}"
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, urllib3.exceptions.NewConnectionError):  # by its class it would be a time-out too
        return f"no connection: {str(cause).rpartition(': ')[2]}"
    if isinstance(cause, urllib3.exceptions.TimeoutError):
        return "no answer in time"
    return str(error)


def _answer(response: requests.Response) -> str:
    text = response.text
    try:
        body = json.loads(text)
        text = str(body["message"]) if isinstance(body, dict) and "message" in body else text
    except ValueError:
        pass
    return f"HTTP {response.status_code}: {text or response.reason}"
