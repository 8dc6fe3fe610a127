"""`init --upgrade`: moves every pin of counterseal in the files of a forge's CI, and changes nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.commands.init import pinning, writing
from counterseal.commands.init.writing import Change
from counterseal.errors import UsageError
from counterseal.identifiers import UPGRADE_BRANCH
from counterseal.project import plan
from counterseal.project.plan import Moved

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.commands.init.writing import InitPorts
    from counterseal.model import Policy, Trust

#: What `--upgrade` is told where no commit is named.
NEWEST: Final = "newest"


@dataclass(frozen=True, slots=True)
class UpgradeResult:
    """Where the pins are now, the files that changed with what they pinned before, and those that were there already.

    `change` is None if nothing was written.
    """

    revision: str
    moved: tuple[Moved, ...]
    same: tuple[str, ...]
    warnings: tuple[str, ...]
    change: Change | None


def upgrade(
    ports: InitPorts,
    wanted: str,
    trust: Trust,
    *,
    describe: Callable[[UpgradeResult], tuple[str, str]] | None,
    dry_run: bool,
) -> UpgradeResult:
    """Move all pins.

    Args:
        ports: What it works with.
        wanted: The commit, or `newest`: the newest release that this version knows and that is not withdrawn.
        trust: Which gates are released, and which of those are withdrawn.
        describe: Gives title and body of a change request, if one is to be opened.
        dry_run: Write nothing.

    Raises:
        UsageError: There is no release yet, the commit is withdrawn or none, or no file pins counterseal.
    """
    revision = pinning.newest(trust) if wanted == NEWEST else wanted
    if revision is None:
        raise UsageError(
            "there is no release of counterseal yet that this version knows",
            why="pins are moved to a release, or to a commit that you name",
            fix="counterseal init --upgrade SHA; or upgrade counterseal itself first: pipx upgrade counterseal",
        )
    warnings = (*pinning.checked(revision, trust), *_unaccepted(writing.existing(ports.clone), revision))
    found = list(pinning.pinned(ports.clone))
    if not found:
        raise UsageError(
            "no file here pins counterseal",
            why="no workflow, action or pipeline file of this clone names a commit of it",
            fix="counterseal init writes them",
        )
    both = [(path, before, plan.move(path, text, revision)) for path, text, before in found]
    moved = tuple(each for _, before, each in both if each is not None and set(before) != {revision})
    same = tuple(path for path, before, _ in both if set(before) == {revision})
    result = UpgradeResult(revision, moved, same, warnings, None)
    if dry_run or not moved:
        return result
    files = {each.path: each.content.encode("utf-8", "surrogateescape") for each in moved}
    words = describe(result) if describe else None
    message = f"Pin counterseal at {revision[:12]}"
    return UpgradeResult(revision, moved, same, warnings, writing.write(ports, UPGRADE_BRANCH, files, message, words))


def _unaccepted(policy: Policy | None, revision: str) -> tuple[str, ...]:
    accepted = policy.gate.revisions if policy else None
    if accepted is None or revision in accepted:
        return ()
    refused = f"the policy does not accept {revision[:12]}: its decisions would be refused"
    return (f"{refused}; add it to identities.gate.counterseal.revisions",)
