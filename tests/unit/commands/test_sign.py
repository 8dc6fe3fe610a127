"""`sbom`, then `sign`, with the real signer against the sandbox's services on loopback."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.sandbox.keyless_world import CLAIMS, SAN, SHA, World, serving

from counterseal.adapters.github.ci import GitHubEnvironment
from counterseal.adapters.local.build_facts import LocalBuildFacts
from counterseal.adapters.local.files import WorkspaceFiles
from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.commands import sbom, sign
from counterseal.errors import FormatError, ServiceError, UsageError
from counterseal.formats import manifest, wire
from counterseal.identifiers import PROVENANCE, SBOM, TEST_RESULT
from counterseal.model import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "app"
WHEEL, SDIST = "app-1.2.0-py3-none-any.whl", "app-1.2.0.tar.gz"
WRITTEN = {f"{WHEEL}.sigstore.json", f"{SDIST}.sigstore.json", "build.intoto.jsonl", "manifest.json"}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as each:
        yield each


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the example with two artifacts and their SBOM."""
    place = tmp_path_factory.mktemp("described") / "app"
    shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    (place / "dist").mkdir()
    with zipfile.ZipFile(place / "dist" / WHEEL, "w") as archive:
        archive.writestr("app-1.2.0.dist-info/WHEEL", "Generator: hatchling 1.33.0\n")
    (place / "dist" / SDIST).write_bytes(b"an sdist")
    make_sbom(place)
    return place


@pytest.fixture
def app(described: Path, tmp_path: Path) -> Path:
    """Return a copy of that, to be spoilt."""
    return Path(shutil.copytree(described, tmp_path / "app"))


def make_sbom(place: Path, *subjects: str) -> sbom.SbomResult:
    inputs = sbom.SbomInputs((place,), subjects or ("dist/*",), place / "counterseal-out", 1_700_000_000, SHA)
    return sbom.run(inputs, builder=LockSbomBuilder(), files=WorkspaceFiles(place))


def environment(world: World, **claims: str) -> GitHubEnvironment:
    credentials = world.keyless.issuer.start_run({**CLAIMS, **claims}, may_sign=True)
    assert credentials
    return GitHubEnvironment(
        {
            "ACTIONS_ID_TOKEN_REQUEST_URL": credentials.request_url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": credentials.request_token,
        }
    )


def ports(world: World, place: Path, **claims: str) -> sign.SignPorts:
    return sign.SignPorts(
        environment=environment(world, **claims),
        signer=world.signer(claims=claims),
        files=WorkspaceFiles(place),
        facts=LocalBuildFacts({"SOURCE_DATE_EPOCH": "1700000000", "GITHUB_TOKEN": "ghs_" + "x" * 36, "TZ": "UTC"}),
    )


def inputs(place: Path, **fields: Any) -> sign.SignInputs:
    given = sign.SignInputs((place,), ("dist/*",), place / "counterseal-out", public_log=False)
    return dataclasses.replace(given, **fields)


def outputs(place: Path) -> set[str]:
    return {each.name for each in (place / "counterseal-out").iterdir()}


def attestations(world: World, place: Path) -> dict[str, Any]:
    lines = (place / "counterseal-out" / "build.intoto.jsonl").read_bytes().splitlines()
    found = [world.verifier().verify_statement(line, "line") for line in lines]
    return {each.statement.predicate_type: each for each in found}


