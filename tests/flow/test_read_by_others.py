"""Every kind of entry is read with none of our tools: git shows the note, jq the statement, cosign the signature."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories
from tests.flow.stopping import hold, revoke, started, stop

from counterseal.forges import ForgeKind
from counterseal.history import places
from counterseal.history.events import EventKind
from counterseal.identifiers import NOTES_REF

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.interop, pytest.mark.forges(*ForgeKind)]


WHEEL = "app-1.2.0-py3-none-any.whl"


def permit(world: FlowWorld, kind: str, entry: int, by: str = "bob") -> int:
    """Have an event allowed by two others; return its number."""
    call = ("request", "--kind", kind, "--entry", str(entry), "--reason", "it was another machine", "--format", "json")
    said: Any = json.loads(world.counterseal(*call, environment=world.person(by)).output)
    branch = stories.hosted(world).changes.get(said["number"]).head_branch
    stories.approve_and_merge(world, stories.Asked(said["number"], said["path"], branch), "dora", "carol")
    return int(world.gate()["events"][0]["sequence"])


def all_kinds(world: FlowWorld) -> None:
    """Have an entry of each kind recorded."""
    wheel = hashlib.sha256(world.hands.read(WHEEL)).hexdigest()
    permit(world, "resume", int(stop(world, started(world, hold("staging"), "alice"))["entry"]))
    provisional = int(stop(world, started(world, revoke(f"artifact:{wheel}"), "alice"))["entry"])
    permit(world, "reinstatement", permit(world, "revocation", provisional))
    asked, good = stories.ask(world, "production"), world.hands.read(WHEEL)
    stories.approve_and_merge(world, asked, "alice", "dora")
    stories.after_push(world, lambda: world.hands.upload(WHEEL, b"evil"))
    world.counterseal("gate", "--request", asked.path, environment=world.run(), code=10)
    world.hands.upload(WHEEL, good)
    stories.approve_and_merge(world, stories.ask(world, "production", "once more"), "alice", "dora")
    assert world.gate()["published"]
    world.gate("--stage", "staging", event="schedule")


def identity(bundle: dict[str, Any]) -> str:
    """Return who signed a bundle, as its certificate says it."""
    from cryptography import x509

    raw = base64.b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"])
    names = x509.load_der_x509_certificate(raw).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return str(names.value.get_values_for_type(x509.UniformResourceIdentifier)[0])


def test_every_kind_of_entry(staged: FlowWorld, tool: Callable[[str], Path], tmp_path: Path) -> None:
    world, clone, root = staged, tmp_path / "clone", tmp_path / "root.json"
    all_kinds(world)
    trust = world.client.trust()
    root.write_text(json.dumps(trust["trustConfig"]["trustedRoot"]))
    world.git("clone", "--quiet", world.clone_url, str(clone), folder=tmp_path)
    world.git("fetch", "--quiet", "origin", f"{NOTES_REF}:{NOTES_REF}", folder=clone)
    read: set[str] = set()
    for line in recorded.lines(world):
        bundle = json.loads(line)
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        key = places.entry_key(statement["predicate"]["ledger"]["entryId"])
        shown = world.git("notes", f"--ref={NOTES_REF}", "show", key, folder=clone)
        assert shown.strip() == line
        query = '.dsseEnvelope.payload | @base64d | fromjson | .predicate | .kind // "decision"'
        said = subprocess.run(
            ["jq", "-r", query], input=shown, capture_output=True, text=True, check=True
        ).stdout.strip()
        assert said == statement["predicate"].get("kind", "decision")
        file = tmp_path / "line.json"
        file.write_text(line)
        host = "github.com" if world.kind is ForgeKind.GITHUB else "gitlab.com"
        digest = statement["subject"][0]["digest"]["sha256"]
        command = [
            str(tool("cosign")), "verify-blob-attestation", "--bundle", str(file), "--trusted-root", str(root),
            "--type", statement["predicateType"], "--certificate-oidc-issuer", trust["issuers"][host],
            "--certificate-identity", identity(bundle), "--digest", digest, "--digestAlg", "sha256",
        ]  # fmt: skip
        assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 0, said
        wrong = [part if part != digest else "0" * 64 for part in command]
        assert subprocess.run(wrong, capture_output=True, text=True, check=False).returncode != 0, "of another subject"
        read.add(said)
    assert read == {"decision", *map(str, EventKind)}
