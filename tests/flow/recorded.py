"""What the ledger at the forge says, read from the repository's own disk and verified by nobody."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from counterseal.identifiers import LEDGER_REF
from counterseal_sandbox.demo.site import NAME

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

_LINE = re.compile(r"^Line: ([0-9a-f]{40})$", re.MULTILINE)


def lines(world: FlowWorld) -> list[str]:
    """Return the line that each commit says it adds, in the order of the commits."""
    git = world.sandbox.forge.repository(NAME).git
    tip = git.resolve(LEDGER_REF) or LEDGER_REF
    messages = git.fixed("log", "--reverse", "--first-parent", "--format=%B", tip).decode(errors="replace")
    return [git.fixed("cat-file", "blob", name).decode().removesuffix("\n") for name in _LINE.findall(messages)]


def payload(line: str) -> bytes:
    """Return what a line's signature is about."""
    return base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"])


def statements(world: FlowWorld) -> list[dict[str, Any]]:
    """Return what each entry says, in their order."""
    return [json.loads(payload(line)) for line in lines(world)]


def kinds(world: FlowWorld) -> list[str]:
    """Return what kind of entry each is, in their order; of a decision its outcome."""
    said = (statement["predicate"] for statement in statements(world))
    return [predicate["kind"] if "kind" in predicate else predicate["outcome"] for predicate in said]


def events(world: FlowWorld) -> list[str]:
    """Return the kinds of the entries that are neither decisions nor audits, in their order."""
    return [kind for kind in kinds(world) if kind not in {"allow", "deny", "audit"}]
