"""Whether a policy fits the checkout that it lies in: the files that it names, and the tags that it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal import forges
from counterseal.errors import CountersealError
from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal.project import pipelines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from counterseal.model import Policy
    from counterseal.ports import Clone

_TAGS: Final = "refs/tags/"


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
    workflow = pipelines.parse_workflow(file, content)
    if workflow.problem:
        yield f"{file} cannot be read ({workflow.problem}), so what starts it was not compared with the policy"
        return
    if "workflow_call" in workflow.events:
        return  # another file starts it
    started = [ref.removeprefix(_TAGS) for ref in workflow.events.get("push", ()) if pipelines.is_of_tags(ref)]
    if not started:
        yield f"no push of a tag starts {file}, and the policy accepts no other builds: add `on: push: tags:`"
    elif not any(pipelines.meet(_TAGS + one, _TAGS + other) for one in started for other in accepted):
        theirs, ours = ", ".join(started), ", ".join(accepted)
        yield f"{file} is started by the tags {theirs}, and the policy accepts builds of {ours}"
