"""The sandbox's timestamp authority speaks RFC 3161 as an independent client understands it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from asn1crypto import tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import TimestampRequestBuilder, VerificationError, VerifierBuilder, decode_timestamp_response
from tests.unit.sandbox.keyless_world import World, keys, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as each:
        yield each


def post(world: World, body: bytes) -> requests.Response:
    headers = {"Content-Type": "application/timestamp-query"}
    return requests.post(f"{world.server.url}/api/v1/timestamp", data=body, headers=headers, timeout=5)


@pytest.mark.parametrize("nonce", [True, False])
def test_the_stamp_is_over_our_bytes_and_of_now(world: World, nonce: bool) -> None:
    query = TimestampRequestBuilder().data(b"signature").nonce(nonce=nonce).build()
    answer = post(world, query.as_bytes())
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/timestamp-reply")
    stamp = decode_timestamp_response(answer.content)
    leaf, root = keys().tsa_chain
    verifier = VerifierBuilder.from_request(query).tsa_certificate(leaf).add_root_certificate(root).build()
    assert verifier.verify_message(stamp, b"signature")
    assert abs(stamp.tst_info.gen_time - datetime.now(UTC)) < timedelta(seconds=10)
    assert stamp.tst_info.nonce == query.nonce
    with pytest.raises(VerificationError):
        verifier.verify_message(stamp, b"another signature")


def test_serial_numbers_differ(world: World) -> None:
    query = TimestampRequestBuilder().data(b"signature").build().as_bytes()
    stamps = {decode_timestamp_response(post(world, query).content).tst_info.serial_number for _ in range(3)}
    assert len(stamps) == 3


@pytest.mark.parametrize(("body", "status"), [(b"", 422), (b"garbage", 400), (b"\x30\x03\x02\x01\x01", 400)])
def test_garbage_is_refused(world: World, body: bytes, status: int) -> None:
    assert post(world, body).status_code == status


def test_only_a_timestamp_query_is_one(world: World) -> None:
    query = TimestampRequestBuilder().data(b"signature").build().as_bytes()
    assert requests.post(f"{world.server.url}/api/v1/timestamp", data=query, timeout=5).status_code == 415


def query_with(**fields: Any) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"x" * 32}
    query: bytes = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, **fields}).dump()
    return query


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"message_imprint": {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": b"x" * 20}}, "Weak"),
        ({"message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"x" * 20}}, "length"),
        ({"req_policy": "1.2.3.4"}, "policy"),
    ],
)
def test_weak_digests_and_other_policies_are_refused(world: World, fields: Any, said: str) -> None:
    answer = post(world, query_with(**fields))
    assert answer.status_code == 400
    assert said in answer.json()["message"]


@pytest.mark.parametrize("wanted", [True, False])
def test_the_certificate_comes_along_if_it_is_asked_for(world: World, wanted: bool) -> None:
    answer = tsp.TimeStampResp.load(post(world, query_with(cert_req=wanted)).content, strict=True)
    assert bool(answer["time_stamp_token"]["content"]["certificates"].native) == wanted


def test_anything_else_is_501_with_the_name_of_the_call(world: World) -> None:
    answer = requests.get(f"{world.server.url}/api/v1/timestamp/certchain", timeout=5)
    assert answer.status_code == 501
    assert "GET /api/v1/timestamp/certchain" in answer.json()["message"]


def test_the_leaf_may_stamp_and_nothing_else() -> None:
    usage = keys().tsa_chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
