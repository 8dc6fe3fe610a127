"""The same checkout is the same SBOM, byte for byte, in whatever surroundings: one process each, as people call it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[4]
OWN_LOCKS = ROOT / "tests" / "assets" / "locks"
METADATA = "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: {licence}\n\n"


def json_reversed(text: str) -> str:
    """Return a package-lock.json with its packages, and the members of each, in reverse order."""
    lock = json.loads(text)
    lock["packages"] = {
        path: {key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in entry.items()}
        for path, entry in reversed(lock["packages"].items())
    }
    return json.dumps(dict(reversed(lock.items())), indent=4)


def toml_reversed(text: str) -> str:
    """Return a lock file of TOML with its `[[package]]` tables in reverse order, and each one's lists."""
    head, *packages = re.split(r"(?m)^(?=\[\[package\]\]\n)", text)
    lists = re.compile(r"(?m)(?<=\[\n)(?: .*,\n)+(?=\])")
    turned = (lists.sub(lambda match: "".join(reversed(match[0].splitlines(keepends=True))), one) for one in packages)
    return head + "\n".join(one.rstrip("\n") + "\n" for one in reversed(list(turned)))


def installed(*packages: tuple[str, str, str]) -> dict[str, bytes]:
    return {
        f".venv/lib/python3.11/site-packages/{name}-{version}.dist-info/METADATA": METADATA.format(
            name=name, version=version, licence=licence
        ).encode()
        for name, version, licence in packages
    }


MODULES = {
    f"node_modules/{place}/package.json": json.dumps({"name": name, "version": version, "author": author}).encode()
    for place, name, version, author in (
        ("semver", "semver", "7.8.6", "One"),
        ("entities", "entities", "7.0.1", "Two"),
        ("dom-serializer/node_modules/entities", "entities", "4.5.0", "Three"),
        ("alias", "semver", "7.8.6", "One"),
    )
}


@dataclass(frozen=True)
class Checkout:
    """Files of a checkout by path; its lock, and the same lock in another order of what has none."""

    folder: Path
    lock: str
    reversed: Callable[[str], str]
    more: Mapping[str, bytes]

    def files(self) -> dict[str, bytes]:
        """Return what the checkout has: the manifests, the lock, an artifact."""
        paths = (path for path in sorted(self.folder.rglob("*")) if path.suffix in (".toml", ".json", ".lock"))
        kept = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}
        return kept | {"dist/one.bin": b"1", "dist/two.bin": b"2"} | dict(self.more)


CHECKOUTS = {
    "python": Checkout(
        ROOT / "examples" / "app",
        "uv.lock",
        toml_reversed,
        installed(("httpx", "0.28.1", "BSD-3-Clause"), ("rich", "15.0.0", "MIT"), ("idna", "3.20", "BSD-3-Clause")),
    ),
    "npm": Checkout(ROOT / "examples" / "web", "package-lock.json", json_reversed, MODULES),
    "rust": Checkout(OWN_LOCKS / "cargo-shop" / "files", "Cargo.lock", toml_reversed, {}),
}
ONE = {"LC_ALL": "C", "PYTHONHASHSEED": "0", "TZ": "UTC", "PYTHONUTF8": "0"}
OTHER = {"LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati", "HOME": os.devnull}


@pytest.fixture(params=CHECKOUTS)
def checkout(request: pytest.FixtureRequest) -> Checkout:
    return CHECKOUTS[request.param]


def placed(folder: Path, files: Sequence[tuple[str, bytes]]) -> Path:
    """Return a checkout with these files, written in this order, as which folders may list them."""
    for path, data in files:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    (folder / ".git").mkdir()
    return folder


def made(folder: Path, environment: Mapping[str, str], umask: int) -> bytes:
    command = [sys.executable, "-m", "counterseal", "sbom", "dist/*"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": "1795507200", **environment},
        umask=umask,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return (folder / "counterseal-out" / "sbom.cdx.json").read_bytes()


@pytest.mark.slow
def test_surroundings_leave_no_trace(checkout: Checkout, tmp_path: Path) -> None:
    files = list(checkout.files().items())
    one = made(placed(tmp_path / "one", files), ONE, 0o022)
    other = made(placed(tmp_path / "ein anderer Örtlichkeit" / "x" / "y", files[::-1]), OTHER, 0o077)
    assert hashlib.sha256(one).hexdigest() == hashlib.sha256(other).hexdigest()
    described = one.count(b"counterseal:described-by")
    assert described >= len(checkout.more), "what is installed was read"


@pytest.mark.slow
def test_the_order_of_a_lock_s_entries_leaves_only_the_lock_s_digest(checkout: Checkout, tmp_path: Path) -> None:
    files = checkout.files()
    turned = checkout.reversed(files[checkout.lock].decode()).encode()
    assert turned != files[checkout.lock]
    one = made(placed(tmp_path / "one", list(files.items())), ONE, 0o022)
    other = made(placed(tmp_path / "other", list((files | {checkout.lock: turned}).items())), ONE, 0o022)
    assert without_lock(one, checkout.lock) == without_lock(other, checkout.lock)


def without_lock(data: bytes, lock: str) -> dict[str, Any]:
    """Return a document without the digest of the lock, and without the serial number that depends on it."""
    document: dict[str, Any] = json.loads(data)
    del document["serialNumber"]
    facts = document["metadata"]["component"]["properties"]
    left = [fact for fact in facts if not (fact["name"] == "counterseal:lock" and fact["value"].startswith(lock))]
    assert len(left) == len(facts) - 1
    document["metadata"]["component"]["properties"] = left
    return document
