"""Scenarios about what lies beside the artifacts: signatures that nobody checked, and files made to stop the gate."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.flow import stories
from tests.flow.test_scenarios_candidates import FILES, deny, staged

from counterseal.forges import ForgeKind
from counterseal.formats import digests
from counterseal.formats.wire import canonical, timestamp
from counterseal.identifiers import BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.flow.stories import Asked
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow(seconds=2), pytest.mark.forges(*ForgeKind)]

DIGEST, BUILT, REVIEWED = "digest-matches", "provenance-verified", "review-of-this-revision"
WHEEL, SDIST = "app-1.2.0-py3-none-any.whl", "app-1.2.0.tar.gz"
SIGNATURE = f"{WHEEL}.sigstore.json"


@pytest.fixture(autouse=True)
def restored(shared: FlowWorld) -> Iterator[None]:
    """Give the candidate its own files back afterwards."""
    own = shared.hands.files()
    before = {name: shared.hands.read(name) for name in own}
    yield
    after = shared.hands.files()
    for name, file in own.items():
        if name not in after or after[name].digest != file.digest:
            shared.hands.upload(name, before[name])


# --- signatures ----------------------------------------------------------------------------------


def signed_by(world: FlowWorld, run: Mapping[str, str], name: str = WHEEL) -> bytes:
    """Return a signature over an artifact by whoever holds the token of a run."""
    return stories.signer(world, run).sign_digest(digests.sha256(world.hands.read(name)))


@pytest.mark.parametrize("garbage", [b"garbage", b"{}", b"[" * 60, b"\xff\xfe"])
def test_a_signature_that_is_none(shared: FlowWorld, garbage: bytes) -> None:
    shared.hands.upload(SIGNATURE, garbage)
    says = deny(shared, staged(shared), BUILT, "signature-unverified")
    assert f"{SIGNATURE} is not a signature over {WHEEL}" in says


def test_the_signature_of_another_artifact(shared: FlowWorld) -> None:
    shared.hands.upload(SIGNATURE, shared.hands.read(f"{SDIST}.sigstore.json"))
    assert SIGNATURE in deny(shared, staged(shared), BUILT, "signature-unverified")


def test_an_attestation_in_the_place_of_a_signature(shared: FlowWorld) -> None:
    shared.hands.upload(SIGNATURE, shared.hands.read(BUILD_BUNDLES_FILE).splitlines()[0])
    assert SIGNATURE in deny(shared, staged(shared), BUILT, "signature-unverified")


def test_a_signature_by_another_workflow(shared: FlowWorld) -> None:
    shared.hands.upload(SIGNATURE, signed_by(shared, shared.hands.build(workflow=FILES[shared.kind][1])))
    assert SIGNATURE in deny(shared, staged(shared), BUILT, "signature-not-the-builders")


def test_a_signature_by_the_gate(shared: FlowWorld) -> None:
    shared.hands.upload(SIGNATURE, signed_by(shared, shared.run()))
    assert SIGNATURE in deny(shared, staged(shared), BUILT, "signature-not-the-builders")


def test_a_signature_of_the_builder_in_another_run(shared: FlowWorld) -> None:
    shared.hands.upload(SIGNATURE, signed_by(shared, shared.hands.build()))
    assert SIGNATURE in deny(shared, staged(shared), BUILT, "signature-of-another-run")


def test_a_request_that_leaves_a_signature_out(shared: FlowWorld) -> None:
    said = stories.content(shared, "staging", requestId="unsigned")
    said["candidate"]["assets"] = [each for each in said["candidate"]["assets"] if each["name"] != SIGNATURE]
    shared.hands.remove(SIGNATURE)
    number = stories.propose(shared, "unsigned", {stories.path_of(said): canonical(said)})
    asked = stories.Asked(number, stories.path_of(said), "unsigned")
    stories.approve_and_merge(shared, asked, "alice")
    assert f"{WHEEL} has no signature" in deny(shared, asked, DIGEST, "signature-missing")


# --- files that stop nobody else --------------------------------------------------------------------


def bad_sbom() -> bytes:
    return b"{" + b"".join(b'"%d":1,' % number for number in range(60_000)) + b'"59999":1}'


def bad_lines() -> bytes:
    return b"\n" * 5_000_000 + b"x\n"


@pytest.mark.parametrize(
    ("name", "data", "rule", "code"),
    [
        (SBOM_FILE, bad_sbom(), DIGEST, "subject-differs"),
        (SBOM_FILE, b"[" * 2_000_000, DIGEST, "subject-differs"),
        (SBOM_FILE, b" " * (8 << 20) + b"{}", DIGEST, "asset-too-large"),
        (BUILD_BUNDLES_FILE, bad_lines(), BUILT, "provenance-unverified"),
        (BUILD_BUNDLES_FILE, bad_sbom(), BUILT, "provenance-unverified"),
        (BUILD_BUNDLES_FILE, b"x" * ((32 << 20) + 1), DIGEST, "asset-too-large"),
        (SIGNATURE, b'{"a":' * 40_000, BUILT, "signature-unverified"),
        (SIGNATURE, b"x" * ((256 << 10) + 1), DIGEST, "asset-too-large"),
    ],
    ids=["double-key", "brackets", "large-sbom", "lines", "bundle", "large-bundles", "deep", "large-signature"],
)
@pytest.mark.forges(ForgeKind.GITHUB)
def test_a_file_made_to_stop_the_gate_is_a_deny_of_its_own_request(
    shared: FlowWorld, name: str, data: bytes, rule: str, code: str
) -> None:
    shared.hands.upload(name, data)
    bad = staged(shared)
    start = time.perf_counter()
    result = shared.gate("--request", bad.path, code=10)
    assert time.perf_counter() - start < 30
    decision = result["decisions"][0]["decision"]
    assert decision["request"]["file"] == bad.path
    assert stories.finding(decision, rule, code)


def by_manifest(world: FlowWorld, data: bytes, name: str) -> Asked:
    """Let bob ask for a candidate whose manifest is these bytes."""
    said = stories.content(world, "staging", requestId=name)
    world.hands.upload(MANIFEST_FILE, data)
    found, digest = world.hands.files()[MANIFEST_FILE], digests.sha256(data)
    for asset in said["candidate"]["assets"]:
        if asset["name"] == MANIFEST_FILE:
            asset |= {"id": found.id, "digest": digest}
    said["manifest"] = digest
    number = stories.propose(world, name, {stories.path_of(said): canonical(said)})
    asked = stories.Asked(number, stories.path_of(said), name)
    stories.approve_and_merge(world, asked, "alice")
    return asked


@pytest.mark.parametrize(
    ("number", "data"),
    list(
        enumerate(
            [b"\xff", b"[" * 500_000, bad_sbom(), b'{"schema":"' + b"\\u001b" * 100_000 + b'"}', b"x" * (2 << 20)]
        )
    ),
)
@pytest.mark.forges(ForgeKind.GITHUB)
def test_a_manifest_made_to_stop_the_gate_is_a_deny(shared: FlowWorld, number: int, data: bytes) -> None:
    asked = by_manifest(shared, data, f"bad-manifest-{number}")
    result = shared.gate("--request", asked.path, code=10)
    decision = result["decisions"][0]["decision"]
    assert stories.violated(decision) >= {DIGEST, BUILT}
    reasons = [stories.told(decision, each["rule"])[0] for each in decision["findings"]]
    assert all(reason.isprintable() and len(reason) < 1000 for reason in reasons)


# --- how long a request is valid -----------------------------------------------------------------------


@pytest.mark.parametrize("days", [91, 365, 300_000])
def test_a_request_that_is_valid_for_too_long_is_a_deny(shared: FlowWorld, days: int) -> None:
    until = timestamp(datetime.now(UTC) + timedelta(days=days))
    asked = stories.by_hand(shared, "staging", f"days-{days}", validUntil=until)
    stories.approve_and_merge(shared, asked, "alice")
    assert "90 days after its merge are the longest allowed" in deny(shared, asked, REVIEWED, "valid-too-long")


def test_the_longest_request_that_the_command_makes_is_allowed(shared: FlowWorld) -> None:
    arguments = ("request", "--stage", "staging", "--tag", TAG, "--reason", "x", "--again")
    who = shared.person("bob")
    assert "between 1 and 90" in shared.cli(*arguments, "--valid-days", "91", environment=who).errors
    said = shared.counterseal(*arguments, "--valid-days", "90", environment=who)
    path = next(part for part in said.output.split() if part.startswith("promotions/"))
    number = max(each.number for each in stories.hosted(shared).changes)
    stories.approve_and_merge(shared, stories.Asked(number, path, ""), "alice")
    assert shared.gate("--request", path)["decisions"][0]["decision"]["outcome"] == "allow"
