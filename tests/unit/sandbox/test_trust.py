"""The sandbox's trust document is whole, and readable by the tools it is for."""

from __future__ import annotations

import base64
import json

from sigstore.models import ClientTrustConfig
from tests.unit.sandbox.keyless_world import SHA, keys

from counterseal_sandbox import trust

URL = "http://127.0.0.1:4711"


def test_it_says_sandbox_and_whom_it_believes() -> None:
    document = trust.document(keys(), URL, [SHA])
    assert document["schema"] == "counterseal.trust/v1"
    assert document["sandbox"] is True
    assert document["issuers"] == {"github.com": f"{URL}/github", "gitlab.com": f"{URL}/gitlab"}
    assert (document["released"], document["withdrawn"]) == ([SHA], [])


def test_every_service_is_below_the_one_server() -> None:
    config = trust.document(keys(), URL, [])["trustConfig"]["signingConfig"]
    urls = [each["url"] for name in ("caUrls", "oidcUrls", "rekorTlogUrls", "tsaUrls") for each in config[name]]
    assert len(urls) == 4
    assert all(url == URL or url.startswith(URL + "/") for url in urls)


def test_sigstore_python_takes_it() -> None:
    config = ClientTrustConfig.from_json(json.dumps(trust.document(keys(), URL, [])["trustConfig"]))
    assert config.signing_config.get_fulcio().url == URL
    assert [each.url for each in config.signing_config.get_tsas()] == [f"{URL}/api/v1/timestamp"]
    assert len(config.trusted_root.get_fulcio_certs()) == 2


def test_no_private_key_is_in_it() -> None:
    text = json.dumps(trust.document(keys(), URL, []))
    assert "PRIVATE" not in text
    secret = keys().log.private_bytes_raw()
    assert base64.b64encode(secret).decode() not in text
