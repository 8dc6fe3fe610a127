"""Worlds for flow tests: built once a process, one shared by tests that leave it usable, a fresh one for the others.

Each is at a forge. A test says with the mark `forges` at which ones it is played; without it, at GitHub.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.flow import stories, worlds
from tests.flow.pool import Pool

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


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Iterator[Pool]:
    """Worlds to lend."""
    with ExitStack() as stack:
        yield Pool(lambda: tmp_path_factory.mktemp("pool"), dist, stack)


@pytest.fixture
def built(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world whose tag is built; nothing is signed yet."""
    with pool.world(kind) as flow_world:
        yield flow_world


@pytest.fixture
def fresh(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world of its own, with a candidate."""
    with pool.world(kind, worlds.sign) as flow_world:
        yield flow_world


@pytest.fixture
def staged(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world of its own, whose candidate has passed the first stage."""
    with pool.world(kind, worlds.sign, stories.allow_staging) as flow_world:
        yield flow_world


@pytest.fixture
def awaited(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world of its own, in which the last stage is asked for, approved and merged, and not decided."""
    with pool.world(kind, worlds.sign, stories.allow_staging, stories.await_production) as flow_world:
        yield flow_world


@pytest.fixture(scope="module")
def shared(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world with a candidate for all tests of a module: each makes requests of its own and breaks nothing."""
    with pool.world(kind, worlds.sign) as flow_world:
        yield flow_world
