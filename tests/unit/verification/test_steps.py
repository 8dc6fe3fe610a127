"""The steps of a verdict, one defect at a time: each is refused in its own step, by its own words."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit import frozen
from tests.unit.verification.releases import (
    DECIDED_AT,
    GATE,
    NOW,
    OTHER_GATE,
    OWN_CERTIFICATE,
    OWN_SAN,
    PUBLISHED_AT,
    TRUST,
    WANTED,
    Release,
    Signed,
    Wanted,
    by,
    decided,
    published,
    released,
    verify,
)

from counterseal import ledger
from counterseal.errors import LedgerError, VerificationError
from counterseal.formats import digests
from counterseal.history.events import Publication, PublishedAsset
from counterseal.identifiers import GATE_ID
from counterseal.model import Attestation, Certificate, Outcome, OwnGate, Trust
from counterseal.verification import Asked, NotOfReleaseError, prove


def refusal(release: Release, wanted: Wanted = WANTED, trust: Trust = TRUST) -> tuple[str, str]:
    """Return what failed and why."""
    with pytest.raises(VerificationError) as caught:
        release.verify(wanted, trust)
    assert caught.value.what.startswith("not verified: step ")
    return caught.value.what.removeprefix("not verified: step "), caught.value.why


def test_a_release_is_verified_and_says_how() -> None:
    verdict = released().verify()
    assert (verdict.file_name, verdict.digest, verdict.stage) == (WANTED.file_name, WANTED.digest, "production")
    assert (verdict.decided_at, verdict.repository, verdict.sandbox) == (DECIDED_AT, frozen.HOME, False)
    said = {str(each.look): each.result for each in verdict.steps}
    assert list(said) == ["digest and name", "signature", "time and log", "decision", "ledger", "knowledge"]
    assert said["signature"].startswith(f"counterseal gate (workflow digest {GATE[:12]} in the released list), for ")
    assert said["time and log"].startswith("log entry 1881, timestamp 2026-11-24T09:12:47Z")
    assert said["decision"].startswith("allow, policy sha256:")
    assert said["decision"].endswith(", 2 rules, entry 1")
    assert said["ledger"] == "included (1 hash), proven against entry 2 (publication)"
    assert said["knowledge"] == (
        f"the release's own copy, as of ledger entry 2 ({PUBLISHED_AT:%Y-%m-%d %H:%M} UTC, 2 h old): production has "
        f"{frozen.MANIFEST.tag}; not checked: what was recorded since"
    )


def test_a_sandbox_is_called_one() -> None:
    assert released().verify(trust=dataclasses.replace(TRUST, sandbox=True)).sandbox


def test_knowledge_of_the_future_is_not_of_a_negative_age() -> None:
    release = released()
    verdict = verify(
        WANTED, release.proof(), verifier=release.signed, trust=TRUST, now=PUBLISHED_AT - timedelta(hours=9)
    )
    assert verdict.steps[-1].result.startswith(
        f"the release's own copy, as of ledger entry 2 ({PUBLISHED_AT:%Y-%m-%d %H:%M} UTC, 0 h old)"
    )


# --- 1 digest and name ---------------------------------------------------------------------------


def test_other_bytes() -> None:
    wanted = dataclasses.replace(WANTED, digest=digests.sha256(b"evil"))
    step, why = refusal(released(), wanted)
    assert step == "1, digest and name"
    assert why.endswith(f", not in the decision, which names sha256:{WANTED.digest}")
    _, why = refusal(released(), dataclasses.replace(wanted, file_name="evil.whl"))
    assert why.endswith(", not in the decision")


def test_the_bytes_of_another_name() -> None:
    step, why = refusal(released(), dataclasses.replace(WANTED, file_name=frozen.SDIST.name))
    assert (step, why) == (
        "1, digest and name",
        f"these bytes were decided on as {frozen.WHEEL.name}, not as {frozen.SDIST.name}",
    )


def test_a_proof_that_is_about_no_decision() -> None:
    release = released()
    proof = release.proof()
    line = ledger.parse_proof(proof).decision_line
    other = dataclasses.replace(release.signed.lines[line].statement, predicate_type="https://slsa.dev/provenance/v1")
    release.signed.lines[line] = dataclasses.replace(release.signed.lines[line], statement=other)
    with pytest.raises(VerificationError, match="step 1") as caught:
        verify(WANTED, proof, verifier=release.signed, trust=TRUST, now=NOW)
    assert caught.value.why == "the proof is about a https://slsa.dev/provenance/v1, no decision"


def fix_of(wanted: Wanted, release: Release | None = None) -> str:
    with pytest.raises(VerificationError) as caught:
        (release or released()).verify(wanted)
    return caught.value.fix


def test_a_file_beside_the_artifacts_is_held_to_the_list_of_the_publication() -> None:
    body = frozen.PUBLICATION.body
    assert isinstance(body, Publication)
    sbom = PublishedAsset("sbom.cdx.json", digests.sha256(b"sbom"), 4)
    signature = PublishedAsset(f"{frozen.WHEEL.name}.sigstore.json", digests.sha256(b"signature"), 9)
    release = released(publication=published(assets=(*body.assets, sbom, signature)))
    for asset in (sbom, signature):
        wanted = dataclasses.replace(WANTED, file_name=asset.name, digest=asset.digest)
        verdict = release.verify(wanted)
        assert "a file beside the artifacts, held to the list of the publication" in verdict.steps[0].result
        step, why = refusal(release, dataclasses.replace(wanted, digest=digests.sha256(b"evil")))
        assert (step, why) == ("5, ledger", f"{asset.name} is not among the assets that were published")
    evil = dataclasses.replace(WANTED, file_name="evil.whl", digest=sbom.digest)
    assert refusal(release, evil)[0] == "1, digest and name"


@pytest.mark.parametrize("name", ["evil.whl", "evil.whl.vsa.sigstore.json", "sbom.cdx.json"])
def test_a_file_of_no_release_is_told_apart_from_one_that_was_changed(name: str) -> None:
    evil = digests.sha256(b"evil")
    with pytest.raises(NotOfReleaseError):
        released().verify(dataclasses.replace(WANTED, file_name=name, digest=evil))
    with pytest.raises(VerificationError) as caught:
        released().verify(dataclasses.replace(WANTED, digest=evil))
    assert not isinstance(caught.value, NotOfReleaseError)


def test_a_proof_is_verified_once_for_all_files_and_refuses_each_of_them_for_the_same_reason() -> None:
    release = released(decision=decided(outcome=Outcome.DENY))
    asked = Asked("production", frozen.HOST, frozen.HOME.name)
    proven = prove(asked, release.proof(), verifier=release.signed, trust=TRUST, now=NOW)
    release.signed.lines.clear()  # whoever asked again would find nothing
    for subject in (frozen.WHEEL, frozen.SDIST):
        with pytest.raises(VerificationError, match="step 4, decision"):
            proven.verdict(subject.name, subject.digest)
    with pytest.raises(NotOfReleaseError, match="step 1"):
        proven.verdict("evil.whl", digests.sha256(b"evil"))


@pytest.mark.parametrize(
    ("changes", "fix"),
    [
        ({"stage": "prod"}, "did you mean --stage production?"),
        ({"stage": "canary"}, "take a release that entered canary; this one did not"),
        ({"repository": frozen.HOME.name.upper()}, f"--repository {frozen.HOST}/{frozen.HOME.name}"),
        ({"repository": "acme/other"}, "name the repository that the project publishes from"),
        ({"repository_id": 1}, "compare the number with what the project names"),
        ({"digest": digests.sha256(b"evil")}, "download it again; if its digest still differs, do not use it"),
        ({"file_name": "b.whl"}, f"give the file its own name again: {frozen.WHEEL.name}"),
        ({"revisions": (OTHER_GATE,)}, "compare the gate with what the project names"),
    ],
)
def test_each_cause_has_a_fix_of_its_own(changes: dict[str, Any], fix: str) -> None:
    assert fix in fix_of(dataclasses.replace(WANTED, **changes))


def test_a_revision_that_is_not_the_pinned_one_is_named() -> None:
    _, why = refusal(released(), dataclasses.replace(WANTED, revisions=(OTHER_GATE,)))
    assert why == f"you accept only {OTHER_GATE} (--gate-revision); this release's gate is {GATE}"


@pytest.mark.parametrize("proof", [b"", b"{}", b'{"schema": "x"', b"\x00"])
def test_what_is_no_proof_is_told_so(proof: bytes) -> None:
    with pytest.raises(VerificationError, match="this is not a ledger proof") as caught:
        verify(WANTED, proof, verifier=Signed(), trust=TRUST, now=NOW)
    assert caught.value.fix.startswith("download ledger-proof.json again")


# --- 2 signature ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        (frozen.CERTIFICATE, "it was signed by "),
        (by(signer_digest=OTHER_GATE, san=f"{GATE_ID}@{OTHER_GATE}"), "its two signers differ"),
        (by(runner_environment="self-hosted"), "self-hosted"),
        (by(source_ref="refs/heads/other"), "refs/heads/other"),
        (by(issuer="https://evil.example"), "its issuer is https://evil.example"),
    ],
)
def test_a_signature_of_somebody_else(certificate: Certificate, says: str) -> None:
    step, why = refusal(released(signer=certificate))
    assert step == "2, signature"
    assert says in why


def test_a_gate_that_nobody_released() -> None:
    step, why = refusal(released(), trust=dataclasses.replace(TRUST, released=(OTHER_GATE,)))
    assert step == "2, signature"
    assert "newer than this tool, or not ours" in why
    assert refusal(released(), trust=dataclasses.replace(TRUST, withdrawn={GATE: None}))[1].endswith("was withdrawn")
    at = dataclasses.replace(TRUST, withdrawn={GATE: frozen.moment(0)})
    assert "was withdrawn at 2026-11-24T00:00:44Z" in refusal(released(), trust=at)[1]


def test_revisions_that_the_consumer_pins_replace_the_list() -> None:
    pinned = dataclasses.replace(WANTED, revisions=(GATE,))
    verdict = released().verify(pinned, dataclasses.replace(TRUST, released=()))
    assert f"(workflow digest {GATE[:12]} as pinned)" in verdict.steps[1].result
    assert refusal(released(), dataclasses.replace(WANTED, revisions=(OTHER_GATE,)))[0] == "2, signature"


def test_an_own_gate_is_believed_if_it_is_named() -> None:
    release = released(signer=OWN_CERTIFICATE, sealer=OWN_CERTIFICATE)
    assert refusal(release)[0] == "2, signature"
    named = dataclasses.replace(WANTED, own_gate=OwnGate(None, ".github/workflows/gate.yml", frozen.MAIN))
    said = release.verify(named).steps[1].result
    assert said.startswith(f"the project's own gate {OWN_SAN}, as you named it (commit {frozen.MERGE[:12]}, ")
    assert refusal(released(), named)[0] == "2, signature"


def test_another_repository() -> None:
    step, why = refusal(released(), dataclasses.replace(WANTED, repository="acme/other"))
    assert (step, why) == (
        "2, signature",
        f"it was decided for {frozen.SOURCE}, not for https://{frozen.HOST}/acme/other",
    )


def test_another_repository_of_the_same_name() -> None:
    released().verify(dataclasses.replace(WANTED, repository_id=frozen.HOME.id))
    step, why = refusal(released(), dataclasses.replace(WANTED, repository_id=1))
    assert (step, why) == ("2, signature", f"{frozen.HOME.name} is repository {frozen.HOME.id} there; you asked for 1")


# --- 3 time and log ------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)])
def test_signed_at_another_time_than_it_says(late: timedelta) -> None:
    assert refusal(released(signed_at=DECIDED_AT + late))[0] == "3, time and log"
    step, why = refusal(released(sealed_at=PUBLISHED_AT + late))
    assert step == "3, time and log"
    assert "it says occurredAt 2026-11-24T09:13:44Z, and was signed at " in why
    assert why.endswith("more than 5 minutes apart")


def test_five_minutes_are_not_too_many() -> None:
    released(signed_at=DECIDED_AT + timedelta(minutes=5), sealed_at=PUBLISHED_AT - timedelta(minutes=5)).verify()


# --- 4 decision ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"outcome": Outcome.DENY}, "the decision for production was deny"),
        ({"stage": "staging"}, "the decision is for the stage staging, not for production"),
        ({"source": None}, "its source is another repository than the one whose gate signed"),
    ],
)
def test_a_decision_that_allows_something_else(changes: dict[str, Any], says: str) -> None:
    assert refusal(released(decision=decided(**changes))) == ("4, decision", says)


def test_a_decision_about_the_source_of_another_repository() -> None:
    assert frozen.ALLOW.source is not None
    other = dataclasses.replace(frozen.HOME, id=1)
    step, why = refusal(released(decision=decided(source=dataclasses.replace(frozen.ALLOW.source, repository=other))))
    assert (step, why) == ("4, decision", "its source is another repository than the one whose gate signed")


# --- 5 ledger ------------------------------------------------------------------------------------


def test_an_event_that_is_no_publication() -> None:
    step, why = refusal(released(publication=frozen.WITHDRAWN))
    assert (step, why) == ("5, ledger", "an event withdrawn stands where the publication should")


def test_a_decision_that_stands_where_the_publication_should() -> None:
    release = released()
    proof = release.proof()
    line = ledger.parse_proof(proof).publication_line
    found = release.signed.lines[line]
    other = dataclasses.replace(found.statement, predicate_type="https://counterseal.dev/decision/v1")
    release.signed.lines[line] = dataclasses.replace(found, statement=other)
    with pytest.raises(VerificationError, match="step 5") as caught:
        verify(WANTED, proof, verifier=release.signed, trust=TRUST, now=NOW)
    assert caught.value.why == "a https://counterseal.dev/decision/v1 stands where the publication should"


@pytest.mark.parametrize(
    "changes",
    [{"entry_id": digests.sha256(b"x")}, {"sequence": 0}, {"line": digests.sha256(b"x")}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_publication_of_another_entry(changes: dict[str, Any]) -> None:
    release = released(reference=lambda found: dataclasses.replace(found, **changes))
    assert refusal(release) == ("5, ledger", "the publication is of another decision")


@pytest.mark.parametrize("changes", [{"stage": "staging"}, {"manifest": digests.sha256(b"x")}])
def test_a_publication_of_something_else(changes: dict[str, Any]) -> None:
    assert refusal(released(publication=published(**changes))) == (
        "5, ledger",
        "the publication is of another decision",
    )


def test_a_decision_without_a_manifest_publishes_nothing() -> None:
    step, why = refusal(released(decision=decided(manifest=None)))
    assert (step, why) == ("5, ledger", "the publication is of another decision")


@pytest.mark.parametrize(
    "asset",
    [
        PublishedAsset(frozen.WHEEL.name, frozen.SDIST.digest, 1),
        PublishedAsset(frozen.SDIST.name, frozen.WHEEL.digest, 1),
    ],
    ids=["other bytes", "other name"],
)
def test_a_file_that_was_not_published(asset: PublishedAsset) -> None:
    step, why = refusal(released(publication=published(assets=(asset,))))
    assert (step, why) == ("5, ledger", f"{frozen.WHEEL.name} is not among the assets that were published")


def test_sealed_for_another_repository() -> None:
    step, why = refusal(released(sealer=by(source_id="1")))
    assert (step, why) == ("5, ledger", "decision and publication were signed for different repositories")


def test_sealed_by_another_gate() -> None:
    other = by(san=f"{GATE_ID}@{OTHER_GATE}", signer_uri=f"{GATE_ID}@{OTHER_GATE}", signer_digest=OTHER_GATE)
    trust = dataclasses.replace(TRUST, released=(GATE, OTHER_GATE))
    assert refusal(released(sealer=other), trust=trust) == (
        "5, ledger",
        "decision and publication have different signers",
    )


def test_sealed_by_somebody_whom_nobody_believes() -> None:
    step, why = refusal(released(sealer=by(runner_environment="self-hosted")))
    assert step == "5, ledger"
    assert "self-hosted" in why


def test_a_decision_that_the_ledger_does_not_have() -> None:
    release, other = released(), released(decision=decided(reason="another"))
    mine, theirs = ledger.parse_proof(release.proof()), ledger.parse_proof(other.proof())
    mixed = ledger.entry.proof_file(mine.decision_line, theirs.inclusion, mine.publication_line, mine.state_note)
    release.signed.lines |= other.signed.lines
    with pytest.raises(LedgerError):
        verify(WANTED, mixed, verifier=release.signed, trust=TRUST, now=NOW)


class Strange(Signed):
    """Lines with an envelope around the payload, as bundles have it, signed under a root that nobody trusts."""

    def sign(self, payload: bytes, certificate: Certificate, at: datetime) -> bytes:
        line = json.dumps({"dsseEnvelope": {"payload": base64.b64encode(payload).decode()}}).encode()
        super().sign(payload, certificate, at)
        self.lines[line] = dataclasses.replace(self.lines[payload], bundle=line, digest=digests.sha256(line))
        return line

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:  # noqa: ARG002 - as the port has it
        raise VerificationError(f"{what}: no timestamp of a trusted authority covers this signature")


@pytest.mark.parametrize(
    ("repository", "what"),
    [
        ("acme/other", "not verified: this ledger proof is of another repository"),
        (frozen.HOME.name.upper(), "the decision line of the ledger proof: no timestamp of a trusted authority covers"),
    ],
)
def test_a_proof_of_another_repository_under_another_root_is_called_that(repository: str, what: str) -> None:
    release = released()
    release.signed = Strange()
    with pytest.raises(VerificationError) as caught:
        release.verify(dataclasses.replace(WANTED, repository=repository))
    assert caught.value.what.startswith(what)
