"""Whatever bytes come in: a VerificationError, or the very statement that was signed."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.sandbox.keyless_world import PAYLOAD, SAN, serving

from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.errors import VerificationError

SETTINGS = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])

Path = tuple[str | int, ...]


@functools.cache
def signed() -> bytes:
    with serving() as world:
        return world.signer().sign_statement(PAYLOAD)


@functools.cache
def verifier() -> SigstoreVerifier:
    with serving() as world:  # the keys are the same in every world
        return world.verifier()


def judged(raw: bytes) -> None:
    """Fail on anything but a refusal with a name or the true statement of the true signer."""
    try:
        found = verifier().verify_statement(raw, "fuzzed")
    except VerificationError as error:
        assert "fuzzed" in error.what  # noqa: PT017 - both outcomes are right
    else:
        assert (found.payload, found.certificate.san) == (PAYLOAD, SAN)


def places(value: Any, path: Path = ()) -> list[Path]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += places(each, (*path, key))
    return found


@functools.cache
def paths() -> list[Path]:
    return places(json.loads(signed()))[1:]


def changed(path: Path, change: Any) -> bytes:
    document = json.loads(signed())
    holder = functools.reduce(lambda at, key: at[key], path[:-1], document)
    holder[path[-1]] = change(holder[path[-1]])
    return json.dumps(document).encode()


@SETTINGS
@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    judged(raw)


@SETTINGS
@given(st.data())
def test_a_bundle_with_changed_bytes(data: st.DataObject) -> None:
    raw = bytearray(signed())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    judged(bytes(raw))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@SETTINGS
@given(st.data())
def test_a_bundle_with_another_value_somewhere(data: st.DataObject) -> None:
    judged(changed(data.draw(st.sampled_from(paths())), lambda _: data.draw(JSON)))


@SETTINGS
@given(st.data())
def test_a_bundle_with_changed_bytes_inside_of_what_it_encodes(data: st.DataObject) -> None:
    """Certificate, timestamp, log body, signature: the DER and JSON parsers behind the base64."""

    def flip(text: Any) -> Any:
        try:
            raw = bytearray(base64.b64decode(text, validate=True))
        except (TypeError, ValueError):
            return text
        for _ in range(data.draw(st.integers(1, 3)) if raw else 0):
            at = data.draw(st.integers(0, len(raw) - 1))
            raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        return base64.b64encode(bytes(raw)).decode()

    encoded = [path for path in paths() if isinstance(path[-1], str) and path[-1] in ENCODED]
    judged(changed(data.draw(st.sampled_from(encoded)), flip))


ENCODED = {"rawBytes", "signedTimestamp", "canonicalizedBody", "payload", "sig", "rootHash", "keyId"}


@SETTINGS
@given(st.binary(max_size=200), st.integers(0, 2))
def test_any_root(raw: bytes, cut: int) -> None:
    from counterseal.errors import FormatError

    candidate = raw if cut == 0 else json.dumps({"mediaType": raw.decode("latin-1")}).encode()
    with pytest.raises(FormatError):
        SigstoreVerifier(candidate)
