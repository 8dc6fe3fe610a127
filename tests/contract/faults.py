"""What goes wrong on the way from a forge: garbage, altered fields, lost answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.world import World

    from counterseal_sandbox.http import Request

GARBAGE = [
    b"",
    b"null",
    b'"text"',
    b"<html>maintenance</html>",
    b"\xff\xfe",
    b'{"number": 1, "number": 1}',
    b'{"number": NaN}',
    b"[" * 100_000,
]


def without(*path: str | int) -> Callable[[Any], Any]:
    """Return a change that removes what `path` leads to."""

    def change(value: Any) -> Any:
        inner = value
        for part in path[:-1]:
            inner = inner[part]
        del inner[path[-1]]
        return value

    return change


def replaced(new: Any, *path: str | int) -> Callable[[Any], Any]:
    """Return a change that puts `new` where `path` leads to."""

    def change(value: Any) -> Any:
        inner = value
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = new
        return value

    return change


def lose_answers(world: World, method: str, path: str, *, times: int = 1) -> list[str]:
    """Let the sandbox do what it is asked, and lose the answer (502), `times` times."""
    lost: list[str] = []

    def intercept(prefix: str, request: Request) -> Response | None:
        if request.method != method or path not in request.path or len(lost) >= times:
            return None
        lost.append(request.path)
        target = f"{prefix}{request.encoded}?{urlencode(dict(request.query))}"
        answer = world.sandbox.server.answer(method, target, request.headers, request.body)
        assert answer.status < 300
        return Response(502, b"<html>the answer is lost</html>")

    # while the lost call is done inside, `lost` is full, so that it passes
    world.sandbox.server.interceptors.append(intercept)
    return lost
