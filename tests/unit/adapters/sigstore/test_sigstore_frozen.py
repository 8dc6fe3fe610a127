"""The frozen bundles of tests/assets/bundles: what was right or wrong once stays so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.sandbox.keyless_world import DIGEST, PAYLOAD, SAN

from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.errors import VerificationError

if TYPE_CHECKING:
    from counterseal.model import Certificate

BUNDLES = Path(__file__).parents[3] / "assets" / "bundles"
CASES = sorted(path.name for path in BUNDLES.iterdir() if (path / "bundle.sigstore.json").exists())


def verified(case: str) -> Certificate:
    folder = BUNDLES / case
    own = folder / "trusted_root.json"
    verifier = SigstoreVerifier((own if own.exists() else BUNDLES / "trusted_root.json").read_bytes())
    bundle = (folder / "bundle.sigstore.json").read_bytes()
    if case.startswith("digest"):
        return verifier.verify_digest(bundle, "0" * 64 if "another" in case else DIGEST, case)
    found = verifier.verify_statement(bundle, case)
    assert found.payload == PAYLOAD
    return found.certificate


@pytest.mark.parametrize("case", [case for case in CASES if not case.endswith("_fail")])
def test_accepted(case: str) -> None:
    assert verified(case).san == SAN


@pytest.mark.parametrize("case", [case for case in CASES if case.endswith("_fail")])
def test_refused_for_the_right_reason(case: str) -> None:
    with pytest.raises(VerificationError) as caught:
        verified(case)
    assert (BUNDLES / case / "refusal.txt").read_text().strip() in str(caught.value)


def test_both_kinds_are_there() -> None:
    assert len(CASES) > 20
