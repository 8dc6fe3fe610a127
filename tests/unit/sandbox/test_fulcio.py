"""The sandbox's certificate authority checks who asks, and writes what the token says."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sigstore._internal.sct import verify_sct
from sigstore._internal.trust import CTKeyring, Keyring
from sigstore_models.trustroot.v1 import TrustedRoot
from tests.unit.sandbox.keyless_world import CLAIMS, GITLAB_CLAIMS, GITLAB_CONFIG, SAN, SHA, World, serving

from counterseal_sandbox.keys import ORGANIZATION, Keys

if TYPE_CHECKING:
    from collections.abc import Iterator

PEM = serialization.Encoding.PEM


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as each:
        yield each


def csr(key: Any) -> dict[str, str]:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return {"certificateSigningRequest": base64.b64encode(request.public_bytes(PEM)).decode()}


def post(world: World, body: Any, token: str | None) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.post(f"{world.server.url}/api/v2/signingCert", json=body, headers=headers, timeout=5)


def chain(answer: requests.Response) -> list[x509.Certificate]:
    assert answer.status_code == 200, answer.text
    found = answer.json()["signedCertificateEmbeddedSct"]["chain"]["certificates"]
    return [x509.load_pem_x509_certificate(each.encode()) for each in found]


def extensions(certificate: x509.Certificate) -> dict[int, bytes]:
    arc = "1.3.6.1.4.1.57264.1."
    return {
        int(each.oid.dotted_string.removeprefix(arc)): each.value.value
        for each in certificate.extensions
        if isinstance(each.value, x509.UnrecognizedExtension) and each.oid.dotted_string.startswith(arc)
    }


def test_all_identity_extensions_say_what_the_token_says(world: World) -> None:
    token = world.token(claims={"environment": "production"})
    found = extensions(chain(post(world, csr(ec.generate_private_key(ec.SECP256R1())), token))[0])
    raw = {number: found[number].decode() for number in range(1, 7)}
    issuer = world.keyless.issuer.url
    assert raw == {1: issuer, 2: "push", 3: SHA, 4: "release", 5: "ACME/app", 6: "refs/tags/v1.2.0"}
    assert {
        number: core.UTF8String.load(value, strict=True).native for number, value in found.items() if number > 7
    } == {
        8: issuer,
        9: SAN,
        10: SHA,
        11: "github-hosted",
        12: "https://github.com/ACME/app",
        13: SHA,
        14: "refs/tags/v1.2.0",
        15: "777",
        16: "https://github.com/ACME",
        17: "99",
        18: SAN,
        19: SHA,
        20: "push",
        21: "https://github.com/ACME/app/actions/runs/5001/attempts/2",
        22: "public",
        23: "production",
        24: "repo:ACME/app",
    }


def of_gitlab(world: World, **claims: str | int) -> x509.Certificate:
    token = world.keyless.gitlab.job_token({**GITLAB_CLAIMS, **claims})
    return chain(post(world, csr(ec.generate_private_key(ec.SECP256R1())), token))[0]


def test_a_job_of_gitlab_is_named_by_its_project_and_pipeline_file(world: World) -> None:
    leaf = of_gitlab(world, environment="production")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    san, issuer = f"https://{GITLAB_CONFIG}", world.keyless.gitlab.url
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [san]
    found = extensions(leaf)
    assert found.pop(1).decode() == issuer
    assert {number: core.UTF8String.load(value, strict=True).native for number, value in found.items()} == {
        8: issuer,
        9: san,
        10: SHA,
        11: "gitlab-hosted",
        12: "https://gitlab.com/acme/tools/app",
        13: SHA,
        14: "refs/tags/v1.2.0",
        15: "777",
        16: "https://gitlab.com/acme/tools",
        17: "72",
        18: san,
        19: SHA,
        20: "push",
        21: "https://gitlab.com/acme/tools/app/-/jobs/302",
        22: "public",
        23: "production",
        24: "project_path:acme/tools/app:ref_type:tag:ref:v1.2.0",
    }


def test_a_job_of_gitlab_on_a_branch_without_an_environment(world: World) -> None:
    found = extensions(of_gitlab(world, ref="main", ref_type="branch"))
    assert core.UTF8String.load(found[14]).native == "refs/heads/main"
    assert 23 not in found


def test_each_issuer_speaks_for_its_own_forge_only(world: World) -> None:
    for issuer, claims in ((world.keyless.issuer, GITLAB_CLAIMS), (world.keyless.gitlab, CLAIMS)):
        token = issuer.token({"sub": "x", **claims}, "sigstore")
        answer = post(world, csr(ec.generate_private_key(ec.SECP256R1())), token)
        assert answer.status_code == 400
        assert "not present in either claims or defaults" in answer.json()["message"]


def test_a_job_without_an_environment_has_no_extension_for_it(world: World) -> None:
    leaf = chain(post(world, csr(ec.generate_private_key(ec.SECP256R1())), world.token()))[0]
    assert 23 not in extensions(leaf)
    assert 24 in extensions(leaf)


@pytest.mark.parametrize(("claim", "number"), [("environment", 23), ("repository_visibility", 22), ("workflow", 4)])
def test_an_empty_claim_leaves_no_extension(world: World, claim: str, number: int) -> None:
    token = world.token(claims={claim: ""})
    assert number not in extensions(chain(post(world, csr(ec.generate_private_key(ec.SECP256R1())), token))[0])


def test_a_missing_claim_is_named(world: World) -> None:
    token = world.keyless.issuer.token({"sub": "repo:ACME/app"}, "sigstore")
    answer = post(world, csr(ec.generate_private_key(ec.SECP256R1())), token)
    assert answer.status_code == 400
    assert "value <job_workflow_ref> not present" in answer.json()["message"]


@pytest.mark.parametrize(("ref", "status"), [("größe", 200), ("100%", 400)])
def test_a_name_that_is_no_url_is_escaped_or_refused(world: World, ref: str, status: int) -> None:
    token = world.token(claims={"job_workflow_ref": f"ACME/app/.github/workflows/x.yml@refs/tags/{ref}"})
    answer = post(world, csr(ec.generate_private_key(ec.SECP256R1())), token)
    assert answer.status_code == status
    if status == 200:
        names = chain(answer)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.UniformResourceIdentifier)[0].endswith("@refs/tags/gr%C3%B6%C3%9Fe")


def test_the_certificate_is_a_short_lived_leaf_that_says_sandbox_all_the_way_up(world: World) -> None:
    leaf, *authorities = chain(post(world, csr(ec.generate_private_key(ec.SECP256R1())), world.token()))
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds() == 600
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [SAN]
    leaf.verify_directly_issued_by(authorities[0])
    authorities[0].verify_directly_issued_by(authorities[1])
    for each in authorities:
        assert ORGANIZATION in each.subject.rfc4514_string().replace("\\", "")
    assert "SANDBOX, no trust" in ORGANIZATION


def test_the_embedded_sct_verifies_with_the_key_in_the_trusted_root(world: World) -> None:
    leaf, *authorities = chain(post(world, csr(ec.generate_private_key(ec.SECP256R1())), world.token()))
    root = TrustedRoot.from_json(json.dumps(world.root()))
    verify_sct(leaf, authorities, CTKeyring(Keyring([log.public_key for log in root.ctlogs])))


def test_cosigns_way_of_asking_works(world: World) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    proof = key.sign(b"repo:ACME/app", ec.ECDSA(hashes.SHA256()))
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    body = {
        "credentials": {"oidcIdentityToken": world.token()},
        "publicKeyRequest": {
            "publicKey": {"algorithm": "ECDSA", "content": public},
            "proofOfPossession": base64.b64encode(proof).decode(),
        },
    }
    assert chain(post(world, body, None))[0].public_key() == key.public_key()
    body["publicKeyRequest"]["proofOfPossession"] = base64.b64encode(  # type: ignore[index]
        key.sign(b"repo:ACME/other", ec.ECDSA(hashes.SHA256()))
    ).decode()
    refused = post(world, body, None)
    assert refused.status_code == 400
    assert "could not be verified" in refused.json()["message"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda world: world.token("somebody-else"), "Audience"),
        (lambda world: world.token(seconds=-60), "expired"),
        (lambda world: world.token()[:-8] + "AAAAAAAA", "Signature"),
        (lambda _: "no token", "segments"),
        (lambda _: "", ""),
    ],
    ids=["wrong audience", "expired", "forged", "not a token", "none"],
)
def test_tokens_that_do_not_count(world: World, make: Any, said: str) -> None:
    answer = post(world, csr(ec.generate_private_key(ec.SECP256R1())), make(world))
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_token_of_another_issuer_does_not_count_even_with_our_key(world: World) -> None:
    with serving() as other:  # the same keys, another origin
        answer = post(world, csr(ec.generate_private_key(ec.SECP256R1())), other.token())
    assert answer.status_code == 400
    assert "issuer" in answer.json()["message"].lower()


def test_a_request_that_another_key_has_signed_is_refused(world: World) -> None:
    body = csr(ec.generate_private_key(ec.SECP256R1()))
    der = bytearray(base64.b64decode(base64.b64decode(body["certificateSigningRequest"]).split(b"-----")[2]))
    der[-1] ^= 1
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.b64encode(der) + b"\n-----END CERTIFICATE REQUEST-----\n"
    answer = post(world, {"certificateSigningRequest": base64.b64encode(pem).decode()}, world.token())
    assert answer.status_code == 400
    assert "could not be verified" in answer.json()["message"]


@pytest.mark.parametrize(
    "body", [{}, {"certificateSigningRequest": "AAAA"}, {"publicKeyRequest": {"publicKey": {"content": "x"}}}, [], "x"]
)
def test_garbage_is_a_bad_request(world: World, body: Any) -> None:
    assert post(world, body, world.token()).status_code == 400


def test_other_kinds_of_keys_are_refused(world: World) -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        answer = post(world, csr(key), world.token())
        assert answer.status_code == 400
        assert "P-256" in answer.json()["message"]


def test_anything_else_is_501_with_the_name_of_the_call(world: World) -> None:
    answer = requests.get(f"{world.server.url}/api/v2/signingCert", timeout=5)
    assert answer.status_code == 501
    assert "GET /api/v2/signingCert" in answer.json()["message"]


def test_kept_keys_are_the_same_keys_and_private(tmp_path: Any) -> None:
    made = Keys.generate()
    made.save(tmp_path / "keys")
    again = Keys.load(tmp_path / "keys")
    assert (again.log_id, again.ct_id, again.made_at) == (made.log_id, made.ct_id, made.made_at)
    assert (again.ca_chain, again.tsa_chain) == (made.ca_chain, made.tsa_chain)
    for one, other in ((again.ca, made.ca), (again.tsa, made.tsa), (again.oidc, made.oidc)):
        assert one.public_key() == other.public_key()
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "keys").glob("*-key.pem"))
