"""The story as it is told: a heading for each forge, its steps, and where to look further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.forges import ForgeKind
from counterseal.identifiers import page
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.commands import demo

#: What the scripts need that verify with none of our code.
FOREIGN_TOOLS: Final = ("cosign", "jq", "openssl")
_PAGES: Final = {ForgeKind.GITHUB: page("how-to-github.md"), ForgeKind.GITLAB: page("how-to-gitlab.md")}
_NAMES: Final = {ForgeKind.GITHUB: "GitHub", ForgeKind.GITLAB: "GitLab"}


def heading(kind: ForgeKind) -> str:
    """Return the line above a forge's steps."""
    return f"\n── {_NAMES[kind]} ──"


def step(told: demo.Told) -> str:
    """Return a step: what was done, for how long, what was seen."""
    return "\n".join((f"\n● {told.title}  ({told.seconds:.1f} s)", *(f"    {line}" for line in told.lines)))


def report(shown: demo.Shown, tool: Path | str, missing: Sequence[str] = ()) -> Report:
    """Return how it ended, and commands to look further.

    Args:
        shown: What was played.
        tool: How counterseal is called here.
        missing: Which of `FOREIGN_TOOLS` are not on this machine.
    """
    steps = [
        {"forge": kind, "title": told.title, "seconds": round(told.seconds, 2)}
        for kind, release in shown.releases.items()
        for told in release.steps
    ]
    data = {"schema": "counterseal.demo/v1", "steps": steps, "seconds": round(shown.seconds, 2)}
    each = " on each forge" if len(shown.releases) > 1 else ""
    seen = f"A hold stopped, a revocation was seen, and all four attacks were refused{each}."
    end = f"\nDemo complete in {shown.seconds:.1f} s. {seen}"
    further = (_further(kind, release, tool, missing) for kind, release in shown.releases.items())
    own = "Next: a project of your own"
    pages = (f"  at {_NAMES[kind]}: {_PAGES[kind]}" for kind in shown.releases)
    return Report("\n".join((end, *further, own, *pages)), data)


def _further(kind: ForgeKind, release: demo.Release, tool: Path | str, missing: Sequence[str]) -> str:
    folder = release.folder
    trust = f"--trust {folder}/trust.json --sandbox"
    note = f"git -C {folder}/audit notes --ref=counterseal show 'v1.2.0^{{commit}}'"
    variables = " ".join(f"{name}={value}" for name, value in _variables(kind, release).items())
    return "\n".join((
        f"{_NAMES[kind]}:",
        f"  the release as a consumer has it   {folder}/release",
        f"  a clone with the ledger            {folder}/audit",
        f"  trust root of this sandbox         {folder}/trust.json, {folder}/trusted_root.jsonl",
        "  Look further:",
        f"  {tool} log show 2 --folder {folder}/audit {trust}",
        f"  {tool} verify {folder}/release/*.whl {' '.join(release.ask)} {trust}",
        f"  {note} | tail -1 | jq -r .dsseEnvelope.payload | base64 -d | jq .predicate.findings",
        f"  With none of our code ({page('verify-without-us/README.md')}):",
        f"  {variables} bash docs/verify-without-us/verify-with-cosign.sh {folder}/release/*.whl",
        *([f"  (it needs cosign 3.1, jq and openssl; not here: {', '.join(missing)})"] if missing else []),
    ))  # fmt: skip


def _variables(kind: ForgeKind, release: demo.Release) -> dict[str, object]:
    """Return the variables of the scripts that verify with others' tools."""
    repository = release.manifest["repository"]
    revision = {"GATE_REVISION": release.trust["released"][0]} if kind is ForgeKind.GITHUB else {}
    return {
        "HOST": repository["host"],
        "REPO": repository["name"],
        "REPO_ID": repository["id"],
        "TAG": release.manifest["tag"],
        **revision,
        "ISSUER": release.trust["issuers"][repository["host"]],
        "ROOT": release.folder / "trusted_root.jsonl",
    }
