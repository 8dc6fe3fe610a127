"""The sandbox's transparency log: proofs that others can check, signatures that were checked."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sigstore._internal.trust import Keyring, RekorKeyring
from sigstore.models import TransparencyLogEntry
from sigstore_models.rekor.v1 import TransparencyLogEntry as Entry
from sigstore_models.trustroot.v1 import TrustedRoot
from tests.unit.sandbox.keyless_world import World, keys, serving

from counterseal_sandbox.rekor import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world() -> Iterator[World]:
    with serving() as each:
        yield each


def request(data: bytes, *, changed: bytes | None = None) -> dict[str, Any]:
    """Return a request to log a signature over `data`; the certificate is the sandbox's TSA leaf, any will do."""
    signature = keys().tsa.sign(data, ec.ECDSA(hashes.SHA256()))
    certificate = keys().tsa_chain[0].public_bytes(serialization.Encoding.DER)
    return {
        "hashedRekordRequestV002": {
            "digest": base64.b64encode(hashlib.sha256(changed or data).digest()).decode(),
            "signature": {
                "content": base64.b64encode(signature).decode(),
                "verifier": {
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "x509Certificate": {"rawBytes": base64.b64encode(certificate).decode()},
                },
            },
        }
    }


def post(world: World, body: Any) -> requests.Response:
    return requests.post(f"{world.server.url}/api/v2/log/entries", json=body, timeout=5)


def test_every_entry_proves_its_place_under_a_signed_checkpoint(world: World) -> None:
    log = TrustedRoot.from_json(json.dumps(world.root())).tlogs[0]
    for index in range(9):
        answer = post(world, request(b"%d" % index))
        assert answer.status_code == 201
        entry = Entry.from_json(answer.content)
        assert (entry.log_index, entry.inclusion_proof.tree_size) == (index, index + 1)
        assert entry.log_id == log.log_id
        TransparencyLogEntry(entry)._verify(RekorKeyring(Keyring([log.public_key])))
        assert entry.inclusion_proof.checkpoint is not None
        assert entry.inclusion_proof.checkpoint.envelope.startswith(f"127.0.0.1\n{index + 1}\n")


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def test_the_tree_of_peaks_is_the_tree_of_the_rfc() -> None:
    tree, leaves = Tree(), []
    for size in range(1, 70):
        leaves.append(b"leaf %d" % size)
        assert tree.append(leaves[-1]) == (naive_root(leaves), naive_path(size - 1, leaves))
        assert tree.size == size


def test_known_answer() -> None:
    """The reference vectors of certificate-transparency-go (leaves "", 00, 10, 2021, 3031, ...)."""
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = Tree()
    roots = [tree.append(bytes.fromhex(leaf))[0].hex() for leaf in leaves]
    assert roots[0] == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert roots[2] == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert roots[7] == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_a_signature_that_does_not_verify_is_not_logged(world: World) -> None:
    answer = post(world, request(b"signed", changed=b"other"))
    assert answer.status_code == 400
    assert "does not verify" in answer.json()["message"]
    assert post(world, request(b"next")).json()["logIndex"] == "0"


def test_an_entry_is_logged_once(world: World) -> None:
    first = request(b"signed")
    assert post(world, first).status_code == 201
    again = post(world, first)
    assert again.status_code == 409
    assert "index 0" in again.json()["message"]
    assert post(world, request(b"next")).json()["logIndex"] == "1"


def test_the_kind_of_key_has_to_be_that_of_the_certificate(world: World) -> None:
    other = request(b"signed")
    other["hashedRekordRequestV002"]["signature"]["verifier"]["keyDetails"] = "PKIX_ED25519"
    assert post(world, other).status_code == 400


@pytest.mark.parametrize("body", [{}, [], {"hashedRekordRequestV002": {}}, {"dsseRequestV002": {}}])
def test_garbage_is_a_bad_request(world: World, body: Any) -> None:
    assert post(world, body).status_code == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v2/log/entries"), ("GET", "/api/v2/log/tile/0/000")])
def test_anything_else_is_501_with_the_name_of_the_call(world: World, method: str, path: str) -> None:
    answer = requests.request(method, world.server.url + path, timeout=5)
    assert answer.status_code == 501
    assert f"{method} {path}" in answer.json()["message"]
