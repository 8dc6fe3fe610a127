"""What Python packages say: installed, in wheels and source archives of the repository."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from tests.unit.adapters.sbom.descriptions.looked_up import all_of, locked, one, put, tarred, zipped

from counterseal.adapters.sbom.addresses import distribution
from counterseal.adapters.sbom.descriptions.description import Description, Places

if TYPE_CHECKING:
    from pathlib import Path

WHEEL = "left-1.0.0-py3-none-any.whl"


def metadata(*lines: str, name: str = "Left", version: str = "1.0.0") -> str:
    return "\n".join(("Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *lines, ""))


MIT = metadata("License-Expression: MIT")


def installed(tmp_path: Path, *lines: str) -> Description | None:
    put(tmp_path / "site" / "left-1.0.0.dist-info" / "METADATA", metadata(*lines))
    return one(tmp_path / "repository", "pypi", "left", places={"python": tmp_path / "site"})


@pytest.mark.parametrize(
    ("lines", "supplier"),
    [
        (["Author: Ann Lee", "Author-email: bob@x.example"], "Ann Lee"),
        (["Author-email: Ann Lee <ann@x.example>, Bob <bob@x.example>"], "Ann Lee, Bob"),
        (["Author-email: ann@x.example", "Maintainer: Acme"], "Acme"),
        (['Maintainer-email: "Acme" <a@x.example>'], "Acme"),
    ],
)
def test_suppliers_are_names_without_addresses(tmp_path: Path, lines: list[str], supplier: str) -> None:
    assert installed(tmp_path, *lines) == Description("METADATA", supplier=supplier)


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        (
            ["Project-URL: Homepage, https://x.example/", "Project-URL: Source Code, https://x.example/a"],
            "https://x.example/a",
        ),
        (["Project-URL: repository, https://user:secret@x.example/a?token=secret"], "https://x.example/a"),
        (["Project-URL: Homepage, https://github.com/acme/left"], "https://github.com/acme/left"),
        (["Home-page: https://gitlab.com/acme/left"], "https://gitlab.com/acme/left"),
        (["Project-URL: Source, not an address", "Project-URL: Code, https://x.example/b"], "https://x.example/b"),
    ],
)
def test_sources_are_addresses_without_secrets(tmp_path: Path, lines: list[str], source: str) -> None:
    assert installed(tmp_path, *lines) == Description("METADATA", source=source)


@pytest.mark.parametrize(
    "lines",
    [
        ["Home-page: https://x.example/", "Author: UNKNOWN"],
        ["License: UNKNOWN", "Author-email: ann@x.example"],
        ["License: see LICENSE"],
        ["Project-URL: Homepage, https://[", "Project-URL: Source"],
    ],
)
def test_what_says_nothing_stays_unknown(tmp_path: Path, lines: list[str]) -> None:
    assert installed(tmp_path, *lines) is None


def test_the_environment_of_a_workspace_lies_beside_its_lock(tmp_path: Path) -> None:
    put(tmp_path / ".venv" / "lib" / "python3.12" / "site-packages" / "left-1.0.0.dist-info" / "METADATA", MIT)
    put(tmp_path / "site" / "left-1.0.0.dist-info" / "METADATA", metadata("License-Expression: ISC"))
    places = Places(python=(tmp_path / "site",))
    known = all_of(tmp_path, locked("pypi", "left", "1.0.0"), places=places, project="packages/one")
    assert known == [Description("METADATA", ("MIT",))]


@pytest.mark.parametrize("path", ["", "libs", "wheels", "deep/down"])
def test_a_wheel_of_the_repository_is_read_if_the_lock_has_its_digest(tmp_path: Path, path: str) -> None:
    data = zipped({"left/vendor/x.dist-info/METADATA": "Name: x", "left-1.0.0.dist-info/METADATA": MIT})
    put(tmp_path / path / WHEEL, data)
    told = f"{path}/{WHEEL}" if path == "deep/down" else None

    def known(digest: str, version: str = "1.0.0") -> Description | None:
        files = (distribution(WHEEL, {"sha256": digest}, "x"),)
        return one(tmp_path, "pypi", "left", version, files=files, path=told)

    digest = hashlib.sha256(data).hexdigest()
    assert known(digest) == Description("METADATA", ("MIT",))
    assert known("0" * 64) is None
    assert known(digest, "1.0.1") is None


def test_a_source_archive_of_the_repository_is_read(tmp_path: Path) -> None:
    data = tarred({"left-1.0.0/README": "x", "left-1.0.0/PKG-INFO": MIT})
    put(tmp_path / "left-1.0.0.tar.gz", data)
    files = (distribution("left-1.0.0.tar.gz", {"sha256": hashlib.sha256(data).hexdigest()}, "x"),)
    assert one(tmp_path, "pypi", "left", files=files) == Description("PKG-INFO", ("MIT",))


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", zipped({"left-1.0.0.dist-info/METADATA": b"Name: left\nVersion: 1.0.0\nLicense: \xff"}), zipped({})],
)
def test_a_malformed_wheel_says_nothing(tmp_path: Path, data: bytes) -> None:
    put(tmp_path / WHEEL, data)
    files = (distribution(WHEEL, {"sha256": hashlib.sha256(data).hexdigest()}, "x"),)
    assert one(tmp_path, "pypi", "left", files=files) is None


def test_a_wheel_outside_or_behind_a_link_is_not_read(tmp_path: Path) -> None:
    data = zipped({"left-1.0.0.dist-info/METADATA": MIT})
    put(tmp_path / "outside" / WHEEL, data)
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "libs").symlink_to(tmp_path / "outside")
    (tmp_path / "repository" / WHEEL).symlink_to(tmp_path / "outside" / WHEEL)
    files = (distribution(WHEEL, {"sha256": hashlib.sha256(data).hexdigest()}, "x"),)
    for path in (None, f"../outside/{WHEEL}", f"libs/{WHEEL}", str(tmp_path / "outside" / WHEEL)):
        assert one(tmp_path / "repository", "pypi", "left", files=files, path=path) is None


def test_a_lock_s_spelling_of_name_and_version_is_not_metadata_s(tmp_path: Path) -> None:
    put(
        tmp_path / "site" / "my_left-1.0rc1.dist-info" / "METADATA",
        metadata(name="My_Left", version="1.0rc1") + "License: MIT\n",
    )
    known = one(tmp_path, "pypi", "my.left", "1.0-rc1", places={"python": tmp_path / "site"})
    assert known == Description("METADATA", ("MIT",))
