"""Commits that no ref of a real remote points to any more are brought by their ids, or are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit import git_remotes as remotes
from tests.unit.git_remotes import git

from counterseal.adapters.git.lost import GitLostTips
from counterseal.errors import FormatError, LedgerError, ServiceError
from counterseal.identifiers import LEDGER_REF, NOTES_REF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal_sandbox.http import LoopbackServer


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return remotes.bare(tmp_path / "remotes" / "app.git")


@pytest.fixture
def server(remote: Path) -> Iterator[LoopbackServer]:
    server = remotes.serve(remote.parent)
    yield server
    server.stop()


@pytest.fixture
def tips(tmp_path: Path, server: LoopbackServer) -> GitLostTips:
    return GitLostTips(f"{server.url}/git/app.git", tmp_path / "lost.git", token=None, user="x-access-token")


@pytest.fixture
def lost(remote: Path) -> list[str]:
    """Return three commits of which the remote has no ref any more, oldest first."""
    commits: list[str] = []
    for number in range(3):
        blob = git(remote, "hash-object", "-w", "--stdin", data=f"line {number}\n")
        tree = git(remote, "mktree", data=f"100644 blob {blob}\t{number}\n")
        parent = ("-p", commits[-1]) if commits else ()
        commits.append(git(remote, "commit-tree", tree, *parent, "-m", f"entry {number}\n\nLine: {blob}"))
    return commits


def test_a_commit_without_a_ref(tips: GitLostTips, lost: list[str]) -> None:
    assert tips.bring(lost[1])
    assert tips.history(lost[1]) == [lost[1], lost[0]]
    source = tips.at(lost[1])
    assert source.tip() == lost[1]
    commits = source.commits(None)
    assert [(commit.id, commit.parents) for commit in commits] == [(lost[1], (lost[0],)), (lost[0], ())]
    line = str(commits[0].line)
    assert source.objects([line]) == {line: b"line 1\n"}
    assert tips.bring(lost[2])
    assert tips.history(lost[2], [lost[1]]) == [lost[2]]
    assert len(tips.at(lost[2]).commits(2)) == 2


def test_where_the_refs_are(remote: Path, tips: GitLostTips, lost: list[str]) -> None:
    assert tips.places() == (None, None)
    git(remote, "update-ref", LEDGER_REF, lost[0])
    assert tips.places() == (lost[0], None)
    git(remote, "update-ref", NOTES_REF, lost[1])
    assert tips.places() == (lost[0], lost[1])


def test_what_is_named_and_not_there(tips: GitLostTips, lost: list[str]) -> None:
    assert tips.bring(lost[0])
    source = tips.at(lost[0])
    for name in ("12" * 20, lost[0]):
        with pytest.raises(LedgerError, match=f"names {name[:12]}"):
            source.objects([name])


def test_a_commit_that_the_remote_has_lost(remote: Path, tips: GitLostTips, lost: list[str]) -> None:
    git(remote, "reflog", "expire", "--expire=now", "--all")
    git(remote, "gc", "--quiet", "--prune=now")
    assert not tips.bring(lost[2])
    assert not tips.bring("12" * 20)


@pytest.mark.parametrize("name", ["--upload-pack=evil", "refs/heads/main", "ab" * 19, "", "AB" * 20])
def test_a_name_that_is_no_commit_comes_not_near_git(tips: GitLostTips, name: str) -> None:
    for ask in (tips.bring, tips.history, tips.at):
        with pytest.raises(FormatError, match="is not a commit id"):
            ask(name)


def test_a_remote_that_is_away_has_lost_nothing(tmp_path: Path, lost: list[str]) -> None:
    away = GitLostTips(str(tmp_path / "nowhere.git"), tmp_path / "x.git", token=None, user="x-access-token")
    with pytest.raises(ServiceError, match=f"git could not fetch {lost[0][:12]}"):
        away.bring(lost[0])
