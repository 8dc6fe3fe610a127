"""The bytes of a release's files on their way down, for every forge: streamed, whole or not there, within bounds.

What a forge says of a digest is not checked against the bytes here: both are evidence.
"""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING, Any

import requests

from counterseal.adapters.http.client import stream_to
from counterseal.adapters.http.patience import patiently
from counterseal.errors import ServiceError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal.adapters.http.transport import Answer
    from counterseal.model import Asset, Release


class Source:
    """Where the bytes of one asset come from.

    Args:
        what: Its name for messages.
        url: Its address.
        headers: With the token, which goes to the host of `url` only.
        size: How many bytes it has, as the forge says.
        seconds: For one answer; one second more for each 100 kB.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        what: str,
        url: str,
        headers: Mapping[str, str],
        *,
        size: int,
        seconds: float,
        pause: Callable[[float], None],
    ) -> None:
        self.what = what
        self._url = url
        self._headers = headers
        self._size = size
        self._seconds = seconds
        self._pause = pause

    def save(self, target: Path, refusal: Callable[[Answer], ServiceError]) -> None:
        """Write the bytes to `target`, which appears only when they are complete."""
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as stream:
                self._stream(stream, refusal)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def digest(self, refusal: Callable[[Answer], ServiceError]) -> str:
        """Return the sha256 of the bytes."""
        sink = _Digest()
        self._stream(sink, refusal)
        return sink.hexdigest()

    def _stream(self, stream: Any, refusal: Callable[[Answer], ServiceError]) -> None:
        answer = patiently(self.what, lambda: self._fetch(stream), pause=self._pause)
        if answer.status != 200:
            raise refusal(answer)

    def _fetch(self, stream: IO[bytes]) -> Answer:
        answer = stream_to(stream, self._url, self._headers, max_bytes=self._size, seconds=self._seconds)
        if answer.status == 200 and stream.tell() != self._size:
            raise requests.ConnectionError(f"{stream.tell()} of {self._size} bytes arrived")
        return answer


def downloadable(release: Release, asset_id: int, max_bytes: int) -> Asset:
    """Return an asset of a release that may be downloaded.

    Raises:
        ServiceError: It is not there, not whole, or too big.
    """
    asset = next((each for each in release.assets if each.id == asset_id), None)
    if asset is None or not asset.complete:
        raise ServiceError(
            f"release {release.tag}: no asset {asset_id}",
            why="it is not there, or was not uploaded whole",
            fix="look at the assets of the release",
        )
    if asset.size > max_bytes:
        raise ServiceError(
            f"{asset.name} of {release.tag}: {asset.size} bytes are too many",
            why=f"at most {max_bytes} are read",
            fix="remove the asset",
        )
    return asset


def measured(path: Path, what: str, forge: str) -> tuple[int, str]:
    """Return size and sha256 of a file that is to be uploaded.

    Raises:
        ServiceError: It is empty.
    """
    size = path.stat().st_size
    if size == 0:
        raise ServiceError(f"{what}: the file is empty", why=f"{forge} stores no empty files", fix="leave it out")
    with path.open("rb") as stream:
        return size, digests.sha256_of(stream)


def check_same(asset: Asset, told: str, wanted: tuple[int, str], tag: str, forge: str) -> None:
    """Refuse an asset that has other bytes than ours.

    Args:
        asset: What is there.
        told: Its sha256.
        wanted: Size and sha256 of our file.
        tag: Of the release.
        forge: The forge's name.
    """
    size, digest = wanted
    if (asset.size, told) != wanted:
        raise ServiceError(
            f"{asset.name} of {tag}: other bytes are there under this name",
            why=f"{forge}: {asset.size} bytes, sha256:{told[:12]}…; ours: {size} bytes, sha256:{digest[:12]}…",
            fix="delete the asset, or the whole candidate, and run again",
        )


class _Digest:
    """A place for bytes of which only the sha256 is kept."""

    def __init__(self) -> None:
        self._state, self._size = hashlib.sha256(), 0

    def seek(self, _: int) -> int:
        """Begin anew."""
        self._state, self._size = hashlib.sha256(), 0
        return 0

    def truncate(self) -> int:
        """Do nothing: nothing is kept."""
        return 0

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._state.update(data)
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how many bytes there were."""
        return self._size

    def hexdigest(self) -> str:
        """Return the sha256."""
        return self._state.hexdigest()
