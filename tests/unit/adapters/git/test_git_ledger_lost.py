"""What a remote holds back or has lost: an error, never "it was not recorded"."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.unit.git_ledgers import continued, lose, move, planted
from tests.unit.git_remotes import git
from tests.unit.ledger_lines import Book, identifier, reader

from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.errors import LedgerError, ServiceError
from counterseal.history import places
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal.ledger import keys
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal_sandbox.http import LoopbackServer, Request

#: One that lies before the newest audit, so that it has to be looked up.
EARLY = identifier("3")


def named(remote: Path, path: str) -> str:
    return git(remote, "rev-parse", f"{LEDGER_REF}:{path}")


def early(remote: Path) -> Book:
    """Return a book of a ledger of loose objects, long enough that `EARLY` has to be looked up."""
    return planted(remote, 63, 5, loose=True)


def lookup_path() -> tuple[str, str, str]:
    """Return the paths of folder, folder and note of `EARLY`."""
    path = keys.path(places.entry_key(EARLY))
    return path[:2], path[:5], path


@pytest.mark.parametrize("scheme", ["file", "http"])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_part_that_the_remote_has_lost_is_not_absent(
    server: LoopbackServer, remote: Path, tmp_path: Path, level: int, scheme: str
) -> None:
    written = early(remote)
    url = f"{server.url}/git/app.git" if scheme == "http" else f"file://{remote}"
    tip = continued(written, GitLedgerStore(url, tmp_path / "copy.git", token=None)).tip()
    assert EARLY not in tip.entries
    lose(remote, named(remote, lookup_path()[level]))
    with pytest.raises(ServiceError, match=r"a part of the ledger could not be fetched|that .* does not have"):
        tip.find(EARLY)
    absent = identifier("never")
    if keys.path(places.entry_key(absent))[:2] != lookup_path()[0]:
        assert tip.find(absent) is None  # this is known


@pytest.mark.parametrize("which", ["line", "tree", "commit"])
def test_what_every_reader_needs_and_the_remote_has_lost(store: GitLedgerStore, remote: Path, which: str) -> None:
    early(remote)
    newest, before = store.commits(2)
    lost = {"line": str(newest.line), "tree": before.tree, "commit": newest.id}[which]
    other = GitLedgerStore(str(remote), remote.parent.parent / "other.git", token=None)
    if which == "tree":
        newest = store.commits(5)[3]  # the one below the newest audit
        lost = newest.tree
    lose(remote, lost)
    with pytest.raises(LedgerError if which == "line" else ServiceError):
        Book(other).tip()


def instead(server: LoopbackServer, change: Callable[[bytes], bytes]) -> None:
    """Let a server get other requests for objects than those that were sent."""

    def intercept(prefix: str, request: Request) -> Response | None:
        if b"command=fetch" not in request.body:
            return None
        return server._handlers[prefix](dataclasses.replace(request, body=change(request.body)))

    server.interceptors.append(intercept)


@pytest.mark.parametrize("level", [0, 2])
def test_a_remote_that_gives_something_else_is_not_believed(
    server: LoopbackServer, remote: Path, tmp_path: Path, level: int
) -> None:
    """The pack is whole and its objects are of this ledger, but what was asked for is not among them."""
    written = early(remote)
    tip = continued(written, GitLedgerStore(f"{server.url}/git/app.git", tmp_path / "copy.git", token=None)).tip()
    asked, given = named(remote, lookup_path()[level]).encode(), git(remote, "rev-parse", "main:README.md").encode()
    seen: list[bytes] = []

    def change(body: bytes) -> bytes:
        seen.extend([body] * (asked in body))
        return body.replace(asked, given)

    instead(server, change)
    with pytest.raises(ServiceError):
        tip.find(EARLY)
    assert seen


@pytest.mark.slow
def test_bytes_that_were_changed_on_the_way_are_not_believed(
    server: LoopbackServer, remote: Path, tmp_path: Path
) -> None:
    written = early(remote)
    tip = continued(written, GitLedgerStore(f"{server.url}/git/app.git", tmp_path / "copy.git", token=None)).tip()

    def damage(prefix: str, request: Request) -> Response | None:
        if b"command=fetch" not in request.body:
            return None
        answer = server._handlers[prefix](request)
        place = answer.body.index(b"PACK") + 20
        changed = bytes([answer.body[place] ^ 1])
        return dataclasses.replace(answer, body=answer.body[:place] + changed + answer.body[place + 1 :])

    server.interceptors.append(damage)
    with pytest.raises(ServiceError):
        tip.find(EARLY)
    server.interceptors.clear()
    assert tip.find(EARLY) is not None


def test_a_remote_that_only_talks_of_an_absent_branch_has_not_none(
    server: LoopbackServer, remote: Path, tmp_path: Path
) -> None:
    """Taken for an absent ledger, it would be answered by a new one."""
    early(remote)
    text = b"ERR couldn't find remote ref counterseal-ledger"

    def talk(_: str, request: Request) -> Response | None:
        kind = {"Content-Type": "application/x-git-upload-pack-result"}
        said = Response(200, b"%04x%s" % (len(text) + 4, text), kind)
        return said if request.path.endswith("/git-upload-pack") else None

    server.interceptors.append(talk)
    store = GitLedgerStore(f"{server.url}/git/app.git", tmp_path / "copy.git", token=None)
    for read in (store.tip, lambda: store.commits(5), lambda: store.commits(None)):
        with pytest.raises(ServiceError, match=r"git (fetch|ls-remote) failed") as caught:
            read()
        assert "couldn't find remote ref" in caught.value.why


def test_objects_are_asked_for_together_or_not_at_all(store: GitLedgerStore, remote: Path) -> None:
    early(remote)
    there = [str(commit.line) for commit in store.commits(3)]
    with pytest.raises(ServiceError, match=r"could not be fetched|that .* does not have"):
        store.objects([*there, "5" * 40])
    assert set(store.objects(there)) == set(there)
    assert store.objects([]) == {}


# --- histories that are not what they were ---------------------------------------------------------


def cut(tmp_path: Path, remote: Path, depth: int) -> GitLedgerStore:
    """Return a store on a remote that is itself a shallow clone of the ledger."""
    shallow = tmp_path / "cut.git"
    tmp_path.mkdir()
    git(tmp_path, "init", "--quiet", "--bare", str(shallow))
    specs = (f"{NOTES_REF}:{NOTES_REF}", f"{LEDGER_REF}:{LEDGER_REF}")
    git(shallow, "fetch", "--quiet", f"--depth={depth}", f"file://{remote}", *specs)
    return GitLedgerStore(str(shallow), tmp_path / "copy2.git", token=None)


def test_a_remote_whose_history_is_cut_off_is_not_read_as_a_whole(remote: Path, tmp_path: Path) -> None:
    planted(remote, 12, 5)
    for depth in (1, 2, 3, 6):
        store = cut(tmp_path / str(depth), remote, depth)
        for _ in range(2):
            with pytest.raises(ServiceError, match="shallow"):
                reader().read_whole(store)
        if depth < 4:  # two decisions, the audit, and what it lies on
            with pytest.raises((LedgerError, ServiceError)):
                reader().read(store)
        else:
            assert reader().read(store).size == 15


def test_a_rewound_branch_is_only_missed_by_who_knew_more(store: GitLedgerStore, remote: Path) -> None:
    planted(remote, 4)
    known = reader().read_whole(store)
    move(remote, git(remote, "rev-parse", f"{LEDGER_REF}~2"))
    rewound = reader().read_whole(store)
    assert [entry.line for entry in rewound.entries] == [entry.line for entry in known.entries[:3]]
    assert rewound.tip.root != known.tip.root
    git(remote, "update-ref", "-d", LEDGER_REF)
    assert (store.tip(), store.commits(None)) == (None, [])


def test_the_notes_ref_is_not_read(store: GitLedgerStore, remote: Path) -> None:
    written = continued(planted(remote, 2), store)
    git(remote, "update-ref", NOTES_REF, "main")
    assert written.tip().size == 3
    git(remote, "update-ref", NOTES_REF, LEDGER_REF)
    git(remote, "update-ref", "-d", LEDGER_REF)
    assert written.tip().size == 0
