"""The ledger's store where several write, where pushes are refused, and where only the notes ref is."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.unit import git_remotes as remotes
from tests.unit.git_ledgers import next_commit, plain_commit, texts
from tests.unit.git_remotes import git
from tests.unit.ledger_lines import Book, book, identifier

from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.errors import ServiceError
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal.model import Pushed

if TYPE_CHECKING:
    from pathlib import Path


def other_store(remote: Path, name: str = "other") -> GitLedgerStore:
    return GitLedgerStore(str(remote), remote.parent.parent / f"{name}.git", token=None)


def refs(remote: Path) -> tuple[str, str]:
    """Return where branch and notes ref are; empty where there is none."""
    listed = git(remote, "for-each-ref", "--format=%(refname) %(objectname)", LEDGER_REF, NOTES_REF)
    found = dict(line.split(" ") for line in listed.split("\n") if line)
    return found.get(LEDGER_REF, ""), found.get(NOTES_REF, "")


# --- who is faster -----------------------------------------------------------------------------


def test_the_slower_of_two_writers_is_told_to_read_again(store: GitLedgerStore, remote: Path) -> None:
    mine, theirs = Book(store), Book(other_store(remote))
    first, late = (plain_commit(name) for name in (b"mine", b"theirs"))
    assert mine.store.push(first).taken  # an absent ledger
    assert not theirs.store.push(late).taken
    assert texts(remote) == ["mine"]
    remotes.git(remote, "update-ref", "-d", LEDGER_REF)
    mine.begin()  # one that is there
    first, late = next_commit(mine, "a"), next_commit(theirs, "b")
    assert mine.store.push(first).taken
    answer = theirs.store.push(late)
    assert (answer.taken, answer.warning) == (False, "")
    assert refs(remote)[0] == refs(remote)[1] == git(remote, "rev-parse", LEDGER_REF)
    assert theirs.tip().find(identifier("a")) is not None
    assert theirs.store.push(next_commit(theirs, "b")).taken
    assert theirs.tip().size == 3


@pytest.mark.slow
def test_many_writers_at_once_lose_and_double_nothing(store: GitLedgerStore, remote: Path) -> None:
    book(store, 0)

    def write(writer: int) -> None:
        mine, lost = Book(other_store(remote, f"w{writer}")), 0
        for number in range(3):
            while not mine.store.push(next_commit(mine, f"{writer}-{number}")).taken:
                lost += 1
                assert lost < 200

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    whole = Book(store).reader.read_whole(store)
    expected = {identifier(f"{writer}-{number}") for writer in range(4) for number in range(3)}
    assert {entry.link.entry_id for entry in whole.entries[1:]} == expected
    assert git(remote, "rev-list", "--count", LEDGER_REF) == "13"
    assert len(set(refs(remote))) == 1


def test_a_branch_that_is_deleted_after_reading_is_not_made_again(store: GitLedgerStore, remote: Path) -> None:
    commit = next_commit(book(store, 1), "late")
    git(remote, "update-ref", "-d", LEDGER_REF)
    assert not store.push(commit).taken
    assert refs(remote)[0] == ""


def test_a_branch_that_is_rewound_after_reading_is_not_moved(store: GitLedgerStore, remote: Path) -> None:
    commit = next_commit(book(store, 2), "late")
    git(remote, "update-ref", LEDGER_REF, f"{LEDGER_REF}~")
    before = refs(remote)
    assert not store.push(commit).taken  # it would be a fast-forward
    assert refs(remote) == before


def test_a_push_that_is_sent_twice_is_there_once(store: GitLedgerStore, remote: Path) -> None:
    commit = next_commit(book(store, 1), "twice")
    assert store.push(commit).taken
    before = refs(remote)
    time.sleep(1.1)  # the commit made again has another time
    assert not store.push(commit).taken
    assert refs(remote) == before


# --- refusals ----------------------------------------------------------------------------------


def test_a_declined_push_is_final_and_moves_neither_ref(store: GitLedgerStore, remote: Path) -> None:
    commit, before = next_commit(book(store, 1), "late"), refs(remote)
    remotes.hook(remote, "update", f'test "$1" != {LEDGER_REF} || {{ echo the branch is protected >&2; exit 1; }}')
    with pytest.raises(ServiceError, match=r"push of the ledger was refused \(hook declined\)") as caught:
        store.push(commit)
    assert "the branch is protected" in caught.value.why
    assert f"let the job's token push {NOTES_REF} and {LEDGER_REF}" in caught.value.fix
    assert refs(remote) == before


def test_a_hook_that_declines_all_is_final(store: GitLedgerStore, remote: Path) -> None:
    remotes.hook(remote, "pre-receive", "exit 1")
    with pytest.raises(ServiceError, match="pre-receive hook declined"):
        store.push(plain_commit(b"x"))
    assert refs(remote) == ("", "")


#: Takes over pushes to branches (githooks(5), proc-receive), and answers with a reason of its own.
PROC_RECEIVE = """python3 -c '
import sys
read, write = sys.stdin.buffer, sys.stdout.buffer
def lines():
    while size := int(read.read(4), 16):
        yield read.read(size - 4)
