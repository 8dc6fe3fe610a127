"""package.json: in its older and newer forms, with what a part of a checkout takes from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.adapters.sbom.checkout import Checkout, Source
from counterseal.adapters.sbom.locks.npm import package_json
from counterseal.errors import FormatError, UsageError
from counterseal.model import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.sbom.locks.npm.package_json import Manifest


def manifest(folder: Path, content: Any) -> Manifest:
    (folder / "package.json").write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return package_json.read(Checkout(folder), ".")


@pytest.mark.parametrize(
    ("licence", "read"),
    [
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ({"type": "ISC", "url": "https://licence.example"}, "ISC"),
        ("UNLICENSED", "UNLICENSED"),
        ("SEE LICENSE IN LICENCE.txt", None),
        (["MIT"], None),
        ("x" * 10_000, None),
        ("(" * 100 + "MIT", None),
        (None, None),
    ],
)
def test_a_licence_is_an_expression_or_nothing(tmp_path: Path, licence: Any, read: str | None) -> None:
    assert manifest(tmp_path, {"license": licence}).licence == read


@pytest.mark.parametrize("workspaces", [["a", "b/*"], {"packages": ["a", "b/*"], "nohoist": ["c"]}])
def test_workspaces_are_a_list_or_a_table_with_one(tmp_path: Path, workspaces: Any) -> None:
    assert manifest(tmp_path, {"workspaces": workspaces}).workspaces == ("a", "b/*")


def test_a_byte_order_mark_is_no_part_of_it_and_no_file_says_nothing(tmp_path: Path) -> None:
    assert package_json.read(Checkout(tmp_path), "nowhere/at/all") == package_json.Manifest()
    assert manifest(tmp_path, '\ufeff{"name": "app"}').name == "app"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"name": 1}', '{"name": "a", "name": "b"}', '{"dependencies": []}', '{"dependencies": {"a": 1}}'],
)
def test_what_is_no_package_json_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    with pytest.raises(FormatError, match=r"package\.json"):
        manifest(tmp_path, content)


def test_it_is_not_read_through_a_link_nor_past_its_limit(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "package.json").symlink_to("real.json")
    with pytest.raises(UsageError):
        package_json.read(Checkout(tmp_path), ".")
    (tmp_path / "package.json").unlink()
    with pytest.raises((UsageError, FormatError)):
        manifest(tmp_path, json.dumps({"description": "x" * (1 << 20)}))


def test_a_part_without_a_name_is_named_by_the_lock_its_archive_or_its_folder(tmp_path: Path) -> None:
    archive = Subject("shop-2.0.0.tgz", "a" * 64)
    source = Source(Checkout(tmp_path), "package-lock.json", ".", [archive])
    root = package_json.part(source, ".", (), (), ())
    assert (root.name, root.version, str(root.purl)) == ("shop", "2.0.0", "pkg:npm/shop@2.0.0")
    other = package_json.part(source, "tools/lint", (), (), ())
    assert (other.name, other.purl) == ("lint", None)
    assert package_json.part(source, "tools/lint", (), (), (), name="@my/lint").name == "@my/lint"


def test_a_name_that_breaks_a_purl_is_refused_by_the_file(tmp_path: Path) -> None:
    manifest(tmp_path, {"name": "a\u001b[31m", "version": "1.0.0"})
    with pytest.raises(FormatError, match=r"^package\.json: "):
        package_json.part(Source(Checkout(tmp_path), "package-lock.json", "."), ".", (), (), ())
