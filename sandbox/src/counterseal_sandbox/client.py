"""Hands for the sandbox, over HTTP: control calls, what people do at the forge, and CI runs. Used by the demo."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the sandbox's forge."""

    id: int
    login: str
    token: str


class SandboxClient:
    """Speaks to a running sandbox.

    Args:
        url: `http://127.0.0.1:PORT` without a slash at the end.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.api = f"{url}/github/api"

    def call(self, method: str, url: str, *, token: str | None = None, body: Any = None, raw: bool = False) -> Any:
        """Return the answer to one call, as JSON (or as bytes with `raw`).

        Raises:
            ServiceError: The sandbox said no; the message is its own.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/octet-stream" if raw else "*/*"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - loopback, given by the sandbox
        if token:
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
                content = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            raise ServiceError(f"{method} {url}: {error.code}", why=text[:500]) from None
        return content if raw else json.loads(content or b"null")

    def control(self, path: str, **body: Any) -> Any:
        """Return the answer to a control call (`/users`, `/repositories`, `/runs` …)."""
        return self.call("POST", self.url + path, body=body)

    def trust(self) -> Any:
        """Return the sandbox's trust document."""
        return self.call("GET", f"{self.url}/trust")

    def person(self, login: str, number: int) -> Person:
        """Create an account with this numeric id."""
        account = self.control("/users", login=login, id=number)
        return Person(account["id"], account["login"], account["token"])

    def run(self, **order: Any) -> Mapping[str, str]:
        """Start a CI run and return its environment."""
        environment: Mapping[str, str] = self.control("/runs", **order)["environment"]
        return environment

    def job(self, **order: Any) -> Mapping[str, str]:
        """Start a job of GitLab CI and return its environment."""
        environment: Mapping[str, str] = self.control("/jobs", **order)["environment"]
        return environment

    def as_person(self, person: Person, method: str, path: str, body: Any = None) -> Any:
        """Return the answer of the forge's API to a person (`/repos/acme/app/pulls/1/reviews`)."""
        return self.call(method, self.api + path, token=person.token, body=body)