def say(*texts):
    for text in texts:
        write.write(b"%04x" % (len(text) + 4) + text)
    write.write(b"0000")
    write.flush()
list(lines())
say(b"version=1\\0atomic")
refs = [line.split()[2] for line in lines()]
say(*[b"ng " + ref + b" " + open("{reason}", "rb").read() for ref in refs])
'"""


def answering(remote: Path, reason: str) -> None:
    """Let a remote refuse pushes to branches for a reason."""
    (remote / "reason").write_text(reason)
    git(remote, "config", "receive.procReceiveRefs", "refs/heads")
    remotes.hook(remote, "proc-receive", PROC_RECEIVE.replace("{reason}", str(remote / "reason")))


def test_a_lost_race_is_known_where_the_forge_names_it_as_the_reason(store: GitLedgerStore, remote: Path) -> None:
    """As GitHub does; git itself says it apart."""
    answering(remote, f"cannot lock ref '{LEDGER_REF}': is at {'1' * 40} but expected {'2' * 40}")
    assert not store.push(plain_commit(b"x")).taken
    answering(remote, f"cannot lock ref '{LEDGER_REF}': reference already exists")
    assert not store.push(plain_commit(b"x")).taken


def test_a_reason_is_shown_without_what_it_does_to_a_terminal(remote: Path, tmp_path: Path) -> None:
    store = GitLedgerStore(str(remote), tmp_path / "copy.git", token="t0ken")
    answering(remote, "no\x1b[2J t0ken " + "x" * 500)
    with pytest.raises(ServiceError, match="refused") as caught:
        store.push(plain_commit(b"x"))
    assert "no?[2J *** xx" in caught.value.what
    assert len(caught.value.what) < 400
    assert "t0ken" not in str(caught.value)


def test_a_stale_lock_is_an_error_at_the_second_time_and_names_the_file(store: GitLedgerStore, remote: Path) -> None:
    written = book(store, 1)
    lock = remote / f"{LEDGER_REF}.lock"
    lock.touch()
    assert not store.push(next_commit(written, "a")).taken
    with pytest.raises(ServiceError, match="is locked") as caught:
        store.push(next_commit(written, "a"))
    assert str(lock) in caught.value.why
    lock.unlink()
    assert store.push(next_commit(written, "a")).taken


@pytest.mark.parametrize("hook", ["post-receive", "pre-receive"])
def test_a_push_that_takes_too_long_is_not_a_no(remote: Path, tmp_path: Path, hook: str) -> None:
    remotes.hook(remote, hook, "sleep 60")
    store = GitLedgerStore(str(remote), tmp_path / "copy.git", token=None, seconds=1.5)
    started = time.monotonic()
    pushed = store.push(plain_commit(b"x"))
    assert pushed == Pushed(pushed.commit, taken=False)
    assert time.monotonic() - started < 15
    assert texts(remote) == (["x"] if hook == "post-receive" else [])


