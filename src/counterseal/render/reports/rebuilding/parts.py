"""What the reports of second builds have in common: inputs, isolation, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.render import escape
from counterseal.render.findings.shown import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterseal.model import ComparedArtifact, Input, Isolation

_SHOWN: Final = 6


def apart(isolation: Isolation) -> str:
    """Return what kept a build apart."""
    if isolation.isolated:
        return f"apart by {isolation.mechanism}: no network, no token, no file but its own"
    return f"NOT isolated, so it does not count: {escape.plain(isolation.why, 400)}"


def inputs(found: Sequence[Input]) -> Iterator[str]:
    """Return how many inputs were recreated, and each that was not."""
    lacking = [each for each in found if not each.recreated]
    if found:
        yield f"  inputs: {len(found) - len(lacking)} of {len(found)} recreated"
    for each in lacking:
        wanted = "not set" if each.wanted is None else escape.plain(each.wanted)
        here = "not known" if each.found is None else escape.plain(each.found)
        yield f"    not recreated: {escape.plain(each.name)} {wanted}; here: {here} ({escape.plain(each.why)})"


def artifacts(compared: Sequence[ComparedArtifact], fixes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Return for each artifact whether it is equal, what differs and the usual fixes."""
    for each in compared:
        name = escape.plain(each.name)
        if each.equal:
            yield f"  equal      {name} sha256:{each.digest.sha256}"
            continue
        again = "the second build made none" if each.rebuilt is None else f"rebuilt sha256:{each.rebuilt.sha256[:16]}…"
        yield f"  different  {name} sha256:{each.digest.sha256[:16]}…, {again}"
        for one in each.differences[:_SHOWN]:
            where = f"{escape.plain(one.member)}: " if one.member else ""
            yield f"    {one.kind}: {where}{escape.plain(one.released or '–')} / {escape.plain(one.rebuilt or '–')}"
        left = len(each.differences[_SHOWN:]) + each.more
        if left:
            yield f"    and {plural(left, 'more difference')}"
        yield from (f"    fix: {fix}" for fix in fixes.get(each.name, ()))
