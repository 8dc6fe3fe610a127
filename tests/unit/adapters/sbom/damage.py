"""Damage to a document: a value somewhere in it becomes another, is taken away, or goes elsewhere."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["", ".", "..", "../..", "link:..", "file:..", "node_modules/x", "a@1(b@2", "@", "sha512-", "git+x#"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, inner in pairs:
            yield holder, key
            if isinstance(inner, dict | list):
                waiting.append(inner)


def damaged(content: Any, data: st.DataObject) -> Any:
    """Return a copy with up to two damages."""
    changed = copy.deepcopy(content)
    for _ in range(data.draw(st.integers(0, 2))):
        spots = list(_spots(changed))
        holder, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        kind = data.draw(st.sampled_from(["value", "key", "gone"]))
        if kind == "value":
            holder[key] = data.draw(_VALUES)
        elif kind == "gone":
            del holder[key]
        elif isinstance(holder, dict):
            holder[data.draw(st.text(max_size=10) | st.sampled_from(["", "..", "packages/..", "node_modules/.."]))] = (
                holder.pop(key)
            )
    return changed