def test_hooks_and_settings_in_our_own_copy_do_nothing(store: GitLedgerStore, remote: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.git"
    for name in ("pre-push", "reference-transaction", "post-index-change"):
        remotes.hook(copy, name, f"touch {tmp_path}/ran; exit 1")
    git(copy, "config", "core.hooksPath", str(copy / "hooks"))
    git(copy, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    git(copy, "config", "i18n.logOutputEncoding", "UTF-16")
    assert book(store, 1).tip().size == 2
    assert not (tmp_path / "ran").exists()


# --- the notes ref alone -------------------------------------------------------------------------


def check_warned(store: GitLedgerStore, remote: Path, *said: str) -> None:
    """Check that an append is taken, twice, and warned of."""
    written, notes = Book(store), refs(remote)[1]
    for name in ("one", "two"):
        pushed = store.push(next_commit(written, name))
        assert pushed.taken
        assert pushed.warning.startswith(f"{NOTES_REF}, the ledger's copy for people, could not be set: ")
        assert [text for text in said if text not in pushed.warning] == []
        assert refs(remote) == (pushed.commit, notes)
    assert written.tip().find(identifier("two")) is not None


def test_a_hook_that_declines_the_notes_is_warned_of(store: GitLedgerStore, remote: Path) -> None:
    book(store, 1)
    remotes.hook(remote, "update", f'test "$1" != {NOTES_REF} || {{ echo no notes here >&2; exit 1; }}')
    check_warned(store, remote, "no notes here")


def test_the_warning_keeps_the_token_to_itself(remote: Path, tmp_path: Path) -> None:
    store = GitLedgerStore(str(remote), tmp_path / "copy.git", token="t0ken")
    remotes.hook(remote, "update", f'test "$1" != {NOTES_REF} || {{ echo t0ken{"y" * 480} >&2; exit 1; }}')
    warning = store.push(plain_commit(b"x")).warning
    assert "yyyy" in warning
    assert "ken" not in warning.replace("copy for people", "")


def test_a_lock_on_the_notes_is_warned_of(store: GitLedgerStore, remote: Path) -> None:
    book(store, 1)
    (remote / f"{NOTES_REF}.lock").touch()
    check_warned(store, remote, "remove the file manually")


def test_a_ref_below_the_notes_is_warned_of(store: GitLedgerStore, remote: Path) -> None:
    book(store, 1)
    git(remote, "update-ref", "-d", NOTES_REF)
    git(remote, "update-ref", f"{NOTES_REF}/x", git(remote, "rev-parse", "main"))
    check_warned(store, remote)


@pytest.mark.parametrize("garbage", ["unrelated", "tag", "blob", "deleted", "rewound"])
def test_garbage_in_the_notes_is_overwritten(store: GitLedgerStore, remote: Path, garbage: str) -> None:
    written = book(store, 2)
    git(remote, "config", "receive.denyNonFastForwards", "true")  # as `git init --shared` does
    if garbage == "unrelated":
        git(remote, "update-ref", NOTES_REF, remotes.commit(remote, "refs/heads/evil", {"a": "b"}, parents=()))
    elif garbage == "tag":
        git(remote, "tag", "-a", "-m", "x", "evil", "main")
        git(remote, "update-ref", NOTES_REF, git(remote, "rev-parse", "evil"))
    elif garbage == "blob":
        git(remote, "update-ref", NOTES_REF, git(remote, "hash-object", "-w", "--stdin", data="x"))
    elif garbage == "deleted":
        git(remote, "update-ref", "-d", NOTES_REF)
    else:
        git(remote, "update-ref", NOTES_REF, f"{NOTES_REF}~2")
    assert written.tip().size == 3
    pushed = store.push(next_commit(written, "later"))
    assert (pushed.taken, pushed.warning) == (True, "")
    assert refs(remote) == (pushed.commit, pushed.commit)


def test_a_remote_without_atomic_push_is_appended_to(store: GitLedgerStore, remote: Path) -> None:
    git(remote, "config", "receive.advertiseAtomic", "false")
    for name in (b"x", b"y"):
        git(remote, "update-ref", "-d", LEDGER_REF)
        pushed = store.push(plain_commit(name))
        assert (pushed.taken, pushed.warning) == (True, "")
        assert refs(remote) == (pushed.commit, pushed.commit)
    assert not other_store(remote).push(plain_commit(b"z")).taken


def test_without_atomic_push_the_branch_still_has_to_be_where_it_was_read(store: GitLedgerStore, remote: Path) -> None:
    git(remote, "config", "receive.advertiseAtomic", "false")
    commit = next_commit(book(store, 1), "late")
    git(remote, "update-ref", "-d", LEDGER_REF)
    assert not store.push(commit).taken
    assert refs(remote)[0] == ""
