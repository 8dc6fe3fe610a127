"""Worlds for flow tests: built once, one shared by tests that leave it usable, a fresh one for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.flow import worlds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.worlds import FlowWorld


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return worlds.build(tmp_path_factory.mktemp("build"))


@pytest.fixture
def built(tmp_path: Path, dist: Path) -> Iterator[FlowWorld]:
    """A world whose tag is built; nothing is signed yet."""
    with worlds.world(tmp_path, dist) as found:
        yield found


@pytest.fixture
def fresh(built: FlowWorld) -> FlowWorld:
    """A world of its own, with a candidate."""
    worlds.sign(built)
    return built


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Iterator[FlowWorld]:
    """A world with a candidate for all tests of a module: each makes requests of its own and breaks nothing."""
    with worlds.world(tmp_path_factory.mktemp("world"), dist) as found:
        worlds.sign(found)
        yield found
