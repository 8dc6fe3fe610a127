"""The npm package among the examples: packed without node as npm packs it, from a lock file that reaches nobody."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.project.source_tree import ROOT

WEB = ROOT / "examples" / "web"
MEMBERS = [
    ("package/LICENSE", 0o644),
    ("package/README.md", 0o644),
    ("package/package.json", 0o644),
    ("package/src/main.js", 0o755),
    ("package/src/page.js", 0o644),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WEB, tmp_path / "web", ignore=shutil.ignore_patterns("dist", "node_modules")))


def packed(place: Path, **environment: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-I", place / "pack.py"], env=environment, capture_output=True, text=True, check=True
    )
    return (place / done.stdout.strip()).read_bytes()


def members(archive: bytes) -> list[tuple[str, int]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return sorted((member.name, member.mode) for member in tar)


def test_the_archive_holds_what_the_package_says_and_what_npm_always_packs(place: Path) -> None:
    (place / "src" / "more").mkdir()
    (place / "src" / "more" / "a.js").write_text("")
    (place / "secret.txt").write_text("stays here")
    assert members(packed(place)) == sorted([*MEMBERS, ("package/src/more/a.js", 0o644)])


def test_the_same_files_are_the_same_bytes_wherever_and_whenever(place: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(place, tmp_path / "another place" / "x"))
    for file in other.rglob("*"):
        file.chmod(0o700)
        os.utime(file, (1, 1))
    assert packed(other, TZ="Pacific/Kiritimati", SOURCE_DATE_EPOCH="9") == packed(place, SOURCE_DATE_EPOCH="9")
    assert packed(other) != packed(place, SOURCE_DATE_EPOCH="9")


def test_nothing_in_the_archive_tells_who_packed_it(place: Path) -> None:
    archive = packed(place, SOURCE_DATE_EPOCH="9")
    assert archive[3:8] == bytes(5), "no name and no time in the head of gzip"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))) as tar:
        assert {(member.uid, member.gid, member.uname, member.gname, member.mtime) for member in tar} == {
            (0, 0, "", "", 9)
        }


def test_npm_packs_the_same_files(place: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not here")
    subprocess.run([npm, "pack", "--offline", "--silent"], cwd=place, capture_output=True, check=True)
    assert members((place / "acme-web-0.3.0.tgz").read_bytes()) == members(packed(place))


def test_the_lock_file_fits_the_package_and_names_no_real_host() -> None:
    package, lock = (json.loads((WEB / name).read_text()) for name in ("package.json", "package-lock.json"))
    root = lock["packages"][""]
    kinds = ("name", "version", "dependencies", "optionalDependencies", "devDependencies")
    assert {kind: root[kind] for kind in kinds} == {kind: package[kind] for kind in kinds}
    locked = [entry for path, entry in lock["packages"].items() if path]
    assert all(entry["resolved"].startswith("https://npm.example/") for entry in locked)
    assert all(entry["integrity"].startswith("sha512-") for entry in locked)
