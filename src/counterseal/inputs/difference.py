"""How two builds differ, field by field, the likeliest culprit first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.inputs.fields import Group, fields

if TYPE_CHECKING:
    from counterseal.inputs.build import Build


@dataclass(frozen=True, slots=True)
class Change:
    """A field that is not the same in both builds; None where one of them does not say it."""

    group: Group
    name: str
    before: str | None
    after: str | None


def compare(old: Build, new: Build) -> tuple[Change, ...]:
    """Return what is not the same, by group, in each what both say before what only one says, then by name."""
    before, after = ({(field.group, field.name): field.value for field in fields(build)} for build in (old, new))
    changes = (
        Change(group, name, before.get((group, name)), after.get((group, name)))
        for group, name in {**before, **after}
        if before.get((group, name)) != after.get((group, name))
    )
    return tuple(sorted(changes, key=_likeliest))


def _likeliest(change: Change) -> tuple[int, bool, str]:
    return change.group.rank, change.before is None or change.after is None, change.name
