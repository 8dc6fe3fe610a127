"""A network of one's own: nothing in it but loopback, for this thread and all that it starts.

The timestamp authority has its metrics at port 2112 of all interfaces, and cannot be told otherwise; Fulcio's listen on
all interfaces too. In a network of its own neither can meet another run of these tests, nor can be reached from
outside, and no service can reach the internet. It takes root (CAP_SYS_ADMIN). Without, the services run on the
machine's own loopback: all works, but only one such run at a time, and 2112 has to be free.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_OURS = Path("/proc/thread-self/ns/net")


@contextmanager
def own_network() -> Iterator[bool]:
    """Stay in a network of one's own where we may; says whether it is one."""
    try:
        before = os.open(_OURS, os.O_RDONLY)
    except FileNotFoundError:  # no Linux
        yield False
        return
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.unshare(_CLONE_NEWNET) != 0:
            yield False
            return
        try:
            _raise_loopback()
            yield True
        finally:
            if libc.setns(before, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "cannot return to the network of before")
    finally:
        os.close(before)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
