"""Why an allow was withdrawn, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.model import Reason


def _tag_moved(it: Mapping[str, Any]) -> str:
    now = it["now"][:7] if it["now"] else "nothing"
    return f"the tag {it['tag']} points to {now} since the release is public"


WITHDRAWN: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "withdrawn-before": lambda _: "another run withdrew it",
    "public-already": lambda _: "its release is public already, and not by this allow",
    "evidence-changed": lambda _: (
        "reviews, tag, candidate or permissions changed between the decision and its publication"
    ),
    "not-allowed": lambda _: "the rules do not allow it",
    "tag-moved": _tag_moved,
}


def sentence(reason: Reason) -> str:
    """Return why an allow was withdrawn."""
    try:
        return WITHDRAWN[reason.code](reason.data)
    except (KeyError, TypeError):  # of a version that says it otherwise
        return reason.code
