"""`emergency:` of a policy: how long one listed person may stop a stage before that ends by itself."""

from __future__ import annotations

from datetime import timedelta

from counterseal.formats import names, yaml


def longest_hold(node: yaml.Node | None) -> timedelta | None:
    """Return the longest time of a hold, or None: the policy does not say.

    Raises:
        PolicyError: An unknown key, or no whole number of hours within the limits.
    """
    if node is None:
        return None
    given = yaml.fields(node, "emergency", (), ("hold",)).get("hold")
    if given is None:
        return None
    text = yaml.text(given, "emergency.hold")
    if not names.HOURS.fits(text):
        raise given.place.error(
            f"emergency.hold cannot be {yaml.shown(text)}",
            why=f"it is {names.HOURS.words}: a hold ends by itself, so that nobody stops a stage for good",
            fix="write it like 72h",
        )
    return timedelta(hours=int(text.removesuffix("h")))
