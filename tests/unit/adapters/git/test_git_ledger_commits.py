"""Commits and packs of the ledger, as git takes them in; and what a forged commit can make a reader do: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit import git_remotes as remotes
from tests.unit.git_ledgers import forged, move, plain_commit, planted
from tests.unit.git_remotes import git
from tests.unit.ledger_lines import Book, identifier, reader

from counterseal.adapters.git import ledger as git_ledger
from counterseal.adapters.git.ledger_commits import MAX_MESSAGE, encode
from counterseal.adapters.git.pack import pack
from counterseal.errors import CountersealError, LedgerError, ServiceError
from counterseal.formats import digests
from counterseal.identifiers import LEDGER_REF

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.git.ledger import GitLedgerStore

WHO = "Alice <alice@users.example> 1795000000 +0000"


# --- what is written ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message", ["0 genesis", "", "\n", "é\u2028\ud800", "x" * 9000, "a\n\nLine: b\nSince-Audit: 9"]
)
@pytest.mark.parametrize("base", [None, "5" * 40])
def test_a_commit_has_the_id_that_git_gives_it(remote: Path, message: str, base: str | None) -> None:
    content = encode(plain_commit(b"x", message, base), 1_795_000_000)
    name = git(remote, "hash-object", "-t", "commit", "-w", "--stdin", data=content)  # checks it, too
    assert name == digests.git_object("commit", content)
    assert git(remote, "log", "-1", "--no-walk", "--format=%ct", name) == "1795000000"


def test_a_message_is_one_git_can_keep_and_show(store: GitLedgerStore, remote: Path) -> None:
    message = "1 allow \x1b[31m\u202eevil\x00\nEntry: x\r\ndata 5\n" + "é" * 9000
    assert store.push(plain_commit(b"x", message)).taken
    kept = git(remote, "log", "-1", "--format=%B", LEDGER_REF)
    assert kept.startswith("1 allow ?[31m?evil?\nEntry: x?\ndata 5\néé")
    title, skip, _ = kept.split("\n\n")
    assert len(title) == MAX_MESSAGE
    assert skip == "[skip ci]"


def test_a_commit_without_words_is_named(store: GitLedgerStore, remote: Path) -> None:
    assert store.push(plain_commit(b"x", "\n")).taken
    assert git(remote, "log", "-1", "--format=%s", LEDGER_REF) == "counterseal ledger entry"


def test_what_people_wrote_into_a_message_is_no_hint(store: GitLedgerStore) -> None:
    commit = plain_commit(b"x", f"allow\n\nLine: {'5' * 40}\nSince-Audit: 7\n")
    assert store.push(commit).taken
    (found,) = store.commits(None)
    assert (found.line, found.since_audit) == (commit.line, 0)


@pytest.mark.parametrize("sizes", [[], [0], [15], [16], [2047], [2048], [1, 200_000, 70_000], [300] * 300])
def test_a_pack_is_one_that_git_takes_in(remote: Path, sizes: list[int]) -> None:
    """Sizes around where their encoding grows by a byte."""
    contents = [(b"%d " % number + b"\0\xffx" * size)[:size] for number, size in enumerate(sizes)]
    blobs = {digests.git_object("blob", content): content for content in contents}
    stream = pack([("blob", content) for content in blobs.values()])
    git(remote, "index-pack", "--strict", "--stdin", data=stream)
    for name, content in blobs.items():
        assert git(remote, "cat-file", "-s", name) == str(len(content))
    assert git(remote, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_a_pack_of_all_kinds_is_whole(remote: Path) -> None:
    commit = plain_commit(b"line\n")
    content = encode(commit, 1_795_000_000)
    git(remote, "index-pack", "--strict", "--stdin", data=pack([*commit.objects.values(), ("commit", content)]))
    move(remote, digests.git_object("commit", content))
    assert git(remote, "fsck", "--full", "--strict", "--no-dangling") == ""
    assert len(git(remote, "rev-list", "--objects", LEDGER_REF).split("\n")) == 5


# --- what somebody else wrote --------------------------------------------------------------------


def hinted(line: str, since: object = 1) -> str:
    return f"1 allow\n\n[skip ci]\n\nLine: {line}\nSince-Audit: {since}\n"


@pytest.mark.parametrize(
    "message",
    [
        "an entry, honestly",
        f"x\n\nLine: {'5' * 40}",
        "x\n\nSince-Audit: 1",
        f"x\n\nLine: {'5' * 39}\nSince-Audit: 1",
        f"x\n\nLine: {'5' * 40}\nSince-Audit: 1234567890",
        f"x\n\n Line: {'5' * 40}\nSince-Audit: 1",
        f"x\n\nLine: {'5' * 40} \nSince-Audit: -1",
    ],
)
def test_a_commit_that_does_not_say_what_it_adds(store: GitLedgerStore, remote: Path, message: str) -> None:
    planted(remote, 1)
    name = forged(remote, message)
    with pytest.raises(LedgerError, match=f"commit {name[:12]} of the ledger's branch is not an entry"):
        Book(store).tip()


@pytest.mark.parametrize("what", ["absent", "tree", "commit", "tag", "blob"])
def test_a_hint_that_names_no_line(store: GitLedgerStore, remote: Path, what: str) -> None:
    planted(remote, 1)
    git(remote, "tag", "-a", "-m", "x", "named", "main")
    names = {
        "absent": "5" * 40,
        "tree": git(remote, "rev-parse", "main^{tree}"),
        "commit": git(remote, "rev-parse", "main"),
        "tag": git(remote, "rev-parse", "named"),
        "blob": git(remote, "rev-parse", "main:README.md"),
    }
    forged(remote, hinted(names[what], 2))
    no_line = LedgerError if what in ("tree", "blob") else CountersealError if what == "absent" else ServiceError
    for read in (reader().read, reader().read_whole):
        with pytest.raises(no_line):
            read(store)


def test_a_hint_that_names_something_huge_is_an_error_in_bounds(
    store: GitLedgerStore, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # R42 | git is stopped at a bound
    planted(remote, 1)
    huge = git(remote, "hash-object", "-w", "--stdin", data=b"\0" * (3 << 20))
    before = git(remote, "rev-parse", LEDGER_REF)
    forged(remote, hinted(huge), {"a": "b"})
    git(remote, "tag", "huge", huge)
    monkeypatch.setattr(git_ledger, "MAX_BYTES", 1 << 20)
    with pytest.raises(ServiceError, match="printed more than") as caught:
        Book(store).tip()
    assert len(str(caught.value)) < 1000
    move(remote, before)
    assert Book(store).tip().size == 2  # the same copy is of use again


@pytest.mark.parametrize("since", [0, 1, 2, 3, 9, 64, 65, 999_999_999])
def test_a_false_distance_to_the_audit_is_an_error_or_changes_nothing(
    store: GitLedgerStore, remote: Path, since: int
) -> None:
    planted(remote, 2)
    honest = store.commits(1)[0]
    tree = git(remote, "rev-parse", f"{LEDGER_REF}^{{tree}}")
    parent = git(remote, "rev-parse", f"{LEDGER_REF}~")
    message = hinted(str(honest.line), since)
    move(remote, git(remote, "commit-tree", tree, "-p", parent, "-m", message))
    if since in (2, 65, 999_999_999):  # the truth, and what makes it read all
        assert Book(store).tip().size == 3
    else:
        with pytest.raises(LedgerError):
            Book(store).tip()


def raw(remote: Path, content: bytes) -> str:
    """Put a commit on the branch that no git command would make."""
    name = git(remote, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", data=content)
    move(remote, name)
    return name


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_commit_with_two_trees_cannot_be_read(store: GitLedgerStore, remote: Path, where: str) -> None:
    planted(remote, 1)
    tree = git(remote, "rev-parse", f"{LEDGER_REF}^{{tree}}")
    other = git(remote, "rev-parse", "main^{tree}")
    second = f"tree {other}\n"
    head = f"tree {tree}\n{second if where == 'before' else ''}author {WHO}\ncommitter {WHO}\n"
    raw(remote, f"{head}{second if where == 'after' else ''}\n{hinted('5' * 40)}".encode())
    with pytest.raises((LedgerError, ServiceError)):
        store.commits(None)


def test_a_parent_in_an_odd_place_makes_it_a_merge(store: GitLedgerStore, remote: Path) -> None:
    planted(remote, 1)
    tip, tree = git(remote, "rev-parse", LEDGER_REF), git(remote, "rev-parse", f"{LEDGER_REF}^{{tree}}")
    line = store.commits(1)[0].line
    head = f"tree {tree}\nparent {tip}\nauthor {WHO}\ncommitter {WHO}\nparent {tip}\n"
    raw(remote, f"{head}\n{hinted(str(line), 2)}".encode())
    assert store.commits(1)[0].parents == (tip, tip)


def test_a_zero_byte_in_a_message_makes_no_second_commit(store: GitLedgerStore, remote: Path) -> None:
    planted(remote, 1)
    tip, tree = git(remote, "rev-parse", LEDGER_REF), git(remote, "rev-parse", f"{LEDGER_REF}^{{tree}}")
    head = f"tree {tree}\nparent {tip}\nauthor {WHO}\ncommitter {WHO}\n"
    name = raw(remote, f"{head}\nx\0{'6' * 40}\ntree {tree}\n\n    {hinted('5' * 40)}".encode())
    found = store.commits(None)
    assert [commit.id for commit in found] == [name, *git(remote, "rev-list", tip).split()]
    assert found[0].line is None


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-7", "ISO-2022-JP", "no such"])
def test_a_commit_is_read_as_it_is_stored(store: GitLedgerStore, remote: Path, encoding: str) -> None:
    """In the encoding that it names it would say something else."""
    planted(remote, 1)
    tip, tree = git(remote, "rev-parse", LEDGER_REF), git(remote, "rev-parse", f"{LEDGER_REF}^{{tree}}")
    head = f"tree {tree}\nparent {tip}\nauthor {WHO}\ncommitter {WHO}\nencoding {encoding}\n"
    raw(remote, f"{head}\nx +AEwA- \x1b$B\n\n{hinted('5' * 40, 3)}".encode())
    found = store.commits(1)[0]
    assert (found.tree, found.parents, found.line, found.since_audit) == (tree, (tip,), "5" * 40, 3)


@pytest.mark.parametrize("how", ["dropped", "changed", "added", "mode", "deeper"])
def test_a_commit_that_touches_other_notes_is_named(store: GitLedgerStore, remote: Path, how: str) -> None:
    """It has an honest line, but not the tree that follows from it."""
    planted(remote, 3)
    honest, parent = store.commits(2)
    paths = git(remote, "ls-tree", "-r", "--name-only", LEDGER_REF).split("\n")
    changes: dict[str, dict[str, str | None]] = {
        "dropped": {paths[0]: None},
        "changed": {paths[0]: "evil"},
        "added": {"ab/cd/" + "e" * 36: "evil"},
        "mode": {paths[0]: "evil"},
        "deeper": {paths[0][:5] + "/x/y": "evil"},
    }
    made = remotes.commit(
        remote,
        "refs/heads/evil",
        changes[how],
        parents=(honest.id,),
        modes={paths[0]: "120000"} if how == "mode" else None,
        message="x",
    )
    tree = git(remote, "rev-parse", f"{made}^{{tree}}")
    name = git(remote, "commit-tree", tree, "-p", parent.id, "-m", hinted(str(honest.line), honest.since_audit))
    move(remote, name)
    for read in (reader().read, reader().read_whole):
        with pytest.raises(LedgerError, match=name[:12]):
            read(store)


def test_a_merge_of_an_honest_head_is_no_entry(store: GitLedgerStore, remote: Path) -> None:
    """A fast-forward for any server, and by first parents the honest head is not even seen."""
    planted(remote, 3)
    honest, parent, *_ = store.commits(4)
    tree = git(remote, "rev-parse", f"{honest.id}^{{tree}}")
    message = hinted(str(honest.line), honest.since_audit)
    for parents in ((parent.id, honest.id), (honest.id, parent.id)):
        pair = [part for name in parents for part in ("-p", name)]
        merge = git(remote, "commit-tree", tree, *pair, "-m", message)
        move(remote, merge)
        assert [commit.id for commit in store.commits(2)] == [merge, parents[0]]
        for read in (reader().read, reader().read_whole):
            with pytest.raises(LedgerError):
                read(store)
    move(remote, honest.id)
    assert Book(store).tip().find(identifier("2")) is not None
