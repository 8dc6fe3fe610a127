"""Prints times of whole processes, beside what people would use instead. Not a test: numbers, no judgement.

Needs the result of `make demo` (made if it is not there). cosign and gh are shown where `make tools` has put them.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal.adapters.git_ledger import GitLedgerStore
from counterseal.identifiers import BUNDLES_FILE, GATE_WORKFLOW, MIRROR_REF, NOTES_REF, REPOSITORY, VSA, VSA_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
DEMO = ROOT / "demo-out"
CACHE = Path(os.environ.get("COUNTERSEAL_CACHE") or Path.home() / ".cache" / "counterseal")
ROUNDS = 7
LINE_BYTES = 8700
QUIET_GIT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "bench@bench.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def measure(name: str, work: Callable[[], object], rounds: int = ROUNDS) -> None:
    """Print minimum and median of some rounds after one that does not count."""
    work()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    print(f"  {name:<46} {min(seconds) * 1000:8.0f} ms {statistics.median(seconds) * 1000:8.0f} ms", flush=True)


def process(name: str, command: Sequence[str | Path], folder: Path = ROOT) -> None:
    """Print the times of a command that has to succeed."""

    def work() -> None:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    measure(name, work)


def starting() -> None:
    """What does not depend on any data."""
    process("python -c pass", [sys.executable, "-c", "pass"])
    process("counterseal --version", [BIN / "counterseal", "--version"])
    process("counterseal --help", [BIN / "counterseal", "--help"])
    process("counterseal verify --help", [BIN / "counterseal", "verify", "--help"])


def verifying() -> None:
    """The same released file: our verification, and the nearest single checks of other tools."""
    release = DEMO / "release"
    wheel = next(release.glob("*.whl"))
    trust: dict[str, Any] = json.loads((DEMO / "trust.json").read_text())
    repository: dict[str, Any] = json.loads((release / "manifest.json").read_text())["repository"]
    (issuer,) = trust["issuers"].values()
    revision, gate = trust["released"][0], f"{REPOSITORY}/{GATE_WORKFLOW}"
    ours = ["--trust", f"{DEMO}/trust.json", "--sandbox"]
    named = f"{repository['host']}/{repository['name']}"
    asked = ["--stage", "production", "--repository", named]
    process("counterseal verify (identity, ledger, all)", [BIN / "counterseal", "verify", wheel, *asked, *ours])
    process("counterseal log", [BIN / "counterseal", "log", *ours], DEMO / "audit")
    if cosign := shutil.which("cosign", path=f"{CACHE / 'bin'}{os.pathsep}{os.environ['PATH']}"):
        signer = [
            "--certificate-identity",
            f"https://github.com/{gate}@{revision}",
            "--certificate-oidc-issuer",
            issuer,
        ]
        bundle = ["--bundle", f"{wheel}{VSA_SUFFIX}", "--trusted-root", f"{DEMO}/trusted_root.jsonl", "--type", VSA]
        command = [cosign, "verify-blob-attestation", *bundle, *signer, wheel]
        process("cosign verify-blob-attestation (one bundle)", command)
    if gh := shutil.which("gh", path=f"{BIN}{os.pathsep}{os.environ['PATH']}"):
        root = ["--custom-trusted-root", f"{DEMO}/trusted_root.jsonl", "--bundle", f"{release / BUNDLES_FILE}"]
        signer = ["--repo", repository["name"], "--signer-workflow", gate, "--cert-oidc-issuer", issuer]
        options = ["--predicate-type", VSA, "--format", "json"]
        process("gh attestation verify (one statement)", [gh, "attestation", "verify", wheel, *root, *signer, *options])


def git(folder: Path, *arguments: str, given: bytes = b"") -> str:
    """Return what git prints."""
    done = subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=True, env=QUIET_GIT)
    return done.stdout.decode().strip()


def appending(entries: int) -> None:
    """An append to a ledger of so many entries: ours (read, commit, atomic push), and git's own to notes alone."""
    with tempfile.TemporaryDirectory(prefix="counterseal-bench-") as name:
        work = Path(name)
        remote, clone = work / "remote.git", work / "clone"
        git(work, "init", "-q", "--bare", str(remote))
        git(remote, "fast-import", "--quiet", given=ledger(entries))
        git(remote, "update-ref", MIRROR_REF, NOTES_REF)
        store = GitLedgerStore(str(remote), work / "ours.git", token=None)
        number = iter(range(entries, entries + 1000))

        def ours() -> None:
            if not store.push(store.fetch(), f"{next(number):040x}", line(), "bench"):
                raise RuntimeError("somebody else appended")

        measure(f"append to {entries} entries", ours)
        git(work, "init", "-q", str(clone))
        (clone / "line").write_bytes(line())
        commit = git(clone, "commit-tree", git(clone, "mktree"), "-m", "bench")

        def theirs() -> None:
            git(clone, "fetch", "-q", str(remote), f"+{NOTES_REF}:{NOTES_REF}")
            git(clone, "notes", f"--ref={NOTES_REF}", "append", "-F", "line", commit)
            git(clone, "push", "-q", str(remote), NOTES_REF)

        measure(f"git notes append, {entries} notes", theirs)


def ledger(entries: int) -> bytes:
    """Return a fast-import stream of a notes ref with so many notes of the usual size."""
    stream = [f"commit {NOTES_REF}\ncommitter bench <bench@bench.example> 0 +0000\ndata 5\nbench\n".encode()]
    for number in range(entries):
        object_id = f"{number:040x}"
        body = line() + b"\n"
        stream.append(f"M 100644 inline {object_id[:2]}/{object_id[2:]}\ndata {len(body)}\n".encode() + body + b"\n")
    return b"".join(stream)


def line() -> bytes:
    """Return something that compresses like a bundle."""
    return b'{"' + os.urandom(LINE_BYTES // 2).hex().encode() + b'"}'


def main() -> None:
    """Print everything."""
    print(f"{ROUNDS} rounds after a first one                              minimum      median")
    starting()
    for entries in (10, 1000):
        appending(entries)
    if not (DEMO / "trust.json").is_file():
        subprocess.run([BIN / "counterseal", "demo", "--output", DEMO], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    verifying()
    done = subprocess.run(
        [BIN / "counterseal", "demo", "--format", "json", "--output", DEMO],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    print("one run of the demo, by step")
    for step in json.loads(done.stdout)["steps"]:
        print(f"  {step['seconds']:6.1f} s  {step['title']}")


if __name__ == "__main__":
    main()
