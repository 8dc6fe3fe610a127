"""A comparison with a second build is signed by the job that compares, about every artifact of the release."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.flow.worlds import SUBJECTS
from tests.unit import frozen

from counterseal.adapters.http.client import get_bytes
from counterseal.adapters.sigstore.trust import load_trust
from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.commands.rebuild import recorded
from counterseal.formats import manifest
from counterseal.formats.rebuilding import result as results
from counterseal.identifiers import REBUILD
from counterseal_sandbox.demo.world import EPOCH

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.worlds import FlowWorld


@pytest.fixture
def folders(built: FlowWorld, tmp_path: Path) -> tuple[Path, Path]:
    """Return a second build that agrees with a signed release, and that release."""
    environment = {**built.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
    for verb in ("sbom", "sign"):
        built.counterseal(verb, *SUBJECTS, environment=environment)
    again, release = tmp_path / "again", tmp_path / "release"
    shutil.copytree(built.checkout / "counterseal-out", release)
    again.mkdir()
    for path in SUBJECTS:
        for folder in (again, release):
            shutil.copy(built.checkout / path, folder)
    listed = manifest.parse((release / "manifest.json").read_bytes())
    found = frozen.rebuilt(listed.subjects, revision=listed.revision)
    (again / "rebuild-result.json").write_bytes(results.build(found))
    return again, release


def test_what_was_found_is_signed_about_every_artifact(built: FlowWorld, folders: tuple[Path, Path]) -> None:
    again, release = folders
    call = ("rebuild", "compare", str(again), str(release), "--format", "json", "--sign")
    data = json.loads(built.counterseal(*call, environment=built.build_run()).output)
    assert data["signed"] == "rebuild.intoto.jsonl"
    (line,) = (again / "rebuild.intoto.jsonl").read_bytes().splitlines()
    root = load_trust(get_bytes(f"{built.sandbox.url}/trust")).trusted_root
    attested = SigstoreVerifier(root).verify_statement(line, "x")
    assert attested.statement.predicate_type == REBUILD
    listed = manifest.parse((release / "manifest.json").read_bytes())
    assert attested.statement.subjects == listed.subjects
    assert attested.statement.predicate["reproduced"] is True
    assert attested.statement.predicate == data["predicate"]


def test_a_wrong_byte_is_signed_as_what_it_is(built: FlowWorld, folders: tuple[Path, Path]) -> None:
    again, release = folders
    listed = manifest.parse((release / "manifest.json").read_bytes())
    wheel = again / listed.subjects[0].name
    wheel.write_bytes(wheel.read_bytes() + b"x")
    subjects = [type(each)(each.name, frozen.digest_of((again / each.name).read_bytes())) for each in listed.subjects]
    (again / "rebuild-result.json").write_bytes(results.build(frozen.rebuilt(subjects, revision=listed.revision)))
    call = ("rebuild", "compare", str(again), str(release), "--format", "json", "--sign")
    data = json.loads(built.counterseal(*call, environment=built.build_run(), code=11).output)
    assert data["predicate"]["reproduced"] is False
    assert [each["equal"] for each in data["predicate"]["artifacts"]] == [False, True]
    assert (again / "rebuild.intoto.jsonl").exists(), "that it differs is worth as much"


def test_without_a_manifest_nothing_is_signed(built: FlowWorld, folders: tuple[Path, Path]) -> None:
    again, release = folders
    (release / "manifest.json").unlink()
    call = ("rebuild", "compare", str(again), str(release), "--sign")
    assert "nothing says that these files" in built.counterseal(*call, environment=built.build_run(), code=2).errors
    assert not (again / "rebuild.intoto.jsonl").exists()


def test_a_provenance_says_what_is_to_be_recreated(built: FlowWorld, folders: tuple[Path, Path]) -> None:
    listed = manifest.parse((folders[1] / "manifest.json").read_bytes())
    for place in (folders[1], folders[1] / "build.intoto.jsonl"):
        found = recorded.read(place)
        assert found.revision == listed.revision
        assert found.matrix is not None
        assert found.matrix.must_equal.source_date_epoch == int(EPOCH)
    call = ("rebuild", "--provenance", str(folders[1]))
    assert f"{listed.revision[:12]} has no .counterseal/build.yml" in built.counterseal(*call, code=2).errors
    other = built.counterseal(*call, "--revision", "0" * 40, code=2)
    assert "is not that of the provenance" in other.errors
