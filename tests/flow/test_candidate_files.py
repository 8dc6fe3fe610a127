"""What a build can leave under the names of `sign`'s files, and `candidate` must not carry to where others read it."""

from __future__ import annotations

import base64
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults
from tests.flow.worlds import SUBJECTS

from counterseal.forges import ForgeKind
from counterseal.identifiers import BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE
from counterseal_sandbox.demo.world import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

SECRET = b"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI\n"
SIGNATURE = "app-1.2.0-py3-none-any.whl.sigstore.json"
FILES = (SIGNATURE, "app-1.2.0.tar.gz.sigstore.json", BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE)


@pytest.fixture
def folder(shared: FlowWorld) -> Iterator[Path]:
    """The output folder, which is put right again afterwards; the candidate has to be as it was."""
    outputs = shared.checkout / "counterseal-out"
    kept = shared.folder / "kept"
    shutil.copytree(outputs, kept)
    before = shared.hands.files()
    (shared.folder / "secret").write_bytes(SECRET)
    yield outputs
    if outputs.is_symlink():
        outputs.unlink()
    else:
        shutil.rmtree(outputs)
    shutil.move(kept, outputs)
    assert shared.hands.files() == before


def told(world: FlowWorld, what: str) -> str:
    environment = {**world.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
    text = ""
    for dry in ((), ("--dry-run",)):
        result = world.cli("candidate", *dry, *SUBJECTS, environment=environment)
        assert "wJalr" not in result.output + result.errors
        text = faults.told(result, 2, what)
    return text


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_the_output_folder_is_not_followed(shared: FlowWorld, folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(shared.folder / "secret")
    assert "symlinks are not followed" in told(shared, f"{name} is a symlink")


@pytest.mark.parametrize("name", FILES)
def test_a_link_to_the_very_file_is_not_followed_either(shared: FlowWorld, folder: Path, name: str) -> None:
    (folder / name).rename(shared.folder / name)
    (folder / name).symlink_to(shared.folder / name)
    told(shared, f"{name} is a symlink")


def test_an_output_folder_that_is_a_link(shared: FlowWorld, folder: Path) -> None:
    folder.rename(shared.folder / "elsewhere")
    folder.symlink_to(shared.folder / "elsewhere", target_is_directory=True)
    try:
        told(shared, "counterseal-out is a symlink")
    finally:
        shutil.rmtree(shared.folder / "elsewhere")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_plain_file(shared: FlowWorld, folder: Path, name: str, make: Callable[[Path], None]) -> None:
    (folder / name).unlink()
    make(folder / name)
    told(shared, f"{name} is a (pipe|folder)")


@pytest.mark.parametrize("name", FILES)
def test_another_file_under_the_name(shared: FlowWorld, folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.link(shared.folder / "secret", folder / name)
    environment = {**shared.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
    result = shared.cli("candidate", *SUBJECTS, environment=environment)
    assert result.exit_code in (1, 2)
    assert name in result.errors
    assert "wJalr" not in result.output + result.errors
    assert "this is a bug" not in result.errors


def test_an_sbom_that_changed_after_it_was_signed(shared: FlowWorld, folder: Path) -> None:
    data: Any = json.loads((folder / SBOM_FILE).read_bytes())
    data["metadata"]["component"]["description"] = SECRET.decode()
    (folder / SBOM_FILE).write_text(json.dumps(data))
    told(shared, r"sbom\.cdx\.json changed after it was signed")


def test_the_signature_of_another_file(shared: FlowWorld, folder: Path) -> None:
    shutil.copy(folder / "app-1.2.0.tar.gz.sigstore.json", folder / SIGNATURE)
    told(shared, rf"{SIGNATURE} is not the signature of app")


def _without_provenance(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


def _without_sbom(lines: list[bytes]) -> list[bytes]:
    return lines[:1]


def _of_other_files(lines: list[bytes]) -> list[bytes]:
    bundle: Any = json.loads(lines[0])
    said: Any = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    said["subject"] = [{"name": "x", "digest": {"sha256": "0" * 64}}]
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(said).encode()).decode()
    return [json.dumps(bundle).encode(), *lines[1:]]


def _with_a_secret(lines: list[bytes]) -> list[bytes]:
    return [*lines, SECRET]


@pytest.mark.parametrize("change", [_without_provenance, _without_sbom, _of_other_files, _with_a_secret])
def test_bundles_that_are_not_of_this_manifest(
    shared: FlowWorld, folder: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    file = folder / BUILD_BUNDLES_FILE
    file.write_bytes(b"\n".join(change(file.read_bytes().splitlines())) + b"\n")
    told(shared, r"build\.intoto\.jsonl")


@pytest.mark.forges(*ForgeKind)
def test_what_sign_left_is_taken(shared: FlowWorld, folder: Path) -> None:
    assert folder.is_dir()
    shared.counterseal("candidate", *SUBJECTS, environment={**shared.build_run(), "SOURCE_DATE_EPOCH": EPOCH})
