"""Prints times of whole processes, beside what people would use instead. Not a test: numbers, no judgement.

Makes the demo anew. cosign and gh are shown where `make tools` has put them. What grows with the ledger is measured by
performance.py, actions by actions.py.
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

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from tests.flow import stories, worlds  # noqa: E402 - found by the line above

from counterseal.cli.table import COMMANDS  # noqa: E402 - as above
from counterseal.identifiers import BUNDLES_FILE, GATE_WORKFLOW, REPOSITORY, VSA, VSA_SUFFIX  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
DEMO = ROOT / "demo-out" / "github"
CACHE = Path(os.environ.get("COUNTERSEAL_CACHE") or Path.home() / ".cache" / "counterseal")
ROUNDS = 7


def measure(name: str, work: Callable[[], object], before: Callable[[], object] = lambda: None) -> None:
    """Print minimum and median of some rounds after one that does not count; `before` each, untimed."""
    before()
    work()
    seconds = []
    for _ in range(ROUNDS):
        before()
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    row(name, seconds)


def row(name: str, seconds: Sequence[float], more: str = "") -> None:
    """Print minimum and median."""
    shown = f"{min(seconds) * 1000:8.0f} ms {statistics.median(seconds) * 1000:8.0f} ms"
    print(f"  {name:<46} {shown}{more}", flush=True)


def process(name: str, command: Sequence[str | Path], folder: Path = ROOT) -> None:
    """Print the times of a command that has to succeed."""

    def work() -> None:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    measure(name, work)


def starting() -> None:
    """What does not depend on any data, as multiples of a Python that does nothing; all of them in turn in each round.

    Goals: 4 for what comes from the command table, 10 for the help of a verb.
    """
    program = BIN / "counterseal"
    calls: dict[str, list[str | Path]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "counterseal --version": [program, "--version"],
        "counterseal --help": [program, "--help"],
        **{f"counterseal {verb} --help": [program, verb, "--help"] for verb in COMMANDS},
        "counterseal completion bash": [program, "completion", "bash"],
    }
    # A first round may write the bytecode that a machine has on which counterseal was called before.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS + 1):
        for name, command in calls.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            seconds[name] += [time.perf_counter() - start] if number else []
    least, usual = (min(seconds["python -c pass"]), statistics.median(seconds["python -c pass"]))
    for name, times in seconds.items():
        row(name, times, f"  {min(times) / least:5.1f} x {statistics.median(times) / usual:5.1f} x")


def verifying() -> None:
    """The same released file: our verification, and the nearest single checks of other tools."""
    release = DEMO / "release"
    wheel = next(release.glob("*.whl"))
    trust: dict[str, Any] = json.loads((DEMO / "trust.json").read_text())
    repository: dict[str, Any] = json.loads((release / "manifest.json").read_text())["repository"]
    issuer = trust["issuers"]["github.com"]
    revision, gate = trust["released"][0], f"{REPOSITORY}/{GATE_WORKFLOW}"
    ours = ["--trust", f"{DEMO}/trust.json", "--sandbox"]
    named = f"{repository['host']}/{repository['name']}"
    asked = ["--stage", "production", "--repository", named]
    process("counterseal verify (identity, ledger, all)", [BIN / "counterseal", "verify", wheel, *asked, *ours])
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


def deciding() -> None:
    """The gate, on a forge that answers at once: its own work, and that of some 80 calls, half of them git's."""
    with tempfile.TemporaryDirectory(prefix="counterseal-bench.") as name:
        folder = Path(name)
        with worlds.world(folder / "world", worlds.build(folder / "build")) as world:
            worlds.sign(world)

            def gate() -> None:
                environment = {"PATH": os.environ["PATH"], "HOME": name, **world.run()}
                subprocess.run([BIN / "counterseal", "gate"], env=environment, check=True, capture_output=True)

            gate()
            measure("counterseal gate (one request, allowed)", gate, before=lambda: _merged(world))


def _merged(world: worlds.FlowWorld) -> None:
    stories.approve_and_merge(world, stories.ask(world, "staging"), "alice")


def main() -> None:
    """Print everything, or with `starting` what needs no demo; that is made anew, so that its files are ours."""
    if sys.argv[1:] == ["starting"]:
        starting()
        return
    done = subprocess.run(
        [BIN / "counterseal", "demo", "--forge", "github", "--format", "json", "--output", DEMO.parent],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    print(f"{ROUNDS} rounds after a first one                              minimum      median")
    starting()
    verifying()
    deciding()
    print("one run of the demo, by step")
    for step in json.loads(done.stdout)["steps"]:
        print(f"  {step['seconds']:6.1f} s  {step['title']}")


if __name__ == "__main__":
    main()