@pytest.mark.slow
def test_everything_is_signed_by_one_certificate_and_verifies(world: World, app: Path) -> None:
    result = sign.run(inputs(app), ports(world, app))
    assert outputs(app) == WRITTEN | {"sbom.cdx.json"}
    assert set(result.written) == WRITTEN
    data = (app / "counterseal-out" / "manifest.json").read_bytes()
    listed = manifest.parse(data)
    assert result.manifest == hashlib.sha256(data).hexdigest()
    assert (listed.repository, listed.tag, listed.revision) == (
        Repository("github.com", 777, "ACME/app"),
        "v1.2.0",
        SHA,
    )
    digests = {name: hashlib.sha256((app / "dist" / name).read_bytes()).hexdigest() for name in (WHEEL, SDIST)}
    assert {each.name: each.digest for each in listed.subjects} == digests
    assert listed.sbom == hashlib.sha256((app / "counterseal-out" / "sbom.cdx.json").read_bytes()).hexdigest()
    found = attestations(world, app)
    assert list(found) == [PROVENANCE, SBOM] == list(result.statements)
    subjects = {each.name: each.digest for each in found[PROVENANCE].statement.subjects}
    assert subjects == {**digests, "manifest.json": result.manifest}
    assert {each.name: each.digest for each in found[SBOM].statement.subjects} == digests
    document = json.loads((app / "counterseal-out" / "sbom.cdx.json").read_bytes())
    assert found[SBOM].statement.predicate == document
    for name, digest in digests.items():
        bundle = (app / "counterseal-out" / f"{name}.sigstore.json").read_bytes()
        assert world.verifier().verify_digest(bundle, digest, name).san == SAN
    assert len({_certificate(each) for each in (app / "counterseal-out").glob("*.json*") if "sig" in each.name}) == 1


def _certificate(path: Path) -> str:
    return str(json.loads(path.read_bytes().splitlines()[0])["verificationMaterial"]["certificate"]["rawBytes"])


@pytest.mark.slow
def test_the_provenance_says_what_the_certificate_says_and_carries_the_matrix(world: World, app: Path) -> None:
    sign.run(inputs(app), ports(world, app))
    provenance = attestations(world, app)[PROVENANCE]
    predicate, certificate = provenance.statement.predicate, provenance.certificate
    definition = predicate["buildDefinition"]
    assert definition["externalParameters"]["workflow"] == {
        "ref": certificate.source_ref,
        "repository": certificate.source_uri,
        "path": ".github/workflows/release.yml",
    }
    lock = hashlib.sha256((app / "uv.lock").read_bytes()).hexdigest()
    assert definition["resolvedDependencies"] == [
        {
            "uri": "git+https://github.com/ACME/app@refs/tags/v1.2.0",
            "digest": {"gitCommit": certificate.source_revision},
        },
        {"name": "uv.lock", "digest": {"sha256": lock}},
    ]
    assert predicate["runDetails"]["builder"]["id"] == certificate.san
    assert predicate["runDetails"]["metadata"]["invocationId"] == certificate.run_uri
    matrix = definition["internalParameters"]["inputMatrix"]
    listed = manifest.parse((app / "counterseal-out" / "manifest.json").read_bytes())
    assert hashlib.sha256(wire.canonical(matrix)).hexdigest() == listed.input_matrix
    assert matrix["mustEqual"]["revision"] == SHA
    assert matrix["mustEqual"]["lockFiles"] == {"uv.lock": {"sha256": lock}}
    assert matrix["mustEqual"]["sourceDateEpoch"] == 1700000000
    assert matrix["mustEqual"]["tools"][f"generator of {WHEEL}"] == "hatchling 1.33.0"
    assert matrix["variables"] == {"SOURCE_DATE_EPOCH": "1700000000", "TZ": "UTC"}
    assert b"ghs_" not in provenance.payload


@pytest.mark.slow
def test_the_same_inputs_give_the_same_manifest(world: World, app: Path) -> None:
    first = sign.run(inputs(app), ports(world, app))
    bundles = (app / "counterseal-out" / "build.intoto.jsonl").read_bytes()
    second = sign.run(inputs(app), ports(world, app))
    assert first.manifest == second.manifest
    assert (app / "counterseal-out" / "build.intoto.jsonl").read_bytes() != bundles


@pytest.mark.slow
def test_results_of_tests_become_a_statement(world: World, app: Path) -> None:
    report = app / "junit.xml"
    report.write_text(
        '<testsuite><testcase classname="a" name="b"/><testcase name="c"><failure/></testcase></testsuite>'
    )
    sign.run(inputs(app, test_results=report), ports(world, app))
    predicate = attestations(world, app)[TEST_RESULT].statement.predicate
    assert predicate["result"] == "FAILED"
    assert (predicate["passedTests"], predicate["failedTests"]) == (["a::b"], ["c"])
    assert predicate["configuration"][0]["digest"]["sha256"] == hashlib.sha256(report.read_bytes()).hexdigest()


