"""The verifier: what holds is accepted with all it says; every single thing that does not hold is refused."""

from __future__ import annotations

import base64
import copy
import functools
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from tests.unit.sandbox.keyless_world import DIGEST, PAYLOAD, SAN, SHA, World, keys, serving

from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.errors import FormatError, SandboxSignedError, UsageError, VerificationError
from counterseal.formats import statement
from counterseal.formats.digests import sha256
from counterseal.model import Certificate
from counterseal_sandbox.keys import Keys
from counterseal_sandbox.trust import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.ports import BundleVerifier

MATERIAL = "verificationMaterial"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as each:
        yield each


@pytest.fixture(scope="module", autouse=True)
def signed(world: World) -> bytes:
    """A signed statement, third in the log so that its inclusion proof is not empty."""
    signer = world.signer()
    signer.sign_digest(DIGEST)
    signer.sign_digest(DIGEST)
    return signer.sign_statement(PAYLOAD)


@pytest.fixture(scope="module")
def blob(world: World, signed: bytes) -> bytes:
    return world.signer().sign_digest(DIGEST)


def flipped(text: str, at: int) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[at] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def entry(bundle: Json) -> Json:
    found: Json = bundle[MATERIAL]["tlogEntries"][0]
    return found


def refused(world: World, bundle: Json | bytes, root: Json | None = None) -> str:
    verifier = SigstoreVerifier(json.dumps(root or world.root()).encode())
    raw = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
    with pytest.raises(VerificationError) as caught:
        verifier.verify_statement(raw, "b.sigstore.json")
    assert "b.sigstore.json" in caught.value.what
    return str(caught.value)


# --- what holds -------------------------------------------------------------------------------


def test_a_statement_is_returned_with_all_that_is_known(world: World, signed: bytes) -> None:
    verifier: BundleVerifier = world.verifier()
    before = datetime.now(UTC)
    found = verifier.verify_statement(signed, "b")
    assert found.payload == PAYLOAD
    assert found.statement == statement.parse(PAYLOAD, "p")
    assert (found.bundle, found.digest) == (signed, sha256(signed))
    assert before - timedelta(minutes=5) < found.signed_at <= before
    assert found.log_index == 2
    assert found.certificate == Certificate(
        san=SAN,
        issuer=world.keyless.issuer.url,
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
        environment=None,
    )


def test_a_blob_signature_says_who(world: World, blob: bytes) -> None:
    found = world.verifier().verify_digest(blob, DIGEST, "b")
    assert (found.san, found.source_id) == (SAN, "777")
    with pytest.raises(VerificationError, match="does not verify"):
        world.verifier().verify_digest(blob, "0" * 64, "b")


def test_the_environment_of_a_deployment_is_read(world: World) -> None:
    bundle = world.signer(claims={"environment": "production"}).sign_digest(DIGEST)
    assert world.verifier().verify_digest(bundle, DIGEST, "b").environment == "production"


def test_one_verifier_serves_many_threads(world: World, signed: bytes) -> None:
    from concurrent.futures import ThreadPoolExecutor

    verifier = world.verifier()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: verifier.verify_statement(signed, "b").signed_at, range(16)))
    assert len(set(found)) == 1


# --- tampering: each line of the table is one change, and each is refused --------------------------

