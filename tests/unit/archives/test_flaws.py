"""What varies, judged from what was seen."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from counterseal import archives
from counterseal.archives import advice, makers
from counterseal.model import Archive, GzipHeader, Member, MemberKind

EPOCH = 1_700_000_000
PAGE = Path(__file__).parents[3] / "docs" / "packing.md"


def seen(*members: Member, **more: Any) -> Archive:
    return Archive(**{"kind": "tar", "name": "a-1.tar.gz", "members": members, **more})


def file(name: str, **more: Any) -> Member:
    return Member(name, **{"kind": MemberKind.FILE, "time": 0.0, "mode": 0o644, **more})


def codes(archive: Archive, epoch: int | None = None) -> dict[str, bool]:
    return {flaw.code: flaw.certain for flaw in archives.find(archive, epoch)}


@pytest.mark.parametrize(
    ("times", "epoch", "found"),
    [
        ([0, 315532800, 499162500, 1153704088, 1580601600], None, {}),
        ([EPOCH, EPOCH], None, {"times-to-tell": False}),
        ([EPOCH, EPOCH], EPOCH, {}),
        ([EPOCH + 1, 0], EPOCH, {"times": True}),
        ([EPOCH, EPOCH + 1], None, {"times": True}),
        ([EPOCH + 1, EPOCH + 2], EPOCH + 1, {}),  # Info-ZIP rounds up
        ([315532800], 5, {}),
        ([1e30, -5.0], None, {"times": True}),
        ([None], EPOCH, {}),
    ],
)
def test_times(times: list[float | None], epoch: int | None, found: dict[str, bool]) -> None:
    members = [file(f"{number}", time=time) for number, time in enumerate(times)]
    assert codes(seen(*members), epoch) == found


@pytest.mark.parametrize(
    ("mode", "varies"),
    [(0o644, False), (0o755, False), (0o444, False), (0o555, False), (None, False)]
    + [(mode, True) for mode in (0o664, 0o600, 0o640, 0o775, 0o700, 0o744, 0o4755, 0o666, 0)],
)
def test_modes(mode: int | None, varies: bool) -> None:
    assert codes(seen(file("a", mode=mode))) == ({"modes": True} if varies else {})
    link = Member("l", MemberKind.SYMLINK, 0.0, 0o777, target="a")
    assert codes(seen(link)) == {}


@pytest.mark.parametrize(
    ("names", "sorted_"),
    [
        (["a", "b/x", "b/y", "c"], True),
        (["b/x", "a", "c", "b/y"], True),
        (["B", "a"], True),
        (["a", "B"], True),
        (["a_b", "a.js", "B"], True),
        (["b", "a"], False),
        (["x/b/1", "x/a/1"], False),
        (["a", "p-1.dist-info/WHEEL", "p-1.dist-info/RECORD", "p-1.dist-info/METADATA"], True),
        (["META-INF/x", "META-INF/MANIFEST.MF", "a"], True),
    ],
)
def test_order(names: list[str], sorted_: bool) -> None:
    assert codes(seen(*map(file, names))) == ({} if sorted_ else {"order": True})
    sdist = seen(*map(file, names), texts={"a-1/PKG-INFO": b"", "a-1/pyproject.toml": b"[build-system]\nrequires=[]"})
    assert codes(sdist) == ({} if sorted_ else {"order-to-tell": False})


def test_certain_things_come_first_and_samples_are_few() -> None:
    members = [file(f"{number:03}", time=EPOCH + number, owners=("ci",)) for number in range(100)]
    found = archives.find(seen(*members, compressed=True), None)
    assert [flaw.certain for flaw in found] == [True, True, False]
    assert (found[0].count, found[0].samples[0]) == (100, "000 (2023-11-14 22:13:20)")
    assert len(found[0].samples) == 3


@pytest.mark.parametrize(
    ("texts", "maker"),
    [
        ({"p-1.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: hatchling 1.33.0\n"}, "hatchling"),
        ({"p-1.dist-info/WHEEL": b"Generator: bdist_wheel (0.45)\n"}, "setuptools"),
        ({"p-1.dist-info/WHEEL": b"Generator: setuptools (84.2.1)\n"}, "setuptools"),
        ({"p-1.dist-info/WHEEL": b"Generator: uv 0.13\n"}, "uv_build"),
        ({"package/package.json": b"{}"}, "npm"),
        ({"x-1/Cargo.toml.orig": b""}, "cargo"),
        ({"META-INF/MANIFEST.MF": b"Created-By: Apache Maven 3.9\n"}, "Maven"),
        ({"META-INF/MANIFEST.MF": b"Created-By: 21 (Oracle)\n"}, "jar"),
        ({"a/PKG-INFO": b"", "a/pyproject.toml": b'[build-system]\nbuild-backend = "flit_core.buildapi"'}, "flit"),
        ({"a/PKG-INFO": b"", "a/pyproject.toml": b""}, "setuptools"),
        ({"a/PKG-INFO": b"", "a/pyproject.toml": b"\xff["}, ""),
        ({"a/PKG-INFO": b"", "a/pyproject.toml": b"build-system = 3"}, "setuptools"),
        ({"a/PKG-INFO": b"", "a/setup.py": b""}, "setuptools"),
        ({"a/PKG-INFO": b"", "a/pyproject.toml": b'[build-system]\nbuild-backend = "ours"'}, ""),
        ({}, ""),
    ],
)
def test_makers(texts: dict[str, bytes], maker: str) -> None:
    assert makers.of(seen(texts=texts)) == maker
    assert all(makers.tells(name) for name in texts)


def test_the_fix_is_that_of_the_maker() -> None:
    times = [file("a", time=EPOCH), file("b", time=EPOCH + 9)]
    setuptools = seen(*times, texts={"p.dist-info/WHEEL": b"Generator: setuptools (1)"})
    assert "hatchling, flit or uv_build" in archives.find(setuptools, None)[0].fix
    assert "--sort=name" in archives.find(seen(*times), None)[0].fix
    assert "zip -X" in archives.find(seen(*times, kind="zip"), None)[0].fix
    assert "umask 022" in archives.find(seen(file("a", mode=0o600), kind="zip"), None)[0].fix


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (GzipHeader(0, 255, None, 10), {}),
        (GzipHeader(0, 3, None, 10), {}),
        (GzipHeader(EPOCH, 3, None, 10), {"gzip-time": True}),
        (GzipHeader(0, 3, "a-1.tar", 10), {"gzip-name-to-tell": False}),
        (GzipHeader(0, 3, "tmp81.tar", 10), {"gzip-name": True}),
        (GzipHeader(0, 11, None, 10), {"gzip-system": False}),
    ],
)
def test_gzip(header: GzipHeader, found: dict[str, bool]) -> None:
    assert codes(seen(gzip=header, gzip_streams=1)) == found


def test_every_code_has_a_fix_and_a_row_and_no_fix_is_for_a_code_that_is_none() -> None:
    general = set(advice._GENERAL)
    assert {code for _, code in advice._BY_MAKER} <= general
    assert all(
        advice.of(code, maker, "zip") for code, maker in itertools.product(general, (*makers.SORTING, "", "jar"))
    )
    page = PAGE.read_text()
    assert {code for code in general if f"`{code}`" not in page} == set()
