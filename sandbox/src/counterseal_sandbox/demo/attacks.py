"""The demo's attackers: what each of them can do, and what stops them."""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING, Any, Final, Protocol

from counterseal.formats import statement as statements
from counterseal.identifiers import MIRROR_BRANCH, MIRROR_REF, NOTES_REF, PROOF_FILE
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.demo.world import World, expect, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal_sandbox.demo.shell import ProcessResult

WHEEL: Final = "app-1.2.0-py3-none-any.whl"
SDIST: Final = "app-1.2.0.tar.gz"
SUBJECTS: Final = (f"dist/{WHEEL}", f"dist/{SDIST}")


class Signer(Protocol):
    """Signs with the identity of a run: what the attacker of the last act has."""

    def sign_statement(self, payload: bytes) -> bytes:
        """Return a Sigstore bundle (one JSON line, no newline) around exactly these payload bytes."""


class Attacks:
    """Four attacks on a release that is out, each to be refused.

    Args:
        world: Where it plays.
        signer: Gives a signer with the identity of a run's environment.
    """

    def __init__(self, world: World, signer: Callable[[Mapping[str, str]], Signer]) -> None:
        self.world = world
        self._signer = signer

    @property
    def release(self) -> Path:
        """Return the consumer's folder."""
        return self.world.folder / "release"

    @property
    def trust(self) -> tuple[str, ...]:
        """Return the options by which a consumer accepts this sandbox."""
        return ("--trust", str(self.world.folder / "trust.json"), "--sandbox")

    @property
    def ask(self) -> tuple[str, ...]:
        """Return the options of the consumer's question."""
        site = self.world.site
        return ("--stage", "production", "--repository", f"{site.place.host}/{NAME}", *site.who_decides())

    def clone(self, name: str) -> Path:
        """Return a fresh clone with the ledger in it."""
        folder = self.world.folder / name
        self.world.git("clone", "-q", self.world.clone_url, str(folder), folder=self.world.folder)
        self.world.git("fetch", "-q", "origin", f"{NOTES_REF}:{NOTES_REF}", folder=folder)
        return folder

    def tampered_asset(self) -> list[str]:
        """Replace an asset's bytes."""
        folder = self.world.folder / "attack-1"
        shutil.copytree(self.release, folder)
        data = bytearray((folder / WHEEL).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / WHEEL).write_bytes(data)
        result = self.world.counterseal("verify", WHEEL, *self.ask, *self.trust, folder=folder, code=11)
        expect("step 1, digest and name" in result.output, "step 1 caught it", result.output)
        return said(result)

    def rewritten_line(self) -> list[str]:
        """Change one word of a recorded decision, as somebody who can rewrite notes, mirror and their history."""
        clone = self.clone("attack-2")
        listed = self.world.git("notes", f"--ref={NOTES_REF}", "list", folder=clone).splitlines()
        blob, note = next(
            (blob, note)
            for blob, note in (line.split() for line in listed)
            if '"outcome":"deny"' in _payloads(self.world.git("cat-file", "blob", blob, folder=clone))
        )
        text = self.world.git("cat-file", "blob", blob, folder=clone)
        forged = "\n".join(_with_payload(line, b'"outcome":"deny"', b'"outcome":"allow"') for line in text.split("\n"))
        (clone / "forged").write_text(forged + "\n", encoding="utf-8")
        new = self.world.git("hash-object", "-w", "forged", folder=clone)
        self.world.git("notes", f"--ref={NOTES_REF}", "add", "-f", "-C", new, note, folder=clone)
        tree = self.world.git("rev-parse", f"{NOTES_REF}^{{tree}}", folder=clone)
        rewritten = self.world.git("commit-tree", tree, "-m", "nothing happened", folder=clone)
        for ref in (NOTES_REF, f"refs/remotes/origin/{MIRROR_BRANCH}"):
            self.world.git("update-ref", ref, rewritten, folder=clone)
        result = self.world.counterseal("log", "verify", *self.trust, folder=clone, code=11)
        return said(result)

    def rewound_ledger(self) -> list[str]:
        """Force-push the notes back by two entries, try the same with the mirror, and start the real gate."""
        clone = self.clone("attack-3")
        before = self.world.git("rev-parse", NOTES_REF, folder=clone)
        self.world.git("push", "-q", "--force", "origin", f"{before}~2:{NOTES_REF}", folder=clone)
        mirror = self.world.try_git("push", "-q", "--force", "origin", f"{before}~2:{MIRROR_REF}", folder=clone)
        expect(mirror.exit_code != 0, "the mirror is protected", mirror.errors)
        result = self.world.counterseal("gate", environment=self.world.gate_run(), code=11)
        after = self.world.git("ls-remote", "origin", NOTES_REF, folder=clone).split()[0]
        expect(after != before, "the gate signed nothing on the rewound ledger", after)
        self.world.git("push", "-q", "origin", f"{before}:{NOTES_REF}", folder=clone)
        return ["the forge refused to rewind the mirror; the gate:", *said(result)]

    def builder_decides(self) -> list[str]:
        """Let the build job sign the very words of the gate's decision, and offer that to the consumer."""
        folder = self.world.folder / "attack-4"
        shutil.copytree(self.release, folder)
        proof: Any = json.loads((folder / PROOF_FILE).read_text(encoding="utf-8"))
        line: Any = json.loads(proof["decision"]["line"])
        payload = base64.b64decode(line["dsseEnvelope"]["payload"])
        statements.parse(payload, "the decision")
        forged = self._signer(self.world.build_run()).sign_statement(payload)
        proof["decision"]["line"] = forged.decode()
        write_json(folder / PROOF_FILE, proof)
        result = self.world.counterseal("verify", WHEEL, *self.ask, *self.trust, folder=folder, code=11)
        expect("step 2, signature" in result.output, "step 2 caught it", result.output)
        return said(result)


def said(result: ProcessResult) -> list[str]:
    """Return the result, or if there is none, what was said about why."""
    text = result.output if result.output.strip() else result.errors
    return [line for line in text.rstrip().split("\n") if line and not line.startswith("::")]


def _payloads(text: str) -> str:
    lines = (line for line in text.split("\n") if line)
    return "\n".join(base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"]).decode() for line in lines)


def _with_payload(line: str, old: bytes, new: bytes) -> str:
    if not line:
        return line
    bundle: Any = json.loads(line)
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload.replace(old, new)).decode()
    return json.dumps(bundle, separators=(",", ":"))
