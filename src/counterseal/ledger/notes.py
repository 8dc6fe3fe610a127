"""The tree of the ledger's notes as git hashes it: look up, add, and get the tree's id, of a part or of the whole.

A tree holds only what was asked of it. What it lacks is brought by id and checked against that id; so what it says of a
key, that nothing is there too, follows from the id of its root. Every node has records of one size: at the first two
levels `40000 xx` for a folder of two hex digits, at the third `100644` and 36 digits for a note. Anything else is an
error.
"""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from counterseal.errors import LedgerError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

_FOLDERS = re.compile(rb"(?:40000 [0-9a-f]{2}\0.{20})*", re.DOTALL)
_NOTES = re.compile(rb"(?:100644 [0-9a-f]{36}\0.{20})*", re.DOTALL)
#: Bytes of a record, where its name begins and ends; the 20 bytes of the id come last.
_FOLDER: Final = (29, 6, 8)
_NOTE: Final = (64, 7, 43)
_ID: Final = 20
#: Contents that are kept have at most so many bytes; others are brought again where they are read again.
_MAX_KEPT: Final = 32 << 20


class NotesTree:
    """The notes at a commit.

    Args:
        root: The id of the tree; None: the empty one, with which a ledger begins.
        bring: Brings what is not here.
    """

    def __init__(
        self, root: str | None = None, bring: Callable[[Collection[str]], Mapping[str, bytes]] | None = None
    ) -> None:
        self._bring = bring
        self._root = root
        #: By path of the folder (``, `ab`, `ab/cd`), as git encodes it.
        self._nodes: dict[str, bytes] = {} if root else {"": b""}
        self._changed: set[str] = set()
        self._contents = _Contents()

    def copy(self) -> NotesTree:
        """Return a tree of its own with the same notes."""
        other = NotesTree(self.root, self._bring)
        other._nodes, other._contents = dict(self._nodes), self._contents.copy()
        return other

    @property
    def root(self) -> str | None:
        """Return the id of the tree, None if it is empty."""
        if self._changed:
            self._hash_anew()
        return self._root

    def look_up(self, keys: Iterable[str], *, contents: bool = False) -> None:
        """Bring in few batches what answers for some keys need.

        Args:
            keys: The keys.
            contents: Whether the notes themselves are needed, too.

        Raises:
            LedgerError: A folder has something else in it.
            ServiceError: Something did not come.
        """
        wanted = set(keys)
        for prefixes in ({""}, {key[:2] for key in wanted}, {f"{key[:2]}/{key[2:4]}" for key in wanted}):
            lacking = {prefix: self._id_of(prefix) for prefix in prefixes if prefix not in self._nodes}
            brought = self._brought({name for name in lacking.values() if name})
            for prefix, name in lacking.items():
                self._nodes[prefix] = _checked(prefix, brought[name]) if name else b""
        if contents:
            blobs = {blob for key in wanted if (blob := self.blob(key)) and blob not in self._contents}
            self._contents.keep(self._brought(blobs))

    def blob(self, key: str) -> str | None:
        """Return the id of a note's blob, or None: there is no such note."""
        folder = f"{key[:2]}/{key[2:4]}"
        if folder not in self._nodes:
            self.look_up([key])
        return _get(self._nodes[folder], key[4:].encode(), _NOTE)

    def read(self, key: str) -> bytes | None:
        """Return a note, or None: there is none."""
        blob = self.blob(key)
        if blob is None:
            return None
        content = self._contents.get(blob)
        return self._brought({blob})[blob] if content is None else content

    def write(self, key: str, content: bytes) -> None:
        """Put a note in place of the one that may be there."""
        blob = digests.git_object("blob", content)
        self.place(key, blob)
        self._contents.keep({blob: content})

    def place(self, key: str, blob: str) -> None:
        """Put a blob that is known by its id alone in the place of a note."""
        folder = f"{key[:2]}/{key[2:4]}"
        if folder not in self._nodes:
            self.look_up([key])
        self._nodes[folder] = _put(self._nodes[folder], key[4:].encode(), blob, _NOTE)
        self._changed.add(folder)

    def nodes(self, keys: Collection[str]) -> dict[str, bytes]:
        """Return by id the encoded trees on the way to some keys, as they are now."""
        self.look_up(keys)
        root = self.root
        if root is None:
            return {}
        found = {root: self._nodes[""]}
        for prefix in {key[:2] for key in keys} | {f"{key[:2]}/{key[2:4]}" for key in keys}:
            if name := self._id_of(prefix):
                found[name] = self._nodes[prefix]
        return found

    def _id_of(self, prefix: str) -> str | None:
        """Return the id of a folder whose parent is here."""
        if not prefix:
            return self._root
        parent, _, name = prefix.rpartition("/")
        return _get(self._nodes[parent], name.encode(), _FOLDER)

    def _brought(self, ids: set[str]) -> Mapping[str, bytes]:
        if not ids:
            return {}
        if self._bring is None:
            raise LedgerError("a part of the ledger's tree is not here", why=f"object {min(ids)}")
        return self._bring(ids)

    def _hash_anew(self) -> None:
        changed, self._changed = self._changed, set()
        for folder in changed:
            self._link(folder)
        for folder in {folder[:2] for folder in changed}:
            self._link(folder)
        self._root = _tree_id(self._nodes[""])

    def _link(self, folder: str) -> None:
        parent, _, name = folder.rpartition("/")
        self._nodes[parent] = _put(self._nodes[parent], name.encode(), _tree_id(self._nodes[folder]), _FOLDER)


