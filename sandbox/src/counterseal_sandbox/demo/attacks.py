"""The demo's attackers: what each of them can do, and what stops them."""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING, Any, Final, Protocol

from counterseal.formats import digests
from counterseal.formats import statement as statements
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF, NOTES_REF, PROOF_FILE
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.demo.world import World, expect, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal_sandbox.demo.shell import ProcessResult

WHEEL: Final = "app-1.2.0-py3-none-any.whl"
SDIST: Final = "app-1.2.0.tar.gz"
_FETCHED: Final = f"refs/remotes/origin/{LEDGER_BRANCH}"
#: What a commit says of itself: the blob of its line, and how many entries it is after the newest audit.
_LINE: Final = "%(trailers:key=Line,valueonly,separator=)"
_SINCE: Final = "%(trailers:key=Since-Audit,valueonly,separator=)"
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
        """Return a fresh clone: the ledger's branch comes with it, the copy that `git notes` shows is fetched."""
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
        """Change one word of a recorded decision, as somebody who can rewrite the branch from that entry on."""
        clone = self.clone("attack-2")
        listed = self.world.git("log", "--reverse", f"--format=%H {_LINE}", _FETCHED, folder=clone).splitlines()
        entries = [
            (commit, self.world.git("cat-file", "blob", blob, folder=clone)) for commit, blob in map(str.split, listed)
        ]
        first, line = next(
            (number, line) for number, (_, line) in enumerate(entries) if b'"outcome":"deny"' in _payload(line)
        )
        forged = _with_payload(line, b'"outcome":"deny"', b'"outcome":"allow"')
        rewritten = f"{entries[first][0]}^"
        for commit, _ in entries[first:]:
            rewritten = self._with_line(clone, commit, rewritten, line, forged)
        self.world.git("update-ref", _FETCHED, rewritten, folder=clone)
        self.world.git("checkout", "-q", "--force", "main", folder=clone)
        result = self.world.counterseal("log", "verify", *self.trust, folder=clone, code=11)
        return said(result)

    def _with_line(self, clone: Path, commit: str, parent: str, line: str, forged: str) -> str:
        """Return a commit like the given one, on another parent and with another line wherever the line is."""
        self.world.git("checkout", "-q", "--force", "--detach", commit, folder=clone)
        for note in clone.glob("??/??/*"):
            note.write_bytes(note.read_bytes().replace(line.encode(), forged.encode()))
        self.world.git("add", "--all", folder=clone)
        tree = self.world.git("write-tree", folder=clone)
        message = self.world.git("log", "-1", "--format=%B", commit, folder=clone)
        old, new = (digests.git_object("blob", f"{each}\n".encode()) for each in (line, forged))
        return self.world.git("commit-tree", tree, "-p", parent, "-m", message.replace(old, new), folder=clone)

    def rewound_ledger(self) -> list[str]:
        """Try to rewind the branch by two entries, then put the notes of then on top of it, and start the real gate."""
        world, clone = self.world, self.clone("attack-3")
        before = world.git("rev-parse", _FETCHED, folder=clone)
        forced = world.try_git("push", "-q", "--force", "origin", f"{before}~2:{LEDGER_REF}", folder=clone)
        expect(forced.exit_code != 0, "the ledger's branch is protected", forced.errors)
        line = world.git("log", "-1", f"--format={_LINE}", f"{before}~2", folder=clone)
        since = int(world.git("log", "-1", f"--format={_SINCE}", before, folder=clone))
        message = f"nothing happened\n\nLine: {line}\nSince-Audit: {since + 1}"
        older = world.git("commit-tree", f"{before}~2^{{tree}}", "-p", before, "-m", message, folder=clone)
        world.git("push", "-q", "origin", f"{older}:{LEDGER_REF}", folder=clone)
        result = world.counterseal("gate", environment=world.gate_run(), code=11)
        after = world.git("ls-remote", "origin", LEDGER_REF, folder=clone).split()[0]
        expect(after == older, "the gate signed nothing on the rewound ledger", after)
        world.client.control("/refs", repository=NAME, ref=LEDGER_REF, revision=before)
        return [
            "the forge refused to rewind the branch, so its older notes were committed on top; the gate:",
            *said(result),
            "an administrator put the branch back",
        ]

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


def _payload(line: str) -> bytes:
    return base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"])


def _with_payload(line: str, old: bytes, new: bytes) -> str:
    bundle: Any = json.loads(line)
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(_payload(line).replace(old, new)).decode()
    return json.dumps(bundle, separators=(",", ":"))
