"""One sandbox for all contract tests, a fresh repository for each; answers are held against descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract import gitlab_described, openapi
from tests.contract.world import GitLabWorld, World, watched

from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[World]:
    with watched(sandbox, sandbox.face, openapi.Violations()):
        yield World(sandbox)


@pytest.fixture
def gitlab_world(sandbox: Sandbox) -> Iterator[GitLabWorld]:
    with watched(sandbox, sandbox.gitlab, gitlab_described.Violations()):
        yield GitLabWorld(sandbox)
