"""The real Fulcio, Rekor and timestamp authority: what we sign there verifies; the sandbox answers as they do."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import requests
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.interop.real_sigstore import RealSigstore, programs, running
from tests.unit.sandbox.keyless_world import CLAIMS, DIGEST, PAYLOAD, SAN, SHA

from counterseal.errors import ServiceError, VerificationError
from counterseal.formats import statement
from counterseal.model import Certificate, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.interop, pytest.mark.slow]

PEM = serialization.Encoding.PEM
FILE = b"the file"
FILE_DIGEST = hashlib.sha256(FILE).hexdigest()
TYPE = "https://example.org/predicate/v1"
ABOUT_FILE = statement.build([Subject("file", FILE_DIGEST)], TYPE, {"n": 1})
GITLAB_SAN = "https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main"
GITLAB_CLAIMS: dict[str, Any] = {
    "sub": "project_path:acme/app:ref_type:branch:ref:main",
    "namespace_id": "72",
    "namespace_path": "acme",
    "project_id": "20",
    "project_path": "acme/app",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "main",
    "ref_type": "branch",
    "environment": "production",
    "runner_id": 1,
    "runner_environment": "gitlab-hosted",
    "sha": SHA,
    "project_visibility": "public",
    "ci_config_ref_uri": "gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main",
    "ci_config_sha": SHA,
}


@pytest.fixture(scope="module")
def real(tool: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSigstore]:
    with running(programs(tool), tmp_path_factory.mktemp("sigstore")) as each:
        yield each


@pytest.fixture(scope="module")
def signed(real: RealSigstore) -> tuple[bytes, bytes, bytes]:
    """Two statements and a digest, signed by one signer whose token is asked for once."""
    signer = real.signer(real.sandbox.token(claims={"environment": "production"}))
    return signer.sign_statement(ABOUT_FILE), signer.sign_digest(FILE_DIGEST), signer.sign_statement(PAYLOAD)


@pytest.fixture(scope="module")
def beside(real: RealSigstore) -> bytes:
    """A bundle of the sandbox, over the same statement for the same claims."""
    return real.sandbox.signer(claims={"environment": "production"}).sign_statement(ABOUT_FILE)


def github(real: RealSigstore) -> Certificate:
    return Certificate(
        san=SAN,
        issuer=real.sandbox.keyless.issuer.url,
        signer_uri=SAN,
        signer_digest=SHA,
        runner_environment="github-hosted",
        source_uri="https://github.com/ACME/app",
        source_revision=SHA,
        source_ref="refs/tags/v1.2.0",
        source_id="777",
        owner_uri="https://github.com/ACME",
        owner_id="99",
        config_uri=SAN,
        config_digest=SHA,
        trigger="push",
        run_uri="https://github.com/ACME/app/actions/runs/5001/attempts/2",
        visibility="public",
        environment="production",
    )


def test_what_we_sign_verifies_with_every_field_of_the_certificate(
    real: RealSigstore, signed: tuple[bytes, bytes, bytes]
) -> None:
    first, digest, second = (json.loads(each)["verificationMaterial"] for each in signed)
    assert first["certificate"] == digest["certificate"] == second["certificate"]
    verifier = real.verifier()
    one, two = (verifier.verify_statement(each, "b") for each in (signed[0], signed[2]))
    assert (one.payload, two.payload) == (ABOUT_FILE, PAYLOAD)
    assert one.log_index < two.log_index
    assert one.certificate == two.certificate == verifier.verify_digest(signed[1], FILE_DIGEST, "b") == github(real)


def test_a_job_of_gitlab(real: RealSigstore) -> None:
    bundle = real.signer(real.gitlab.token(GITLAB_CLAIMS, "sigstore")).sign_statement(PAYLOAD)
    assert real.verifier().verify_statement(bundle, "b").certificate == Certificate(
        san=GITLAB_SAN,
        issuer=real.gitlab.url,
        signer_uri=GITLAB_SAN,
        signer_digest=SHA,
        runner_environment="gitlab-hosted",
        source_uri="https://gitlab.com/acme/app",
        source_revision=SHA,
        source_ref="refs/heads/main",
        source_id="20",
        owner_uri="https://gitlab.com/acme",
        owner_id="72",
        config_uri=GITLAB_SAN,
        config_digest=SHA,
        trigger="push",
        run_uri="https://gitlab.com/acme/app/-/jobs/302",
        visibility="public",
        environment="production",
    )


def run(tool: Path, *arguments: object, home: Path) -> None:
    done = subprocess.run(
        [tool, *map(str, arguments)],
        env={"HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_cosign_and_gh_accept_what_we_sign(
    real: RealSigstore, signed: tuple[bytes, bytes, bytes], tool: Callable[[str], Path], tmp_path: Path
) -> None:
    real.files(tmp_path)
    for name, content in {"file": FILE, "statement.json": signed[0], "digest.json": signed[1]}.items():
        (tmp_path / name).write_bytes(content)
    issuer = real.sandbox.keyless.issuer.url
    who = ["--certificate-identity", SAN, "--certificate-oidc-issuer", issuer, "--trusted-root", "trusted_root.json"]
    run(tool("cosign"), "verify-blob", "--bundle", "digest.json", *who, "file", home=tmp_path)
    attested = ["verify-blob-attestation", "--bundle", "statement.json", "--type", TYPE]
    run(tool("cosign"), *attested, *who, "file", home=tmp_path)
    gh = ["attestation", "verify", "file", "--bundle", "statement.json", "--repo", "ACME/app", "--predicate-type", TYPE]
    gh += ["--custom-trusted-root", "trusted_root.jsonl", "--cert-oidc-issuer", issuer, "--format", "json"]
    run(tool("gh"), *gh, home=tmp_path)


def test_we_accept_what_cosign_signs(real: RealSigstore, tool: Callable[[str], Path], tmp_path: Path) -> None:
    real.files(tmp_path)
    (tmp_path / "file").write_bytes(FILE)
    (tmp_path / "statement.json").write_bytes(ABOUT_FILE)
    services = ["--yes", "--signing-config", "signing_config.json", "--trusted-root", "trusted_root.json"]
    services += ["--identity-token", real.sandbox.token(claims={"environment": "production"}), "--bundle"]
    run(tool("cosign"), "sign-blob", *services, "blob.json", "file", home=tmp_path)
    run(tool("cosign"), "attest-blob", *services, "att.json", "--statement", "statement.json", home=tmp_path)
    verifier = real.verifier()
    assert verifier.verify_digest((tmp_path / "blob.json").read_bytes(), FILE_DIGEST, "b") == github(real)
    attestation = verifier.verify_statement((tmp_path / "att.json").read_bytes(), "b")
    assert attestation.certificate == github(real)
    assert attestation.statement.subjects == (Subject("file", FILE_DIGEST),)


# --- refused -----------------------------------------------------------------------------------


def entry(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bundle["verificationMaterial"]["tlogEntries"][0]
    return found


def flipped(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(data).decode()


TAMPERED: dict[str, Callable[[Any, Any], None]] = {
    "payload": lambda b, o: b["dsseEnvelope"].update(payload=o["dsseEnvelope"]["payload"]),
    "signature": lambda b, o: b["dsseEnvelope"].update(signatures=o["dsseEnvelope"]["signatures"]),
    "entry": lambda b, o: b["verificationMaterial"].update(tlogEntries=o["verificationMaterial"]["tlogEntries"]),
    "no entry": lambda b, _: b["verificationMaterial"].update(tlogEntries=[]),
    "timestamp": lambda b, o: b["verificationMaterial"].update(
        timestampVerificationData=o["verificationMaterial"]["timestampVerificationData"]
    ),
    "outer index": lambda b, _: entry(b).update(logIndex="99"),
    "root hash": lambda b, _: entry(b)["inclusionProof"].update(
        rootHash=flipped(entry(b)["inclusionProof"]["rootHash"])
    ),
    "certificate": lambda b, _: b["verificationMaterial"]["certificate"].update(
        rawBytes=flipped(b["verificationMaterial"]["certificate"]["rawBytes"])
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_one_change_is_enough_to_be_refused(case: str, real: RealSigstore, signed: tuple[bytes, bytes, bytes]) -> None:
    bundle, other = json.loads(signed[0]), json.loads(signed[2])
    TAMPERED[case](bundle, copy.deepcopy(other))
    with pytest.raises(VerificationError):
        real.verifier().verify_statement(json.dumps(bundle).encode(), "b")


def test_the_two_instances_do_not_believe_each_other(
    real: RealSigstore, signed: tuple[bytes, bytes, bytes], beside: bytes
) -> None:
    with pytest.raises(VerificationError):
        real.verifier().verify_statement(beside, "b")
    with pytest.raises(VerificationError):
        real.sandbox.verifier().verify_statement(signed[0], "b")


def test_our_signer_tells_what_the_real_fulcio_says(real: RealSigstore) -> None:
    head, body, signature = real.sandbox.token().split(".")
    with pytest.raises(ServiceError, match="error processing the identity token") as caught:
        real.signer(f"{head}.{body}.AAAAAAAA{signature[8:]}").sign_digest(DIGEST)
    assert "HTTP 400" in caught.value.why


# --- the sandbox is as the real one is ------------------------------------------------------------


def request_for(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return {"certificateSigningRequest": base64.b64encode(made.public_bytes(PEM)).decode()}


def proof(key: ec.EllipticCurvePrivateKey, subject: str) -> dict[str, Any]:
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    signature = base64.b64encode(key.sign(subject.encode(), ec.ECDSA(hashes.SHA256()))).decode()
    return {
        "publicKeyRequest": {"publicKey": {"algorithm": "ECDSA", "content": public}, "proofOfPossession": signature}
    }


def asked(real: RealSigstore, body: Any, token: str) -> tuple[requests.Response, requests.Response]:
    """Return the answers of the real Fulcio and of the sandbox's."""
    head = {"Authorization": f"Bearer {token}"}
    one, two = (
        requests.post(f"{url}/api/v2/signingCert", json=body, headers=head, timeout=10)
        for url in (real.fulcio, real.sandbox.server.url)
    )
    return one, two


