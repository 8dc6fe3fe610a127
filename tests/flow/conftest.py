"""Worlds for flow tests: built once, one shared by tests that leave it usable, a fresh one for the others.

Each is at a forge. A test says with the mark `forges` at which ones it is played; without it, at GitHub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.flow import worlds

from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.worlds import FlowWorld


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play a test that has a world at each forge that the nearest mark names."""
    if "kind" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("forges")
        metafunc.parametrize("kind", mark.args if mark else (ForgeKind.GITHUB,), scope="module", ids=str)


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return worlds.build(tmp_path_factory.mktemp("build"))


@pytest.fixture
def built(tmp_path: Path, dist: Path, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world whose tag is built; nothing is signed yet."""
    with worlds.world(tmp_path, dist, kind) as flow_world:
        yield flow_world


@pytest.fixture
def fresh(built: FlowWorld) -> FlowWorld:
    """A world of its own, with a candidate."""
    worlds.sign(built)
    return built


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, dist: Path, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world with a candidate for all tests of a module: each makes requests of its own and breaks nothing."""
    with worlds.world(tmp_path_factory.mktemp("world"), dist, kind) as flow_world:
        worlds.sign(flow_world)
        yield flow_world
