"""Rule `digest-matches`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from tests.evidence_samples import (
    CONTENT,
    MANIFEST,
    OBSERVED,
    RELEASE,
    SBOM_DIGEST,
    SDIST,
    WHEEL,
    advised,
    evidence,
    malformed,
    sha256,
    told,
    with_content,
)

from counterseal.evaluation.evidence import ObservedAsset
from counterseal.evaluation.rules import digest_matches
from counterseal.model import Asset, Finding, FindingOutcome, PinnedAsset, PinnedCandidate, Repository
from counterseal.policy.rule import NoOptions

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence

OTHER = sha256("other bytes")


def judged(found: Evidence) -> Finding:
    return digest_matches.judge(found, NoOptions())


def observed(index: int, **changes: Any) -> Evidence:
    """Return evidence in which one asset was observed otherwise."""
    assets = list(OBSERVED)
    assets[index] = dataclasses.replace(assets[index], **changes)
    return evidence(observed=tuple(assets))


def manifest(**changes: Any) -> Evidence:
    return evidence(manifest=dataclasses.replace(MANIFEST, **changes))


def beside(name: str, *, complete: bool = True) -> Evidence:
    """Return evidence of a candidate with one asset more."""
    more = Asset(999, name, 5, complete=complete)
    return evidence(candidate=dataclasses.replace(RELEASE, assets=(*RELEASE.assets, more)))


def test_all_equal() -> None:
    found = judged(evidence())
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == "7 files of the candidate read (43400 bytes), every digest equal"


def requested(name: str) -> Evidence:
    """Return evidence of a request that pins one asset more, which is there."""
    more = ObservedAsset(999, name, OTHER, OTHER, 5)
    pins = (*CONTENT.candidate.assets, PinnedAsset(999, name, OTHER))
    return with_content(evidence(observed=(*OBSERVED, more)), candidate=PinnedCandidate(55, "v1.2.0", pins))


def without(name: str) -> Evidence:
    """Return evidence of a request that does not pin a file, which is not there either."""
    pins = tuple(each for each in CONTENT.candidate.assets if each.name != name)
    left = tuple(each for each in RELEASE.assets if each.name != name)
    start = evidence(
        observed=tuple(each for each in OBSERVED if each.name != name),
        candidate=dataclasses.replace(RELEASE, assets=left),
    )
    return with_content(start, candidate=PinnedCandidate(55, "v1.2.0", pins))


def sized(name: str, size: int) -> Evidence:
    """Return evidence in which a file was not read, since the forge says that it has so many bytes."""
    assets = tuple(dataclasses.replace(each, size=size) if each.name == name else each for each in RELEASE.assets)
    return evidence(
        observed=tuple(each for each in OBSERVED if each.name != name),
        candidate=dataclasses.replace(RELEASE, assets=assets),
    )


WRONG = {
    "not read": (evidence(candidate=None), "candidate-missing", "the candidate (id 55 at the forge) was not read"),
    "other release": (
        evidence(candidate=dataclasses.replace(RELEASE, id=56)),
        "candidate-differs",
        "the request is about release 55 (v1.2.0), not release 56 (v1.2.0)",
    ),
    "other tag": (evidence(candidate=dataclasses.replace(RELEASE, tag="v1.2.1")), "candidate-differs", "(v1.2.1)"),
    "public already": (
        evidence(candidate=dataclasses.replace(RELEASE, draft=False)),
        "released-already",
        "v1.2.0 is released already",
    ),
    "asset gone": (
        evidence(observed=OBSERVED[1:]),
        "asset-missing",
        f"{WHEEL.name} (asset 501) is not in the candidate",
    ),
    "asset under another id": (observed(0, id=601), "asset-missing", "(asset 501)"),
    "asset renamed": (observed(0, name="evil.whl"), "asset-missing", f"{WHEEL.name} (asset 501)"),
    "other bytes": (
        observed(0, digest=OTHER, forge_digest=OTHER),
        "asset-differs",
        f"{WHEEL.name} has sha256:{OTHER}, and sha256:{WHEEL.digest} was requested",
    ),
    "forge says otherwise": (observed(0, forge_digest=OTHER), "asset-not-the-forges", f"and the forge says {OTHER}"),
    "one asset more": (beside("evil.whl"), "asset-not-pinned", "'evil.whl' (asset 999) lies in the candidate"),
    "summary of no artifact": (beside("evil.vsa.sigstore.json"), "asset-not-pinned", "nobody asked for it"),
    "one more requested": (
        requested("evil.whl"),
        "asset-not-in-manifest",
        "'evil.whl' (asset 999) was requested, and the manifest does not list it",
    ),
    "signature of nothing requested": (
        requested("evil.whl.sigstore.json"),
        "asset-not-in-manifest",
        "does not list it",
    ),
    "no manifest": (evidence(manifest=None), "manifest-missing", "no readable manifest.json"),
    "no manifest digest": (evidence(manifest_digest=None), "manifest-missing", "no readable manifest.json"),
    "other manifest": (evidence(manifest_digest=OTHER), "manifest-differs", f"manifest.json has sha256:{OTHER}"),
    "other manifest requested": (with_content(manifest=OTHER), "manifest-differs", f"sha256:{OTHER} was requested"),
    "manifest of another repository": (
        manifest(repository=Repository("github.com", 666, "acme/app")),
        "manifest-of-another-repository",
        "the manifest is of github.com repository 666",
    ),
    "manifest of another forge": (
        manifest(repository=Repository("gitlab.com", 777, "acme/app")),
        "manifest-of-another-repository",
        "the manifest is of gitlab.com repository 777",
    ),
    "manifest of another tag": (manifest(tag="v1.2.1"), "manifest-of-another-tag", "of the tag v1.2.1, not of v1.2.0"),
    "manifest of nothing": (manifest(subjects=()), "manifest-empty", "names no artifact"),
    "manifest lists other bytes": (
        manifest(subjects=(dataclasses.replace(WHEEL, digest=OTHER),)),
        "subject-differs",
        f"the manifest lists {WHEEL.name} as sha256:{OTHER}, and it is sha256:{WHEEL.digest}",
    ),
    "manifest lists what is not there": (
        manifest(subjects=(dataclasses.replace(WHEEL, name="gone.whl"),)),
        "subject-differs",
        "and it is not in the candidate",
    ),
    "no signature": (
        without(f"{SDIST.name}.sigstore.json"),
        "signature-missing",
        f"{SDIST.name} has no signature {SDIST.name}.sigstore.json in what was requested",
    ),
    "artifact too large": (sized(WHEEL.name, (2 << 30) + 1), "asset-too-large", f"{WHEEL.name} has 2147483649 bytes"),
    "manifest too large": (sized("manifest.json", (1 << 20) + 1), "asset-too-large", "manifest.json has 1048577 bytes"),
    "sbom too large": (sized("sbom.cdx.json", (8 << 20) + 1), "asset-too-large", "at most 8388608 are read of it"),
    "signature too large": (
        sized(f"{WHEEL.name}.sigstore.json", (256 << 10) + 1),
        "asset-too-large",
        "at most 262144 are read of it",
    ),
    "other sbom": (manifest(sbom=OTHER), "subject-differs", f"and it is sha256:{SBOM_DIGEST}"),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_thing_wrong(case: str) -> None:
    found, code, reason = WRONG[case]
    finding = judged(found)
    assert (finding.outcome, finding.code) == (FindingOutcome.VIOLATED, code)
    assert reason in told(finding)
    assert advised(finding)


@pytest.mark.parametrize(
    "name",
    ["counterseal.intoto.jsonl", "evidence.json", "SHA256SUMS", "ledger-proof.json", f"{WHEEL.name}.vsa.sigstore.json"],
)
def test_what_a_gate_lays_beside_is_no_surprise(name: str) -> None:
    assert judged(beside(name)).outcome is FindingOutcome.SATISFIED


@pytest.mark.parametrize("name", [f"{WHEEL.name}.vsa.sigstore.json", "counterseal.intoto.jsonl"])
def test_what_sign_and_gates_make_may_be_requested(name: str) -> None:
    assert judged(requested(name)).outcome is FindingOutcome.SATISFIED


def test_an_upload_that_never_ended_is_no_asset() -> None:
    assert judged(beside("evil.whl", complete=False)).outcome is FindingOutcome.SATISFIED


def test_a_name_that_was_observed_twice_is_refused() -> None:
    twice = dataclasses.replace(OBSERVED[0], id=606)
    pins = tuple(dataclasses.replace(pin, id=606) if pin.id == 505 else pin for pin in CONTENT.candidate.assets)
    found = with_content(evidence(observed=(*OBSERVED, twice)), candidate=PinnedCandidate(55, "v1.2.0", pins))
    assert judged(found).outcome is FindingOutcome.VIOLATED


@pytest.mark.parametrize("found", [malformed(), evidence(change=None)])
def test_nothing_to_judge(found: Evidence) -> None:
    assert (judged(found).outcome, judged(found).code) == (FindingOutcome.SKIPPED, "no-request")


def test_every_code_is_tried() -> None:
    tried = {code for _, code, _ in WRONG.values()}
    assert tried == set(digest_matches.RULE.codes) - {"no-request"}