CHANGES: dict[str, Callable[[Json, Json], Any]] = {
    "signature": lambda b, _: b["dsseEnvelope"]["signatures"][0].update(
        sig=flipped(b["dsseEnvelope"]["signatures"][0]["sig"], 20)
    ),
    "second signature": lambda b, _: b["dsseEnvelope"]["signatures"].append(b["dsseEnvelope"]["signatures"][0]),
    "no signature": lambda b, _: b["dsseEnvelope"].update(signatures=[]),
    "payload": lambda b, _: b["dsseEnvelope"].update(payload=flipped(b["dsseEnvelope"]["payload"], 40)),
    "payload type": lambda b, _: b["dsseEnvelope"].update(payloadType="text/plain"),
    "certificate": lambda b, _: b[MATERIAL]["certificate"].update(
        rawBytes=flipped(b[MATERIAL]["certificate"]["rawBytes"], 600)
    ),
    "certificate of another": lambda b, o: b[MATERIAL].update(certificate=o[MATERIAL]["certificate"]),
    "no certificate": lambda b, _: b[MATERIAL].pop("certificate"),
    "no log entry": lambda b, _: b[MATERIAL].update(tlogEntries=[]),
    "two log entries": lambda b, _: b[MATERIAL]["tlogEntries"].append(entry(b)),
    "log entry of another": lambda b, o: b[MATERIAL].update(tlogEntries=o[MATERIAL]["tlogEntries"]),
    "outer log index": lambda b, _: entry(b).update(logIndex="99"),
    "proof's log index": lambda b, _: entry(b)["inclusionProof"].update(logIndex="1"),
    "both log indexes": lambda b, _: (
        entry(b).update(logIndex="1"),
        entry(b)["inclusionProof"].update(logIndex="1"),
    ),
    "tree size and indexes, the hashes still fit": lambda b, _: (
        entry(b).update(logIndex="1"),
        entry(b)["inclusionProof"].update(logIndex="1", treeSize="2"),
    ),
    "root hash": lambda b, _: entry(b)["inclusionProof"].update(
        rootHash=flipped(entry(b)["inclusionProof"]["rootHash"], 3)
    ),
    "proof hashes": lambda b, _: entry(b)["inclusionProof"].update(hashes=[]),
    "no proof": lambda b, _: entry(b).pop("inclusionProof"),
    "checkpoint": lambda b, _: entry(b)["inclusionProof"]["checkpoint"].update(
        envelope=entry(b)["inclusionProof"]["checkpoint"]["envelope"].replace("\n3\n", "\n4\n", 1)
    ),
    "checkpoint of another": lambda b, o: entry(b)["inclusionProof"].update(
        checkpoint=entry(o)["inclusionProof"]["checkpoint"]
    ),
    "no checkpoint": lambda b, _: entry(b)["inclusionProof"].pop("checkpoint"),
    "kind": lambda b, _: entry(b)["kindVersion"].update(kind="dsse"),
    "version": lambda b, _: entry(b)["kindVersion"].update(version="0.0.1"),
    "log id": lambda b, _: entry(b)["logId"].update(keyId=flipped(entry(b)["logId"]["keyId"], 30)),
    "body": lambda b, _: entry(b).update(canonicalizedBody=flipped(entry(b)["canonicalizedBody"], 200)),
    "time claimed by the log": lambda b, _: entry(b).update(
        integratedTime="1700000000", inclusionPromise={"signedEntryTimestamp": "AAAA"}
    ),
    "no timestamp": lambda b, _: b[MATERIAL].update(timestampVerificationData={"rfc3161Timestamps": []}),
    "timestamp of another": lambda b, o: b[MATERIAL].update(
        timestampVerificationData=o[MATERIAL]["timestampVerificationData"]
    ),
    "timestamp": lambda b, _: b[MATERIAL]["timestampVerificationData"]["rfc3161Timestamps"][0].update(
        signedTimestamp=flipped(
            b[MATERIAL]["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"], -10
        )
    ),
    "media type": lambda b, _: b.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"),
    "content of both kinds": lambda b, o: b.update(messageSignature=o["messageSignature"]),
    "a blob's bundle": lambda b, o: (b.pop("dsseEnvelope"), b.update(o)),
    "unknown field": lambda b, _: b.update(comment="trust me"),
    "two spellings of one key": lambda b, _: b.update(dsse_envelope=b["dsseEnvelope"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_is_enough_to_be_refused(world: World, signed: bytes, blob: bytes, change: str) -> None:
    bundle = json.loads(signed)
    CHANGES[change](bundle, json.loads(blob))
    assert "why: " in refused(world, bundle)


def test_the_untouched_bundle_would_have_passed(world: World, signed: bytes) -> None:
    again = json.dumps(json.loads(signed)).encode()
    assert world.verifier().verify_statement(again, "b").payload == PAYLOAD


def test_what_the_library_alone_accepts_is_refused_here(world: World, signed: bytes) -> None:
    """Why `material.py` exists: sigstore-python has no objection to these."""
    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier
    from sigstore_models.trustroot.v1 import TrustedRoot as Document

    class Anybody:
        def verify(self, cert: x509.Certificate) -> None:
            pass

    library = Verifier(trusted_root=TrustedRoot(Document.from_json(json.dumps(world.root()))))
    for change in ("outer log index", "tree size and indexes, the hashes still fit"):
        bundle = json.loads(signed)
        CHANGES[change](bundle, bundle)
        library.verify_dsse(Bundle.from_json(json.dumps(bundle)), Anybody())
        refused(world, bundle)


def test_each_refusal_names_the_check(world: World, signed: bytes, blob: bytes) -> None:
    said = {}
    for change in ("outer log index", "no timestamp", "timestamp", "payload type", "media type", "a blob's bundle"):
        bundle = json.loads(signed)
        CHANGES[change](bundle, json.loads(blob))
        said[change] = refused(world, bundle)
    assert "index 99, its proof says 2" in said["outer log index"]
    assert "timestamp" in said["no timestamp"]
    assert "timestamp" in said["timestamp"].lower()
    assert "DSSE envelope" in said["a blob's bundle"]


def test_a_statement_bundle_is_no_blob_signature(world: World, signed: bytes) -> None:
    with pytest.raises(VerificationError):
        world.verifier().verify_digest(signed, DIGEST, "b")


# --- documents: strict before the library sees them -------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"mediaType": NaN}',
        b"[" * 100_000,
        b" " * (8 << 20) + b"{}",
        b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}',
        b'{"mediaType":"\\ud800"}',
    ],
    ids=["empty", "null", "list", "no fields", "not UTF-8", "NaN", "deep", "large", "hollow", "surrogate"],
)
def test_documents_that_are_no_bundle(world: World, raw: bytes) -> None:
    refused(world, raw)


