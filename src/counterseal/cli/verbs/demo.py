"""Walk the whole story in the sandbox: a commit becomes a verified production release, and four attacks fail."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli.report import Report
from counterseal.commands import demo
from counterseal.commands.demo_site import NAME
from counterseal.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from counterseal.commands.demo import Told
    from counterseal.ports import Signer
    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--example", type=Path, default=Path("examples/app"), help="the project (default examples/app)")
    parser.add_argument("--output", type=Path, default=Path("demo-out"), help="folder for what it makes, replaced")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    example, folder = options.example.resolve(), options.output.resolve()
    if not (example / "pyproject.toml").is_file():
        raise UsageError(f"no project in {example}", fix="run this in a checkout of counterseal: make demo")
    if folder.exists():
        if any(folder.iterdir()) and not (folder / "sandbox").is_dir():
            raise UsageError(f"{folder} is not empty and no earlier demo", fix="choose another --output")
        shutil.rmtree(folder)
    home = folder / "home"
    home.mkdir(parents=True)
    start = time.monotonic()

    def signer(environment: Mapping[str, str]) -> Signer:
        return type(wiring)(environment).signer()

    told = demo.run(wiring.shell(home), folder, example, signer=signer, tell=_tell)
    seconds = time.monotonic() - start
    data = {
        "schema": "counterseal.demo/v1",
        "steps": [{"title": each.title, "seconds": round(each.seconds, 2)} for each in told],
        "seconds": round(seconds, 2),
    }
    return Report(_end(folder, seconds), data)


def _tell(step: Told) -> None:
    sys.stderr.write(f"\n● {step.title}  ({step.seconds:.1f} s)\n")
    for line in step.lines:
        sys.stderr.write(f"    {line}\n")
    sys.stderr.flush()


def _end(folder: Path, seconds: float) -> str:
    shown = _shown(folder)
    tool = "counterseal" if shutil.which("counterseal") else str(_shown(Path(sys.executable).parent / "counterseal"))
    trust = f"--trust {shown}/trust.json --sandbox"
    note = f"git -C {shown}/audit notes --ref=counterseal show 'v1.2.0^{{commit}}'"
    return "\n".join(
        (
            f"\nAll as told, in {seconds:.1f} s. Four attacks, four refusals.",
            f"  the release as a consumer has it   {shown}/release",
            f"  a clone with the ledger            {shown}/audit",
            f"  whom this sandbox trusts           {shown}/trust.json, {shown}/trusted_root.jsonl",
            "Look further:",
            f"  {tool} log show 2 --folder {shown}/audit {trust}",
            f"  {tool} verify {shown}/release/*.whl --stage production --repository github.com/{NAME} {trust}",
            f"  {note} | tail -1 | jq -r .dsseEnvelope.payload | base64 -d | jq .predicate.findings",
            "  docs/verify-without-us/README.md: the same with cosign and gh, none of our code",
        )
    )


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
