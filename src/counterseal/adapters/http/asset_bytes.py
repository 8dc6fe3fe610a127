"""The files of a release, for every forge: their bytes streamed, whole or not there, within bounds; deleted if there.

What a forge says of a digest is not checked against the bytes here: both are evidence.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic

import requests

from counterseal.adapters.http.calls import AccessT
from counterseal.adapters.http.client import stream_to
from counterseal.adapters.http.patience import patiently
from counterseal.errors import ServiceError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from counterseal.adapters.http.calls import Calls
    from counterseal.adapters.http.transport import Answer
    from counterseal.model import Asset, Release


class AssetFiles(ABC, Generic[AccessT]):
    """The files of a repository's releases.

    Args:
        api: Calls about the repository.
        read: Who may read them.
        write: Who may delete them.
    """

    def __init__(self, api: Calls[AccessT], *, read: AccessT, write: AccessT) -> None:
        self._calls = api
        self._read = read
        self._write = write

    @abstractmethod
    def of(self, release_id: int) -> tuple[Asset, ...]:
        """Return all files of a release."""

    @abstractmethod
    def _bytes_of(self, release: Release, asset: Asset, what: str) -> tuple[str, Mapping[str, str]]:
        """Return the path of the bytes, and the headers with the token, which goes to the API's host only."""

    @abstractmethod
    def _place_of(self, release: Release, asset_id: int) -> str:
        """Return the path of a file, to delete it."""

    def download(self, release: Release, asset_id: int, target: Path, *, max_bytes: int) -> None:
        """Write the bytes of a file to `target`, which appears only when they are complete."""
        asset = downloadable(release, asset_id, max_bytes)
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as stream:
                self._stream(release, asset, stream)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def digest_of(self, release: Release, asset: Asset) -> str:
        """Return the sha256 that the forge has computed; where it tells none, of the bytes that it gives us."""
        if asset.digest is not None:
            return asset.digest
        sink = _Digest()
        self._stream(release, asset, sink)
        return sink.hexdigest()

    def _stream(self, release: Release, asset: Asset, stream: Any) -> None:
        calls, what = self._calls, f"{asset.name} of {release.tag}"
        path, headers = self._bytes_of(release, asset, what)

        def fetch() -> Answer:
            answer = stream_to(stream, f"{calls.url}{path}", headers, max_bytes=asset.size, seconds=calls.timeout)
            if answer.status == 200 and stream.tell() != asset.size:
                raise requests.ConnectionError(f"{stream.tell()} of {asset.size} bytes arrived")
            return answer

        answer = patiently(what, fetch, pause=calls.pause)
        if answer.status != 200:
            raise calls.refusal(answer, what, self._read)

    def delete(self, release: Release, asset_id: int) -> None:
        """Delete a file; it is no error if it is gone already."""

        def there() -> bool:
            return any(asset.id == asset_id for asset in self.of(release.id))

        what = f"file {asset_id} of {release.tag}"
        self._calls.remove(self._place_of(release, asset_id), there, what=what, access=self._write)


def downloadable(release: Release, asset_id: int, max_bytes: int) -> Asset:
    """Return an asset of a release that may be downloaded.

    Raises:
        ServiceError: It is not there, not whole, or too big.
    """
    asset = next((asset for asset in release.assets if asset.id == asset_id), None)
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
    """A sink for bytes that keeps only their sha256."""

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
