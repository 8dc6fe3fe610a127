"""The ledger's store on real bare remotes: layout, races, refusals, and what was taken away."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.unit import git_remotes as remotes
from tests.unit import ledger_lines
from tests.unit.git_remotes import git

from counterseal import ledger
from counterseal.adapters.git import notes as git_notes
from counterseal.adapters.git.ledger import GitLedgerStore, LocalLedger
from counterseal.adapters.git.process import Git
from counterseal.errors import FormatError, LedgerError, ServiceError
from counterseal.identifiers import MIRROR_REF, NOTES_REF
from counterseal_sandbox.http import LoopbackServer, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal.model import StoredLedger

NOTE = "ab" * 20
TOKEN = "ghs_a-very-secret-token"


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return remotes.bare(tmp_path / "remotes" / "app.git")


@pytest.fixture
def store(tmp_path: Path, remote: Path) -> GitLedgerStore:
    return GitLedgerStore(str(remote), tmp_path / "copy.git", token=None)


@pytest.fixture
def server(remote: Path) -> Iterator[LoopbackServer]:
    git(remote, "config", "http.receivepack", "true")
    server = remotes.serve(remote.parent)
    yield server
    server.stop()


def over_http(server: LoopbackServer, tmp_path: Path, token: str | None = TOKEN) -> GitLedgerStore:
    return GitLedgerStore(f"{server.url}/git/app.git", tmp_path / "http.git", token=token)


def append(store: GitLedgerStore, number: int, note: str | None = None) -> StoredLedger:
    assert store.push(store.fetch(), note or ledger.note_key(number), b'{"n":%d}' % number, f"{number} allow")
    return store.fetch()


def texts(stored: StoredLedger) -> list[str]:
    return sorted(each.line.decode() for each in stored.lines)


# --- layout ----------------------------------------------------------------------------------


def test_an_absent_ledger_is_empty(store: GitLedgerStore) -> None:
    stored = store.fetch()
    assert (stored.notes, stored.mirror, stored.lines, stored.removed) == (None, None, (), None)
    assert store.tips() == (None, None)


def test_the_first_append_makes_both_refs_and_a_note_that_git_shows(store: GitLedgerStore, remote: Path) -> None:
    assert store.push(store.fetch(), NOTE, b'{"n":0}', "0 genesis")
    tip = git(remote, "rev-parse", NOTES_REF)
    assert git(remote, "rev-parse", MIRROR_REF) == tip
    assert store.tips() == (tip, tip)
    assert git(remote, "ls-tree", "-r", tip).split("\t")[1] == f"{NOTE[:2]}/{NOTE[2:]}"
    assert git(remote, "notes", f"--ref={NOTES_REF}", "show", NOTE) == '{"n":0}'
    assert git(remote, "cat-file", "blob", f"{tip}:ab/{NOTE[2:]}") == '{"n":0}'
    assert git(remote, "log", "-1", "--format=%P|%an|%cn|%B", tip) == "|counterseal|counterseal|0 genesis"


def test_an_append_is_one_commit_that_changes_one_path(store: GitLedgerStore, remote: Path) -> None:
    append(store, 0, NOTE)
    append(store, 1)
    before = git(remote, "rev-parse", NOTES_REF)
    stored = append(store, 2, NOTE)
    assert git(remote, "rev-parse", f"{NOTES_REF}^@") == before
    assert git(remote, "diff-tree", "-r", "--name-only", before, str(stored.notes)) == f"ab/{NOTE[2:]}"
    assert [(each.note, each.line) for each in stored.lines if each.note == NOTE] == [
        (NOTE, b'{"n":0}'),
        (NOTE, b'{"n":2}'),
    ]
    assert git(remote, "fsck", "--strict") == ""


@pytest.mark.slow
def test_notes_made_by_git_itself_are_read_in_any_fan_out(store: GitLedgerStore, remote: Path) -> None:
    """`git notes` keeps a flat tree for about a hundred notes and then moves all of them in one commit."""
    listed: list[str] = []
    for number in range(200):
        git(remote, "notes", f"--ref={NOTES_REF}", "add", "-m", f'{{"n":{number}}}', ledger.note_key(number))
        listed = git(remote, "ls-tree", "-r", "--name-only", NOTES_REF).split("\n")
        if all("/" in path for path in listed):
            break
    changed = git(remote, "diff-tree", "-r", "--name-only", f"{NOTES_REF}~", NOTES_REF).split("\n")
    assert len(changed) == 2 * len(listed) - 1
    for at in (f"{NOTES_REF}~", NOTES_REF):
        git(remote, "update-ref", MIRROR_REF, git(remote, "rev-parse", at))
        stored = git_notes.read(Git(remote), git(remote, "rev-parse", at), git(remote, "rev-parse", at))
        assert len(stored.lines) == len(listed) - (1 if at.endswith("~") else 0)
        assert stored.removed is None
    assert len(append(store, 1000).lines) == len(listed) + 1
    git(remote, "update-ref", NOTES_REF, f"{NOTES_REF}~2")  # and on a flat tree
    git(remote, "update-ref", MIRROR_REF, NOTES_REF)
    assert len(append(store, 1000).lines) == len(listed)
    assert len(remotes.lines(remote)) == len(listed)


def test_notes_that_git_removed_are_missed(store: GitLedgerStore, remote: Path) -> None:
    for number in range(3):
        append(store, number)
    git(remote, "notes", f"--ref={NOTES_REF}", "remove", ledger.note_key(1))
    git(remote, "update-ref", MIRROR_REF, NOTES_REF)
    tip = git(remote, "rev-parse", NOTES_REF)
    assert store.fetch().removed == f"commit {tip[:12]} removed 1 line from the ledger"


def test_empty_lines_of_git_notes_append_are_passed_over(store: GitLedgerStore, remote: Path) -> None:
    append(store, 0, NOTE)
    git(remote, "notes", f"--ref={NOTES_REF}", "append", "-m", '{"n":1}', NOTE)
    git(remote, "update-ref", MIRROR_REF, NOTES_REF)
    assert "\n\n" in git(remote, "notes", f"--ref={NOTES_REF}", "show", NOTE)
    assert texts(append(store, 2, NOTE)) == ['{"n":0}', '{"n":1}', '{"n":2}']


def test_a_note_without_a_last_newline_gets_one_before_the_next_line(store: GitLedgerStore, remote: Path) -> None:
    remotes.commit(remote, NOTES_REF, {NOTE: '{"n":0}'})
    git(remote, "update-ref", MIRROR_REF, NOTES_REF)
    assert texts(append(store, 1, NOTE)) == ['{"n":0}', '{"n":1}']
    assert git(remote, "ls-tree", "-r", "--name-only", NOTES_REF) == NOTE  # it stays where it was


def test_a_note_of_seventy_lines_is_read(store: GitLedgerStore, remote: Path) -> None:
    remotes.commit(remote, NOTES_REF, {NOTE: "".join(f'{{"n":{number}}}\n' for number in range(70))})
    git(remote, "update-ref", MIRROR_REF, NOTES_REF)
    stored = store.fetch()
    assert [each.line for each in stored.lines] == [b'{"n":%d}' % number for number in range(70)]
    assert ledger.choose_note(NOTE, len(stored.lines), 70) == ledger.note_key(70)


def test_a_message_is_one_git_can_keep_and_show(store: GitLedgerStore, remote: Path) -> None:
    message = "1 allow \x1b[31m\u202eevil\x00\nEntry: x\r\ndata 5\n" + "é" * 9000
    assert store.push(store.fetch(), NOTE, b"{}", message)
    kept = git(remote, "log", "-1", "--format=%B", NOTES_REF)
    assert kept.startswith("1 allow ?[31m?evil?\nEntry: x?\ndata 5\néé")
    assert len(kept) == 4000
    assert store.push(store.fetch(), NOTE, b"[]", "\n")
    assert git(remote, "log", "-1", "--format=%B", NOTES_REF)


@pytest.mark.parametrize(("note", "line"), [("main", b"{}"), ("", b"{}"), (NOTE, b""), (NOTE, b"{}\n{}")])
def test_what_is_no_note_or_line_is_not_appended(store: GitLedgerStore, note: str, line: bytes) -> None:
    with pytest.raises(FormatError):
        store.push(store.fetch(), note, line, "x")


def test_a_line_of_60_kib_is_kept_byte_for_byte(store: GitLedgerStore) -> None:
    line = "é\u2028".encode() * (ledger.MAX_LINE // 5)
    assert store.push(store.fetch(), NOTE, line, "large")
    assert [each.line for each in store.fetch().lines] == [line]


# --- what is no note -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        (".gitattributes", "100644"),
        ("ab/README", "100644"),
        (NOTE, "120000"),
        (NOTE, "100755"),
        (NOTE, "160000"),
        ("AB" * 20, "100644"),
        (NOTE + "ab", "100644"),
    ],
)
def test_what_is_no_note_is_an_error(store: GitLedgerStore, remote: Path, path: str, mode: str) -> None:
    content = "5" * 40 if mode == "160000" else "* merge=union\n"
    remotes.commit(remote, NOTES_REF, {path: content}, modes={path: mode})
    with pytest.raises(LedgerError, match="is not a note"):
        store.fetch()


def test_the_size_is_read_before_the_content(remote: Path) -> None:
    # R42 | sizes are known before contents are read
    tip = remotes.commit(remote, NOTES_REF, {NOTE: "x" * 1001})
    with pytest.raises(ServiceError, match="notes have 1001 bytes"):
        git_notes.read(Git(remote), tip, None, limit=1000)


def test_replace_refs_of_a_note_change_nothing(store: GitLedgerStore, remote: Path, tmp_path: Path) -> None:
    append(store, 0, NOTE)
    blob = git(remote, "rev-parse", f"{NOTES_REF}:ab/{NOTE[2:]}")
    for folder in (remote, tmp_path / "copy.git"):
        git(folder, "replace", blob, git(folder, "hash-object", "-w", "--stdin", data="evil\n"))
    assert remotes.lines(remote) == ["evil"]
    assert texts(store.fetch()) == ['{"n":0}']


# --- races and refusals ----------------------------------------------------------------------


def test_the_slower_of_two_writers_is_told_to_fetch_again(store: GitLedgerStore, remote: Path, tmp_path: Path) -> None:
    other = GitLedgerStore(str(remote), tmp_path / "other.git", token=None)
    for number in range(2):  # an absent ledger, then one that is there
        mine, theirs = store.fetch(), other.fetch()
        assert store.push(mine, NOTE, b'{"mine":%d}' % number, "mine")
        assert other.push(theirs, NOTE, b'{"theirs":%d}' % number, "theirs") is False
        assert other.push(other.fetch(), NOTE, b'{"theirs":%d}' % number, "theirs")
    assert remotes.lines(remote) == ['{"mine":0}', '{"theirs":0}', '{"mine":1}', '{"theirs":1}']


@pytest.mark.slow
def test_many_writers_at_once_lose_and_double_nothing(remote: Path, tmp_path: Path) -> None:
    def write(writer: int) -> int:
        store, lost = GitLedgerStore(str(remote), tmp_path / f"w{writer}.git", token=None), 0
        for number in range(3):
            while not store.push(store.fetch(), ledger.note_key(number), b"%d-%d" % (writer, number), "x"):
                lost += 1
        return lost

    with ThreadPoolExecutor(4) as pool:
        lost = sum(pool.map(write, range(4)))
    assert sorted(remotes.lines(remote)) == [f"{writer}-{number}" for writer in range(4) for number in range(3)]
    assert git(remote, "rev-list", "--count", NOTES_REF) == "12"
    assert lost < 200


def test_a_declined_push_is_final_and_moves_neither_ref(store: GitLedgerStore, remote: Path) -> None:
    before = append(store, 0)
    remotes.hook(remote, "update", f'test "$1" != {MIRROR_REF} || {{ echo the branch is protected >&2; exit 1; }}')
    with pytest.raises(ServiceError, match=r"push of the ledger was refused \(hook declined\)") as caught:
        store.push(store.fetch(), NOTE, b"{}", "x")
    assert "the branch is protected" in caught.value.why
    assert f"let the job's token push {NOTES_REF} and {MIRROR_REF}" in caught.value.fix
    assert store.fetch() == before


def test_a_stale_lock_is_an_error_at_the_second_time_and_names_the_file(store: GitLedgerStore, remote: Path) -> None:
    append(store, 0)
    lock = remote / f"{NOTES_REF}.lock"
    lock.touch()
    assert store.push(store.fetch(), NOTE, b"{}", "x") is False
    with pytest.raises(ServiceError, match="is locked") as caught:
        store.push(store.fetch(), NOTE, b"{}", "x")
    assert str(lock) in caught.value.why
    lock.unlink()
    assert len(append(store, 1).lines) == 2


def test_a_remote_without_atomic_push_is_refused(store: GitLedgerStore, remote: Path) -> None:
    git(remote, "config", "receive.advertiseAtomic", "false")
    with pytest.raises(ServiceError, match="push of the ledger failed") as caught:
        store.push(store.fetch(), NOTE, b"{}", "x")
    assert "--atomic" in caught.value.why
    assert store.tips() == (None, None)


def test_hooks_in_our_own_copy_do_not_run(store: GitLedgerStore, tmp_path: Path) -> None:
    remotes.hook(tmp_path / "copy.git", "pre-push", "exit 1")
    remotes.hook(tmp_path / "copy.git", "reference-transaction", "exit 1")
    assert len(append(store, 0).lines) == 1


def test_a_push_that_takes_too_long_may_have_arrived(remote: Path, tmp_path: Path) -> None:
    remotes.hook(remote, "post-receive", "sleep 60")
    store = GitLedgerStore(str(remote), tmp_path / "copy.git", token=None, seconds=0.7)
    started = time.monotonic()
    assert store.push(store.fetch(), NOTE, b"{}", "x") is False
    assert time.monotonic() - started < 10
    assert texts(store.fetch()) == ["{}"]


# --- over http -------------------------------------------------------------------------------


def test_the_token_goes_into_a_header_and_nowhere_else(server: LoopbackServer, tmp_path: Path) -> None:
    seen: list[str] = []

    def look(_: str, request: Request) -> Response | None:
        seen.append(request.headers.get("authorization", ""))
        return None

    server.interceptors.append(look)
    store = over_http(server, tmp_path)
    append(store, 0)
    assert len(set(seen)) == 1
    assert seen[0].startswith("Basic ")
    copy = tmp_path / "http.git"
    assert not [each for each in copy.rglob("*") if each.is_file() and TOKEN.encode() in each.read_bytes()]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_final_and_not_shown(server: LoopbackServer, tmp_path: Path, status: int) -> None:
    calls: list[str] = []

    def refuse(_: str, request: Request) -> Response | None:
        calls.append(request.path)
        return Response(status, request.headers.get("authorization", "").encode(), {"Content-Type": "text/plain"})

    server.interceptors.append(refuse)
    store = over_http(server, tmp_path)
    with pytest.raises(ServiceError) as caught:
        store.fetch()
    assert "permissions: contents: read" in caught.value.fix
    assert TOKEN not in str(caught.value)
    assert len(calls) <= 2  # git asks again with what it was given, we do not


def test_a_push_without_the_right_to_is_final(server: LoopbackServer, tmp_path: Path) -> None:
    store = over_http(server, tmp_path)
    base = store.fetch()

    def refuse(_: str, request: Request) -> Response | None:
        return Response(403) if request.query.get("service") == "git-receive-pack" else None

    server.interceptors.append(refuse)
    with pytest.raises(ServiceError, match="push of the ledger failed") as caught:
        store.push(base, NOTE, b"{}", "x")
    assert "permissions: contents: write" in caught.value.fix


@pytest.mark.slow
def test_reading_is_tried_again_and_writing_is_not(server: LoopbackServer, tmp_path: Path) -> None:
    failures = ["git-upload-pack"] * 2 + ["git-receive-pack"]
    asked: list[str] = []

    def stumble(_: str, request: Request) -> Response | None:
        service = request.query.get("service", "")
        asked.append(service)
        if service in failures:
            failures.remove(service)
            return Response(503)
        return None

    server.interceptors.append(stumble)
    store = over_http(server, tmp_path)
    base = store.fetch()
    assert asked.count("git-upload-pack") == 3
    assert store.push(base, NOTE, b"{}", "x") is False
    assert asked.count("git-receive-pack") == 1
    assert store.push(base, NOTE, b"{}", "x")


@pytest.mark.parametrize("lost", ["dropped", "bad gateway"])
def test_a_lost_answer_to_a_push_is_not_taken_for_a_no(server: LoopbackServer, tmp_path: Path, lost: str) -> None:
    store = over_http(server, tmp_path)
    base = store.fetch()

    def lose(prefix: str, request: Request) -> Response | None:
        if request.path.endswith("/git-receive-pack"):
            server.interceptors.clear()
            server.answer("POST", prefix + request.path, request.headers, request.body)
            if lost == "dropped":
                return Response(200, headers={"X-Broken": "\u2028"})  # cannot be sent: the connection ends here
            return Response(502)
        return None

    server.interceptors.append(lose)
    assert store.push(base, NOTE, b"{}", "x") is False
    assert texts(store.fetch()) == ["{}"]


def test_redirects_are_not_followed(server: LoopbackServer, tmp_path: Path) -> None:
    def move(_: str, request: Request) -> Response | None:
        if "moved" in request.path:
            return None
        return Response(301, headers={"Location": f"{server.url}/git/moved{request.path}?service=git-upload-pack"})

    server.interceptors.append(move)
    with pytest.raises(ServiceError, match="git ls-remote failed"):
        over_http(server, tmp_path).fetch()


# --- what was taken away ---------------------------------------------------------------------


def test_only_what_others_appended_is_fetched(server: LoopbackServer, tmp_path: Path) -> None:
    store, fetches = over_http(server, tmp_path / "ours"), list[Request]()

    def hear(_: str, request: Request) -> None:
        if b"command=fetch" in request.body:
            fetches.append(request)

    append(store, 1)
    server.interceptors.append(hear)
    ours = append(store, 2)
    assert store.fetch() == ours
    assert not fetches
    theirs = append(over_http(server, tmp_path / "theirs"), 3)
    assert store.fetch() == theirs != ours
    assert len(fetches) == 2  # theirs, before they appended, and ours


def test_rewound_notes_are_missed_by_the_mirror(store: GitLedgerStore, remote: Path) -> None:
    for number in range(3):
        append(store, number)
    git(remote, "update-ref", NOTES_REF, f"{NOTES_REF}~2")
    stored = store.fetch()
    assert stored.removed == f"the notes lack 2 lines that the mirror at {str(stored.mirror)[:12]} has"
    with pytest.raises(LedgerError, match="notes and mirror differ"):
        store.push(stored, NOTE, b"{}", "x")


def test_deleted_notes_are_missed_by_the_mirror(store: GitLedgerStore, remote: Path) -> None:
    append(store, 0)
    git(remote, "update-ref", "-d", NOTES_REF)
    stored = store.fetch()
    assert stored.notes is None
    assert stored.removed is not None
    assert "lack 1 line that" in stored.removed


def test_without_a_mirror_nothing_is_appended(store: GitLedgerStore, remote: Path) -> None:
    append(store, 0)
    git(remote, "update-ref", "-d", MIRROR_REF)
    stored = store.fetch()
    assert (stored.mirror, stored.removed, len(stored.lines)) == (None, None, 1)
    with pytest.raises(LedgerError, match="nothing is appended"):
        store.push(stored, NOTE, b"{}", "x")


def test_a_ref_that_is_deleted_after_reading_is_not_made_again(store: GitLedgerStore, remote: Path) -> None:
    stored = append(store, 0)
    git(remote, "update-ref", "-d", MIRROR_REF)
    git(remote, "update-ref", "-d", NOTES_REF)
    assert store.push(stored, NOTE, b"{}", "x") is False
    assert store.tips() == (None, None)


def test_both_rewound_leave_no_trace_but_the_root_that_somebody_knew(remote: Path, store: GitLedgerStore) -> None:
    for entry in ledger_lines.build(4):
        assert store.push(store.fetch(), ledger.note_key(entry.link.sequence), entry.line, "x")
    known = ledger_lines.read(store.fetch())
    remotes.move_both(remote, git(remote, "rev-parse", f"{NOTES_REF}~2"))
    stored = store.fetch()
    assert stored.removed is None
    rewound = ledger_lines.read(stored)
    assert (len(rewound.entries), rewound.root == known.root) == (2, False)


def test_a_fast_forward_that_drops_an_entry_is_named(store: GitLedgerStore, remote: Path) -> None:
    for number in range(3):
        append(store, number)
    key = ledger.note_key(1)
    dropping = remotes.commit(remote, NOTES_REF, {f"{key[:2]}/{key[2:]}": None})
    remotes.move_both(remote, dropping)
    later = remotes.commit(remote, NOTES_REF, {NOTE: '{"n":3}\n'})
    remotes.move_both(remote, later)
    assert store.fetch().removed == f"commit {dropping[:12]} removed 1 line from the ledger"


def test_a_commit_that_rewrites_a_line_is_named(store: GitLedgerStore, remote: Path) -> None:
    for number in range(3):
        append(store, number, NOTE)
    path = f"{NOTE[:2]}/{NOTE[2:]}"
    rewriting = remotes.commit(remote, NOTES_REF, {path: '{"n":0}\n{"n":"x"}\n{"n":2}\n'})
    remotes.move_both(remote, rewriting)
    assert store.fetch().removed == f"commit {rewriting[:12]} removed 1 line from the ledger"


def test_a_merge_that_drops_what_one_side_had_is_named(store: GitLedgerStore, remote: Path) -> None:
    """The honest head is only the second parent, so a walk along first parents would see nothing."""
    append(store, 0)
    start = git(remote, "rev-parse", NOTES_REF)
    honest = append(store, 1).notes
    evil = remotes.commit(remote, "refs/heads/evil", {NOTE: '{"n":1}\n'}, parents=(start,))
    tree = git(remote, "rev-parse", f"{evil}^{{tree}}")
    merge = git(remote, "commit-tree", tree, "-p", evil, "-p", str(honest), "-m", "merge")
    git(remote, "merge-base", "--is-ancestor", str(honest), merge)  # a fast-forward for any server
    remotes.move_both(remote, merge)
    key = ledger.note_key(1)
    assert git(remote, "ls-tree", "-r", "--name-only", merge, f"{key[:2]}/{key[2:]}") == ""
    removed = store.fetch().removed
    assert removed is None  # the line is still there, in another note
    other = remotes.commit(remote, "refs/heads/other", {NOTE: '{"n":"x"}\n'}, parents=(start,))
    tree = git(remote, "rev-parse", f"{other}^{{tree}}")
    merge = git(remote, "commit-tree", tree, "-p", other, "-p", str(honest), "-m", "merge")
    remotes.move_both(remote, merge)
    assert store.fetch().removed == f"commit {merge[:12]} removed 1 line from the ledger"


def test_a_line_that_came_back_is_not_missed(store: GitLedgerStore, remote: Path) -> None:
    append(store, 0)
    append(store, 1)
    key = ledger.note_key(1)
    path = f"{key[:2]}/{key[2:]}"
    remotes.move_both(remote, remotes.commit(remote, NOTES_REF, {path: None}))
    assert store.fetch().removed is not None
    remotes.move_both(remote, remotes.commit(remote, NOTES_REF, {NOTE: '{"n":1}\n'}))
    assert store.fetch().removed is None


def test_a_remote_whose_history_is_cut_off_is_refused(store: GitLedgerStore, remote: Path, tmp_path: Path) -> None:
    for number in range(3):
        append(store, number)
    cut = tmp_path / "cut.git"
    git(tmp_path, "init", "--quiet", "--bare", str(cut))
    git(
        cut,
        "fetch",
        "--quiet",
        "--depth=1",
        f"file://{remote}",
        f"{NOTES_REF}:{NOTES_REF}",
        f"{MIRROR_REF}:{MIRROR_REF}",
    )
    copy = GitLedgerStore(str(cut), tmp_path / "copy2.git", token=None)
    for _ in range(2):
        with pytest.raises(ServiceError, match="shallow"):
            copy.fetch()


# --- a clone of somebody's -------------------------------------------------------------------


def test_a_clone_is_read_without_its_remote(store: GitLedgerStore, remote: Path, tmp_path: Path) -> None:
    expected = append(store, 0)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(remote), str(clone))
    absent = LocalLedger(clone).fetch()
    assert (absent.notes, absent.mirror) == (None, expected.mirror)
    git(clone, "fetch", "--quiet", "origin", f"{NOTES_REF}:{NOTES_REF}")
    remote.rename(tmp_path / "away.git")
    assert LocalLedger(clone).fetch() == expected
    (clone / "src").mkdir()
    assert LocalLedger(clone / "src").fetch() == expected
    assert LocalLedger(tmp_path / "away.git").fetch() == expected


def test_what_is_no_clone_or_a_shallow_one_is_an_error(store: GitLedgerStore, remote: Path, tmp_path: Path) -> None:
    append(store, 0)
    remotes.commit(remote, "refs/heads/main", {"a": "1"})
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ServiceError, match="not a git repository"):
        LocalLedger(empty).fetch()
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{remote}", "shallow")
    with pytest.raises(ServiceError, match="this clone is shallow"):
        LocalLedger(tmp_path / "shallow").fetch()


def test_a_stored_ledger_is_the_same_from_both_sides(store: GitLedgerStore, remote: Path) -> None:
    stored = append(store, 0)
    assert dataclasses.replace(LocalLedger(remote).fetch()) == stored


# --- clones that lack something --------------------------------------------------------------------


def partial(tmp_path: Path, store: GitLedgerStore, remote: Path) -> Path:
    """Return a clone without blobs that has fetched the ledger, and would start a program to get what it lacks."""
    append_all(store, 3)
    git(remote, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{remote}", str(clone))
    git(clone, "fetch", "-q", "origin", f"{NOTES_REF}:{NOTES_REF}")
    witness = tmp_path / "witness.sh"
    witness.write_text(f'#!/bin/sh\ntouch "{tmp_path}/started"\n')
    witness.chmod(0o755)
    git(clone, "config", "remote.origin.uploadpack", str(witness))
    return clone


def append_all(store: GitLedgerStore, count: int) -> GitLedgerStore:
    for number in range(count):
        append(store, number)
    return store


def test_a_partial_clone_fetches_nothing_and_says_what_to_do(
    tmp_path: Path, store: GitLedgerStore, remote: Path
) -> None:
    clone = partial(tmp_path, store, remote)
    with pytest.raises(ServiceError, match="lacks a part of the ledger") as caught:
        LocalLedger(clone).fetch()
    assert not (tmp_path / "started").exists()
    assert caught.value.fix.startswith("git fetch --refetch --no-filter origin")
    git(clone, "config", "--unset", "remote.origin.uploadpack")
    git(clone, *caught.value.fix.partition(",")[0].split()[1:])
    assert len(LocalLedger(clone).fetch().lines) == 3


@pytest.mark.parametrize(
    ("version", "obeys"),
    [
        ("2.38.9", False),
        ("2.39.0", False),
        ("2.39.3", False),
        ("2.39.4", True),
        ("2.40.1", False),
        ("2.44.1.windows.1", True),
        ("2.45.0", True),
        ("2.45.0-rc1", True),
        ("2.100.0", True),
        ("3.0.0", True),
        ("1.99.9", False),
        ("unknown", False),
    ],
)
def test_an_old_git_reads_every_clone_but_a_partial_one(
    tmp_path: Path, store: GitLedgerStore, remote: Path, monkeypatch: pytest.MonkeyPatch, version: str, obeys: bool
) -> None:
    clone = partial(tmp_path, store, remote)
    real = shutil.which("git")
    tells = f'if [ "$last" = version ]; then echo "git version {version}"; exit; fi'
    script = f'#!/bin/sh\nfor last; do :; done\n{tells}\nexec {real} "$@"\n'
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(script)
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    said = "lacks a part of the ledger" if obeys else "this version of git would fetch what it lacks"
    with pytest.raises(ServiceError, match=said):
        LocalLedger(clone).fetch()
    assert not (tmp_path / "started").exists()
    assert len(LocalLedger(remote).fetch().lines) == 3


def test_a_clone_that_lost_a_blob_names_the_note(tmp_path: Path, store: GitLedgerStore, remote: Path) -> None:
    append_all(store, 2)
    tip = git(remote, "rev-parse", NOTES_REF)
    blob = git(remote, "ls-tree", "-r", tip).split()[2]
    (remote / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(ServiceError, match=r"lacks the note") as caught:
        LocalLedger(remote).fetch()
    assert blob[:12] in caught.value.why
