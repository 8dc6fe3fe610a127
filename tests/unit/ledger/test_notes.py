"""The tree of notes: the same ids as git, absence that follows from the root, and nothing in it that is no note."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.git_remotes import git

from counterseal.errors import LedgerError, ServiceError
from counterseal.formats import digests
from counterseal.ledger import NotesTree, keys

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


class Objects:
    """Objects by id, as a store has them; `batches` are the sizes of what was asked for."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.batches: list[int] = []

    def keep(self, kind: str, content: bytes) -> str:
        name = digests.git_object(kind, content)
        self.kept[name] = content
        return name

    def __call__(self, ids: Collection[str]) -> Mapping[str, bytes]:
        self.batches.append(len(ids))
        if lacking := set(ids) - self.kept.keys():
            raise ServiceError(f"{min(lacking)} did not come")
        return {name: self.kept[name] for name in ids}


def name(number: int) -> str:
    return hashlib.sha1(b"%d" % number).hexdigest()


def written(numbers: Collection[int]) -> tuple[NotesTree, Objects]:
    """Return a tree with these notes, and all that it is made of."""
    tree, objects = NotesTree(), Objects()
    for number in numbers:
        tree.write(name(number), b"%d\n" % number)
        objects.keep("blob", b"%d\n" % number)
    for node in tree.nodes([name(number) for number in numbers]).values():
        objects.keep("tree", node)
    return tree, objects


def test_the_ids_are_those_of_git(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", ".")
    numbers = range(600)
    lines = ["commit refs/heads/x", "committer a <a@users.example> now", "data 0"]
    for number in numbers:
        content = f"{number}\n"
        lines += [f"M 100644 inline {keys.path(name(number))}", f"data {len(content)}", content]
    git(tmp_path, "fast-import", "--quiet", "--date-format=now", data="\n".join(lines) + "\n")
    tree, _ = written(numbers)
    assert tree.root == git(tmp_path, "rev-parse", "refs/heads/x^{tree}")


@given(st.sets(st.integers(0, 5000), min_size=1, max_size=60), st.data())
@settings(max_examples=60)
def test_in_whatever_order_the_tree_is_the_same(numbers: set[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(numbers)))
    assert written(sorted(numbers))[0].root == written(order)[0].root
    split = data.draw(st.integers(0, len(order)))
    tree, objects = written(order[:split]) if split else (NotesTree(), Objects())
    later = NotesTree(tree.root, objects) if split else tree
    for number in order[split:]:
        later.write(name(number), b"%d\n" % number)
    assert later.root == written(order)[0].root


def test_what_is_there_is_read_and_what_is_not_is_known_to_be_absent() -> None:
    tree, objects = written(range(300))
    read = NotesTree(tree.root, objects)
    assert read.read(name(7)) == b"7\n"
    assert read.read(name(301)) is None
    assert read.blob(name(7)) == digests.git_object("blob", b"7\n")


def test_questions_are_answered_in_three_batches_and_one_for_contents() -> None:
    tree, objects = written(range(300))
    read = NotesTree(tree.root, objects)
    wanted = [name(number) for number in range(40)]
    read.look_up(wanted, contents=True)
    assert len(objects.batches) == 4
    assert [read.read(each) for each in wanted] == [b"%d\n" % number for number in range(40)]
    assert len(objects.batches) == 4


def test_an_object_that_does_not_come_is_an_error_and_not_absence() -> None:
    tree, objects = written(range(300))
    for lost in list(tree.nodes([name(7)])):
        kept = objects.kept.pop(lost)
        with pytest.raises(ServiceError, match="did not come"):
            NotesTree(tree.root, objects).blob(name(7))
        objects.kept[lost] = kept
    del objects.kept[digests.git_object("blob", b"7\n")]
    with pytest.raises(ServiceError, match="did not come"):
        NotesTree(tree.root, objects).read(name(7))
    with pytest.raises(LedgerError, match="is not here"):
        NotesTree(tree.root).blob(name(7))


def test_a_copy_is_changed_by_itself() -> None:
    tree, _ = written(range(20))
    before, copy = tree.root, tree.copy()
    copy.write(name(99), b"99\n")
    assert (tree.root, tree.blob(name(99))) == (before, None)
    assert copy.root != before
    assert copy.read(name(99)) == b"99\n"


def test_a_note_is_replaced_in_its_place() -> None:
    tree, _ = written(range(20))
    tree.write(name(7), b"7\nagain\n")
    other = NotesTree()
    for number in range(20):
        other.write(name(number), b"7\nagain\n" if number == 7 else b"%d\n" % number)
    assert tree.root == other.root


def record(mode: bytes, entry: bytes) -> bytes:
    return mode + b" " + entry + b"\0" + b"i" * 20


@pytest.mark.parametrize(
    "node",
    [
        b"",
        record(b"100644", b"README"),
        record(b"40000", b"ab") + record(b"100644", b"README"),
        record(b"40000", b"ac") + record(b"40000", b"ab"),
        record(b"40000", b"ab") * 2,
        record(b"40000", b"AB"),
        record(b"40000", b"abc"),
        record(b"100644", b"ab"),
        record(b"040000", b"ab"),
        record(b"40000", b"ab")[:-1],
    ],
)
def test_a_root_with_anything_else_in_it_is_refused(node: bytes) -> None:
    objects = Objects()
    tree = NotesTree(objects.keep("tree", node), objects)
    with pytest.raises(LedgerError, match="has something in it that no gate put there"):
        tree.blob(name(7))


@pytest.mark.parametrize(
    "node",
    [
        record(b"100755", b"a" * 36),
        record(b"120000", b"a" * 36),
        record(b"40000", b"a" * 36),
        record(b"100644", b"a" * 38),
        record(b"100644", b"b" * 36) + record(b"100644", b"a" * 36),
        record(b"100644", b"b" * 36) + b"x",
    ],
)
def test_a_folder_with_anything_but_notes_in_it_is_refused(node: bytes) -> None:
    objects, key = Objects(), name(7)
    inner = objects.keep("tree", b"40000 " + key[2:4].encode() + b"\0" + bytes.fromhex(objects.keep("tree", node)))
    root = objects.keep("tree", b"40000 " + key[:2].encode() + b"\0" + bytes.fromhex(inner))
    with pytest.raises(LedgerError, match="has something in it that no gate put there"):
        NotesTree(root, objects).blob(key)


def test_of_many_contents_the_newest_are_kept() -> None:
    objects, tree = Objects(), NotesTree()
    tree = NotesTree(bring=objects)
    for number in range(40):
        content = b"%d" % number * (1 << 20)
        tree.write(name(number), content)
        objects.keep("blob", content)
    assert tree.read(name(39)) == b"39" * (1 << 20)
    assert objects.batches == []
    assert tree.read(name(0)) == b"0" * (1 << 20)
    assert objects.batches == [1]
