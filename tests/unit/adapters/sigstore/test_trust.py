"""Trust documents: three kinds are read, and no mixture of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.sandbox.keyless_world import SHA, keys

from counterseal.adapters.sigstore import trust
from counterseal.adapters.sigstore.signer import SigstoreSigner
from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.errors import FormatError, ServiceError
from counterseal.forges import HOSTS
from counterseal.model import Trust
from counterseal_sandbox.trust import document

URL = "http://127.0.0.1:4711"
ISSUERS = {each.host: each.issuer for each in HOSTS}


def sandbox(**changes: Any) -> bytes:
    return json.dumps(
        {**document(keys(), URL, [SHA]), "withdrawn": [{"revision": "b" * 40, "until": None}], **changes}
    ).encode()


def test_a_sandboxes_document() -> None:
    found = trust.load_trust(sandbox())
    assert found.trust == Trust(
        {"github.com": f"{URL}/github", "gitlab.com": f"{URL}/gitlab"}, (SHA,), {"b" * 40: None}, sandbox=True
    )
    assert json.loads(found.trusted_root) == json.loads(found.trust_config)["trustedRoot"]
    SigstoreVerifier(found.trusted_root)
    SigstoreSigner(found.trust_config, str)


def test_a_bare_configuration_of_another_instance_trusts_the_real_forges() -> None:
    config = document(keys(), "https://sigstore.example", [])["trustConfig"]
    found = trust.load_trust(json.dumps(config).encode())
    assert not found.trust.sandbox
    assert found.trust.issuers == ISSUERS
    assert json.loads(found.trust_config) == config


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"schema": "counterseal.trust/v2"}',
        b'{"schema": "counterseal.trust/v1"}',
        b'{"schema": "counterseal.trust/v1", "schema": "counterseal.trust/v1"}',
        sandbox(extra=1),
        sandbox(sandbox="yes"),
        sandbox(sandbox=False),
        sandbox(issuers={}),
        sandbox(issuers=[]),
        sandbox(issuers={"github.com": 1}),
        sandbox(issuers={"": URL}),
        sandbox(issuers={"github.com": "https://token.actions.githubusercontent.com"}),
        sandbox(issuers={"github.com": "http://sandbox.example/github"}),
        sandbox(issuers={"github.com": ""}),
        sandbox(issuers={"github.com": "http://["}),
        sandbox(released="all"),
        sandbox(released=["main"]),
        sandbox(withdrawn=[None]),
        sandbox(withdrawn=["a" * 40]),
        sandbox(withdrawn={"a" * 40: None}),
        sandbox(withdrawn=[{"revision": "a" * 40}]),
        sandbox(withdrawn=[{"revision": "a" * 39, "until": None}]),
        sandbox(withdrawn=[{"revision": ["a" * 40], "until": None}]),
        sandbox(withdrawn=[{"revision": "a" * 40, "until": "2026-11-24"}]),
        sandbox(withdrawn=[{"revision": "a" * 40, "until": 0}]),
        sandbox(withdrawn=[{"revision": "a" * 40, "until": None, "from": None}]),
        sandbox(withdrawn=2 * [{"revision": "a" * 40, "until": None}]),
        sandbox(trustConfig=[]),
        sandbox(trustConfig={}),
        b'{"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"}',
    ],
)
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(FormatError, match=r"trust document"):
        trust.load_trust(raw)


def test_a_withdrawn_gate_has_an_end_or_none() -> None:
    listed = [{"revision": "a" * 40, "until": "2026-11-24T10:10:44+01:00"}, {"revision": "b" * 40, "until": None}]
    found = trust.load_trust(sandbox(withdrawn=listed)).trust.withdrawn
    assert found == {"a" * 40: datetime(2026, 11, 24, 9, 10, 44, tzinfo=UTC), "b" * 40: None}


def test_the_public_instance_offline(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    found = trust.public_trust(offline=True)
    assert found.trust == Trust(ISSUERS, (), {}, sandbox=False)
    SigstoreVerifier(found.trusted_root)
    SigstoreSigner(found.trust_config, str)


def test_the_public_instance_without_a_network(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(ServiceError, match="public root of trust") as caught:
        trust.public_trust(offline=False)
    assert "--trust-config" in caught.value.fix
