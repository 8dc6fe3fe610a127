"""Who signs the release folders that strangers are shown: one sandbox's keyless services for a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.interop.releases import Signers

from counterseal.sandbox.http import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def signers() -> Iterator[Signers]:
    server = LoopbackServer()
    server.start()
    yield Signers(server)
    server.stop()
