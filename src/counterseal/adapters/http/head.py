"""Connections whose answer begins in time: urllib3 has a time-out for each packet, and a head may come byte by byte."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.client import HTTPException
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _InTime(HTTPConnection):
    def getresponse(self) -> Any:
        """Return the answer, whose head has as many seconds as each packet of it would have."""
        late = threading.Event()
        watch = threading.Timer(float(self.timeout or 0), _cut_off, (self.sock, late))
        watch.daemon = True
        watch.start()
        try:
            response = super().getresponse()
        except (OSError, HTTPException) as error:
            if late.is_set():
                raise TimeoutError from error
            raise
        finally:
            watch.cancel()
        if late.is_set():  # http.client takes a head that breaks off for a whole one
            response.close()
            raise TimeoutError
        return response


def _cut_off(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(OSError):  # it has ended by itself
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS, which would wait for its other end


class _InTimeOverTls(_InTime, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _InTime


class _PoolOverTls(HTTPSConnectionPool):
    ConnectionCls = _InTimeOverTls


#: What a pool manager of urllib3 makes its connections of.
POOLS: Final[dict[str, Any]] = {"http": _Pool, "https": _PoolOverTls}
