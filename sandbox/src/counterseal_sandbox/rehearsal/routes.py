"""Text for a shell: `eval` it, and the shell is one of the rehearsal's people or jobs.

    GET  /rehearsal/as/LOGIN             the environment of a person: token, API, git's settings
    GET  /rehearsal/build/TAG            that of the builder's job for a tag
    GET  /rehearsal/gate                 that of a job of the gate
    POST /rehearsal/approve/N/LOGIN      somebody approves a change request
    POST /rehearsal/merge/N/LOGIN        somebody merges it

Before it sets anything, the text takes away what the shell has: neither a job nor somebody else's machine has the
variables of whoever rehearses, least of all their tokens. Every value is quoted: logins and tags are foreign text.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final, Protocol

from counterseal.errors import ServiceError
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal_sandbox.http import LoopbackServer, Request

PREFIX: Final = "/rehearsal"
_STAYS: Final = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "SHLVL", "_", "TERM", "COLORTERM", "NO_COLOR",
    "FORCE_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "SOURCE_DATE_EPOCH",
)  # fmt: skip
_CLEAR: Final = (
    "for name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p'); do "
    f'case "$name" in {"|".join(_STAYS)}) ;; *) unset "$name" ;; esac; done'
)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ACT: Final = re.compile(r"/(?P<verb>approve|merge)/(?P<number>[0-9]{1,9})/(?P<login>[^/]+)")
_BE: Final = re.compile(r"/(?:as/(?P<login>[^/]+)|build/(?P<tag>.+)|gate)", re.DOTALL)


class Hands(Protocol):
    """What the routes reach for: who is who, and what they do."""

    def person(self, login: str) -> Mapping[str, str]:
        """Return the environment of a person."""

    def build(self, tag: str) -> Mapping[str, str]:
        """Return the environment of the builder's job for a tag."""

    def gate(self) -> Mapping[str, str]:
        """Return the environment of a job of the gate."""

    def approve(self, number: int, login: str) -> None:
        """Let somebody approve a change request."""

    def merge(self, number: int, login: str) -> None:
        """Let somebody merge a change request."""


class Routes:
    """Answers below `/rehearsal`; who may ask at all, the server decides."""

    def __init__(self, hands: Hands, server: LoopbackServer) -> None:
        self._hands = hands
        server.mount(PREFIX, self._answer)

    def _answer(self, request: Request) -> Response:
        try:
            return _text(self._said(request))
        except Refused as refused:
            return _text(str(refused), refused.status)
        except ServiceError as error:
            return _text(f"{error.what}: {error.why}", 422)

    def _said(self, request: Request) -> str:
        if request.method == "POST" and (act := _ACT.fullmatch(request.path)):
            do, done = (self._hands.approve, "approved") if act["verb"] == "approve" else (self._hands.merge, "merged")
            do(int(act["number"]), act["login"])
            return f"{act['login']} {done} change request {act['number']}"
        if request.method == "GET" and (be := _BE.fullmatch(request.path)):
            if be["login"]:
                return shell(self._hands.person(be["login"]))
            return shell(self._hands.build(be["tag"]) if be["tag"] else self._hands.gate())
        raise Refused(f"{request.method} {PREFIX}{request.path[:100]} is no call of a rehearsal", 404)


def shell(variables: Mapping[str, str]) -> str:
    """Return the commands that take all variables away but a few, and set these."""
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            raise Refused(f"{name!r} is no name of a variable")
    return "\n".join([_CLEAR, *(f"export {name}={shlex.quote(value)}" for name, value in variables.items())])


def _text(text: str, status: int = 200) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return Response(status, f"{text}\n".encode(), headers)