def test_a_key_that_stands_twice_is_refused(world: World, signed: bytes) -> None:
    assert "twice" in refused(world, signed.replace(b'{"mediaType"', b'{"mediaType":"x","mediaType"', 1))


def test_something_after_the_end_is_refused(world: World, signed: bytes) -> None:
    refused(world, signed + b"{}")


def test_statements_of_others_are_read_as_the_specification_says(world: World) -> None:
    """Nameless subject, unknown algorithm, unknown top-level field: sigstore-python alone would refuse to read them."""
    signer = world.signer()._signer()  # the library's, since ours would not sign this
    payload = json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {"sha256": DIGEST, "gitTree": "1" * 40}}],
            "predicateType": "https://example.org/p",
            "predicate": {},
            "extra": 1,
        }
    ).encode()
    from sigstore.dsse import Statement

    crafted = Statement(PAYLOAD)
    crafted._contents = payload
    found = world.verifier().verify_statement(signer.sign_dsse(crafted).to_json().encode(), "b")
    assert found.payload == payload
    assert (found.statement.subjects[0].name, found.statement.subjects[0].digest) == ("", DIGEST)


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b"not json",
        PAYLOAD.replace(b"Statement/v1", b"Statement/v0.1"),
        PAYLOAD.replace(b'"sha256"', b'"sha1"'),
        PAYLOAD[:-1] + b',"subject":[]}',
    ],
)
def test_signed_payloads_that_are_no_statement_are_refused(world: World, payload: bytes) -> None:
    from sigstore.dsse import Statement

    crafted = Statement(PAYLOAD)
    crafted._contents = payload
    refused(world, world.signer()._signer().sign_dsse(crafted).to_json().encode())


@pytest.mark.parametrize("root", [b"", b"{}", b"[]", b'{"mediaType":"x"}', b'{"a":1,"a":2}', b"nonsense"])
def test_an_unusable_root_is_said_at_once(root: bytes) -> None:
    with pytest.raises(FormatError, match="trusted root"):
        SigstoreVerifier(root)


