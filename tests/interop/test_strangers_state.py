"""The scripts with a newer state of the ledger: what cosign and gh make of it, and what they refuse."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.interop.releases import BUILDER_CLAIMS, FILE, GATE_CLAIMS, MALLORY, RELEASED, REPOSITORY, TAG, Parts, Signers
from tests.interop.strangers import Stranger

from counterseal import identifiers as ids

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.interop, pytest.mark.slow]

LEDGER = "github.com/777/" + "5d1c" * 8
ENTRY = "e1" * 32


@dataclasses.dataclass
class State:
    """A line and the state document that it signs; a wrong case changes one thing of it."""

    claims: dict[str, str] = dataclasses.field(default_factory=lambda: dict(GATE_CLAIMS))
    ledger: str = LEDGER
    sequence: int = 43
    age: timedelta = timedelta(hours=1)
    stage: str = "production"
    current: dict[str, Any] | None = dataclasses.field(
        default_factory=lambda: {"entryId": ENTRY, "manifest": "0" * 64, "sequence": 42, "tag": TAG}
    )
    before: tuple[dict[str, Any], ...] = ()
    edited: bytes = b""
    about: str = FILE
    revoked: tuple[dict[str, Any], ...] = ()

    def write(self, path: Path, signers: Signers, data: bytes) -> Path:
        stages = {self.stage: {"current": self.current, "before": list(self.before)}}
        state = {"ledger": self.ledger, "sequence": self.sequence, "stages": stages, "revoked": self.revoked}
        document = json.dumps(state, separators=(",", ":"), sort_keys=True).encode()
        at = (datetime.now(UTC) - self.age).strftime("%Y-%m-%dT%H:%M:%SZ")
        place = {"id": self.ledger, "sequence": self.sequence, "state": hashlib.sha256(document).hexdigest()}
        statement = {
            "_type": ids.STATEMENT_TYPE,
            "subject": [{"name": self.about, "digest": {"sha256": hashlib.sha256(data).hexdigest()}}],
            "predicateType": ids.EVENT,
            "predicate": {"kind": "publication", "occurredAt": at, "ledger": place},
        }
        path.write_bytes(signers.statement(self.claims, statement) + b"\n" + (self.edited or document) + b"\n")
        return path


def revoked(kind: str, value: str, *, hours: int | None = 72, **changes: Any) -> dict[str, Any]:
    """Return a revocation of an hour ago; a provisional one ends after some hours."""
    since = datetime.now(UTC) - timedelta(hours=1)
    until = None if hours is None else f"{since + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
    target = {"kind": kind, "value": value, "windowSince": None, "windowUntil": None, **changes}
    return {"sequence": 43, "since": f"{since:%Y-%m-%dT%H:%M:%SZ}", "until": until, "target": target}


RUN = f"https://github.com/{REPOSITORY}/actions/runs/1/attempts/1"
BUILDER = f"https://github.com/{REPOSITORY}/.github/workflows/release.yml@refs/tags/{TAG}"
WHEEL = hashlib.sha256(b"wheel" * 200).hexdigest()
LONG_AGO, SOON = "2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
OTHER: dict[str, Any] = {"entryId": "0" * 64, "manifest": "1" * 64, "sequence": 40, "tag": "v1.1.0"}
WRONG: dict[str, Callable[[State], None]] = {
    "by-the-builder": lambda state: state.claims.update(BUILDER_CLAIMS),
    "for-another-repository": lambda state: state.claims.update(MALLORY),
    "of-another-ledger": lambda state: setattr(state, "ledger", LEDGER[:-1] + "0"),
    "of-yesterday": lambda state: setattr(state, "sequence", 41),
    "old": lambda state: setattr(state, "age", timedelta(days=8)),
    "of-no-stage": lambda state: setattr(state, "stage", "staging"),
    "withdrawn": lambda state: setattr(state, "current", OTHER),
    "edited": lambda state: setattr(state, "edited", b'{"ledger":"x"}'),
    "revoked-file": lambda state: setattr(state, "revoked", (revoked("artifact", WHEEL),)),
    "revoked-for-good": lambda state: setattr(state, "revoked", (revoked("artifact", WHEEL, hours=None),)),
    "revoked-run": lambda state: setattr(state, "revoked", (revoked("run", RUN),)),
    "revoked-gate": lambda state: setattr(state, "revoked", (revoked("gate", RELEASED),)),
    "revoked-builder": lambda state: setattr(state, "revoked", (revoked("identity", BUILDER, windowUntil=SOON),)),
    "revoked-by-a-newer-version": lambda state: setattr(state, "revoked", (revoked("moon", "full"),)),
    "empty": lambda state: setattr(state, "edited", b" "),
}
SAYS = {
    "of-another-ledger": "it is of another ledger",
    "of-yesterday": "it is older than the release",
    "old": "older than 7 days",
    "of-no-stage": "nothing was let into this stage",
    "withdrawn": "the allow was withdrawn",
    **dict.fromkeys([name for name in WRONG if name.startswith("revoked-")], "was revoked"),
    "edited": "its line does not sign it",
}


@pytest.fixture(scope="module")
def variables(signers: Signers, kept_root: Path) -> dict[str, str]:
    told = {"REPO": REPOSITORY, "REPO_ID": "777", "TAG": TAG, "GATE_REVISION": RELEASED}
    return {**told, "ISSUER": signers.issuer.url, "ROOT": str(kept_root)}


@pytest.fixture(params=["gh", "cosign"])
def stranger(request: pytest.FixtureRequest, tool: Callable[[str], Path], tmp_path: Path) -> Stranger:
    return Stranger.with_tool(request.param, tool, tmp_path)


@pytest.fixture(scope="module")
def right(signers: Signers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    parts = Parts()
    parts.decision["builds"] = [{"builder": BUILDER, "invocationUri": RUN}]
    parts.decision["ledger"] = {"id": LEDGER, "entryId": ENTRY, "sequence": 42}
    return parts.write(tmp_path_factory.mktemp("right") / "release", signers)


def test_a_state_says_what_the_stage_has(
    stranger: Stranger, right: Path, variables: dict[str, str], signers: Signers, tmp_path: Path
) -> None:
    state = State().write(tmp_path / "state", signers, right.read_bytes())
    done = stranger.verify(right, {**variables, "STATE": str(state)})
    assert done.returncode == 0, done.stderr
    assert "  as of ledger entry 43, 20" in done.stdout
    assert f"Z: production has {TAG}\n  not checked: what was recorded after entry 43" in done.stdout
    newer = State(current={**OTHER, "sequence": 45, "tag": "v2"}, before=(State().current,), sequence=46)  # type: ignore[arg-type]
    state = newer.write(tmp_path / "state", signers, right.read_bytes())
    done = stranger.verify(right, {**variables, "STATE": str(state)})
    assert "production has v2" in done.stdout, done.stderr


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_state_is_refused(
    stranger: Stranger, right: Path, variables: dict[str, str], signers: Signers, tmp_path: Path, name: str
) -> None:
    wrong = State()
    WRONG[name](wrong)
    state = wrong.write(tmp_path / "state", signers, right.read_bytes())
    done = stranger.verify(right, {**variables, "STATE": str(state)})
    assert done.returncode != 0
    assert "verified: " not in done.stdout
    assert "STATE is not a state of this ledger" in done.stderr
    assert SAYS.get(name, "") in done.stderr


def test_revocations_that_are_over_or_of_something_else(
    stranger: Stranger, right: Path, variables: dict[str, str], signers: Signers, tmp_path: Path
) -> None:
    others = (
        revoked("artifact", WHEEL, hours=0),
        revoked("manifest", "0" * 64),
        revoked("gate", "0" * 40),
        revoked("identity", BUILDER.replace("release", "other")),
        revoked("identity", BUILDER, windowSince=SOON),
        {**revoked("identity", BUILDER, windowUntil=LONG_AGO), "sequence": 41},  # then the gate judged by it
    )
    state = State(revoked=others).write(tmp_path / "state", signers, right.read_bytes())
    done = stranger.verify(right, {**variables, "STATE": str(state)})
    assert done.returncode == 0, done.stderr


def test_a_line_about_other_files(
    stranger: Stranger, right: Path, variables: dict[str, str], signers: Signers, tmp_path: Path
) -> None:
    """Cosign verifies it; gh cannot, and says so."""
    state = State(about="policy.yml").write(tmp_path / "state", signers, b"something else")
    done = stranger.verify(right, {**variables, "STATE": str(state)})
    if "cosign" in stranger.script:
        assert done.returncode == 0, done.stderr
        assert "as of ledger entry 43" in done.stdout
    else:
        assert done.returncode != 0
        assert "gh cannot verify STATE: its line is about other files" in done.stderr
