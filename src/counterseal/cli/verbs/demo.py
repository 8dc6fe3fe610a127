"""Walk the whole story in the sandbox: a commit becomes a verified production release, and four attacks fail."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.cli.report import Report
from counterseal.commands import demo
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from counterseal.ports import Signer
    from counterseal.wiring import Wiring


BOTH: Final = "both"
_NAMES: Final = {ForgeKind.GITHUB: "GitHub", ForgeKind.GITLAB: "GitLab"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--forge", choices=(*ForgeKind, BOTH), default=BOTH, help="on which forge (default both)")
    parser.add_argument("--example", type=Path, default=Path("examples/app"), help="the project (default examples/app)")
    parser.add_argument("--output", type=Path, default=Path("demo-out"), help="folder for what it makes, replaced")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    example, output = options.example.resolve(), options.output.resolve()
    kinds = tuple(ForgeKind) if options.forge == BOTH else (ForgeKind(options.forge),)
    if not (example / "pyproject.toml").is_file():
        raise UsageError(
            f"no project in {example}", why="it has no pyproject.toml", fix="run it in a checkout: make demo"
        )
    _clear(output)

    def signer(environment: Mapping[str, str]) -> Signer:
        return type(wiring)(environment).signer()

    start = time.monotonic()
    played = {}
    for kind in kinds:
        _heading(kind)
        played[kind] = demo.run(
            output / kind, example, kind=kind, path=wiring.program_path(), signer=signer, tell=_tell
        )
    seconds = time.monotonic() - start
    steps = [
        {"forge": kind, "title": each.title, "seconds": round(each.seconds, 2)}
        for kind, story in played.items()
        for each in story.steps
    ]
    data = {"schema": "counterseal.demo/v1", "steps": steps, "seconds": round(seconds, 2)}
    further = (_further(output / kind, _NAMES[kind], story.ask) for kind, story in played.items())
    return Report("\n".join((_end(len(played), seconds), *further)), data)


def _clear(output: Path) -> None:
    if not output.exists():
        return
    earlier = [*(output / kind / "sandbox" for kind in ForgeKind), output / "sandbox"]
    if any(output.iterdir()) and not any(each.is_dir() for each in earlier):
        raise UsageError(
            f"{output} is not empty",
            why="it is no earlier demo's, which would be replaced",
            fix="choose another --output",
        )
    shutil.rmtree(output)


def _heading(kind: ForgeKind) -> None:
    sys.stderr.write(f"\n── {_NAMES[kind]} ──\n")


def _tell(step: demo.Told) -> None:
    sys.stderr.write(f"\n● {step.title}  ({step.seconds:.1f} s)\n")
    for line in step.lines:
        sys.stderr.write(f"    {line}\n")
    sys.stderr.flush()


def _end(forges: int, seconds: float) -> str:
    attacks = ("Four attacks, four refusals", "On each forge four attacks, four refusals")[forges > 1]
    return f"\nAll as told, in {seconds:.1f} s. {attacks}."


def _further(folder: Path, name: str, ask: tuple[str, ...]) -> str:
    shown = _shown(folder)
    tool = "counterseal" if shutil.which("counterseal") else str(_shown(Path(sys.executable).parent / "counterseal"))
    trust = f"--trust {shown}/trust.json --sandbox"
    note = f"git -C {shown}/audit notes --ref=counterseal show 'v1.2.0^{{commit}}'"
    return "\n".join(
        (
            f"{name}:",
            f"  the release as a consumer has it   {shown}/release",
            f"  a clone with the ledger            {shown}/audit",
            f"  whom this sandbox trusts           {shown}/trust.json, {shown}/trusted_root.jsonl",
            "  Look further:",
            f"  {tool} log show 2 --folder {shown}/audit {trust}",
            f"  {tool} verify {shown}/release/*.whl {' '.join(ask)} {trust}",
            f"  {note} | tail -1 | jq -r .dsseEnvelope.payload | base64 -d | jq .predicate.findings",
            "  With none of our code (docs/verify-without-us/README.md):",
            f"  {_without_us(folder)} bash docs/verify-without-us/verify-with-cosign.sh {shown}/release/*.whl",
        )
    )


def _without_us(folder: Path) -> str:
    """Return the variables of the scripts that verify with others' tools, for a release of the demo."""
    trust, manifest = (json.loads((folder / name).read_text()) for name in ("trust.json", "release/manifest.json"))
    repository = manifest["repository"]
    values = {
        "HOST": repository["host"],
        "REPO": repository["name"],
        "REPO_ID": repository["id"],
        "TAG": manifest["tag"],
        **({"GATE_REVISION": trust["released"][0]} if folder.name == ForgeKind.GITHUB else {}),
        "ISSUER": trust["issuers"][repository["host"]],
        "ROOT": _shown(folder / "trusted_root.jsonl"),
    }
    return " ".join(f"{name}={value}" for name, value in values.items())


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
