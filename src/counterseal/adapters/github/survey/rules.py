"""What guards the branches and tags of a repository of GitHub: rulesets, and the older protection of a branch.

Rulesets of a branch are shown to everybody who may read; who gets around them, and the older protection, only to those
who may change it. What was not shown is None, unless a ruleset says it already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal import forges
from counterseal.adapters.github.survey.words import bypasser, names
from counterseal.adapters.http.answers import RefusedError, in_path
from counterseal.adapters.http.fields import Fields
from counterseal.model import RefRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterseal.adapters.github.api import GitHubApi

_BRANCH: Final = "refs/heads/"
_METADATA: Final = "metadata: read"
_EVERYBODY: Final = ("everybody with write access",)
_REVIEWED: Final = "pull_request"
_BY_CHANGE_REQUEST: Final = frozenset({_REVIEWED, "merge_queue"})
#: How GitHub says to an administrator that a branch has no older protection; to others it says "Not Found".
_NOT_PROTECTED: Final = "Branch not protected"


class Older:
    """The older protection of a branch; `known` is whether this token was told."""

    def __init__(self, known: bool, shown: Fields | None = None) -> None:  # noqa: FBT001 - the one thing it is about
        self.known = known
        self.shown = shown

    def enabled(self, name: str) -> bool:
        """Return whether a switch of it is on."""
        return self.shown is not None and self.shown.has(name) and self.shown.inner(name).flag("enabled")

    @property
    def reviews(self) -> Fields | None:
        """Return what it asks of pull requests, if it asks for them."""
        name = "required_pull_request_reviews"
        return self.shown.inner(name) if self.shown is not None and self.shown.has(name) else None

    def bypassers(self) -> tuple[str, ...]:
        """Return who gets around it."""
        if self.shown is None:
            return ()
        admins = () if self.enabled("enforce_admins") else ("repository admins",)
        name, reviews = "bypass_pull_request_allowances", self.reviews
        return (*admins, *(names(reviews.inner(name)) if reviews is not None and reviews.has(name) else ()))


class Rules:
    """The rules of one repository."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api
        self._rulesets: dict[int, Fields | None] = {}

    # --- a branch ----------------------------------------------------------------------------

    def of_branch(self, ref: str) -> RefRules:
        """Return how a branch is guarded; it may not be there yet."""
        branch = ref.removeprefix(_BRANCH)
        what = f"branch {branch}"
        page = self._api.find(self._api.here(f"/branches/{in_path(branch)}"), what=what, access="contents: read")
        rules = self._active(branch)
        # a gate asks the branch's own page; before there is a branch, its rules are all there is
        protected = bool(rules) if page is None else Fields(page, what).flag("protected")
        older = self._older(branch) if protected else Older(known=True)
        types = {rule.text("type") for rule in rules}
        by_change_request = _surely(bool(types & _BY_CHANGE_REQUEST) or older.reviews is not None, older)
        dismissed = _asks(rules, older, "dismiss_stale_reviews_on_push", "dismiss_stale_reviews")
        bypassers = self._bypassers({rule.number("ruleset_id") for rule in rules}, older)
        return RefRules(
            protected=protected,
            by_change_request=by_change_request,
            pushers=_pushers(types, older, bypassers, by_change_request=by_change_request),
            bypassers=bypassers,
            forced=_surely_not("non_fast_forward" in types, "allow_force_pushes", older),
            deletable=_surely_not("deletion" in types, "allow_deletions", older),
            stale_approvals=None if dismissed is None else not dismissed,
            last_push_approved=_asks(rules, older, "require_last_push_approval", "require_last_push_approval"),
        )

    def _active(self, branch: str) -> list[Fields]:
        what, path = f"rules of {branch}", self._api.here(f"/rules/branches/{in_path(branch)}")
        return [Fields(data, what) for data in self._api.pages(path, what=what, access=_METADATA)]

    def _older(self, branch: str) -> Older:
        what, path = f"protection of {branch}", self._api.here(f"/branches/{in_path(branch)}/protection")
        try:
            return Older(known=True, shown=Fields(self._api.get(path, what=what, access="administration: read"), what))
        except RefusedError as error:
            if error.status not in (403, 404):
                raise
            return Older(known=error.message == _NOT_PROTECTED)

    def _bypassers(self, rulesets: Iterable[int], older: Older) -> tuple[str, ...] | None:
        """Return who gets around rulesets or older protection, or None if that is not shown."""
        found: list[str] = []
        for number in sorted(rulesets):
            ruleset = self._ruleset(number)
            if ruleset is None or not ruleset.has("bypass_actors"):
                return None
            found += (bypasser(Fields(actor, ruleset.what)) for actor in ruleset.items("bypass_actors"))
        return tuple(dict.fromkeys((*found, *older.bypassers()))) if older.known else None

    def _ruleset(self, number: int) -> Fields | None:
        if number not in self._rulesets:
            what, path = f"ruleset {number}", self._api.here(f"/rulesets/{number}")
            data = self._api.find(path, what=what, access=_METADATA)
            self._rulesets[number] = None if data is None else Fields(data, what)
        return self._rulesets[number]

    # --- tags --------------------------------------------------------------------------------

    def of_tags(self, pattern: str) -> RefRules:
        """Return how the tags of a pattern are guarded."""
        what, path = "rulesets of tags", self._api.here("/rulesets")
        asked = {"includes_parents": "true", "targets": "tag"}
        listed = [Fields(data, what) for data in self._api.pages(path, what=what, access=_METADATA, **asked)]
        numbers = [each.number("id") for each in listed if each.text("enforcement") == "active"]
        guards = {number: shown for number in numbers if (shown := self._ruleset(number)) and _has(shown, pattern)}
        types = {Fields(rule, shown.what).text("type") for shown in guards.values() for rule in shown.items("rules")}
        bypassers = self._bypassers(guards, Older(known=True))
        return RefRules(
            protected=bool(guards),
            pushers=bypassers if "creation" in types else _EVERYBODY,
            bypassers=bypassers,
            forced="update" not in types,
            deletable="deletion" not in types,
        )


