"""Makes the frozen bundles of this folder anew: `python -m tests.assets.bundles.make`.

They are real bundles of a sandbox whose keys are gone. Verification looks at the time of signing only, so they never
expire; make them anew when a case is added, not because time has passed.
"""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.unit.adapters.sigstore.test_sigstore_verifier import (
    BAD_CERTIFICATES,
    CHANGES,
    SERVICES,
    issued_with,
    moment_of,
    windowed,
)
from tests.unit.sandbox.keyless_world import DIGEST, PAYLOAD, World, serving

from counterseal_sandbox.keys import Keys
from counterseal_sandbox.trust import document

HERE = Path(__file__).parent


def write(case: str, bundle: Any, *, root: Any = None, refusal: str = "") -> None:
    folder = HERE / case
    folder.mkdir(exist_ok=True)
    text = bundle.decode() if isinstance(bundle, bytes) else json.dumps(bundle, separators=(",", ":"))
    (folder / "bundle.sigstore.json").write_text(text + "\n")
    if root is not None:
        (folder / "trusted_root.json").write_text(json.dumps(root, indent=1) + "\n")
    if refusal:
        (folder / "refusal.txt").write_text(refusal + "\n")


def tampered(world: World, statement: bytes, blob: bytes) -> None:
    said = {
        "outer log index": "its proof says 2",
        "tree size and indexes, the hashes still fit": "the checkpoint for 3",
        "payload": "DSSE: invalid signature",
        "signature": "no timestamp of a trusted authority covers this signature",
        "two spellings of one key": "lowerCamelCase",
        "timestamp of another": "no timestamp of a trusted authority covers this signature",
    }
    for change, refusal in said.items():
        bundle = json.loads(statement)
        CHANGES[change](bundle, json.loads(blob))
        write(change.replace(",", "").replace(" ", "-") + "_fail", bundle, refusal=refusal)
    twice = statement.replace(b'{"mediaType"', b'{"mediaType":"x","mediaType"', 1)
    write("a-key-twice_fail", twice, refusal="appears twice")


def out_of_window(world: World, statement: bytes) -> None:
    said = (
        "certificate authority was not valid",
        "certificate transparency log's key",
        "transparency log's key",
        "time",
    )
    for service, refusal in zip(SERVICES, said, strict=True):
        moment = moment_of(world, statement, service)
        ended = windowed(world.root(), service, end=moment - timedelta(milliseconds=1))
        write(f"{service}-ended-before-signing_fail", statement, root=ended, refusal=refusal)
        write(f"{service}-ended-at-signing", statement, root=windowed(world.root(), service, end=moment))


def main() -> None:
    with serving() as world:
        signer = world.signer()
        blob = signer.sign_digest(DIGEST)
        signer.sign_digest(DIGEST)
        statement = signer.sign_statement(PAYLOAD)
        (HERE / "trusted_root.json").write_text(json.dumps(world.root(), indent=1) + "\n")
        write("statement", statement)
        write("digest", blob)
        write("digest-of-another-file_fail", blob, refusal="message digest")
        merged = copy.deepcopy(world.root())
        other = document(Keys.generate(), world.server.url, [])["trustConfig"]["trustedRoot"]
        for service in SERVICES:
            merged[service] = [*other[service], *merged[service]]
        write("after-a-rotation", statement, root=merged)
        write("of-another-sandbox_fail", statement, root=other, refusal="no timestamp")
        tampered(world, statement, blob)
        out_of_window(world, statement)
        for case in ("two identities", "issuers differ", "for servers too"):
            change, refusal = BAD_CERTIFICATES[case]
            write(f"certificate-{case.replace(' ', '-')}_fail", issued_with(world, change), refusal=refusal)


if __name__ == "__main__":
    main()
