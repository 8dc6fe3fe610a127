"""Which pattern the release tags of a repository follow, as far as its tags show it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from counterseal.forges import ref_matches
from counterseal.formats import names

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PATTERN: Final = "v*"
#: Tags of versions without anything before the number.
BARE_PATTERN: Final = "*.*.*"
#: How many tags are looked at, the newest versions first.
_LOOKED: Final = 50
_VERSION: Final = re.compile(r"(?P<before>(?:.*[^0-9.])?)[0-9]+(?:\.[0-9]+){1,3}(?:[-+.]?[A-Za-z][A-Za-z0-9.+-]*)?")


def pattern_of(tags: Sequence[str]) -> str | None:
    """Return the pattern of most release tags, such as `v*`; None if no tag looks like a version.

    `*` stands for anything but `/`, in a policy and in a workflow alike.

    Args:
        tags: All tags, the newest version last.
    """
    found: Counter[str] = Counter()
    for tag in tags[-_LOOKED:]:
        match = _VERSION.fullmatch(tag) if names.TAG.fits(tag) else None
        if match is not None:
            found[f"{match['before']}*" if match["before"] else BARE_PATTERN] += 1
    usable = [pattern for pattern, _ in found.most_common() if names.REF_PATTERN.fits(f"refs/tags/{pattern}")]
    # `+` is a letter to a policy, and to GitHub's filters it repeats what stands before it
    return next((pattern for pattern in usable if "+" not in pattern), None)


def next_tag(tags: Sequence[str], pattern: str) -> str:
    """Return an example of a tag that comes next: a step after the newest of a pattern, or a first one.

    Args:
        tags: All tags, the newest version last.
        pattern: Of release tags.
    """
    for tag in reversed(tags):
        numbers = re.fullmatch(r"(?P<before>.*[.])(?P<last>[0-9]{1,9})", tag)
        if numbers and names.TAG.fits(tag) and ref_matches(pattern, tag):
            return f"{numbers['before']}{int(numbers['last']) + 1}"
    return pattern.replace("*.*.*", "0.1.0") if "*.*.*" in pattern else pattern.replace("*", "0.1.0", 1)
