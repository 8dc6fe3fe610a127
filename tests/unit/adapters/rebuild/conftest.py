"""Places for builds, kept apart by what this machine has; each test runs once by each mechanism."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.rebuild import mechanism
from counterseal.adapters.rebuild.cell import BuildCell
from counterseal.model import Bounds, Conditions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAMS = {"bubblewrap": "bwrap", "unshare": "unshare"}
MECHANISMS: dict[str, mechanism.Mechanism] = {
    "bubblewrap": mechanism.Bubblewrap(),
    "unshare": mechanism.Namespaces(),
}
BOUNDS = Bounds(seconds=30, disk=64 << 20, output=1 << 20)


@pytest.fixture(scope="session")
def works(tool: Callable[[str], Path]) -> Callable[[str], mechanism.Mechanism]:
    """Return a finder of a mechanism; where user namespaces are shut, the test skips (in CI: fails)."""

    def get(name: str) -> mechanism.Mechanism:
        tool(PROGRAMS[name])
        wrong = mechanism._wrong(MECHANISMS[name])
        if wrong:
            pytest.skip(f"{name} does not keep anything apart here: {wrong}")
        return MECHANISMS[name]

    return get


@pytest.fixture(params=sorted(MECHANISMS))
def apart(request: pytest.FixtureRequest, works: Callable[[str], mechanism.Mechanism]) -> mechanism.Mechanism:
    return works(request.param)


@pytest.fixture
def cell(apart: mechanism.Mechanism, tmp_path: Path) -> Iterator[BuildCell]:
    place = BuildCell(tmp_path / "cell", apart, Conditions(), BOUNDS)
    yield place
    place.remove()
    assert not (tmp_path / "cell").exists()
