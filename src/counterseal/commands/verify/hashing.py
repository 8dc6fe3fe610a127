"""The digests of many files: in threads, a piece of each at a time, so that memory does not grow with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import plain_file
from counterseal.errors import UsageError, VerificationError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from counterseal.errors import CountersealError


def hashed(places: Sequence[Path]) -> Iterator[str | CountersealError]:
    """Yield the sha256 of each file, in their order, or why it was not read.

    A link, a pipe and a device are not read: what one verified has to be what one uses.
    """
    if len(places) == 1:  # needs no threads
        yield from map(_digest, places)
        return
    yield from _in_threads(_digest, places)


def _in_threads(
    work: Callable[[Path], str | CountersealError], places: Sequence[Path]
) -> Iterator[str | CountersealError]:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only many files pay for it

    pool = ThreadPoolExecutor()
    try:
        yield from pool.map(work, places)
    finally:
        pool.shutdown(cancel_futures=True)  # whoever interrupts does not wait for the rest


def _digest(place: Path) -> str | CountersealError:
    try:
        with plain_file.opened(place) as stream:
            return digests.sha256_of(stream)
    except UsageError as error:
        return VerificationError(f"not verified: {error.what}", why=error.why, fix=error.fix)
    except OSError as error:
        return VerificationError(
            f"not verified: {place.name} cannot be read", why=error.strerror or str(error), fix="look at the disk"
        )
