"""SPDX licence expressions (SPDX 2.3, annex D) against a list of what is allowed: allowed, not allowed or unknown.

The grammar and the list of licences are the library's. `OR` is satisfied by one allowed side, `AND` by all; `A WITH B`
is a licence of its own, since the exception changes what may be done. `LicenseRef-…`, and whatever is no expression of
known licences, is unknown unless it is listed as it stands. What is too long or too deep is unknown as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from license_expression import Licensing

MAX_LENGTH: Final = 4096
MAX_DEPTH: Final = 32
_OWN: Final = "licenseref-"
#: What the library takes for an id, and SPDX does not: it does not say which licence is meant.
_NO_IDS: Final = ("GPL", "BSD-2")


class Standing(IntEnum):
    """How licences stand to a list of allowed ones, the worst first."""

    REFUSED = 0
    UNKNOWN = 1
    ALLOWED = 2


@dataclass(frozen=True, slots=True)
class Allowed:
    """A list of allowed licences: ids, `A WITH B`, `LicenseRef-…` and free names; case does not matter."""

    names: frozenset[str]

    @classmethod
    def of(cls, names: Collection[str]) -> Allowed:
        """Return the list; an old id stands for the new one (`GPL-2.0` for `GPL-2.0-only`)."""
        return cls(frozenset(spelling for name in names for spelling in (_folded(name), _folded(canonical(name)))))

    def standing(self, licences: Collection[str]) -> Standing:
        """Return how an element with these licences stands, all of which apply; without any it is unknown."""
        return min((self._standing(licence) for licence in licences), default=Standing.UNKNOWN)

    def _standing(self, licence: str) -> Standing:
        if _folded(licence) in self.names:
            return Standing.ALLOWED
        return _judged(licence, self._leaf)

    def _leaf(self, name: str) -> Standing:
        if _folded(name) in self.names or (name.endswith("+") and _folded(name[:-1]) in self.names):
            return Standing.ALLOWED  # `+` offers later versions beside the one that is allowed
        return Standing.REFUSED if _is_known(name) else Standing.UNKNOWN


def is_known(licences: Collection[str]) -> bool:
    """Return whether every one is an expression of licences on SPDX's list; False if there are none."""
    return bool(licences) and all(_known_whole(licence) for licence in licences)


def is_joined(licence: str) -> bool:
    """Return whether this is an expression of several licences."""
    return isinstance(_tree(licence), tuple)


def canonical(licence: str) -> str:
    """Return an expression in one spelling, its ids as SPDX writes them now; what is no expression as it is."""
    tree = _tree(licence)
    return licence if tree is None else _rendered(tree, "")


def _known_whole(licence: str) -> bool:
    tree = _tree(licence)
    return tree is not None and all(map(_is_known, _leaves(tree)))


def _judged(licence: str, leaf: Callable[[str], Standing]) -> Standing:
    tree = _tree(licence)
    return Standing.UNKNOWN if tree is None else _joined(tree, leaf)


# --- the tree of an expression: a leaf's name, or an operator with what it joins ------------

_Tree = str | tuple[str, tuple["_Tree", ...]]


def _joined(tree: _Tree, leaf: Callable[[str], Standing]) -> Standing:
    if isinstance(tree, str):
        return leaf(tree)
    operator, parts = tree
    return (max if operator == "OR" else min)(_joined(part, leaf) for part in parts)


def _leaves(tree: _Tree) -> list[str]:
    return [tree] if isinstance(tree, str) else [name for part in tree[1] for name in _leaves(part)]


def _rendered(tree: _Tree, around: str) -> str:
    if isinstance(tree, str):
        return tree
    operator, parts = tree
    text = f" {operator} ".join(_rendered(part, operator) for part in parts)
    return f"({text})" if around and around != operator else text


@lru_cache(maxsize=4096)
def _tree(licence: str) -> _Tree | None:
    """Return the tree of an expression; None if it is none, too long or too deep."""
    if len(licence) > MAX_LENGTH or _depth(licence) > MAX_DEPTH:
        return None
    from license_expression import ExpressionError  # noqa: PLC0415 - 50 ms, paid only by what looks at licences

    try:
        parsed = _licensing().parse(licence, simple=True)
    except (ExpressionError, ValueError, TypeError, AttributeError, IndexError):  # of what is no expression
        return None
    return None if parsed is None else _plain(parsed)


def _depth(licence: str) -> int:
    depth = deepest = 0
    for char in licence:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    return deepest


def _plain(parsed: Any) -> _Tree | None:
    """Return the library's tree as ours; None if an exception stands where a licence has to."""
    if parsed.args:
        parts = [_plain(part) for part in parsed.args]
        whole = tuple(part for part in parts if part is not None)
        return (parsed.operator.strip().upper(), whole) if len(whole) == len(parts) else None
    if hasattr(parsed, "exception_symbol"):
        licence, exception = _spelled(parsed.license_symbol.key), _spelled(parsed.exception_symbol.key)
        return None if _exceptional(licence) else f"{licence} WITH {exception}"
    return None if _exceptional(parsed.key) else _spelled(parsed.key)


def _is_known(name: str) -> bool:
    licence, _, exception = name.partition(" WITH ")
    if exception:
        return _is_known(licence) and _exceptional(exception)
    return _folded(licence.removesuffix("+")) in _ids() and not _exceptional(licence)


def _exceptional(name: str) -> bool:
    return _ids().get(_folded(name), ("", False))[1]


def _spelled(name: str) -> str:
    """Return a name as SPDX's list spells it now, or as it is if it is not on it."""
    return _ids().get(_folded(name), (name, False))[0]


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


@cache
def _licensing() -> Licensing:
    from license_expression import get_spdx_licensing  # noqa: PLC0415 - as above

    return get_spdx_licensing()


@cache
def _ids() -> Mapping[str, tuple[str, bool]]:
    """Return SPDX's ids, old ones too, by their folded spelling: the id as it is now, whether it is an exception."""
    ids: dict[str, tuple[str, bool]] = {}
    for symbol in _licensing().known_symbols.values():
        names = [name for name in (symbol.key, *symbol.aliases) if not _folded(name).startswith(_OWN)]
        for name in names[::-1]:  # the id as it is now comes last, and wins
            if " " not in name and name not in _NO_IDS:
                ids[_folded(name)] = (names[0], symbol.is_exception)
    return ids
