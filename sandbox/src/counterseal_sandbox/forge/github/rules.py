"""GitHub's calls about rulesets and older branch protection: a ruleset for each protected pattern of the model."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.github.routes import Routes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import json_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal_sandbox.forge.github.call import Call
    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import Response

ROUTES = Routes()
_REPOSITORY = "/repos/{owner}/{repo}"
_BRANCHES = "refs/heads/"


def _rulesets(repository: HostedRepository) -> Iterator[tuple[int, str]]:
    """Yield number and pattern of each ruleset; what older protection guards has none."""
    for place, pattern in enumerate(repository.protected, 1):
        if pattern not in repository.settings.classic:
            yield repository.id * 1000 + place, pattern


def _rules(repository: HostedRepository, pattern: str) -> Iterator[dict[str, Any]]:
    """Yield the rules of a protected pattern."""
    settings = repository.settings
    if pattern not in settings.forced:
        yield {"type": "deletion"}
        yield {"type": "non_fast_forward"}
        if not pattern.startswith(_BRANCHES):
            yield {"type": "update"}
    if repository.pushers(pattern) > Role.ADMIN:
        parameters = {
            "dismiss_stale_reviews_on_push": not settings.stale_approvals,
            "require_code_owner_review": False,
            "require_last_push_approval": settings.last_push_approved,
            "required_approving_review_count": 1,
            "required_review_thread_resolution": False,
        }
        yield {"type": "pull_request", "parameters": parameters}


@ROUTES(f"GET {_REPOSITORY}/rules/branches/{{branch}}", "repos/get-branch-rules", "metadata:read")
def _of_branch(call: Call) -> Response:
    ref, hosted = f"{_BRANCHES}{call.path['branch']}", call.hosted
    source = {"ruleset_source_type": "Repository", "ruleset_source": hosted.full_name}
    rules = [
        {**rule, **source, "ruleset_id": number}
        for number, pattern in _rulesets(hosted)
        if fnmatchcase(ref, pattern)
        for rule in _rules(hosted, pattern)
    ]
    return call.page(rules, lambda rule: rule)


@ROUTES(f"GET {_REPOSITORY}/rulesets", "repos/get-repo-rulesets", "metadata:read")
def _list(call: Call) -> Response:
    wanted = call.request.query.get("targets", "branch,tag,push").split(",")
    shown = [(number, pattern) for number, pattern in _rulesets(call.hosted) if _target(pattern) in wanted]
    return call.page(shown, lambda each: _ruleset(call, *each))


@ROUTES(f"GET {_REPOSITORY}/rulesets/{{ruleset_id}}", "repos/get-repo-ruleset", "metadata:read")
def _one(call: Call) -> Response:
    for number, pattern in _rulesets(call.hosted):
        if number == call.number("ruleset_id"):
            return json_response(_whole(call, number, pattern))
    raise Refused("Not Found", 404)


@ROUTES(f"POST {_REPOSITORY}/rulesets", "repos/create-repo-ruleset", "administration:write")
def _create(call: Call) -> Response:
    body, hosted = call.body(), call.hosted
    include = (body.get("conditions") or {}).get("ref_name", {}).get("include", [])
    if not body.get("name") or body.get("enforcement") != "active" or len(include) != 1:
        raise Refused("Validation Failed: the sandbox takes active rulesets of one pattern")
    pattern = f"{_BRANCHES}{hosted.default_branch}" if include == ["~DEFAULT_BRANCH"] else str(include[0])
    hosted.settings.classic -= {pattern}
    hosted.settings.forced -= {pattern}
    hosted.protect(tuple(dict.fromkeys((*hosted.protected, pattern))))
    rules = {str(rule["type"]): rule.get("parameters") or {} for rule in body.get("rules") or ()}
    if "pull_request" in rules:
        hosted.let_push(pattern, None)
        hosted.settings.stale_approvals = not rules["pull_request"].get("dismiss_stale_reviews_on_push")
        hosted.settings.last_push_approved = bool(rules["pull_request"].get("require_last_push_approval"))
    return json_response(
        next(_whole(call, number, known) for number, known in _rulesets(hosted) if known == pattern), 201
    )


def _target(pattern: str) -> str:
    return "tag" if pattern.startswith("refs/tags/") else "branch"


def _ruleset(call: Call, number: int, pattern: str) -> dict[str, Any]:
    """Return a ruleset as lists show it."""
    return {
        "id": number,
        "name": pattern,
        "target": _target(pattern),
        "source_type": "Repository",
        "source": call.hosted.full_name,
        "enforcement": "active",
    }


def _whole(call: Call, number: int, pattern: str) -> dict[str, Any]:
    """Return a ruleset as its own page shows it: who bypasses it only to those who may change it."""
    hosted = call.hosted
    bypassers = [_bypasser(each) for each in hosted.settings.bypassers]
    return {
        **_ruleset(call, number, pattern),
        "conditions": {"ref_name": {"include": [pattern], "exclude": []}},
        "rules": list(_rules(hosted, pattern)),
        **({"bypass_actors": bypassers} if call.may("administration:read") else {}),
    }


def _bypasser(text: str) -> dict[str, Any]:
    kind, _, number = text.partition(":")
    return {"actor_id": int(number or 1), "actor_type": kind, "bypass_mode": "always"}


@ROUTES(f"GET {_REPOSITORY}/branches/{{branch}}/protection", "repos/get-branch-protection", "administration:read")
def _older(call: Call) -> Response:
    ref, hosted = f"{_BRANCHES}{call.path['branch']}", call.hosted
    if hosted.branch(call.path["branch"]) is None:
        raise Refused("Branch not found", 404)
    if ref not in hosted.settings.classic or ref not in hosted.protected:
        raise Refused("Branch not protected", 404)
    url = f"{call.shapes.repository_url(hosted)}/branches/{call.path['branch']}/protection"
    forced = {"enabled": ref in hosted.settings.forced}
    shown = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": not hosted.settings.bypassers},
        "allow_force_pushes": forced,
        "allow_deletions": forced,
    }
    if hosted.pushers(ref) > Role.ADMIN:
        shown["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": not hosted.settings.stale_approvals,
            "require_code_owner_reviews": False,
            "required_approving_review_count": 1,
            "require_last_push_approval": hosted.settings.last_push_approved,
        }
    return json_response(shown)