def test_a_digest_that_is_none_is_a_usage_error(world: World, blob: bytes) -> None:
    with pytest.raises(UsageError, match="sha256"):
        world.verifier().verify_digest(blob, "abc", "b")


# --- windows: both edges of all keys, at the time of signing ---------------------------------------

SERVICES = ("certificateAuthorities", "ctlogs", "tlogs", "timestampAuthorities")


def windowed(root: Json, service: str, **window: datetime) -> Json:
    changed = copy.deepcopy(root)
    holder = changed[service][0]
    holder = holder.get("publicKey", holder)
    texts = {name: each.isoformat().replace("+00:00", "Z") for name, each in window.items()}
    holder["validFor"] = {**holder["validFor"], **texts}
    return changed


def moment_of(world: World, signed: bytes, service: str) -> datetime:
    """Return the moment that counts: the SCT's for the CT log, the timestamp's for all others."""
    if service != "ctlogs":
        return world.verifier().verify_statement(signed, "b").signed_at
    raw = base64.b64decode(json.loads(signed)[MATERIAL]["certificate"]["rawBytes"])
    leaf = x509.load_der_x509_certificate(raw)
    scts = leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    moment: datetime = scts[0].timestamp.replace(tzinfo=UTC)
    return moment


@pytest.mark.parametrize("service", SERVICES)
def test_the_window_has_to_cover_the_signature(world: World, signed: bytes, service: str) -> None:
    moment = moment_of(world, signed, service)
    instant = timedelta(milliseconds=1)
    inside: list[dict[str, datetime]] = [{"end": moment}, {"start": moment}, {"end": moment + timedelta(days=1)}]
    outside: list[dict[str, datetime]] = [
        {"end": moment - instant},
        {"start": moment + instant},
        {"start": moment + timedelta(days=1)},
        {"start": moment - timedelta(days=2), "end": moment - timedelta(days=1)},
    ]
    for window in inside:
        root = windowed(world.root(), service, **window)
        SigstoreVerifier(json.dumps(root).encode()).verify_statement(signed, "b")
    for window in outside:
        refused(world, signed, windowed(world.root(), service, **window))


@pytest.mark.parametrize("service", SERVICES)
def test_an_authority_that_is_gone_counts_no_more(world: World, signed: bytes, service: str) -> None:
    root = world.root()
    root[service] = []
    with pytest.raises((VerificationError, FormatError)):  # without a CA or a log the root itself is unusable
        SigstoreVerifier(json.dumps(root).encode()).verify_statement(signed, "b")


@pytest.mark.parametrize("service", SERVICES)
def test_windows_are_not_compared_with_the_clock_of_this_machine(world: World, signed: bytes, service: str) -> None:
    """A bundle of the past verifies when today all keys have gone, or a key that starts tomorrow stands beside."""
    moment = moment_of(world, signed, service)
    root = windowed(world.root(), service, end=moment + timedelta(milliseconds=1))
    root[service].append(windowed(world.root(), service, start=moment + timedelta(days=9))[service][0])
    SigstoreVerifier(json.dumps(root).encode()).verify_statement(signed, "b")


@pytest.mark.parametrize("service", SERVICES)
def test_after_a_rotation_both_generations_verify(world: World, signed: bytes, service: str) -> None:
    other = document(Keys.generate(), world.server.url, [])["trustConfig"]["trustedRoot"]
    moment = moment_of(world, signed, service)
    root = windowed(world.root(), service, end=moment + timedelta(seconds=1))
    root[service] = [*other[service], *root[service]]
    SigstoreVerifier(json.dumps(root).encode()).verify_statement(signed, "b")


