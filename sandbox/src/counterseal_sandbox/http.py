"""A small HTTP server on loopback for the services of the sandbox: prefix → handler, nothing more.

Whoever is on this machine may call it; a page in somebody's browser may not, although it is on this machine too. So
every request has to name this server as its host (a name that leads here for a moment, DNS rebinding, is not ours), may
come from no other origin, and has no body of the kinds that a page can send without being allowed to (Fetch standard,
"CORS-safelisted request-header": text/plain and forms).
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a handler sees it: `path` decoded, below the handler's prefix; header names in lower case.

    `encoded` is that path as it was sent, for those who take an escaped slash for a part of a name.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    encoded: str = ""

    def json(self) -> Any:
        """Return the body as JSON ({} if it is empty)."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(value: Any, status: int = 200, **headers: str) -> Response:
    """Return `value` as a JSON answer."""
    content = {"Content-Type": "application/json; charset=utf-8", **headers}
    return Response(status, json.dumps(value).encode(), content)


class HttpError(Exception):
    """Ends a handler with a status and a message in the body (`{"message": …}`, as forge and Fulcio have it)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


#: Kinds of body that any page may send to any server, and headers that it may not add to them.
_FROM_ANYWHERE: Final = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
_NOT_FROM_A_PAGE: Final = frozenset({"authorization", "private-token", "job-token"})
_OTHER_SITES: Final = frozenset({"cross-site", "same-site"})


class LoopbackServer:
    """Serves handlers below prefixes on 127.0.0.1 from a background thread; the longest prefix wins.

    `interceptors` see every request before its handler; the first answer that is not None is sent. Drills and
    tests use this to make a service slow, broken or dishonest.
    """

    def __init__(self, port: int = 0) -> None:
        self._handlers: dict[str, Callable[[Request], Response]] = {}
        self.interceptors: list[Callable[[str, Request], Response | None]] = []
        self._http = _Server(("127.0.0.1", port), _make_handler(self))
        port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{port}"
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})

    def mount(self, prefix: str, handler: Callable[[Request], Response]) -> None:
        """Let `handler` answer everything below `prefix` (`/github/api`)."""
        self._handlers[prefix] = handler

    def start(self) -> None:
        """Begin to answer."""
        # The interval is how long `stop` may take.
        threading.Thread(target=self._http.serve_forever, args=(0.01,), name="counterseal sandbox", daemon=True).start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._http.shutdown()
        self._http.server_close()

    def refusal(self, headers: Mapping[str, str]) -> Response | None:
        """Return the answer to a request that a page in a browser could have sent, or None if it is none."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return json_response({"message": f"this is the sandbox at {self.url}, not {host[:100]!r}"}, 421)
        others = origin is not None and origin.removeprefix("http://") not in self._hosts
        if others or headers.get("sec-fetch-site") in _OTHER_SITES:
            return json_response({"message": "the sandbox answers no page of another site"}, 403)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in _FROM_ANYWHERE and not headers.keys() & _NOT_FROM_A_PAGE:
            return json_response({"message": "the sandbox takes no text and no forms; send JSON as such"}, 415)
        return None

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Return the answer to one request; a defect of a handler becomes 500 with its name."""
        split = urlsplit(target)
        query = {key: values[-1] for key, values in parse_qs(split.query, keep_blank_values=True).items()}
        path = unquote(split.path)
        matching = (prefix for prefix in self._handlers if path == prefix or path.startswith(prefix.rstrip("/") + "/"))
        prefix = max(matching, key=len, default=None)
        if prefix is None:
            return json_response({"message": f"the sandbox has no {method} {path}"}, 501)
        below = len(prefix.rstrip("/"))
        # a prefix has nothing to escape, so it is as long as it was sent
        encoded = split.path[below:] if split.path.startswith(prefix.rstrip("/")) else quote(path[below:])
        request = Request(method, path[below:] or "/", query, headers, body, encoded or "/")
        try:
            for interceptor in tuple(self.interceptors):
                if (answer := interceptor(prefix, request)) is not None:
                    return answer
            return self._handlers[prefix](request)
        except HttpError as error:
            return json_response({"message": str(error)}, error.status)
        except Exception as error:  # noqa: BLE001 - a defect must reach the client, not kill the thread silently
            return json_response({"message": f"sandbox defect: {type(error).__name__}: {error}"}, 500)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong with a connection, unless the client just went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their names in lower case; one that came more than once is one list."""
    joined: dict[str, str] = {}
    for name, value in headers:
        before = joined.get(key := name.lower())
        joined[key] = value if before is None else f"{before}, {value}"
    return joined


def _make_handler(server: LoopbackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes; without this each answer waits 40 ms

        def log_message(self, *_: object) -> None:
            """Say nothing: the clients report what matters."""

        def _body(self) -> bytes:
            if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _serve(self) -> None:
            headers = _joined(self.headers.items())
            answer = server.refusal(headers)
            self.close_connection |= answer is not None  # its body is not read
            answer = answer or server.answer(self.command, self.path, headers, self._body())
            if "Date" in answer.headers:  # whoever answers has a clock of their own
                self.send_response_only(answer.status)
            else:
                self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - names of http.server

    return Handler
