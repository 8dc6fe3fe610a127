"""Who signs the release folders that strangers are shown: one sandbox's keyless services for a module."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.interop.releases import Signers

from counterseal_sandbox.http import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def signers() -> Iterator[Signers]:
    server = LoopbackServer()
    server.start()
    yield Signers(server)
    server.stop()


@pytest.fixture(scope="module")
def kept_root(signers: Signers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trust root that a stranger has kept since before."""
    root = tmp_path_factory.mktemp("kept") / "trusted_root.jsonl"
    root.write_text(json.dumps(signers.root) + "\n")
    return root
