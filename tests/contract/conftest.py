"""One sandbox for all contract tests, a fresh repository for each; answers are held against GitHub's description."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.contract.openapi import Violations
from tests.contract.world import GitLabWorld, World

from counterseal.sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[World]:
    violations = sandbox.face.on_answer = Violations()
    sandbox.forge.clock = lambda: datetime.now(UTC)
    yield World(sandbox)
    sandbox.server.interceptors.clear()
    assert violations == []
    unknown, sandbox.forge.unknown_calls[:] = list(sandbox.forge.unknown_calls), []
    assert unknown == []


@pytest.fixture
def gitlab_world(sandbox: Sandbox) -> Iterator[GitLabWorld]:
    sandbox.forge.clock = lambda: datetime.now(UTC)
    yield GitLabWorld(sandbox)
    sandbox.server.interceptors.clear()
    unknown, sandbox.forge.unknown_calls[:] = list(sandbox.forge.unknown_calls), []
    assert unknown == []
