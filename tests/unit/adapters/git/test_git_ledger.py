"""The ledger's store on real bare remotes: what it writes, as plain git shows it, and how little it reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.unit import ledger_lines
from tests.unit.git_ledgers import continued, next_commit, plain_commit, planted
from tests.unit.git_remotes import git
from tests.unit.ledger_lines import Book, book, evidence_of, identifier

from counterseal import ledger
from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.adapters.git.process import Git
from counterseal.formats import digests
from counterseal.history import places
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal.ledger import keys

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.git.watch import Ended
    from counterseal_sandbox.http import LoopbackServer, Request, Response

MANY = 300


def fresh(url: object, folder: Path) -> GitLedgerStore:
    return GitLedgerStore(str(url), folder, token=None)


def shown(remote: Path, note: str) -> str:
    """Return a note of the ledger as people read it."""
    return git(remote, "notes", f"--ref={NOTES_REF}", "show", note)


# --- layout ----------------------------------------------------------------------------------


def test_an_absent_ledger_is_empty(store: GitLedgerStore) -> None:
    assert store.tip() is None
    assert (store.commits(5), store.commits(None)) == ([], [])
    assert Book(store).tip().size == 0


def test_the_first_append_makes_both_refs(store: GitLedgerStore, remote: Path) -> None:
    book(store, 0)
    tip = git(remote, "rev-parse", LEDGER_REF)
    assert git(remote, "rev-parse", NOTES_REF) == tip == store.tip()
    entry = keys.key(places.ENTRY, ledger.entry_id("genesis", ledger_lines.LEDGER))
    paths = {keys.path(entry), keys.path(keys.STATE)}
    assert set(git(remote, "ls-tree", "-r", "--name-only", tip).split("\n")) == paths
    line = git(remote, "rev-parse", f"{tip}:{keys.path(entry)}")
    assert git(remote, "log", "-1", "--format=%P|%an|%ae|%cn|%B", tip) == (
        "|counterseal|counterseal@users.noreply.github.com|counterseal|0 entry\n\n[skip ci]\n\n"
        f"Line: {line}\nSince-Audit: 0"
    )


def test_each_entry_is_one_commit_and_git_shows_its_notes(store: GitLedgerStore, remote: Path) -> None:
    written = book(store, 3)
    written.withdraw("0")
    written.publish("1")
    listed = git(remote, "rev-list", "--parents", LEDGER_REF).split("\n")
    assert [line.count(" ") for line in listed] == [1, 1, 1, 1, 1, 0]
    lines = [entry.line.decode() for entry in written.entries]
    for entry, line in zip(written.entries, lines, strict=True):
        assert shown(remote, places.entry_key(entry.link.entry_id)) == line
    assert shown(remote, keys.STATE).split("\n")[0] == lines[-1]
    named = digests.sha256(b"0")
    assert shown(remote, named[:40]) == lines[1]
    manifest = keys.key(places.MANIFEST, named)
    assert shown(remote, manifest).split("\n") == [written.entries[place].link.entry_id for place in (1, 4)]
    assert shown(remote, keys.key(places.PUBLICATION, "v1")) == written.entries[5].link.entry_id
    assert shown(remote, keys.key(places.EVIDENCE, digests.sha256(evidence_of("2")))) == evidence_of("2").decode()


def test_every_path_is_2_2_36_and_git_finds_nothing_wrong(store: GitLedgerStore, remote: Path) -> None:
    book(store, 4)
    listed = git(remote, "ls-tree", "-r", LEDGER_REF).split("\n")
    form = re.compile(r"100644 blob [0-9a-f]{40}\t[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{36}")
    assert len(listed) > 15
    assert all(form.fullmatch(line) for line in listed)
    assert git(remote, "fsck", "--full", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("content", [b"", b"\0\xff", "é\u2028".encode() * (ledger.MAX_LINE // 5)])
def test_contents_are_kept_byte_for_byte(store: GitLedgerStore, remote: Path, tmp_path: Path, content: bytes) -> None:
    assert store.push(plain_commit(content)).taken
    reading = fresh(remote, tmp_path / "other.git")
    (commit,) = reading.commits(None)
    assert reading.objects([str(commit.line)]) == {commit.line: content}


# --- what is sent and fetched ------------------------------------------------------------------


class Traffic:
    """Hears what goes to and fro between a client and the server."""

    def __init__(self, server: LoopbackServer) -> None:
        self.received = 0
        self.pushes: list[bytes] = []
        self.fetches = 0
        self._server = server
        server.interceptors.append(self._hear)

    def _hear(self, prefix: str, request: Request) -> Response:
        if request.path.endswith("/git-receive-pack"):
            self.pushes.append(request.body)
        self.fetches += b"command=fetch" in request.body
        answer = self._server._handlers[prefix](request)
        self.received += len(answer.body)
        return answer

    def sent_objects(self) -> list[int]:
        """Return how many objects were in the pack of each push."""
        packs = (body[body.index(b"PACK") :] for body in self.pushes if b"PACK" in body)
        return [int.from_bytes(pack[8:12], "big") for pack in packs]


def test_only_new_objects_are_sent(server: LoopbackServer, remote: Path, tmp_path: Path) -> None:
    written = continued(planted(remote, 60), fresh(f"{server.url}/git/app.git", tmp_path / "copy.git"))
    before = set(git(remote, "rev-list", "--objects", "--no-object-names", LEDGER_REF).split())
    traffic = Traffic(server)
    for name in ("a", "b"):
        commit = next_commit(written, name)
        pushed = written.store.push(commit)
        assert pushed.taken
        new = {*commit.objects, pushed.commit} - before
        assert traffic.sent_objects()[-1] == len(new)
        after = set(git(remote, "rev-list", "--objects", "--no-object-names", LEDGER_REF).split())
        assert after - before == new
        before = after
    assert git(remote, "fsck", "--full", "--strict", "--no-dangling") == ""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_an_append_to_many_entries_reads_little(
    server: LoopbackServer, remote: Path, tmp_path: Path, scheme: str
) -> None:
    written = planted(remote, MANY)
    url = f"{server.url}/git/app.git" if scheme == "http" else f"file://{remote}"
    copy, traffic = tmp_path / "copy.git", Traffic(server)
    goes_on = continued(written, fresh(url, copy))
    assert goes_on.store.push(next_commit(goes_on, "late")).taken
    objects = git(copy, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert objects.count("commit") <= 70
    assert objects.count("tree") + objects.count("blob") < 80
    assert traffic.received < 100_000
    whole = sum(map(int, git(remote, "cat-file", "--batch-all-objects", "--batch-check=%(objectsize:disk)").split()))
    assert whole > 2_000_000
    assert len(goes_on.reader.read_whole(fresh(url, tmp_path / "other.git")).entries) == MANY + MANY // 50 + 2


def test_one_copy_goes_on_from_append_to_append(remote: Path, tmp_path: Path) -> None:
    """What is made here refers to trees that are not here: git must not stumble over that at the next fetch."""
    written = continued(planted(remote, 60), fresh(f"file://{remote}", tmp_path / "copy.git"))
    other = continued(written, fresh(f"file://{remote}", tmp_path / "other.git"))
    for number in range(4):
        (written, other)[number % 2].decide(f"more {number}", publishes=False)
    written.audit()
    assert len(other.reader.read_whole(other.store).entries) == 67
    assert git(remote, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_what_was_read_is_not_fetched_again(server: LoopbackServer, remote: Path, tmp_path: Path) -> None:
    written = continued(planted(remote, 60), fresh(f"{server.url}/git/app.git", tmp_path / "copy.git"))
    tip = written.tip()
    assert tip.find(identifier("3")) is not None
    traffic = Traffic(server)
    again = written.tip()
    assert again.find(identifier("3")) == tip.find(identifier("3"))
    assert again.commit == tip.commit
    assert traffic.fetches == 1  # for the commits
    written.store.objects([str(commit.line) for commit in written.store.commits(2)])
    assert traffic.fetches == 2


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_remote_that_leaves_nothing_out_is_read_too(
    server: LoopbackServer, remote: Path, tmp_path: Path, scheme: str
) -> None:
    git(remote, "config", "uploadpack.allowFilter", "false")
    url = f"{server.url}/git/app.git" if scheme == "http" else f"file://{remote}"
    written = continued(planted(remote, 12, 5), fresh(url, tmp_path / "copy.git"))
    assert written.tip().find(identifier("3")) is not None
    written.decide("more")
    assert written.tip().size == 12 + 2 + 2
    assert git(remote, "fsck", "--full", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize(
    ("decided", "after", "asked"),
    [
        # a short one, of which all folders come at once
        (60, 10, ["fetch", "cat-file", "cat-file", "cat-file", "fetch", "cat-file"]),
        # few folders, with which those below come
        (80, 2, ["fetch", "cat-file", "fetch", "cat-file", "cat-file", "fetch", "cat-file"]),
        # many folders
        (80, 20, ["fetch", "cat-file"] * 4),
    ],
)
def test_how_many_times_git_is_started(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decided: int, after: int, asked: list[str]
) -> None:
    started: list[str] = []
    run = Git.run

    def count(git: Git, *arguments: str, **more: object) -> Ended:
        started.append(
            next(each for each in arguments if each in {"fetch", "rev-list", "cat-file", "push", "index-pack"})
        )
        return run(git, *arguments, **more)  # type: ignore[arg-type]

    written = continued(planted(remote, decided, decided - after), fresh(f"file://{remote}", tmp_path / "copy.git"))
    monkeypatch.setattr(Git, "run", count)
    tip = written.reader.read(written.store, [places.entry_key(identifier("new"))])
    assert started == ["fetch", "rev-list", *asked]
    started.clear()
    assert tip.find(identifier("new")) is None
    assert started == []


def test_the_newest_commits_are_given_by_number(remote: Path, store: GitLedgerStore) -> None:
    planted(remote, 12, 5)
    listed = git(remote, "rev-list", LEDGER_REF).split()
    for most in (1, 3, 20, None, 2):
        found = store.commits(most)
        assert [commit.id for commit in found] == listed[:most]
        assert [commit.parents for commit in found[:-1]] == [(commit.id,) for commit in found[1:]]
    newest = store.commits(1)[0]
    assert newest.parents == (listed[1],)
    assert newest.tree == git(remote, "rev-parse", f"{LEDGER_REF}^{{tree}}")
    assert newest.since_audit == 2


def test_replace_refs_and_grafts_change_nothing(remote: Path, store: GitLedgerStore, tmp_path: Path) -> None:
    written = continued(planted(remote, 3), store)
    written.tip()
    newest = store.commits(1)[0]
    evil = git(remote, "hash-object", "-w", "--stdin", data="evil\n")
    for folder in (remote, tmp_path / "copy.git"):
        git(folder, "hash-object", "-w", "--stdin", data="evil\n")
        git(folder, "replace", str(newest.line), evil)
    fetched = fresh(remote, tmp_path / "other.git")
    for reading in (store, fetched):
        assert reading.commits(1)[0] == newest
        assert reading.objects([str(newest.line)])[str(newest.line)] == written.entries[-1].line + b"\n"
