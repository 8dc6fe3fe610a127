"""The Merkle tree of RFC 6962 (section 2.1; RFC 9162 verifies the same): peaks, root, inclusion and its check.

Hashes are 32 raw bytes, leaves are leaf hashes. It knows nothing of entries, lines or hex.

The *peaks* of a tree are the roots of its perfect subtrees, largest first: one for each 1 bit of
its size. They are all that a writer needs to append.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Root of the tree without leaves: the sha256 of nothing.
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 ‖ data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(peaks: Sequence[bytes], size: int, leaf_hash: bytes) -> tuple[bytes, ...]:
    """Return the peaks after one more leaf.

    Args:
        peaks: The peaks of a tree.
        size: Its number of leaves.
        leaf_hash: The new leaf.

    Raises:
        ValueError: A tree of this size has another number of peaks.
    """
    if len(peaks) != size.bit_count():
        raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(peaks)}")
    remaining, last = list(peaks), leaf_hash
    while size & 1:
        last = node(remaining.pop(), last)
        size >>= 1
    return (*remaining, last)


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """Return the root of the tree with these peaks."""
    if not peaks:
        return EMPTY_ROOT
    result = peaks[-1]
    for peak in reversed(peaks[:-1]):
        result = node(peak, result)
    return result


def peaks_of(leaves: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the peaks of the tree with these leaves."""
    peaks: tuple[bytes, ...] = ()
    for size, leaf_hash in enumerate(leaves):
        peaks = append(peaks, size, leaf_hash)
    return peaks


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root of the tree with these leaves."""
    return root_of_peaks(peaks_of(leaves))


def _split(size: int) -> int:
    """Return the largest power of two below `size` (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


class Known:
    """What is known of a tree whose first leaves are only known by their peaks.

    Args:
        first: How many leaves those are.
        peaks: Their peaks.
        leaves: The hashes of the leaves after them.
    """

    def __init__(self, first: int, peaks: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        self._first, self._leaves = first, leaves
        self._peaks: dict[tuple[int, int], bytes] = {}
        low = 0
        for height, peak in zip(reversed(_heights(first)), peaks, strict=True):
            self._peaks[low, low + height] = peak
            low += height

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves (RFC 6962 section 2.1), no fewer than those before `first`."""
        return self._hash(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the audit path of the leaf at `index` in the tree of `size`, nearest sibling first (section 2.1.1).

        Raises:
            ValueError: There is no such leaf among those after `first`.
        """
        if not self._first <= index < size <= self._first + len(self._leaves):
            raise ValueError(f"no leaf {index} among those from {self._first} to {size}")
        path: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._hash(middle, high))
                high = middle
            else:
                path.append(self._hash(low, middle))
                low = middle
        return tuple(reversed(path))

    def _hash(self, low: int, high: int) -> bytes:
        """Return the hash of the leaves from `low` to `high`: a subtree beside one that holds a leaf after `first`."""
        if peak := self._peaks.get((low, high)):
            return peak
        if low >= self._first:
            return root(self._leaves[low - self._first : high - self._first])
        middle = low + _split(high - low)
        return node(self._hash(low, middle), self._hash(middle, high))


def _heights(size: int) -> list[int]:
    """Return the powers of two that make up a number, smallest first."""
    return [1 << bit for bit in range(size.bit_length()) if size >> bit & 1]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, hashes: Sequence[bytes], root_hash: bytes) -> bool:
    """Return whether `hashes` prove that `leaf_hash` is leaf `index` of the tree with this size and root.

    RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    position, last, result = index, size - 1, leaf_hash
    for sibling in hashes:
        if last == 0:
            return False
        if position & 1 or position == last:
            result = node(sibling, result)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            result = node(result, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and result == root_hash