def test_a_retired_log_cannot_sign_in_the_name_of_the_current_one(world: World, signed: bytes) -> None:
    """The library tries every key of the root: without our check the window of the retired one would not count."""
    current = document(Keys.generate(), world.server.url, [])["trustConfig"]["trustedRoot"]["tlogs"][0]
    root = windowed(world.root(), "tlogs", end=datetime(2026, 1, 1, tzinfo=UTC), start=datetime(2025, 1, 1, tzinfo=UTC))
    root["tlogs"].append(current)
    bundle = json.loads(signed)
    entry(bundle)["logId"] = current["logId"]
    checkpoint = entry(bundle)["inclusionProof"]["checkpoint"]
    head, _, last = checkpoint["envelope"].rstrip("\n").rpartition(" ")
    hint = base64.b64decode(current["logId"]["keyId"])[:4]
    checkpoint["envelope"] = f"{head} {base64.b64encode(hint + base64.b64decode(last)[4:]).decode()}\n"
    refused(world, bundle, root)


# --- certificates that a Fulcio should not give ----------------------------------------------------


def issued_with(world: World, change: Callable[[Any], Any]) -> bytes:
    """Return a bundle whose certificate our CA has really signed, with changed extensions."""
    from counterseal_sandbox import fulcio

    class Careless(fulcio.CertificateAuthority):
        def _extensions(self, key: Any, claims: Any) -> Any:
            return change(super()._extensions(key, claims))

    issuers = {world.keyless.issuer.url: fulcio.GITHUB_PROFILE}
    world.server.mount(fulcio.PREFIX, Careless(keys(), issuers).handle)
    try:
        from sigstore.dsse import Statement
        from sigstore.oidc import IdentityToken

        from counterseal.adapters.sigstore.services import Services

        signer = Services(world.config(), 5).signer(IdentityToken(world.token()))
        return signer.sign_dsse(Statement(PAYLOAD)).to_json().encode()
    finally:
        world.server.mount(fulcio.PREFIX, fulcio.CertificateAuthority(keys(), issuers).handle)


def replaced(listed: list[Any], kind: type, value: Any, *, critical: bool) -> list[Any]:
    return [(value, critical) if isinstance(each, kind) else (each, old) for each, old in listed]


def without(listed: list[Any], number: int) -> list[Any]:
    return [each for each in listed if each[0].oid.dotted_string != f"1.3.6.1.4.1.57264.1.{number}"]


def fulcio_extension(number: int, value: bytes) -> tuple[x509.UnrecognizedExtension, bool]:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}"), value), False