def test_a_dry_run_signs_and_writes_nothing_and_says_what_it_would(world: World, app: Path) -> None:
    result = sign.run(inputs(app, dry_run=True), dataclasses.replace(ports(world, app), signer=NoSigner()))
    assert result.dry_run
    assert set(result.written) == WRITTEN
    assert result.statements == (PROVENANCE, SBOM)
    assert outputs(app) == {"sbom.cdx.json"}


class NoSigner:
    """A signer that may not be asked, or that breaks at the given signature."""

    def __init__(self, good: int = 0) -> None:
        self._good = good

    def sign_statement(self, payload: bytes) -> bytes:  # noqa: ARG002 - the port's own signature
        return self._sign()

    def sign_digest(self, digest: str) -> bytes:  # noqa: ARG002 - the port's own signature
        return self._sign()

    def _sign(self) -> bytes:
        if self._good == 0:
            raise ServiceError("the log did not answer")
        self._good -= 1
        return b"{}"


@pytest.mark.parametrize("good", range(4))
def test_when_one_signature_fails_nothing_is_written(world: World, app: Path, good: int) -> None:
    with pytest.raises(ServiceError):
        sign.run(inputs(app), dataclasses.replace(ports(world, app), signer=NoSigner(good)))
    assert outputs(app) == {"sbom.cdx.json"}


def refused(world: World, place: Path, **fields: Any) -> UsageError:
    before = outputs(place) if (place / "counterseal-out").exists() else set()
    with pytest.raises(UsageError) as caught:
        sign.run(inputs(place, **fields), ports(world, place))
    assert before == (outputs(place) if before else set())
    assert caught.value.fix
    return caught.value


def test_a_file_changed_after_sbom_is_named_with_both_digests(world: World, app: Path) -> None:
    (app / "dist" / SDIST).write_bytes(b"another sdist")
    error = refused(world, app)
    assert error.what == f"{SDIST} changed after `sbom` recorded it"
    for content in (b"an sdist", b"another sdist"):
        assert hashlib.sha256(content).hexdigest() in error.why


def test_a_file_changed_while_it_is_signed_leaves_nothing(world: World, app: Path) -> None:
    class Slow(NoSigner):
        def sign_digest(self, digest: str) -> bytes:
            (app / "dist" / SDIST).write_bytes(b"another sdist")
            return super().sign_digest(digest)

    with pytest.raises(UsageError, match="changed while it was signed"):
        sign.run(inputs(app), dataclasses.replace(ports(world, app), signer=Slow(9)))
    assert outputs(app) == {"sbom.cdx.json"}


def test_other_files_than_sbom_saw_are_refused(world: World, app: Path) -> None:
    (app / "dist" / "new.zip").write_bytes(b"new")
    assert refused(world, app).what == "new.zip is not in sbom.cdx.json"
    error = refused(world, app, subjects=(f"dist/{SDIST}",))
    assert WHEEL in error.what


def test_without_an_sbom_the_command_is_shown(world: World, app: Path) -> None:
    (app / "counterseal-out" / "sbom.cdx.json").unlink()
    assert refused(world, app).fix == "counterseal sbom dist/*"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"bomFormat":"CycloneDX","components":{}}', b"\xff"])
def test_an_sbom_that_is_none_is_refused(world: World, app: Path, content: bytes) -> None:
    (app / "counterseal-out" / "sbom.cdx.json").write_bytes(content)
    with pytest.raises(FormatError, match=r"sbom\.cdx\.json"):
        sign.run(inputs(app), ports(world, app))


def with_hashes(app: Path, hashes: object) -> None:
    file = app / "counterseal-out" / "sbom.cdx.json"
    document: Any = json.loads(file.read_bytes())
    for component in document["components"]:
        component["hashes"] = hashes
    file.write_text(json.dumps(document))


