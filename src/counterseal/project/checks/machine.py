"""This machine: its clock, its git, and the age of its copy of Sigstore's root of trust."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal.project.observations import fault, unseen, warning, well
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen

_OLDEST_GIT: Final = (2, 39)
_SKEW: Final = timedelta(minutes=1)
_OLD: Final = timedelta(days=90)
_REFRESH: Final = (
    "with counterseal's own Python: python -c 'from sigstore.models import ClientTrustConfig as C; C.production()'"
)


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the machine."""
    yield _clock(seen)
    yield _git(seen)
    if seen.root_age is not None:
        yield _root(seen.root_age)


def _clock(seen: Seen) -> Observation:
    if isinstance(seen.clock, Unseen):
        return unseen("clock", "whether this machine's clock is right", seen.clock)
    if abs(seen.clock) <= _SKEW:
        return well("clock", "this machine's clock agrees with the forge's")
    seconds = round(abs(seen.clock).total_seconds())
    far = f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
    return warning(
        "clock",
        f"this machine's clock is {far} {'ahead of' if seen.clock > timedelta() else 'behind'} the forge's",
        why="certificates are valid for ten minutes: what is signed or verified here may seem too early or too late",
        fix="let it be set by the network: timedatectl set-ntp true",
    )


def _git(seen: Seen) -> Observation:
    match = re.match(r"(?:git version )?([0-9]{1,3})\.([0-9]{1,4})", seen.clone.git)
    if match is None:
        return unseen("git", "which git this is", f"it says {seen.clone.git[:60]!r}", "git --version")
    version = f"{match[1]}.{match[2]}"
    if (int(match[1]), int(match[2])) >= _OLDEST_GIT:
        return well("git", f"git {version}")
    oldest = ".".join(map(str, _OLDEST_GIT))
    return fault("git", f"git {version} is too old", why=f"counterseal needs {oldest}", fix=f"install git {oldest}")


def _root(age: timedelta | Unseen) -> Observation:
    if isinstance(age, Unseen):
        return unseen("trust-root", "how old this machine's copy of Sigstore's root of trust is", age)
    if age <= _OLD:
        return well("trust-root", f"the copy of Sigstore's root of trust is {age.days} days old")
    return warning(
        "trust-root",
        f"the copy of Sigstore's root of trust is {age.days} days old",
        why="keys that came later are unknown here, and what they signed does not verify",
        fix=_REFRESH,
    )
