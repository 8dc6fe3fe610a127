"""The tokens of a project of GitLab: whether the one that reads approvals ends soon."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal.project.observations import fault, unseen, warning, well
from counterseal.project.pages import settings_page
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.model import AccessToken
    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen

_SOON: Final = timedelta(days=30)
_READS: Final = ("read_api", "api")
_NAME: Final = "COUNTERSEAL_GITLAB_TOKEN"
_FIX: Final = f"make a new one (scope read_api), and save it as {_NAME}"


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the token in COUNTERSEAL_GITLAB_TOKEN, or of those that may be it."""
    if not seen.at_gitlab:
        return
    if isinstance(seen.tokens, Unseen):
        yield unseen("token-expiry", f"when {_NAME} ends", seen.tokens)
        return
    reading = [token for token in seen.tokens if any(scope in token.scopes for scope in _READS)]
    own = [token for token in reading if token.name == _NAME]
    usable = [token for token in own or reading if token.active and not _ended(seen, token)]
    if not reading:
        why = "the project has no token with the scope read_api: it may be somebody's own"
        yield unseen("token-expiry", f"when {_NAME} ends", why, "its owner sees it: User settings → Access tokens")
    elif not usable:
        names = ", ".join(dict.fromkeys(token.name for token in own or reading))
        why = "without it no gate can read approvals"
        yield fault(
            "token-expiry", f"the token {names} has ended", why=why, fix=_FIX, page=settings_page(seen, "tokens")
        )
    else:
        yield _latest(seen, usable)


def _ended(seen: Seen, token: AccessToken) -> bool:
    return token.expires is not None and token.expires <= seen.now


def _latest(seen: Seen, usable: list[AccessToken]) -> Observation:
    """Return when the last of them ends: which of them the variable holds, nobody is told."""
    ends = [token.expires for token in usable if token.expires is not None]
    if len(ends) < len(usable):
        return well("token-expiry", "a token that reads approvals has no end")
    last = max(ends)
    name = next(token.name for token in usable if token.expires == last)
    if last - seen.now > _SOON:
        return well("token-expiry", f"the token {name} ends on {last:%Y-%m-%d}")
    days = (last - seen.now).days
    return warning(
        "token-expiry",
        f"the token {name} ends on {last:%Y-%m-%d}, in {days} days",
        why="from then on every gate stops before it signs",
        fix=_FIX,
        page=settings_page(seen, "tokens"),
    )
