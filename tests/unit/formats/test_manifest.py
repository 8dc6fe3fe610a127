"""Manifest, input matrix and promotion request: their bytes, and what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.formats import manifest, names, wire
from counterseal.model import (
    Manifest,
    Person,
    PinnedAsset,
    PinnedCandidate,
    PromotionRequest,
    Repository,
    Subject,
)

A, B, C = "a" * 64, "b" * 64, "c" * 64
REVISION = "4f2c9e1" + "0" * 33
EXAMPLE = Manifest(
    Repository("github.com", 777, "acme/app"),
    REVISION,
    "v1.2.0",
    (Subject("app-1.2.0-py3-none-any.whl", A), Subject("app-1.2.0.tar.gz", B)),
    C,
    A,
)
REQUEST = PromotionRequest(
    request_id="20261124-0910",
    requested_by=Person("github.com", 1002, "bob"),
    stage="production",
    manifest=A,
    candidate=PinnedCandidate(5, "v1.2.0", (PinnedAsset(7, "manifest.json", A), PinnedAsset(8, "app-1.2.0.tar.gz", B))),
    policy=B,
    reason="fixes the crash on empty changelogs, see #16",
    valid_until=datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
)
PATH = f"promotions/production/{A}.20261124-0910.json"


def changed(value: Any, **fields: Any) -> Any:
    return dataclasses.replace(value, **fields)


# --- manifest


def test_the_bytes_of_a_manifest_are_known() -> None:
    data = manifest.build(EXAMPLE)
    assert data == (
        b'{"inputMatrix":{"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},'
        b'"repository":{"host":"github.com","id":777,"name":"acme/app"},'
        b'"revision":"4f2c9e1000000000000000000000000000000000",'
        b'"sbom":{"sha256":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"},'
        b'"schema":"counterseal.manifest/v1","subjects":['
        b'{"digest":{"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},'
        b'"name":"app-1.2.0-py3-none-any.whl"},'
        b'{"digest":{"sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},'
        b'"name":"app-1.2.0.tar.gz"}],"tag":"v1.2.0"}'
    )
    assert hashlib.sha256(data).hexdigest() == "2683bd7e4f9698f75d44c0b683e5e61c4c8f1b4a5170a4939633a12ddd74d681"
    assert manifest.parse(data) == EXAMPLE


def test_the_order_of_the_subjects_changes_nothing() -> None:
    assert manifest.build(changed(EXAMPLE, subjects=EXAMPLE.subjects[::-1])) == manifest.build(EXAMPLE)


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,20}", fullmatch=True)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(
    st.lists(st.tuples(NAMES, DIGESTS), min_size=1, max_size=8, unique_by=lambda pair: pair[0].lower()),
    st.integers(1, 2**53 - 1),
    DIGESTS,
    st.from_regex(r"v[0-9]{1,3}(\.[0-9]{1,3}){1,3}", fullmatch=True),
)
def test_a_manifest_comes_back_as_it_was(pairs: list[tuple[str, str]], number: int, digest: str, tag: str) -> None:
    subjects = tuple(sorted((Subject(*pair) for pair in pairs), key=lambda each: each.name))
    made = Manifest(Repository("forge.example", number, "group/sub/app"), digest[:40], tag, subjects, digest, digest)
    data = manifest.build(made)
    assert manifest.parse(data) == made
    assert manifest.build(manifest.parse(data)) == data


@pytest.mark.parametrize(
    "fields",
    [
        {"revision": "4f2c9e1"},
        {"sbom": "sha256:" + A},
        {"input_matrix": A.upper()},
        {"tag": ""},
        {"tag": "-rf"},
        {"tag": "v1..2"},
        {"tag": "v1.lock"},
        {"tag": "v1 2"},
        {"tag": "$(id)"},
        {"tag": "v1/"},
        {"subjects": ()},
        {"subjects": (Subject("a", A), Subject("A", B))},
        {"subjects": (Subject("manifest.json", A),)},
        {"subjects": (Subject("a b", A),)},
        {"subjects": (Subject("a", "0"),)},
        {"repository": Repository("github.com", 0, "acme/app")},
        {"repository": Repository("github.com/evil", 1, "acme/app")},
        {"repository": Repository("github.com", 1, "acme")},
    ],
)
def test_what_may_not_stand_in_a_manifest_is_not_written(fields: dict[str, Any]) -> None:
    with pytest.raises(CountersealError):
        manifest.build(changed(EXAMPLE, **fields))


def edited(**fields: Any) -> Any:
    return {**json.loads(manifest.build(EXAMPLE)), **fields}


@pytest.mark.parametrize(
    "document",
    [
        edited(schema="counterseal.manifest/v2"),
        edited(extra=1),
        {key: value for key, value in edited().items() if key != "tag"},
        edited(tag=1),
        edited(subjects="all"),
        edited(subjects=[]),
        edited(subjects=[{"name": 1, "digest": {"sha256": A}}]),
        edited(subjects=[{"name": "a", "digest": {"sha1": "0" * 40}}]),
        edited(subjects=[{"name": "a", "digest": {"sha256": A, "sha512": A}}]),
        edited(subjects=[{"name": "a", "digest": {"sha256": A}, "more": 1}]),
        edited(subjects=edited()["subjects"][::-1]),
        edited(repository={"host": "github.com", "id": "777", "name": "acme/app"}),
        edited(repository={"host": "github.com", "id": True, "name": "acme/app"}),
        edited(sbom=None),
        [],
        None,
    ],
)
def test_other_documents_are_no_manifest(document: Any) -> None:
    with pytest.raises(FormatError, match=r"manifest\.json"):
        manifest.parse(wire.canonical(document))


def test_a_manifest_is_taken_only_byte_for_byte() -> None:
    data = manifest.build(EXAMPLE)
    for other in (data + b"\n", data.replace(b",", b", ", 1), b" " + data, json.dumps(json.loads(data)).encode()):
        with pytest.raises(FormatError, match="not the bytes"):
            manifest.parse(other)
    with pytest.raises(FormatError, match="twice"):
        manifest.parse(data.replace(b'{"inputMatrix"', b'{"tag":"v9","inputMatrix"'))


@given(st.data())
def test_no_single_changed_byte_is_taken_for_the_same_manifest(data: st.DataObject) -> None:
    good = manifest.build(EXAMPLE)
    place = data.draw(st.integers(0, len(good) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda each: each != good[place]))
    try:
        found = manifest.parse(good[:place] + bytes([value]) + good[place + 1 :])
    except FormatError:
        return
    assert found != EXAMPLE


# --- request


def test_the_bytes_of_a_request_are_known() -> None:
    data = manifest.request(REQUEST)
    assert json.loads(data) == {
        "schema": "counterseal.request/v1",
        "kind": "promotion",
        "requestId": "20261124-0910",
        "requestedBy": {"host": "github.com", "id": 1002, "login": "bob"},
        "stage": "production",
        "manifest": A,
        "candidate": {
            "release": 5,
            "tag": "v1.2.0",
            "assets": [
                {"id": 7, "name": "manifest.json", "digest": A},
                {"id": 8, "name": "app-1.2.0.tar.gz", "digest": B},
            ],
        },
        "policy": B,
        "reason": "fixes the crash on empty changelogs, see #16",
        "validUntil": "2026-12-01T09:00:00Z",
    }
    assert data == wire.canonical(json.loads(data))
    assert manifest.parse_request(data, PATH) == REQUEST


@pytest.mark.parametrize(
    "path",
    [
        PATH.replace("production", "staging"),
        PATH.replace(A, B),
        PATH.replace("0910", "0911"),
        "promotions/production/x.json",
        PATH.removesuffix("on"),
        PATH.replace("promotions/", "promotions/../promotions/"),
        "/" + PATH,
        PATH + "\n",
        PATH.replace("production", "Production"),
        "",
    ],
)
def test_a_request_has_to_lie_where_it_says(path: str) -> None:
    with pytest.raises(FormatError):
        manifest.parse_request(manifest.request(REQUEST), path)


def request_with(**fields: Any) -> Any:
    return wire.canonical({**json.loads(manifest.request(REQUEST)), **fields})


@pytest.mark.parametrize(
    "data",
    [
        request_with(schema="counterseal.request/v2"),
        request_with(also=1),
        request_with(validUntil="2026-12-01T10:00:00+01:00"),
        request_with(validUntil="soon"),
        request_with(reason=""),
        request_with(reason="x" * 2001),
        request_with(reason="fine\u202eenif"),
        request_with(reason="a\x1b[2Jb"),
        request_with(reason="a\u2028b"),
        request_with(reason="a\tb"),
        request_with(requestedBy={"host": "github.com", "id": 0, "login": "x"}),
        request_with(requestedBy={"host": "github.com", "id": 1, "login": "x\u200b"}),
        request_with(policy="latest"),
        request_with(candidate={"release": 0, "tag": "v1", "assets": [{"id": 1, "name": "a", "digest": A}]}),
        request_with(candidate={"release": 1, "tag": "v1", "assets": []}),
        request_with(candidate={"release": 1, "tag": "v1", "assets": [{"id": 1, "name": "a b", "digest": A}]}),
        request_with(candidate={"release": 1, "tag": "v1", "assets": [{"id": 1, "name": "a", "digest": "0"}]}),
        request_with(candidate={"release": 1, "tag": "v1", "assets": [{"id": 1, "name": "a", "digest": A}] * 2}),
        request_with(candidate={"release": "1", "tag": "v1", "assets": [{"id": 1, "name": "a", "digest": A}]}),
        manifest.request(REQUEST).replace(b"fixes", b"\\ud800"),
        b"[" * 20 + b"]" * 20,
        b" " * (manifest.MAX_REQUEST_BYTES + 1),
        b"",
    ],
)
def test_malformed_requests_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        manifest.parse_request(data, PATH)


def test_a_reason_may_have_lines_and_any_language() -> None:
    reason = "Zeile eins\n二行目: naïve 🙂"
    wanted = changed(REQUEST, reason=reason)
    assert manifest.parse_request(manifest.request(wanted), PATH).reason == reason
    manifest.request(changed(REQUEST, reason="x" * 2000))
    with pytest.raises(UsageError, match="2001 characters"):
        manifest.request(changed(REQUEST, reason="x" * 2001))


@given(st.text(max_size=20), st.text(max_size=70), st.text(max_size=20))
def test_a_request_path_is_refused_or_comes_back(stage: str, digest: str, request_id: str) -> None:
    try:
        path = manifest.request_path(stage, digest, request_id)
    except UsageError:
        return
    assert manifest.parse_request_path(path) == (stage, digest, request_id)


@given(
    st.from_regex(names.STAGE.expression, fullmatch=True),
    DIGESTS,
    st.from_regex(names.REQUEST_ID.expression, fullmatch=True),
)
def test_good_parts_make_a_path(stage: str, digest: str, request_id: str) -> None:
    assert manifest.parse_request_path(manifest.request_path(stage, digest, request_id)) == (stage, digest, request_id)


@given(st.text(max_size=120))
def test_no_text_makes_the_path_reader_fail_otherwise(path: str) -> None:
    with pytest.raises(FormatError):
        manifest.parse_request_path(path)


@pytest.mark.parametrize(("part", "says"), [("stage", "name of a stage"), ("id", "id of a request")])
def test_a_part_that_a_path_may_not_have_is_named(part: str, says: str) -> None:
    good = {"stage": "production", "id": "a-1"}
    for bad in ("../x", "UPPER", "", "x" * 65):
        parts = {**good, part: bad}
        with pytest.raises(UsageError, match=f"cannot be the {says}"):
            manifest.request_path(parts["stage"], "0" * 64, parts["id"])
