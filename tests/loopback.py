"""A server on loopback that says exactly these bytes, at once or one by one, for what no HTTP server would say."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def raw_servers() -> Iterator[Callable[..., str]]:
    """Give a function that answers each connection with the next of these bytes, and returns the base for it.

    With `drip` it sends a byte each so many seconds, beginning after the first `whole` bytes; with `hold` it does not
    close the connection afterwards.
    """
    sockets: list[socket.socket] = []
    ended = threading.Event()

    def start(*answers: bytes, drip: float = 0, whole: int = 0, hold: bool = False) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)
        threading.Thread(target=_serve, args=(server, answers, drip, whole, hold, ended), daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    ended.set()
    for server in sockets:
        server.close()


def _serve(
    server: socket.socket, answers: tuple[bytes, ...], drip: float, whole: int, hold: bool, ended: threading.Event
) -> None:
    with contextlib.suppress(OSError):  # the test's end closed it
        for answer in answers:
            connection, _ = server.accept()
            with connection, contextlib.suppress(ConnectionError):  # the client had enough
                connection.recv(65536)
                connection.sendall(answer[:whole] if drip else answer)
                for number in range(whole, len(answer)) if drip else ():
                    connection.sendall(answer[number : number + 1])
                    if ended.wait(drip):
                        return
                if hold:
                    ended.wait(10)


def ok(body: bytes, *, length: int | None = None, more: bytes = b"") -> bytes:
    """Return an answer with a body, which may promise another length than it has, and with `more` in its head."""
    promised = len(body) if length is None else length
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n%s" % (promised, more, body)
