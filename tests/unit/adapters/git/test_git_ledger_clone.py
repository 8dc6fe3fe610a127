"""The ledger in a clone of somebody's: read without any remote, and without running what the clone names."""

from __future__ import annotations

import os
import shutil
import zlib
from typing import TYPE_CHECKING

import pytest
from tests.unit.git_ledgers import lose, planted
from tests.unit.git_remotes import commit, git, hook
from tests.unit.ledger_lines import identifier, reader

from counterseal.adapters.git.ledger_clone import LocalLedger, origin
from counterseal.errors import ServiceError
from counterseal.history import places
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF, NOTES_REF
from counterseal.ledger import keys

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.git.ledger import GitLedgerStore
    from counterseal.model import Entry

FETCHED = f"refs/remotes/origin/{LEDGER_BRANCH}"


def read(folder: Path) -> tuple[Entry, ...]:
    """Return the entries in a clone, read as `log` does."""
    clone = LocalLedger(folder)
    clone.check()
    return tuple(reader().read_whole(clone).entries)


def cloned(tmp_path: Path, remote: Path, *options: str) -> Path:
    git(tmp_path, "clone", "--quiet", *options, f"file://{remote}", "clone")
    return tmp_path / "clone"


# --- whole clones ----------------------------------------------------------------------------------


def test_a_clone_is_read_without_its_remote(tmp_path: Path, remote: Path) -> None:
    written = planted(remote, 7, 5)
    clone = cloned(tmp_path, remote)
    remote.rename(tmp_path / "away.git")
    lines = [entry.line for entry in written.entries]
    (clone / "src").mkdir()
    for folder in (clone, clone / "src", tmp_path / "away.git"):
        assert [entry.line for entry in read(folder)] == lines
    tip = reader().read(LocalLedger(clone))
    assert tip.find(identifier("0")) == written.entries[1]
    assert tip.find(identifier("never")) is None


def test_a_clone_needs_no_notes(tmp_path: Path, remote: Path) -> None:
    planted(remote, 2)
    clone = cloned(tmp_path, remote)
    assert git(clone, "for-each-ref", NOTES_REF) == ""
    assert len(read(clone)) == 3
    git(clone, "update-ref", NOTES_REF, "main")
    assert len(read(clone)) == 3


def test_a_clone_without_a_ledger_has_none(tmp_path: Path, remote: Path) -> None:
    clone = LocalLedger(cloned(tmp_path, remote))
    clone.check()
    assert (clone.tip(), clone.commits(5), clone.commits(None)) == (None, [], [])


def test_what_was_fetched_comes_before_a_local_branch(tmp_path: Path, remote: Path) -> None:
    planted(remote, 3)
    clone = cloned(tmp_path, remote)
    git(clone, "update-ref", LEDGER_REF, f"{FETCHED}~2")
    assert len(read(clone)) == 4
    git(clone, "update-ref", "-d", FETCHED)
    assert len(read(clone)) == 2
    git(clone, "update-ref", "refs/remotes/other/" + LEDGER_BRANCH, LEDGER_REF)
    git(clone, "update-ref", "-d", LEDGER_REF)
    assert LocalLedger(clone).tip() is None


def test_both_sides_have_the_same(tmp_path: Path, store: GitLedgerStore, remote: Path) -> None:
    planted(remote, 7, 5)
    clone = LocalLedger(cloned(tmp_path, remote))
    assert clone.tip() == store.tip()
    for most in (1, 4, None):
        assert clone.commits(most) == store.commits(most)
    ids = [str(each.line) for each in store.commits(None)] + [each.tree for each in store.commits(None)]
    assert clone.objects(ids) == store.objects(ids)


def test_what_the_clone_is_set_to_changes_nothing_and_runs_nothing(tmp_path: Path, remote: Path) -> None:
    written = planted(remote, 2)
    clone = cloned(tmp_path, remote)
    tip, parent = git(clone, "rev-parse", FETCHED, f"{FETCHED}~").split()
    for name, value in {
        "i18n.logOutputEncoding": "UTF-16",
        "log.showSignature": "true",
        "log.showRoot": "false",
        "core.fsmonitor": f"touch {tmp_path}/ran",
        "core.pager": f"touch {tmp_path}/ran",
        "alias.rev-list": f"!touch {tmp_path}/ran",
        "core.hooksPath": str(clone / ".git" / "hooks"),
        "log.date": "relative",
        "format.pretty": "oneline",
    }.items():
        git(clone, "config", name, value)
    hook(clone / ".git", "reference-transaction", f"touch {tmp_path}/ran")
    git(clone, "-c", "core.hooksPath=/dev/null", "replace", tip, git(clone, "rev-parse", "main"))
    (clone / ".git" / "info").mkdir(exist_ok=True)
    (clone / ".git" / "info" / "grafts").write_text(f"{parent}\n")
    (tmp_path / "ran").unlink(missing_ok=True)
    found = LocalLedger(clone).commits(2)
    assert (found[0].id, len(found[0].parents), len(found[1].parents)) == (tip, 1, 1)
    (clone / ".git" / "info" / "grafts").unlink()
    assert [entry.line for entry in read(clone)] == [entry.line for entry in written.entries]
    assert not (tmp_path / "ran").exists()