class _Contents(dict[str, bytes]):
    """Contents of blobs by id, the newest ones."""

    def __init__(self, *known: Mapping[str, bytes]) -> None:
        super().__init__(*known)
        self._size = sum(map(len, self.values()))

    def copy(self) -> _Contents:
        return _Contents(self)

    def keep(self, contents: Mapping[str, bytes]) -> None:
        for blob, content in contents.items():
            if blob not in self:
                self[blob] = content
                self._size += len(content)
        while self._size > _MAX_KEPT and len(self) > 1:
            self._size -= len(self.pop(next(iter(self))))


def _checked(prefix: str, node: bytes) -> bytes:
    """Return a folder that a commit has, if it has nothing but what belongs there, in order and once."""
    pattern, (size, start, end) = (_NOTES, _NOTE) if len(prefix) == 5 else (_FOLDERS, _FOLDER)
    names = [node[place + start : place + end] for place in range(0, len(node), size)]
    if not node or not pattern.fullmatch(node) or any(one >= other for one, other in pairwise(names)):
        raise LedgerError(
            f"the folder {prefix or '/'!r} of the ledger's branch has something in it that no gate put there",
            why="a note lies at 2/2/36 hex digits, as a plain file",
            fix="find out who pushed it: counterseal log repair",
        )
    return node


def _tree_id(node: bytes) -> str:
    return hashlib.sha1(b"tree %d\0" % len(node) + node, usedforsecurity=False).hexdigest()


def _place_of(node: bytes, name: bytes, record: tuple[int, int, int]) -> tuple[int, bool]:
    """Return where the record of a name begins, or would begin, and whether it is there."""
    size, start, end = record
    low, high = 0, len(node) // size
    while low < high:
        middle = (low + high) // 2
        if node[middle * size + start : middle * size + end] < name:
            low = middle + 1
        else:
            high = middle
    place = low * size
    return place, node[place + start : place + end] == name


def _get(node: bytes, name: bytes, record: tuple[int, int, int]) -> str | None:
    place, there = _place_of(node, name, record)
    return node[place + record[0] - _ID : place + record[0]].hex() if there else None


def _put(node: bytes, name: bytes, blob: str, record: tuple[int, int, int]) -> bytes:
    place, there = _place_of(node, name, record)
    mode = b"100644 " if record is _NOTE else b"40000 "
    new = mode + name + b"\0" + bytes.fromhex(blob)
    return node[:place] + new + node[place + (record[0] if there else 0) :]
