"""How two SBOMs differ, in words that verbs and change requests share; names and versions come from outsiders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.render import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.gate import sboms
    from counterseal.inventory import Change, Difference, Package


#: How many rows a change request shows of a difference, and how many characters of each.
SHOWN: Final = 20
WIDTH: Final = 160


def compared(known: sboms.Comparison) -> list[str]:
    """Return how a candidate differs from what its stage has now: plain lines, those after the first indented."""
    about = f"components: {known.components}"
    if known.problem:
        return [escape.plain(f"components: not compared with what {known.stage} has now: {known.problem}", 600)]
    if known.difference is None:
        return [escape.plain(f"{about}; {known.stage} has nothing yet that they could be compared with")]
    with_what = f"compared with {known.tag}, which {known.stage} has now (entry {known.entry})"
    told = list(rows(known.difference))
    lines = [f"{about}; {summary(known.difference)}, {with_what}"]
    lines += [f"  {mark} {escape.plain(f'{name} {said}', WIDTH)}" for mark, name, said in told[:SHOWN]]
    more = [f"  … and {len(told) - SHOWN} more (counterseal sbom diff)"] if len(told) > SHOWN else []
    return [escape.plain(lines[0], 600), *lines[1:], *more]


def summary(difference: Difference) -> str:
    """Return how much differs, in a few words."""
    counts = {
        "added": len(difference.added),
        "removed": len(difference.removed),
        "changed": sum(change.other_versions for change in difference.changed),
        "with other licences": sum(change.other_licences for change in difference.changed),
        "with other bytes": len(difference.replaced),
    }
    told = [f"{count} {words}" for words, count in counts.items() if count]
    return ", ".join(told) or "the same components"


def rows(difference: Difference) -> Iterator[tuple[str, str, str]]:
    """Yield what differs: a mark, a name, and what is said of it; the most alarming first, and not escaped."""
    yield from (("!", label, "the same version with other bytes") for label in difference.replaced)
    yield from (("+", package.name, _package(package)) for package in difference.added)
    yield from (("−", package.name, _package(package)) for package in difference.removed)
    yield from (("~", change.after.name, _change(change)) for change in difference.changed)


def _package(package: Package) -> str:
    about = "; ".join(filter(None, (package.kind, _licences(package.licences))))
    return f"{_versions(package.versions)} ({about})"


def _change(change: Change) -> str:
    before, after = change.before, change.after
    parts = []
    if change.other_versions:
        parts.append(f"{_versions(before.versions)} → {_versions(after.versions)}")
    else:
        parts.append(_versions(after.versions))
    if change.other_licences:
        parts.append(f"licence {_licences(before.licences)} → {_licences(after.licences)}")
    return "; ".join(parts)


def _versions(versions: Iterable[str]) -> str:
    return ", ".join(version or "no version" for version in versions)


def _licences(licences: Iterable[str]) -> str:
    return " and ".join(licences) or "no licence"