def test_what_is_no_clone_or_a_shallow_one_is_an_error(tmp_path: Path, remote: Path) -> None:
    planted(remote, 2)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ServiceError, match="cannot be read as a git repository") as caught:
        read(empty)
    assert caught.value.fix == "name a clone that has the ledger: --folder PATH"
    commit(remote, "refs/heads/main", {"a": "1"})
    shallow = cloned(tmp_path, remote, "--depth=1")
    with pytest.raises(ServiceError, match="this clone is shallow") as caught:
        read(shallow)
    git(shallow, *caught.value.fix.split()[1:])
    git(shallow, "fetch", "--quiet", "origin", f"{LEDGER_REF}:{FETCHED}")
    assert len(read(shallow)) == 3


def test_where_a_clone_came_from(tmp_path: Path, remote: Path) -> None:
    assert origin(cloned(tmp_path, remote)) == f"file://{remote}"
    assert origin(remote) == ""
    assert origin(tmp_path) == ""


# --- clones that lack something ----------------------------------------------------------------------


def partial(tmp_path: Path, remote: Path, what: str = "blob:none") -> Path:
    """Return a clone that lacks blobs, or trees too, and would start a program to get what it lacks."""
    planted(remote, 2)
    clone = cloned(tmp_path, remote, f"--filter={what}", "--no-checkout")
    witness = tmp_path / "witness.sh"
    witness.write_text(f'#!/bin/sh\ntouch "{tmp_path}/started"\n')
    witness.chmod(0o755)
    git(clone, "config", "remote.origin.uploadpack", str(witness))
    return clone


@pytest.mark.parametrize("what", ["blob:none", "tree:0"])
def test_a_partial_clone_fetches_nothing_and_says_what_to_do(tmp_path: Path, remote: Path, what: str) -> None:
    clone = partial(tmp_path, remote, what)
    with pytest.raises(ServiceError, match="lacks a part of the ledger") as caught:
        read(clone)
    with pytest.raises(ServiceError, match="lacks a part of the ledger"):
        reader().read(LocalLedger(clone))
    assert not (tmp_path / "started").exists()
    assert caught.value.fix.startswith("git fetch --refetch --no-filter origin")
    git(clone, "config", "--unset", "remote.origin.uploadpack")
    git(clone, *caught.value.fix.partition(",")[0].split()[1:])
    assert len(read(clone)) == 3


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
    tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch, version: str, obeys: bool
) -> None:
    clone = partial(tmp_path, remote)
    real = shutil.which("git")
    tells = f'if [ "$last" = version ]; then echo "git version {version}"; exit; fi'
    script = f'#!/bin/sh\nfor last; do :; done\n{tells}\nexec {real} "$@"\n'
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(script)
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    said = "lacks a part of the ledger" if obeys else "this version of git would fetch what it lacks"
    with pytest.raises(ServiceError, match=said):
        read(clone)
    assert not (tmp_path / "started").exists()
    assert len(read(remote)) == 3


def lines_blob(remote: Path, name: str) -> str:
    return git(remote, "rev-parse", f"{LEDGER_REF}:{keys.path(places.entry_key(identifier(name)))}")


@pytest.mark.parametrize("kind", ["blob", "commit"])
def test_a_clone_that_lost_an_object_names_it(tmp_path: Path, remote: Path, kind: str) -> None:
    planted(remote, 3, loose=True)
    lost = lines_blob(remote, "1") if kind == "blob" else git(remote, "rev-parse", f"{LEDGER_REF}~2")
    lose(remote, lost)
    with pytest.raises(ServiceError, match=r"lacks a part of the ledger") as caught:
        read(remote)
    assert lost[:12] in caught.value.why
    assert caught.value.fix.startswith("make a clone anew")


@pytest.mark.parametrize("kind", ["blob", "tree"])
def test_an_object_with_other_bytes_than_its_name_says_is_not_believed(remote: Path, kind: str) -> None:
    """git reads it without a word."""
    planted(remote, 3, loose=True)
    tip = git(remote, "rev-parse", f"{LEDGER_REF}^{{tree}}")
    changed, other = (lines_blob(remote, "1"), lines_blob(remote, "2")) if kind == "blob" else (tip, "main^{tree}")
    content = git(remote, "cat-file", kind, other).encode() if kind == "blob" else b""
    path = remote / "objects" / changed[:2] / changed[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"%s %d\0" % (kind.encode(), len(content)) + content))
    assert git(remote, "cat-file", kind, changed).encode() == content
    with pytest.raises(ServiceError, match="lacks a part of the ledger") as caught:
        LocalLedger(remote).objects([changed])
    assert "other bytes" in caught.value.why
    if kind == "blob":
        with pytest.raises(ServiceError, match="lacks a part of the ledger"):
            read(remote)
