"""How request files come onto a branch, read by the real adapters: what can never be decided is said, not raised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests import evidence_samples as samples
from tests.contract.world import GitLabWorld, World

from counterseal.adapters.git.repository import GitRepository
from counterseal.adapters.local.clock import SystemClock
from counterseal.errors import ServiceError
from counterseal.gate import request_files
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal.evaluation.request_file import MergedFile, RequestFile

PATH = f"promotions/staging/{'a' * 64}.first.json"


@pytest.fixture(params=[World, GitLabWorld], ids=["github", "gitlab"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with Sandbox(tmp_path / "sandbox") as sandbox:
        yield request.param(sandbox)


@pytest.fixture
def repository(world: World, tmp_path: Path) -> GitRepository:
    place = "gitlab" if isinstance(world, GitLabWorld) else "github"
    heads = "refs/merge-requests/{number}/head" if place == "gitlab" else "refs/pull/{number}/head"
    url = f"{world.sandbox.url}/{place}/git/{world.name}.git"
    return GitRepository(url, tmp_path / "copy", token=None, default_branch="main", head_ref=heads)


def read(world: World, repository: GitRepository) -> RequestFile:
    """Return the newest request as a run of the gate reads it."""
    forge, head = world.forge(), repository.resolve("refs/heads/main")
    assert head
    merged = request_files.merged_requests(repository, head)[-1]
    change = forge.change_request_of(merged.revision, "refs/heads/main")
    base = request_files.base_of(repository, forge, merged, change)
    return request_files.request_file(repository, forge, merged, base, change, samples.POLICY)


def test_a_file_of_the_first_commit(world: World, repository: GitRepository) -> None:
    git, alice = world.repository.git, world.who("alice")
    tree = git.tree_with(None, PATH, b"{}")
    person = git.commit(world.first).author
    root = git.commit_tree(tree, [], "first", author=person, committer=person)
    world.repository.move_branch("main", root, alice)
    found = read(world, repository)
    assert found.content is None
    assert found.problem == f"{PATH} came with the first commit of the branch, which nobody reviews"


def merged(found: RequestFile) -> MergedFile:
    assert found.merged is not None
    return found.merged


def test_a_file_of_more_than_64_mib(world: World, repository: GitRepository) -> None:
    world.write("bob", PATH, b" " * (64 << 20) + b"{}")
    world.changes.merge(world.open(), world.who("alice"), "squash")
    found = read(world, repository)
    assert found.content is None
    assert "has 67108866 bytes" in found.problem
    assert not merged(found).same_at_head


def test_a_head_whose_ref_is_gone(world: World, repository: GitRepository) -> None:
    world.write("bob", PATH, b"{}")
    change = world.open()
    world.changes.merge(change, world.who("alice"), "squash")
    assert not merged(read(world, repository)).head_gone
    world.repository.git.set_ref(world.repository.git.head_ref(change.number), None)
    found = read(world, repository)
    assert merged(found).head_gone
    assert not merged(found).same_at_head


def lag(world: World, repository: GitRepository) -> None:
    head = repository.resolve("refs/heads/main")
    assert head
    merged = request_files.merged_requests(repository, head)[-1]
    request_files.require_no_lag(repository, world.forge(), SystemClock(), merged)


def test_a_commit_that_came_just_now_may_have_a_change_request_soon(world: World, repository: GitRepository) -> None:
    # R50 | a forge may be slow to say which change request brought a commit
    world.model.clock = lambda: datetime.now(UTC) - timedelta(hours=1)
    world.write("alice", "before", branch="main")
    # a date that its author chose says nothing
    world.model.clock = lambda: datetime.now(UTC) - timedelta(minutes=14)
    world.write("alice", PATH, b"{}", branch="main")
    with pytest.raises(ServiceError, match="cannot be told yet") as caught:
        lag(world, repository)
    assert "run the gate again in some minutes" in caught.value.fix
    world.model.clock = lambda: datetime.now(UTC)
    world.write("alice", "after", branch="main")
    with pytest.raises(ServiceError, match="cannot be told yet"):
        lag(world, repository)


def test_after_a_quarter_of_an_hour_nobody_merged_it(world: World, repository: GitRepository) -> None:
    # R50 | afterwards it was pushed
    world.model.clock = lambda: datetime.now(UTC) - timedelta(minutes=16)
    world.write("alice", PATH, b"{}", branch="main")
    lag(world, repository)
    world.model.clock = lambda: datetime.now(UTC)
    world.write("alice", "after", branch="main")
    lag(world, repository)


def test_a_young_date_in_the_commit_buys_no_time(world: World, repository: GitRepository) -> None:
    git, alice = world.repository.git, world.who("alice")
    world.model.clock = lambda: datetime.now(UTC) - timedelta(minutes=16)
    world.write("alice", "before", branch="main")
    person = git.commit(world.first).author
    young = type(person)(person.name, person.email, datetime.now(UTC))
    tip = world.repository.branch("main") or ""
    sha = git.commit_tree(git.tree_with(tip, PATH, b"{}"), [tip], "now", author=young, committer=young)
    world.repository.move_branch("main", sha, alice)
    lag(world, repository)
