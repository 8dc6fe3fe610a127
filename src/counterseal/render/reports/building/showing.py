"""What a build was made from: the platform's word, then the build's own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from counterseal import inputs
from counterseal.formats import wire
from counterseal.inputs import Group
from counterseal.render import escape
from counterseal.render.report import Report
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.commands.building import reading
    from counterseal.inputs import Build

TITLES: Final = {
    Group.SOURCE: "sources",
    Group.LOCK_FILES: "lock files",
    Group.TOOLS: "tools",
    Group.PIPELINE: "workflow and what it uses",
    Group.RUNNER: "runner and container",
    Group.VARIABLES: "variables and parameters",
    Group.SURROUNDINGS: "settings",
    Group.LIMITS: "limits",
    Group.REST: "commands",
    Group.WRITTEN: "written",
}
UNSIGNED: Final = "not signed: whoever could write the file chose what it says"
SIGNED: Final = "signature verified; whether the release may be used: counterseal verify"
_CERTIFIED: Final = {
    "identity": "san",
    "revision": "source_revision",
    "ref": "source_ref",
    "trigger": "trigger",
    "runner": "runner_environment",
    "run": "run_uri",
}


def report(result: reading.Read, *, sandbox: bool) -> Report:
    """Return everything that is known of a build.

    Args:
        result: What was read.
        sandbox: A sandbox's word was asked for.
    """
    certified, said = dict(_certified(result.build)), inputs.fields(result.build)
    lines = [
        f"inputs: {escape.plain(str(result.path))} · {SIGNED if result.signed else UNSIGNED}",
        *([f"  {SANDBOX_NOTE}"] if sandbox and result.signed else []),
        *(["  the certificate says:"] if certified else []),
        *(f"    {name}: {escape.plain(value)}" for name, value in certified.items()),
        "  the build says itself (it can contradict, and proves nothing):",
    ]
    for group, fields in itertools.groupby(said, key=lambda field: field.group):
        lines.append(f"    {TITLES[group]}")
        lines += [f"      {escape.plain(field.name)}: {escape.plain(field.value)}" for field in fields]
    lines += [f"  ✗ {escape.plain(problem, 600)}" for problem in problems(result)]
    return Report("\n".join(lines), _data(result, certified, sandbox=sandbox))


def _certified(build: Build) -> Iterator[tuple[str, str]]:
    if build.certificate is not None:
        for name, member in _CERTIFIED.items():
            yield name, getattr(build.certificate, member) or "not said"


def problems(result: reading.Read) -> Iterator[str]:
    """Yield where a build contradicts what it is held to."""
    for each in inputs.contradictions(result.build):
        yield f"{each.about}: {each.by} says {each.known}, the build {each.said}"
    for name in result.contradicted:
        yield f"{name} has other bytes than those that the observed command wrote"


def described(result: reading.Read) -> dict[str, Any]:
    """Return which build this is, as JSON data."""
    return {
        "path": str(result.path),
        "signed": result.signed,
        "certificate": wire.encode(result.build.certificate),
        "contradictions": list(problems(result)),
    }


def _data(result: reading.Read, certified: dict[str, str], *, sandbox: bool) -> dict[str, Any]:
    build = result.build
    return {
        "schema": "counterseal.inputs/v1",
        **described(result),
        "sandbox": sandbox and bool(certified),
        "inputMatrix": wire.encode(build.matrix),
        "observation": wire.encode(build.observation),
        "fields": [
            {"group": field.group.name.lower().replace("_", "-"), "name": field.name, "value": field.value}
            for field in inputs.fields(build)
        ],
    }