def extensions(answer: requests.Response) -> list[tuple[str, bool, bytes]]:
    """Return what a certificate says; of what depends on the authority's keys only that it is there."""
    chain = answer.json()["signedCertificateEmbeddedSct"]["chain"]["certificates"]
    assert len(chain) == 3
    leaf = x509.load_pem_x509_certificate(chain[0].encode())
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds() == 600
    keys = ("2.5.29.35", "1.3.6.1.4.1.11129.2.4.2")
    found = [(each.oid.dotted_string, each.critical, each.value) for each in leaf.extensions]
    return [(oid, critical, b"" if oid in keys else value.public_bytes()) for oid, critical, value in found]


REF = "ACME/app/.github/workflows/x.yml@refs/tags/"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"environment": "production"},
        {"environment": ""},
        {"repository_visibility": ""},
        {"job_workflow_ref": REF + "größe"},
        {"job_workflow_ref": REF + 'a"b<c>|`{}#"<x>é'},
        {"job_workflow_ref": REF + "a#b%20c!(x)"},
        {"job_workflow_ref": REF + "a b!(x)'*[y]"},
        {"job_workflow_ref": REF + "a?b c"},
        {"ref": "refs/tags/größe", "workflow": "Freigabe ü"},
    ],
    ids=str,
)
def test_certificates_say_the_same(real: RealSigstore, claims: Mapping[str, str]) -> None:
    body = request_for(ec.generate_private_key(ec.SECP256R1()))
    one, two = asked(real, body, real.sandbox.token(claims=claims))
    assert one.status_code == two.status_code == 200, (one.text, two.text)
    assert extensions(one) == extensions(two)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"environment": ""},
        {"ref": "v1.2.0", "ref_type": "tag", "ci_config_ref_uri": GITLAB_SAN[8:].replace("heads/main", "tags/v1.2.0")},
        {"project_visibility": "internal", "runner_environment": "self-hosted"},
        {"ci_config_ref_uri": GITLAB_SAN[8:] + "größe#1 x"},
        {"ref_type": ""},
    ],
    ids=str,
)
def test_certificates_of_gitlab_say_the_same(real: RealSigstore, claims: Mapping[str, str]) -> None:
    body = request_for(ec.generate_private_key(ec.SECP256R1()))
    one, two = asked(real, body, real.gitlab.token({**GITLAB_CLAIMS, **claims}, "sigstore"))
    assert one.status_code == two.status_code == 200, (one.text, two.text)
    assert extensions(one) == extensions(two)