def _has(ruleset: Fields, pattern: str) -> bool:
    """Return whether a ruleset holds for every tag of a pattern."""
    conditions = ruleset.inner("conditions") if ruleset.has("conditions") else None
    if conditions is None or not conditions.has("ref_name") or ruleset.text("target") != "tag":
        return False
    refs = conditions.inner("ref_name")
    include, exclude = (refs.items(name) if refs.has(name) else [] for name in ("include", "exclude"))
    return all(_in(include, ref) and not _in(exclude, ref) for ref in forges.samples(pattern))


def _in(patterns: Sequence[object], ref: str) -> bool:
    return any(
        pattern == "~ALL" or (isinstance(pattern, str) and forges.ref_matches(pattern.replace("**/", ""), ref))
        for pattern in patterns
    )


def _surely(fact: bool, older: Older) -> bool | None:  # noqa: FBT001 - the one thing it is about
    """Return a fact; that it is not so is known only if older protection was shown."""
    return True if fact else False if older.known else None


def _surely_not(ruled_out: bool, switch: str, older: Older) -> bool | None:  # noqa: FBT001 - the one thing it is about
    """Return whether something is allowed that a ruleset rules out, or older protection does unless a switch is on."""
    if ruled_out:
        return False
    if not older.known:
        return None
    return older.shown is None or older.enabled(switch)


def _pushers(
    types: set[str], older: Older, bypassers: tuple[str, ...] | None, *, by_change_request: bool | None
) -> tuple[str, ...] | None:
    if by_change_request or "update" in types:
        return bypassers
    if not older.known:
        return None
    if older.shown is not None and older.shown.has("restrictions"):
        return names(older.shown.inner("restrictions"))
    return _EVERYBODY


def _asks(rules: Iterable[Fields], older: Older, rule: str, switch: str) -> bool | None:
    """Return whether a rule for pull requests asks for something: `rule` is its name there, `switch` the older one."""
    parameters = [
        each.inner("parameters") for each in rules if each.text("type") == _REVIEWED and each.has("parameters")
    ]
    asked = any(each.flag(rule) for each in parameters if each.has(rule))
    if older.reviews is not None and older.reviews.has(switch):
        asked = asked or older.reviews.flag(switch)
    return _surely(asked, older)
