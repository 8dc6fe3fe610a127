"""The suite of sigstore-conformance through our verifier: no wrong accept; the wrong rejects are named here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sigstore._internal.tuf import DEFAULT_TUF_URL
from sigstore._utils import read_embedded

from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.errors import CountersealError, VerificationError
from counterseal.formats.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal.model import Certificate

BEACON = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon"
    "/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
GITHUB = "https://token.actions.githubusercontent.com"

#: Refused although the suite accepts them: the log entry kind `intoto`, which sigstore-python does not support.
WRONG_REJECTS = {"intoto-with-custom-trust-root"}
#: Signed with a key and not keyless; we have no verifier for keys yet.
WITH_A_KEY = {"managed-key-and-trusted-root", "managed-key-happy-path", "managed-key-wrong-key_fail"}


def given(case: Path, name: str, default: str) -> str:
    path = case / name
    return path.read_text().strip() if path.exists() else default


def verified(case: Path) -> Certificate:
    bundle = (case / "bundle.sigstore.json").read_bytes()
    own = case / "trusted_root.json"
    root = own.read_bytes() if own.exists() else read_embedded("trusted_root.json", DEFAULT_TUF_URL)
    artifact = case / "artifact" if (case / "artifact").exists() else case.parent.parent / "a.txt"
    digest = sha256(artifact.read_bytes())
    verifier = SigstoreVerifier(root)
    if b"dsseEnvelope" not in bundle:
        return verifier.verify_digest(bundle, digest, case.name)
    found = verifier.verify_statement(bundle, case.name)
    if digest not in {subject.digest for subject in found.statement.subjects}:
        raise CountersealError("the statement is about something else")
    return found.certificate


def accepts(case: Path) -> bool:
    try:
        found = verified(case)
    except CountersealError:
        return False
    return (found.san, found.issuer) == (given(case, "identity", BEACON), given(case, "issuer", GITHUB))


def test_no_wrong_accept_and_only_known_wrong_rejects(suite: Callable[[str], Path]) -> None:
    cases = [path for path in (suite("sigstore-conformance") / "bundle-verify").iterdir() if path.is_dir()]
    assert len(cases) == 70
    keyed = {case.name for case in cases if (case / "key.pub").exists()}
    assert keyed == WITH_A_KEY
    said = {case.name: accepts(case) for case in cases if case.name not in keyed}
    assert [name for name, good in said.items() if good and name.endswith("_fail")] == []
    assert {name for name, good in said.items() if not good and not name.endswith("_fail")} == WRONG_REJECTS


def test_the_suite_would_notice_a_changed_byte(suite: Callable[[str], Path]) -> None:
    case = suite("sigstore-conformance") / "bundle-verify" / "rekor2-dsse-happy-path"
    bundle = json.loads((case / "bundle.sigstore.json").read_bytes())
    bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"] = "1"
    verifier = SigstoreVerifier((case / "trusted_root.json").read_bytes())
    with pytest.raises(VerificationError, match="its proof says"):
        verifier.verify_statement(json.dumps(bundle).encode(), case.name)
