"""Whether a policy fits the checkout that it lies in: the files that it names, and the tags that it accepts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.errors import CountersealError
from counterseal.forges import ForgeKind
from counterseal.formats import foreign_yaml
from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from counterseal.model import Policy
    from counterseal.ports import Clone

_TAGS: Final = "refs/tags/"
#: What stands for the rest of a tag when two patterns are held against each other.
_REST: Final = ("1.2.0", "1", "x")


def warnings(policy: Policy, path: Path, clone: Callable[[Path], Clone]) -> Iterator[str]:
    """Yield what of a policy does not fit the checkout that it lies in; nothing if it lies in none.

    Args:
        policy: The policy.
        path: Its file.
        clone: Gives the clone that a folder is in.
    """
    whole = path.resolve()
    if not whole.as_posix().endswith(f"/{POLICY_PATH}"):
        return
    top, own = whole.parent.parent, policy.gate.own
    for what, file in (("builder", policy.builder.workflow), ("gate", own.file if own else None)):
        if file is not None and not (top / file).is_file():
            yield f"the {what}'s file {file} is not in this checkout, so nothing that runs can be it"
    try:
        checkout = clone(top)
        tags, content = checkout.tags(), checkout.read(policy.builder.workflow)
    except CountersealError:
        return  # no clone, or one that cannot be read: there is nothing to compare with
    yield from _no_tag_fits(policy, tags)
    if content is not None and forges.kind_of(policy.ledger_id.split("/")[0]) is ForgeKind.GITHUB:
        yield from _trigger(policy, content)


def _accepted(policy: Policy) -> list[str]:
    """Return the patterns of tags that the policy accepts builds of, without `refs/tags/`."""
    return [ref.removeprefix(_TAGS) for ref in policy.builder.refs if ref.startswith(_TAGS)]


def _no_tag_fits(policy: Policy, tags: Sequence[str]) -> Iterator[str]:
    accepted = _accepted(policy)
    if tags and accepted and not any(forges.ref_matches(pattern, tag) for tag in tags for pattern in accepted):
        count = "the only tag" if len(tags) == 1 else f"none of the {len(tags)} tags"
        yield f"{count} of this clone fits {' or '.join(accepted)}, which builds are accepted of (newest: {tags[-1]})"


def _trigger(policy: Policy, content: bytes) -> Iterator[str]:
    """Yield why no push of an accepted tag starts the builder's workflow."""
    file, accepted = policy.builder.workflow, _accepted(policy)
    if policy.builder.triggers != ("push",) or not accepted:
        return
    workflow = foreign_yaml.read(content)
    if not isinstance(workflow, dict):
        yield f"{file} cannot be read as YAML, so what starts it was not compared with the policy"
        return
    started = _started_by(workflow.get("on"))
    if not started:
        yield f"no push of a tag starts {file}, and the policy accepts no other builds: add `on: push: tags:`"
    elif not any(_overlap(one, other) for one in started for other in accepted):
        theirs, ours = ", ".join(started), ", ".join(accepted)
        yield f"{file} is started by the tags {theirs}, and the policy accepts builds of {ours}"


def _started_by(on: Any) -> list[str]:
    """Return the patterns of tags whose push starts a workflow: all if another workflow calls it."""
    if not isinstance(on, dict):
        on = dict.fromkeys(on if isinstance(on, list) else [str(on)])
    if "push" not in on:
        return ["**"] if "workflow_call" in on else []
    push = on["push"] if isinstance(on["push"], dict) else {}
    if "tags" in push:
        tags = push["tags"] if isinstance(push["tags"], list) else [push["tags"]]
        return [tag for tag in map(str, tags) if not tag.startswith("!")]
    return ["**"] if "tags-ignore" in push or not {"branches", "branches-ignore"} & push.keys() else []


def _overlap(started: str, accepted: str) -> bool:
    """Return whether a tag fits a pattern of GitHub's and one of a policy's, as far as samples tell."""
    theirs = re.compile(_as_expression(started))
    samples = [accepted.replace("*", rest) for rest in _REST]
    if any(theirs.fullmatch(sample) for sample in samples):
        return True
    plain = re.sub(r"\[([^\]])[^\]]*\][+?]?", r"\1", started).replace("**", "*")
    return any(forges.ref_matches(accepted, plain.replace("*", rest)) for rest in _REST)


def _as_expression(pattern: str) -> str:
    """Return a filter pattern as an expression. Source: docs.github.com, "Filter pattern cheat sheet"."""
    parts = re.findall(r"\*\*|\*|\[[^\]]*\]|[+?]|.", pattern, re.DOTALL)
    known = {"**": ".*", "*": "[^/]*"}
    return "".join(
        known.get(part, part if part in ("+", "?") or re.fullmatch(r"\[[\w-]+\]", part) else re.escape(part))
        for part in parts
    )
