"""Foreign repositories under act: counterseal exported once, one world for each module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.ci import newcomer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ci.newcomer import Newcomer, Product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """counterseal as others get it: a commit of the files that git knows here."""
    return newcomer.export(tmp_path_factory.mktemp("product") / "counterseal")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], Path], product: Product) -> Iterator[Newcomer]:
    """A newcomer's repository for all tests of a module."""
    with newcomer.newcomer(tmp_path_factory.mktemp("newcomer"), tool("act"), product) as found:
        yield found
