"""Which commit of counterseal a repository's files pin, and which they should."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError
from counterseal.formats import digests
from counterseal.project import plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.model import Trust
    from counterseal.ports import Clone

_LIST: Final = "git ls-remote --tags https://github.com/counterseal/counterseal"
#: Where workflows, actions and pipelines of a repository are.
_CI_FILE: Final = re.compile(r"(\.github/.+|(.*/)?\.gitlab.+|.*gitlab-ci.*)\.ya?ml")


def revision_for(given: str | None, pins: tuple[str, ...], trust: Trust) -> tuple[str, tuple[str, ...]]:
    """Return the commit to pin, and what is odd about it.

    Args:
        given: The one that was asked for.
        pins: Those that the clone's files have; if they are one, new files get it, too.
        trust: Which gates are known as released, the newest last, and which of those are withdrawn.

    Raises:
        UsageError: It is no full commit id, it is withdrawn, or there is none to propose.
    """
    revision = given or (pins[0] if len(pins) == 1 else newest(trust))
    if revision is None:
        raise UsageError(
            "no release of counterseal to pin",
            why="there is none yet that this version knows, and workflows pin a commit",
            fix=f"name a commit that you trust: --revision SHA ({_LIST} lists releases)",
        )
    return revision, checked(revision, trust)


def newest(trust: Trust) -> str | None:
    """Return the newest released gate that is not withdrawn, or None."""
    return next((each for each in reversed(trust.released) if each not in trust.withdrawn), None)


def checked(revision: str, trust: Trust) -> tuple[str, ...]:
    """Return what is odd about a commit to pin.

    Raises:
        UsageError: It is no full commit id, or withdrawn.
    """
    if not digests.is_revision(revision):
        raise UsageError(
            f"{revision[:100]!r} is no commit id",
            why="a tag can be moved, so files pin a full commit id, 40 lower-case hex digits",
            fix=f"{_LIST} lists releases with their commits",
        )
    if revision in trust.withdrawn:
        raise UsageError(
            f"counterseal {revision[:12]} is withdrawn",
            why="what it decides is not accepted any more",
            fix="pin another release" if newest(trust) is None else f"pin {newest(trust)}",
        )
    if revision not in trust.released:
        odd = f"{revision[:12]} is no release of counterseal that this version knows"
        return (f"{odd}: a policy with `gate: counterseal` accepts released gates only, and so does `verify`",)
    return ()


def pinned(clone: Clone) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield path and text of each file of a forge's CI that pins counterseal, with the commits that it pins."""
    for path in clone.files():
        if _CI_FILE.fullmatch(path) and (content := clone.read(path)) is not None:
            text = content.decode("utf-8", "surrogateescape")
            if (moved := plan.move(path, text, "")) is not None:
                yield path, text, moved.before
