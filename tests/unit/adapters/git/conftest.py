"""A bare remote, a store on it, and a server that gives it by http."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit import git_remotes as remotes
from tests.unit.git_remotes import git

from counterseal.adapters.git.ledger import GitLedgerStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal_sandbox.http import LoopbackServer


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A remote as forges are: it leaves out what a reader does not ask for."""
    folder = remotes.bare(tmp_path / "remotes" / "app.git")
    git(folder, "config", "uploadpack.allowFilter", "true")
    return folder


@pytest.fixture
def store(tmp_path: Path, remote: Path) -> GitLedgerStore:
    return GitLedgerStore(str(remote), tmp_path / "copy.git", token=None)


@pytest.fixture
def server(remote: Path) -> Iterator[LoopbackServer]:
    git(remote, "config", "http.receivepack", "true")
    server = remotes.serve(remote.parent)
    yield server
    server.stop()
