"""`sbom` as a verb: where it writes, what it says, what it leaves alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from counterseal.adapters.local.files import WorkspaceFiles
from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.commands import outputs, sbom
from counterseal.errors import UsageError
from counterseal.render.reports import sbom as sbom_report

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "app"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(EXAMPLE / name, folder / name)
    (folder / "dist").mkdir()
    (folder / "dist" / "app-1.2.0.tar.gz").write_bytes(b"an sdist")
    return folder


def run(place: Path, *subjects: str, dry_run: bool = False) -> sbom.SbomResult:
    inputs = sbom.SbomInputs((place,), subjects, place / "counterseal-out", 1_700_000_000, dry_run=dry_run)
    return sbom.run(inputs, builder=LockSbomBuilder(), files=WorkspaceFiles(place))


def test_the_document_is_written_and_its_digest_and_counts_are_said(place: Path) -> None:
    result = run(place, "dist/*")
    data = (place / "counterseal-out" / "sbom.cdx.json").read_bytes()
    assert result.path == place / "counterseal-out" / "sbom.cdx.json"
    assert result.digest == hashlib.sha256(data).hexdigest()
    assert result.components == result.unknown_licences == 17
    assert [each.name for each in result.subjects] == ["app-1.2.0.tar.gz"]
    assert len(json.loads(data)["components"]) == 18
    assert [each.name for each in (place / "counterseal-out").iterdir()] == ["sbom.cdx.json"]


def test_twice_is_the_same_bytes_and_a_dry_run_says_the_same(place: Path) -> None:
    dry = run(place, "dist/*", dry_run=True)
    assert not (place / "counterseal-out").exists()
    first = run(place, "dist/*")
    data = first.path.read_bytes()
    second = run(place, "dist/app-1.2.0.tar.gz")
    assert second.path.read_bytes() == data
    assert first == second == dataclasses.replace(dry, dry_run=False)


def test_the_result_is_plain_json(place: Path) -> None:
    said = json.loads(json.dumps(dict(sbom_report.report(run(place, "dist/*")).data)))
    assert said["schema"] == "counterseal.sbom/v1"
    assert said["path"].endswith("counterseal-out/sbom.cdx.json")
    assert said["components"] == said["unknownLicences"] == 17


def test_nothing_is_written_when_a_file_is_refused(place: Path) -> None:
    (place / "dist" / "my app.zip").write_bytes(b"x")
    with pytest.raises(UsageError):
        run(place, "dist/*")
    assert not (place / "counterseal-out").exists()


def test_an_output_folder_that_is_a_file_or_a_symlink_is_refused(place: Path, tmp_path: Path) -> None:
    (place / "counterseal-out").write_bytes(b"")
    with pytest.raises(UsageError, match="counterseal-out"):
        run(place, "dist/*")
    (place / "counterseal-out").unlink()
    (place / "counterseal-out").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="is a symlink"):
        run(place, "dist/*")


def test_a_file_in_the_way_leaves_no_half(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        outputs.place(tmp_path, {"a": b"1", "b": b"2"})
    assert [each.name for each in tmp_path.iterdir()] == ["b"]