@pytest.mark.parametrize("hashes", [None, [], [{}] * 2, [{"alg": "SHA-256", "content": "ab"}]])
def test_an_sbom_with_other_hashes_is_refused(world: World, app: Path, hashes: object) -> None:
    with_hashes(app, hashes)
    assert "changed after `sbom` recorded it" in refused(world, app).what


def test_files_that_another_tool_lists_are_no_artifacts(world: World, app: Path) -> None:
    listed = {
        "type": "file",
        "name": "src/main.c",
        "bom-ref": "0a1b",
        "hashes": [{"alg": "SHA-1", "content": "a" * 40}],
    }
    artifact = {"type": "file", "name": "old.whl", "bom-ref": "file:old.whl"}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [listed, artifact]}
    (app / "scan.json").write_text(json.dumps(document))
    builder = LockSbomBuilder(documents=[app / "scan.json"], reads_locks=False)
    given = sbom.SbomInputs((app,), ("dist/*",), app / "counterseal-out", 1_700_000_000, SHA)
    written = sbom.run(given, builder=builder, files=WorkspaceFiles(app))
    assert "src/main.c" in written.path.read_text()
    assert sign.run(inputs(app, dry_run=True), ports(world, app)).subjects == written.subjects


@pytest.mark.parametrize("hashes", [7, "x", {}, [None], ["x"], [[]], [{"alg": "SHA-256", "content": []}]])
def test_an_sbom_whose_hashes_are_something_else_is_refused(world: World, app: Path, hashes: object) -> None:
    with_hashes(app, hashes)
    with pytest.raises(FormatError, match=r"^sbom\.cdx\.json: components\[\d+\]: hashes"):
        sign.run(inputs(app), ports(world, app))


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/pull/7/merge", "refs/tags/"])
def test_a_run_that_is_for_no_tag_is_refused(world: World, app: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="not for a tag"):
        sign.run(inputs(app), ports(world, app, ref=ref))


def test_a_tag_that_means_something_to_a_shell_is_refused(world: World, app: Path) -> None:
    with pytest.raises(UsageError, match="cannot be the tag"):
        sign.run(inputs(app), ports(world, app, ref="refs/tags/$(id)"))


def test_names_of_private_repositories_go_to_the_public_log_only_if_allowed(world: World, app: Path) -> None:
    for visibility in ("private", "internal", None):
        error = refused(world, app, public_log=True, visibility=visibility)
        assert "publish-names" in error.fix
    dry = {"public_log": True, "dry_run": True}
    sign.run(inputs(app, visibility="public", **dry), ports(world, app))
    sign.run(inputs(app, visibility="private", publish_names=True, **dry), ports(world, app))


def test_what_an_earlier_run_left_is_replaced(world: World, app: Path) -> None:
    old = app / "counterseal-out" / "gone.whl.sigstore.json"
    old.write_bytes(b"{}")
    sign.run(inputs(app), dataclasses.replace(ports(world, app), signer=NoSigner(9)))
    assert outputs(app) == WRITTEN | {"sbom.cdx.json"}


def test_an_output_folder_that_is_a_symlink_is_refused(world: World, app: Path, tmp_path: Path) -> None:
    (app / "counterseal-out").rename(tmp_path / "elsewhere")
    (app / "counterseal-out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a symlink"):
        sign.run(inputs(app), dataclasses.replace(ports(world, app), signer=NoSigner(9)))


def test_a_missing_test_report_is_named(world: World, app: Path) -> None:
    assert "junit.xml" in refused(world, app, test_results=app / "junit.xml").what


@pytest.mark.slow
def test_the_example_is_built_described_and_signed(world: World, tmp_path: Path) -> None:
    place = tmp_path / "app"
    shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    command = [sys.executable, "-m", "build", "--no-isolation", str(place)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    found = make_sbom(place)
    assert found.components == 17
    result = sign.run(inputs(place), ports(world, place))
    assert [each.name for each in result.subjects] == [WHEEL, SDIST] == [each.name for each in found.subjects]