URI = x509.UniformResourceIdentifier
BAD_CERTIFICATES: dict[str, tuple[Callable[[list[Any]], list[Any]], str]] = {
    "two identities": (
        lambda e: replaced(
            e,
            x509.SubjectAlternativeName,
            x509.SubjectAlternativeName([URI(SAN), URI("https://x.example")]),
            critical=True,
        ),
        "exactly one identity",
    ),
    "an e-mail": (
        lambda e: replaced(
            e, x509.SubjectAlternativeName, x509.SubjectAlternativeName([x509.RFC822Name("a@b.example")]), critical=True
        ),
        "which is not supported",
    ),
    "issuers differ": (lambda e: [*without(e, 1), fulcio_extension(1, b"https://x.example")], ".1 and .8"),
    "no issuer": (lambda e: without(without(e, 1), 8), ".1 and .8"),
    "empty issuer": (
        lambda e: [*without(without(e, 1), 8), fulcio_extension(1, b""), fulcio_extension(8, b"\x0c\x00")],
        "empty",
    ),
    "extension is not a UTF8String": (lambda e: [*without(e, 15), fulcio_extension(15, b"777")], ".15"),
    "extension with a tail": (lambda e: [*without(e, 15), fulcio_extension(15, b"\x0c\x03777x")], ".15"),
    "for servers too": (
        lambda e: replaced(
            e,
            x509.ExtendedKeyUsage,
            x509.ExtendedKeyUsage(
                [x509.oid.ExtendedKeyUsageOID.CODE_SIGNING, x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
            ),
            critical=False,
        ),
        "code signing alone",
    ),
    "an authority": (lambda e: [*e, (x509.BasicConstraints(ca=True, path_length=None), True)], ""),
    "may sign certificates": (
        lambda e: replaced(
            e,
            x509.KeyUsage,
            x509.KeyUsage(True, False, False, False, False, True, True, False, False),
            critical=True,
        ),
        "",
    ),
}


@pytest.mark.parametrize("case", BAD_CERTIFICATES)
def test_careless_certificates_are_refused(world: World, case: str) -> None:
    change, said = BAD_CERTIFICATES[case]
    assert said in refused(world, issued_with(world, change))


def test_a_certificate_with_one_of_the_two_issuer_extensions_is_enough(world: World) -> None:
    for number in (1, 8):
        bundle = issued_with(world, functools.partial(without, number=number))
        found = world.verifier().verify_statement(bundle, "b")
        assert found.certificate.issuer == world.keyless.issuer.url


def test_a_long_value_is_read(world: World) -> None:
    ref = "refs/tags/" + "v" * 300
    bundle = world.signer(claims={"ref": ref}).sign_digest(DIGEST)
    assert world.verifier().verify_digest(bundle, DIGEST, "b").source_ref == ref


def test_another_sandbox_is_not_believed(signed: bytes) -> None:
    root = document(Keys.generate(), "http://127.0.0.1:1", [])["trustConfig"]["trustedRoot"]
    with pytest.raises(SandboxSignedError, match="b: signed in a sandbox, and not under the root") as caught:
        SigstoreVerifier(json.dumps(root).encode()).verify_statement(signed, "b")
    assert "--trust trust.json --sandbox" in caught.value.fix


def test_a_changed_bundle_of_the_very_sandbox_is_just_changed(world: World, signed: bytes) -> None:
    bundle = json.loads(signed)
    bundle["dsseEnvelope"]["payload"] = flipped(bundle["dsseEnvelope"]["payload"], 5)
    with pytest.raises(VerificationError) as caught:
        world.verifier().verify_statement(json.dumps(bundle).encode(), "b")
    assert type(caught.value) is VerificationError


def test_a_signature_by_hand_over_the_same_bytes_is_refused(world: World, signed: bytes) -> None:
    bundle = json.loads(signed)
    signature = ec.generate_private_key(ec.SECP256R1()).sign(PAYLOAD, ec.ECDSA(hashes.SHA256()))
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    refused(world, bundle)


# --- one spelling ---------------------------------------------------------------------------------


def places(found: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every text in a document."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield from places(value, (*path, key))
    elif isinstance(found, list):
        for number, value in enumerate(found):
            yield from places(value, (*path, number))
    elif isinstance(found, str):
        yield path


def at(found: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        found = found[step]
    return found


def respelled(bundle: Json, path: tuple[str | int, ...], text: str) -> Json:
    changed = copy.deepcopy(bundle)
    at(changed, path[:-1])[path[-1]] = text
    return changed


#: Fields of a bundle that are bytes, as the library reads them.
OF_BYTES = {
    *("rawBytes", "keyId", "rootHash", "hashes", "canonicalizedBody", "signedTimestamp", "payload", "sig"),
    *("digest", "signature"),
}
SPELLINGS: dict[str, Callable[[str], str]] = {
    "a line break": lambda text: text[:4] + "\n" + text[4:],
    "a blank at the end": lambda text: text + " ",
    "junk inside": lambda text: text[:4] + "!" + text[4:],
    "junk at the end": lambda text: text + "!!!!",
    "more padding": lambda text: text + "=",
    "something behind the padding": lambda text: text + "AAAA" if text.endswith("=") else text + "=AAAA",
}


def verify_blob(verifier: BundleVerifier, bundle: bytes, what: str) -> Certificate:
    return verifier.verify_digest(bundle, DIGEST, what)


@pytest.mark.parametrize("how", SPELLINGS)
def test_no_field_of_bytes_has_two_spellings(world: World, signed: bytes, blob: bytes, how: str) -> None:
    for raw in (signed, blob):
        good = json.loads(raw)
        tried = set()
        for path in places(good):
            name = next(each for each in reversed(path) if isinstance(each, str))
            if name not in OF_BYTES:
                continue
            tried.add(name)
            other = respelled(good, path, SPELLINGS[how](at(good, path)))
            verifier = world.verifier()
            verify = verifier.verify_statement if raw is signed else functools.partial(verify_blob, verifier)
            with pytest.raises(VerificationError, match=f"`{name}` is not in strict base64"):
                verify(json.dumps(other).encode(), "b")
        assert len(tried) >= 7


def test_loose_bits_and_another_alphabet_are_refused(world: World, signed: bytes) -> None:
    good = json.loads(signed)
    padded = next(path for path in places(good) if path[-1] == "sig" or at(good, path).endswith("="))
    for path in [each for each in places(good) if at(good, each).endswith("=")] or [padded]:
        text = at(good, path)
        last = text.rstrip("=")[-1]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        looser = alphabet[alphabet.index(last) | 1]
        if looser != last:
            changed = text.rstrip("=")[:-1] + looser + "=" * (len(text) - len(text.rstrip("=")))
            assert "strict base64" in refused(world, respelled(good, path, changed))
        assert "strict base64" in refused(world, respelled(good, path, text.rstrip("=")))
    for path in [each for each in places(good) if set(at(good, each)) & {"+", "/"} and each[-1] in OF_BYTES]:
        text = at(good, path).replace("+", "-").replace("/", "_")
        assert "strict base64" in refused(world, respelled(good, path, text))


@pytest.mark.parametrize("text", ["+2", " 2", "02", "2 ", "\u0662", "0_2"])
@pytest.mark.parametrize("field", ["logIndex", "treeSize"])
def test_numbers_are_plain_digits(world: World, signed: bytes, field: str, text: str) -> None:
    bundle = json.loads(signed)
    place = entry(bundle) if field == "logIndex" else entry(bundle)["inclusionProof"]
    place[field] = text
    assert f"`{field}` is not a number in plain digits" in refused(world, bundle)


# --- what a blob signature says of its file ---------------------------------------------------------


def blob_saying(blob: bytes, **changes: Any) -> bytes:
    bundle = json.loads(blob)
    bundle["messageSignature"]["messageDigest"] |= changes
    return json.dumps(bundle).encode()


@pytest.mark.parametrize(
    "algorithm", ["SHA2_384", "SHA2_512", "SHA3_256", "sha2_256", "", "HASH_ALGORITHM_UNSPECIFIED"]
)
def test_another_algorithm_than_sha256_is_refused(world: World, blob: bytes, algorithm: str) -> None:
    with pytest.raises(VerificationError):
        world.verifier().verify_digest(blob_saying(blob, algorithm=algorithm), DIGEST, "b")


@pytest.mark.parametrize("digest", ["0" * 64, "", DIGEST[:-2], DIGEST + "00"])
def test_a_signature_that_names_another_digest_is_refused(world: World, blob: bytes, digest: str) -> None:
    says = base64.b64encode(bytes.fromhex(digest)).decode()
    with pytest.raises(VerificationError, match="message digest mismatch"):
        world.verifier().verify_digest(blob_saying(blob, digest=says), DIGEST, "b")


def test_a_signature_may_name_no_digest(world: World, blob: bytes) -> None:
    bundle = json.loads(blob)
    del bundle["messageSignature"]["messageDigest"]
    assert world.verifier().verify_digest(json.dumps(bundle).encode(), DIGEST, "b").san == SAN


def test_a_statement_without_a_predicate_verifies_and_says_nothing(world: World) -> None:
    for data in ({**json.loads(PAYLOAD), "predicate": None}, json.loads(PAYLOAD)):
        if data["predicate"] is not None:
            del data["predicate"]
        payload = json.dumps(data).encode()
        bundle = world.signer().sign_statement(payload)
        found = world.verifier().verify_statement(bundle, "b")
        assert (found.payload, dict(found.statement.predicate)) == (payload, {})


def test_a_person_s_signature_is_unsupported_and_not_broken(world: World) -> None:
    said = refused(world, issued_with(world, BAD_CERTIFICATES["an e-mail"][0]))
    assert said.startswith("b.sigstore.json: signed by the e-mail identity a@b.example, which is not supported")
    assert "fix: sign in a workflow or pipeline" in said
