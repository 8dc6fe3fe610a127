"""Foreign repositories under act and gitlab-ci-local: counterseal exported once, one world for each module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.ci import newcomer
from tests.ci.gitlab_local import Local

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
    with newcomer.newcomer(tmp_path_factory.mktemp("newcomer"), tool("act"), product) as repository:
        yield repository


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], Path], product: Product) -> Local:
    """gitlab-ci-local where counterseal is a bare repository on this machine.

    It asks for `ref` by `git clone --branch`, which takes no commit id, as GitLab does: a tag has the id as its name.
    """
    folder = tmp_path_factory.mktemp("gitlab")
    bare = folder / "group" / "counterseal.git"
    newcomer.git(folder, "clone", "-q", "--bare", str(product.folder), str(bare))
    newcomer.git(bare, "update-ref", f"refs/tags/{product.sha}", product.sha)
    newcomer.git(bare, "config", "uploadpack.allowFilter", "true")
    (folder / "runs").mkdir()
    return Local(tool("gitlab-ci-local"), folder / "runs", f"file://{bare.parent}/")