def test_both_refuse_the_same(real: RealSigstore) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    good, token = request_for(key), real.sandbox.token
    claims = {"sub": "repo:ACME/app", "repository_owner": "ACME", **CLAIMS}
    del claims["workflow_sha"]
    incomplete = real.sandbox.keyless.issuer.token(claims, "sigstore")
    cases: list[tuple[Any, str, str]] = [
        (good, token("somebody-else"), "There was an error processing the identity token"),
        (good, token(seconds=-60), "There was an error processing the identity token"),
        (good, token()[:-8] + "AAAAAAAA", "There was an error processing the identity token"),
        (good, "no token", "There was an error processing the identity token"),
        (proof(key, "repo:ACME/other"), token(), "The signature supplied in the request could not be verified"),
        (good, incomplete, "value <workflow_sha> not present"),
        (good, token(claims={"job_workflow_ref": REF + "100%"}), "invalid URL escape"),
        ({}, token(), ""),
        ([], token(), ""),
        ({"certificateSigningRequest": "AAAA"}, token(), ""),
    ]
    for body, given, said in cases:
        for answer in asked(real, body, given):
            assert answer.status_code == 400, (said, answer.text)
            assert said in answer.json()["message"]
    for answer in asked(real, proof(key, "repo:ACME/app"), token()):
        assert answer.status_code == 200


