"""What git says when a remote does not do its part (as git 2.39 words it), and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.git.ledger import GitLedgerStore, _may_pass
from counterseal.adapters.git.process import explain
from counterseal.adapters.git.remote import Remote, transient
from counterseal.adapters.git.watch import Ended
from counterseal.errors import ServiceError
from counterseal.identifiers import LEDGER_REF, NOTES_REF

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "1" * 40, "2" * 40
NOTES = f"{NEW}:refs/notes/counterseal"
BRANCH = f"{NEW}:refs/heads/counterseal-ledger"


def porcelain(notes: str, branch: str) -> bytes:
    return f"To https://forge.example/app.git\n!\t{NOTES}\t{notes}\n!\t{BRANCH}\t{branch}\nDone\n".encode()


@pytest.fixture
def store(tmp_path: Path) -> GitLedgerStore:
    return GitLedgerStore("https://forge.example/app.git", tmp_path / "copy.git", token="t0ken")


@pytest.mark.parametrize(
    "messages",
    [
        "fatal: unable to access 'https://forge.example/': The requested URL returned error: 429",
        "error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502",
        "fatal: unable to access 'https://forge.example/': Could not resolve host: forge.example",
        "fatal: unable to access 'https://forge.example/': Failed to connect to forge.example port 443",
        "fatal: unable to access 'https://forge.example/': Empty reply from server",
        "fatal: the remote end hung up unexpectedly",
        "error: RPC failed; curl 28 Operation too slow. Less than 1000 bytes/sec transferred",
        "fatal: early EOF",
    ],
)
def test_a_failure_of_the_way_may_go_away(store: GitLedgerStore, messages: str) -> None:
    assert transient(Ended(128, b"", messages))
    assert store._judge(OLD, Ended(128, b"", messages)) is False


@pytest.mark.parametrize(
    "messages",
    [
        "fatal: unable to access 'https://forge.example/': The requested URL returned error: 403",
        "fatal: could not read Username for 'https://forge.example': terminal prompts disabled",
        "fatal: the receiving end does not support --atomic push\nfatal: the remote end hung up unexpectedly",
        "fatal: the receiving end does not support push options\nfatal: the remote end hung up unexpectedly",
        "fatal: unable to write loose object file: No space left on device",
        "error: unable to create temporary file",
    ],
)
def test_what_is_no_failure_of_the_way_ends_the_push(store: GitLedgerStore, messages: str) -> None:
    with pytest.raises(ServiceError, match="the push of the ledger failed"):
        store._judge(OLD, Ended(128, b"", messages))


@pytest.mark.parametrize(
    "told", ["You are not allowed to upload code.", "You are not allowed to push code to this project."]
)
def test_gitlab_names_the_setting_that_lets_a_job_push(store: GitLedgerStore, told: str) -> None:
    denied = f"remote: {told}\nfatal: unable to access 'https://gitlab.com/': The requested URL returned error: 403"
    with pytest.raises(ServiceError, match="the push of the ledger failed") as caught:
        store._judge(OLD, Ended(128, b"", denied))
    setting = 'Settings → CI/CD → Job token permissions → "Allow Git push requests to the repository"'
    assert setting in caught.value.fix
    assert told in caught.value.why


def test_a_killed_push_is_not_a_no(store: GitLedgerStore) -> None:
    killed = Ended(-9, b"", "", timed_out=True)
    assert store._judge(OLD, killed) is False
    assert explain(killed) == "it took too long and was stopped"


@pytest.mark.parametrize(
    ("notes", "branch", "messages"),
    [
        ("[rejected] (atomic push failed)", "[rejected] (fetch first)", ""),
        ("[rejected] (atomic push failed)", "[rejected] (non-fast-forward)", ""),
        ("[rejected] (stale info)", "[rejected] (stale info)", ""),
        (
            "[remote rejected] (atomic transaction failed)",
            "[remote rejected] (failed to update ref)",
            f"remote: error: cannot lock ref '{LEDGER_REF}': is at {NEW} but expected {OLD}",
        ),
        (
            "[remote rejected] (atomic transaction failed)",
            "[remote rejected] (atomic transaction failed)",
            f"remote: error: cannot lock ref '{LEDGER_REF}': reference already exists",
        ),
        (  # deleted meanwhile
            "[remote rejected] (atomic transaction failed)",
            "[remote rejected] (atomic transaction failed)",
            f"remote: error: cannot lock ref '{LEDGER_REF}': unable to resolve reference '{LEDGER_REF}'",
        ),
        (  # as GitHub says it
            "[remote rejected] (atomic transaction failed)",
            f"[remote rejected] (cannot lock ref '{LEDGER_REF}': is at {NEW} but expected {OLD})",
            "",
        ),
    ],
)
def test_somebody_was_faster(store: GitLedgerStore, notes: str, branch: str, messages: str) -> None:
    answer = Ended(1, porcelain(notes, branch), messages)
    assert _may_pass(answer)
    assert store._judge(OLD, answer) is False


@pytest.mark.parametrize(
    ("notes", "branch", "messages"),
    [
        ("[remote rejected] (non-fast-forward)", "[remote rejected] (atomic push failure)", ""),
        ("[remote rejected] (hook declined)", "[remote rejected] (atomic push failure)", ""),
        (
            "[remote rejected] (failed to update ref)",
            "[remote rejected] (atomic transaction failed)",
            f"remote: error: cannot lock ref '{NOTES_REF}': is at {NEW} but expected {OLD}",
        ),
        (
            "[remote rejected] (atomic transaction failed)",
            "[remote rejected] (atomic transaction failed)",
            f"remote: error: cannot lock ref '{NOTES_REF}': unable to resolve reference '{NOTES_REF}': Not a directory",
        ),
        ("[remote rejected] (hook declined)", "[remote rejected] (hook declined)", "remote: Connection reset"),
    ],
)
def test_what_is_wrong_with_the_notes_is_no_race_for_the_branch(notes: str, branch: str, messages: str) -> None:
    """Taken for one, it would be tried again for ever: whoever may write notes could stop every gate."""
    assert not _may_pass(Ended(1, porcelain(notes, branch), messages))


@pytest.mark.parametrize(
    ("notes", "branch"),
    [
        ("[remote rejected] (atomic push failure)", "[remote rejected] (hook declined)"),
        ("[remote rejected] (pre-receive hook declined)", "[remote rejected] (pre-receive hook declined)"),
        ("[remote rejected] (unpacker error)", "[remote rejected] (unpacker error)"),
        ("[remote rejected] (atomic push failure)", "[remote rejected] (deny updating a hidden ref)"),
    ],
)
def test_a_refusal_is_final(store: GitLedgerStore, notes: str, branch: str) -> None:
    with pytest.raises(ServiceError, match="the push of the ledger was refused"):
        store._judge(OLD, Ended(1, porcelain(notes, branch), "remote: t0ken \x1b[31mno"))


def test_a_lock_is_a_race_once_and_again_only_if_somebody_moved_the_ref(store: GitLedgerStore) -> None:
    messages = "remote: error: cannot lock ref 'r': Unable to create '/srv/./refs/notes/counterseal.lock': File exists."
    answer = Ended(1, porcelain(*["[remote rejected] (atomic transaction failed)"] * 2), messages)
    assert store._judge(OLD, answer) is False
    assert store._judge(NEW, answer) is False
    with pytest.raises(ServiceError, match="is locked") as caught:
        store._judge(NEW, answer)
    assert caught.value.why.startswith("/srv/refs/notes/counterseal.lock was there twice")


def test_messages_hide_the_token_and_are_fit_to_be_shown() -> None:
    remote = Remote("https://forge.example/app.git", "t0ken")
    error = remote.failure("git fetch failed", Ended(128, b"", "\x1b[2Jremote: t0ken" + "x" * 597))
    assert "ken" not in str(error)
    assert "\x1b" not in str(error)
    assert len(error.why) <= 600
    header = remote.variables()["GIT_CONFIG_VALUE_0"].removeprefix("Authorization: Basic ")
    assert header not in str(remote.failure("x", Ended(128, b"", f"sent {header}")))


@pytest.mark.parametrize(
    ("user", "pushing", "said", "unsaid"),
    [
        ("x-access-token", True, "permissions: contents: write", "Settings"),
        ("x-access-token", False, "permissions: contents: read", "Settings"),
        ("gitlab-ci-token", True, "Allow Git push requests", "permissions: contents"),
        ("oauth2", False, "read_api", "permissions: contents"),
    ],
)
def test_what_to_do_is_said_for_the_forge_at_hand(user: str, pushing: bool, said: str, unsaid: str) -> None:
    remote = Remote("https://forge.example/app.git", "secret", user=user)
    denied = Ended(128, b"", "fatal: unable to access 'https://forge.example/': The requested URL returned error: 403")
    fix = remote.failure("it failed", denied, pushing=pushing).fix
    assert said in fix
    assert unsaid not in fix
