"""The signer: exact bytes, one certificate, and every failure of a service told in its own words."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.sandbox.keyless_world import DIGEST, PAYLOAD, SAN, World, serving

from counterseal.adapters.sigstore import bounded as bounds
from counterseal.adapters.sigstore.signer import SigstoreSigner
from counterseal.errors import FormatError, ServiceError, UsageError
from counterseal_sandbox import fulcio
from counterseal_sandbox.http import Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.ports import Signer

FULCIO, REKOR, TSA = "/api/v2/signingCert", "/api/v2/log", "/api/v1/timestamp"


@pytest.fixture
def world() -> Iterator[World]:
    with serving() as each:
        yield each


def count(world: World, prefix: str) -> list[str]:
    """Return a list that grows with every call below a prefix."""
    seen: list[str] = []

    def note(at: str, request: Request) -> None:
        if at == prefix:
            seen.append(request.path)

    world.server.interceptors.append(note)
    return seen


def answering(world: World, prefix: str, answer: Response | Callable[[Request], Response]) -> None:
    def intercept(at: str, request: Request) -> Response | None:
        if at != prefix:
            return None
        return answer(request) if callable(answer) else answer

    world.server.interceptors.append(intercept)


def certificate(bundle: bytes) -> str:
    found: str = json.loads(bundle)["verificationMaterial"]["certificate"]["rawBytes"]
    return found


def test_what_is_signed_are_exactly_these_bytes(world: World) -> None:
    signer: Signer = world.signer()
    odd = b'{ "predicateType": "https://example.org/p",\n"predicate": {"b": 1.50, "a": "\\u00e9"}, ' + (
        b'"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "a", "digest": {"sha256": "%s"}}] }'
        % DIGEST.encode()
    )
    bundle = signer.sign_statement(odd)
    assert b"\n" not in bundle
    assert base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]) == odd
    assert world.verifier().verify_statement(bundle, "b").payload == odd


def test_a_digest_is_signed_without_the_file(world: World) -> None:
    bundle = world.signer().sign_digest(DIGEST)
    assert b"\n" not in bundle
    assert json.loads(bundle)["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert world.verifier().verify_digest(bundle, DIGEST, "b").san == SAN


def test_one_certificate_and_one_token_for_all_signatures(world: World) -> None:
    asked, tokens = count(world, FULCIO), iter([world.token()])
    signer = SigstoreSigner(world.config(), lambda: next(tokens))
    bundles = [signer.sign_statement(PAYLOAD), signer.sign_digest(DIGEST), signer.sign_statement(PAYLOAD)]
    assert len({certificate(each) for each in bundles}) == len(asked) == 1
    assert list(tokens) == []


def test_no_service_is_asked_before_something_is_signed(world: World) -> None:
    asked = count(world, FULCIO)
    world.signer()
    assert asked == []


def test_a_certificate_about_to_expire_is_replaced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulcio, "LIFETIME", timedelta(seconds=30))
    asked, signer = count(world, FULCIO), world.signer()
    first, second = signer.sign_digest(DIGEST), signer.sign_digest(DIGEST)
    assert len(asked) == 2
    assert certificate(first) != certificate(second)


@pytest.mark.parametrize("payload", [b"", b"{}", b"[1]", PAYLOAD[:-1]])
def test_what_is_no_statement_is_not_signed(world: World, payload: bytes) -> None:
    asked = count(world, FULCIO)
    with pytest.raises(FormatError):
        world.signer().sign_statement(payload)
    assert asked == []


@pytest.mark.parametrize("digest", ["", "abc", DIGEST.upper(), "sha256:" + DIGEST])
def test_what_is_no_digest_is_not_signed(world: World, digest: str) -> None:
    with pytest.raises(UsageError, match="sha256"):
        world.signer().sign_digest(digest)


# --- tokens -----------------------------------------------------------------------------------


def failing(world: World, token: str) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        SigstoreSigner(world.config(), lambda: token, seconds=5).sign_digest(DIGEST)
    assert token not in str(caught.value) or len(token) < 20
    assert caught.value.fix
    return caught.value


def test_an_expired_token_is_named_before_any_service_is_asked(world: World) -> None:
    asked = count(world, FULCIO)
    assert "expired" in str(failing(world, world.token(seconds=-60)))
    assert asked == []


def test_a_token_for_another_audience_is_named(world: World) -> None:
    assert "udience" in str(failing(world, world.token("pypi")))


def test_a_token_that_is_none_is_named(world: World) -> None:
    assert "token" in str(failing(world, "garbage"))


def test_a_token_of_an_unknown_issuer_is_refused_with_fulcios_words(world: World) -> None:
    with serving() as other:
        error = failing(world, other.token())
    assert world.server.url in error.what
    assert "HTTP 400" in error.why
    assert "identity token" in error.why


def test_a_forged_token_is_refused_with_fulcios_words(world: World) -> None:
    head, body, signature = world.token().split(".")
    assert "Signature verification failed" in str(failing(world, f"{head}.{body}.AAAAAAAA{signature[8:]}"))


def test_an_error_of_the_environment_stays_what_it_is(world: World) -> None:
    def no_permission() -> str:
        raise UsageError("no permission", fix="permissions: id-token: write")

    with pytest.raises(UsageError, match="no permission"):
        SigstoreSigner(world.config(), no_permission).sign_digest(DIGEST)


# --- services down, slow, or answering garbage -----------------------------------------------------

GARBAGE: dict[str, Response] = {
    "500": json_response({"code": 13, "message": "the database is on fire"}, 500),
    "html": Response(200, b"<html>login</html>", {"Content-Type": "text/html"}),
    "empty": Response(200, b""),
    "empty object": json_response({}),
    "list": json_response([1, 2]),
    "binary": Response(200, bytes(range(256))),
    "redirect": Response(307, b"", {"Location": "http://127.0.0.1:9/elsewhere"}),
    "teapot": Response(418, "tea \x1b[31m\u202e::error::x".encode()),
    "certificates that are none": json_response(
        {"signedCertificateEmbeddedSct": {"chain": {"certificates": ["x", "y"]}}}
    ),
    "no chain": json_response({"signedCertificateEmbeddedSct": {"chain": {"certificates": []}}}),
}


@pytest.mark.parametrize("service", [FULCIO, REKOR, TSA])
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_the_services_failure(world: World, service: str, garbage: str) -> None:
    answering(world, service, GARBAGE[garbage])
    with pytest.raises(ServiceError, match="signing failed") as caught:
        world.signer().sign_statement(PAYLOAD)
    text = str(caught.value)
    assert caught.value.why
    assert "\x1b" not in text
    assert "\u202e" not in text
    if garbage == "500":
        assert "why: HTTP 500: the database is on fire\n" in text


@pytest.mark.parametrize("service", [FULCIO, REKOR, TSA])
def test_a_slow_service_does_not_hold_us_up(world: World, service: str) -> None:
    released = threading.Event()
    answering(world, service, lambda _: (released.wait(10), Response(500))[1])
    begin = time.monotonic()
    with pytest.raises(ServiceError, match="no answer in time"):
        world.signer(seconds=0.2).sign_digest(DIGEST)
    assert time.monotonic() - begin < 3
    released.set()


def test_a_service_that_drips_does_not_hold_us_up(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stopped = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stopped.wait(0.05):
                    connection.sendall(b" ")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        config = json.loads(world.config())
        config["signingConfig"]["caUrls"][0]["url"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ServiceError, match="no complete answer"):
            SigstoreSigner(json.dumps(config).encode(), world.token, seconds=0.3).sign_digest(DIGEST)
        stopped.set()
        thread.join(5)


def test_an_endless_answer_is_cut(world: World) -> None:
    answering(world, FULCIO, Response(200, b" " * (bounds.MAX_ANSWER + 1)))
    with pytest.raises(ServiceError, match="more than"):
        world.signer().sign_digest(DIGEST)


@pytest.mark.parametrize("name", ["caUrls", "rekorTlogUrls", "tsaUrls"])
def test_a_dead_service_is_named(world: World, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = json.loads(world.config())
    config["signingConfig"][name][0]["url"] = dead
    with pytest.raises(ServiceError, match=dead) as caught:
        SigstoreSigner(json.dumps(config).encode(), world.token, seconds=2).sign_digest(DIGEST)
    assert caught.value.why.startswith("no connection: ")
    assert "refused" in caught.value.why


@pytest.mark.parametrize(("service", "calls"), [(FULCIO, 3), (TSA, 3), (REKOR, 1)])
def test_a_busy_service_is_asked_again_unless_that_would_log_twice(world: World, service: str, calls: int) -> None:
    asked, busy = count(world, service), [Response(503, b"busy"), Response(429, b"busy")]
    world.server.interceptors.append(lambda at, _: busy.pop() if at == service and busy else None)
    if calls == 1:
        with pytest.raises(ServiceError, match="HTTP 429: busy"):
            world.signer().sign_digest(DIGEST)
    else:
        assert world.signer().sign_digest(DIGEST)
    assert len(asked) == calls


def test_a_statement_that_the_library_does_not_sign_is_refused_before(world: World) -> None:
    asked = count(world, FULCIO)
    payload = PAYLOAD.replace(b'"digest":{', b'"digest":{"gitTree":"%s",' % (b"1" * 40))
    with pytest.raises(FormatError, match="statement"):
        world.signer().sign_statement(payload)
    assert asked == []


def test_without_a_timestamp_nothing_is_logged(world: World) -> None:
    logged = count(world, REKOR)
    answering(world, TSA, Response(500, b"closed"))
    with pytest.raises(ServiceError, match="no timestamp"):
        world.signer().sign_statement(PAYLOAD)
    assert logged == []


def test_a_dishonest_log_is_found_out(world: World) -> None:
    """The library takes over whatever entry the log answers."""
    earlier: list[Response] = []

    def replay(request: Request) -> Response:
        if not earlier:
            earlier.append(log.handle(request))
        return earlier[0]

    from counterseal_sandbox.rekor import TransparencyLog

    log = TransparencyLog(world.keyless.keys)
    answering(world, REKOR, replay)
    signer = world.signer()
    signer.sign_statement(PAYLOAD)
    with pytest.raises(ServiceError, match="does not verify"):
        signer.sign_statement(PAYLOAD)


def test_a_dishonest_timestamp_is_found_out(world: World) -> None:
    from counterseal_sandbox.timestamp import TimestampAuthority

    earlier: list[Response] = []

    def replay(request: Request) -> Response:
        if not earlier:
            earlier.append(TimestampAuthority(world.keyless.keys).handle(request))
        return earlier[0]

    answering(world, TSA, replay)
    signer = world.signer()
    signer.sign_statement(PAYLOAD)
    with pytest.raises(ServiceError, match="does not verify"):
        signer.sign_statement(PAYLOAD)


# --- configuration ----------------------------------------------------------------------------


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b"null", b'{"mediaType":1}', b"\xff"])
def test_what_is_no_trust_configuration_is_said_at_once(document: bytes) -> None:
    with pytest.raises(FormatError, match="trust configuration"):
        SigstoreSigner(document, str)


@pytest.mark.parametrize("name", ["caUrls", "rekorTlogUrls", "tsaUrls"])
@pytest.mark.parametrize("url", ["http://sigstore.example", "ftp://127.0.0.1", "http://127.0.0.1.example", "http://["])
def test_services_in_the_clear_are_refused(world: World, name: str, url: str) -> None:
    config = json.loads(world.config())
    config["signingConfig"][name][0]["url"] = url
    with pytest.raises(UsageError, match="trust configuration") as caught:
        SigstoreSigner(json.dumps(config).encode(), world.token)
    assert url in caught.value.why


def test_a_log_that_tells_no_time_needs_a_timestamp_authority(world: World) -> None:
    config = json.loads(world.config())
    config["signingConfig"]["tsaUrls"] = []
    with pytest.raises(UsageError, match="trust configuration") as caught:
        SigstoreSigner(json.dumps(config).encode(), world.token)
    assert "timestamp authority" in caught.value.why


def test_a_proxy_does_not_see_loopback(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert world.signer().sign_digest(DIGEST)


def test_a_netrc_does_not_replace_the_token(world: World, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login mallory password x\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert world.signer().sign_digest(DIGEST)