def shape(value: Any) -> Any:
    """Return a JSON value with its keys, and types for its texts."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def test_log_entries_have_the_same_form(real: RealSigstore, signed: tuple[bytes, bytes, bytes], beside: bytes) -> None:
    one, two = entry(json.loads(signed[0])), entry(json.loads(beside))
    for each in (one, two):
        envelope = each["inclusionProof"]["checkpoint"]["envelope"]
        assert re.fullmatch(
            r"127\.0\.0\.1\n[0-9]+\n[A-Za-z0-9+/]{43}=\n\n— 127\.0\.0\.1 [A-Za-z0-9+/]{91}=\n", envelope
        )
        each["inclusionProof"]["hashes"] = []
    bodies = [json.loads(base64.b64decode(each["canonicalizedBody"])) for each in (one, two)]
    assert shape(one) == shape(two)
    assert one["kindVersion"] == two["kindVersion"]
    assert shape(bodies[0]) == shape(bodies[1])
    assert bodies[0]["spec"]["hashedRekordV002"]["data"] == bodies[1]["spec"]["hashedRekordV002"]["data"]
    for url, body in ((real.rekor, bodies[0]), (real.sandbox.server.url, bodies[1])):
        spec = body["spec"]["hashedRekordV002"]
        asks = {"digest": spec["data"]["digest"], "signature": spec["signature"]}
        again = requests.post(f"{url}/api/v2/log/entries", json={"hashedRekordRequestV002": asks}, timeout=10)
        assert (again.status_code, "already exists" in again.text) == (409, True)
        asks["signature"]["verifier"]["keyDetails"] = "PKIX_ED25519"
        wrong = requests.post(f"{url}/api/v2/log/entries", json={"hashedRekordRequestV002": asks}, timeout=10)
        assert wrong.status_code == 400


def token_form(der: bytes) -> Any:
    answer = tsp.TimeStampResp.load(der, strict=True)
    signed_data = answer["time_stamp_token"]["content"]
    signer = signed_data["signer_infos"][0]
    form = json.loads(json.dumps(signed_data["encap_content_info"]["content"].parsed.native, default=lambda _: "x"))
    del form["serial_number"]
    own = signer["signed_attrs"][-1]["values"][0]["certs"][0]
    return (
        form,
        answer["status"].native,
        signed_data["version"].native,
        signed_data["digest_algorithms"].dump(),
        len(signed_data["certificates"].native or ()),
        signer["version"].native,
        signer["sid"].name,
        [each["type"].native for each in signer["signed_attrs"]],
        [own["hash_algorithm"].dump(), bool(own["issuer_serial"].native)],
        signer["digest_algorithm"].dump(),
        signer["signature_algorithm"].dump(),
    )


def test_timestamps_have_the_same_form(real: RealSigstore) -> None:
    def query(**fields: Any) -> bytes:
        imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"x" * 32}
        der: bytes = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, **fields}).dump()
        return der

    def answers(body: bytes) -> list[requests.Response]:
        head = {"Content-Type": "application/timestamp-query"}
        urls = (real.tsa, real.sandbox.server.url)
        return [requests.post(f"{url}/api/v1/timestamp", data=body, headers=head, timeout=10) for url in urls]

    for good in (query(cert_req=True, nonce=12345), query(cert_req=True), query()):
        one, two = answers(good)
        assert (one.status_code, one.headers["Content-Type"]) == (two.status_code, two.headers["Content-Type"])
        assert token_form(one.content) == token_form(two.content)
    weak = {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": b"x" * 20}
    short = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"x" * 20}
    refused = [query(message_imprint=weak), query(message_imprint=short), query(req_policy="1.2.3.4"), b"x", b""]
    for bad in refused:
        one, two = answers(bad)
        assert one.status_code == two.status_code >= 400
