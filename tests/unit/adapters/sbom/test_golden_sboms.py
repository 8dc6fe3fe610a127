"""An SBOM of each ecosystem as people see it, laid out for reading, held against files that were read by eye.

After a wanted change: `WRITE_GOLDEN=1 pytest tests/unit/adapters/sbom/test_golden_sboms.py`, then read the diff.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.model import Subject

ROOT = Path(__file__).resolve().parents[4]
GOLDEN = ROOT / "tests" / "assets" / "sbom"
OWN_LOCKS = ROOT / "tests" / "assets" / "locks"
#: 2026-11-24T08:00:00Z
EPOCH = 1795507200
REVISION = "5d1c" * 10


@dataclass(frozen=True)
class Checkout:
    """A checkout to make the SBOM of: its files, the names of the artifacts, and whether development comes along."""

    files: Path
    artifacts: tuple[str, ...]
    development: bool = False


CHECKOUTS = {
    "python": Checkout(ROOT / "examples" / "app", ("app-1.2.0-py3-none-any.whl", "app-1.2.0.tar.gz")),
    "npm": Checkout(ROOT / "examples" / "web", ("acme-web-0.3.0.tgz",), development=True),
    "rust": Checkout(OWN_LOCKS / "cargo-shop" / "files", ("shop",)),
    "go": Checkout(OWN_LOCKS / "go-shop" / "files", ("shop-linux-amd64", "shop-linux-arm64")),
    "java": Checkout(OWN_LOCKS / "gradle-shop" / "files", ("app.jar",)),
}


@pytest.mark.parametrize("name", CHECKOUTS)
def test_an_sbom_looks_as_it_did(name: str, tmp_path: Path) -> None:
    checkout = CHECKOUTS[name]
    left_out = shutil.ignore_patterns("dist", "counterseal-out", "node_modules", ".venv", "__pycache__")
    folder = Path(shutil.copytree(checkout.files, tmp_path / "checkout", ignore=left_out))
    (folder / ".git").mkdir()
    artifacts = [Subject(artifact, hashlib.sha256(artifact.encode()).hexdigest()) for artifact in checkout.artifacts]
    builder = LockSbomBuilder(development=checkout.development)
    document = json.loads(builder.build([folder], artifacts, revision=REVISION, epoch=EPOCH).data)
    # A release of ours changes both, and nothing else.
    document["metadata"]["tools"]["components"][0]["version"] = "0.0.0"
    document["serialNumber"] = "urn:uuid:00000000-0000-0000-0000-000000000000"
    shown = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    file = GOLDEN / f"{name}.cdx.json"
    if os.environ.get("WRITE_GOLDEN") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")
