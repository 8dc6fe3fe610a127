"""GitLab's calls about who may what in a project, and its switches: protection, schedules, variables, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal_sandbox.forge.accounts import AccountKind, Role, TokenKind
from counterseal_sandbox.forge.gitlab.call import Routes
from counterseal_sandbox.forge.gitlab.json import ACCESS_LEVELS, LEVEL_OF, PROTECTED_FOR, PUSHERS, when
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.gitlab.call import Call
    from counterseal_sandbox.forge.settings import TokenRecord, VariableRecord

ROUTES = Routes()
_PROJECT = "/projects/:id"
_BRANCHES = "refs/heads/"
_TAGS = "refs/tags/"


@ROUTES(f"GET {_PROJECT}/members/all")
def _members(call: Call) -> Response:
    people = [
        (account, role)
        for number, role in call.project.roles.items()
        if (account := call.forge.accounts.by_id(number)) and account.kind is not AccountKind.ORGANIZATION
    ]
    return call.page(people, lambda each: call.shapes.member(each[0], each[1], call.project))


# --- protection ----------------------------------------------------------------------------------


@ROUTES(f"GET {_PROJECT}/protected_branches", least=Role.MAINTAIN)
def _protected_branches(call: Call) -> Response:
    numbered = list(enumerate(_names(call, _BRANCHES), 1))
    return call.page(numbered, lambda branch: call.shapes.protected_branch(call.project, *branch))


@ROUTES(f"POST {_PROJECT}/protected_branches", least=Role.MAINTAIN)
def _protect_branch(call: Call) -> Response:
    (name,) = call.needed("name")
    pattern, given, project = f"{_BRANCHES}{name}", call.parameters(), call.project
    if pattern in project.protected:
        raise Refused(f"Protected branch '{name}' already exists", 409)
    project.protect((*project.protected, pattern))
    levels = {"0": None, "30": Role.WRITE, "40": Role.MAINTAIN}
    project.let_push(pattern, levels[str(given.get("push_access_level", 40))])
    number = len(_names(call, _BRANCHES))
    return json_response(call.shapes.protected_branch(project, number, name), 201)


@ROUTES(f"GET {_PROJECT}/protected_tags", least=Role.MAINTAIN)
def _protected_tags(call: Call) -> Response:
    return call.page(_names(call, _TAGS), lambda name: _protected_tag(call, name))


@ROUTES(f"POST {_PROJECT}/protected_tags", least=Role.MAINTAIN)
def _protect_tag(call: Call) -> Response:
    (name,) = call.needed("name")
    pattern, project = f"{_TAGS}{name}", call.project
    if pattern in project.protected:
        raise Refused(f"Protected tag '{name}' already exists", 409)
    project.protect((*project.protected, pattern))
    return json_response(_protected_tag(call, name), 201)


def _protected_tag(call: Call, name: str) -> dict[str, Any]:
    """Return a protected tag, or pattern of tags."""
    level = LEVEL_OF.get(call.project.pushers(f"{_TAGS}{name}"), 0)
    creators = {**PROTECTED_FOR, "access_level": level, "access_level_description": PUSHERS[level]}
    return {"name": name, "create_access_levels": [creators]}


def _names(call: Call, start: str) -> list[str]:
    return [ref.removeprefix(start) for ref in call.project.protected if ref.startswith(start)]


# --- schedules, variables, tokens ----------------------------------------------------------------


@ROUTES(f"GET {_PROJECT}/pipeline_schedules", least=Role.TRIAGE)
def _schedules(call: Call) -> Response:
    active = {"active": {True}, "inactive": {False}}.get(call.request.query.get("scope", ""), {True, False})
    return call.page(
        [schedule for schedule in call.project.schedules if schedule.active in active], call.shapes.schedule
    )


@ROUTES(f"GET {_PROJECT}/variables", least=Role.MAINTAIN)
def _variables(call: Call) -> Response:
    return call.page([each for each in call.project.settings.variables if not each.group], _variable)


@ROUTES("GET /groups/:group/variables")
def _group_variables(call: Call) -> Response:
    group = call.path["group"]
    projects = call.forge.below(group)
    if not projects:
        raise Refused("404 Group Not Found", 404)
    if all(project.role(call.account) < Role.ADMIN for project in projects):
        raise Refused("403 Forbidden", 403)
    found = [each for project in projects for each in project.settings.variables if each.group == group]
    return call.page(found, _variable)


def _variable(each: VariableRecord) -> dict[str, Any]:
    return {
        "variable_type": "env_var",
        "key": each.key,
        "value": "a value",
        "protected": each.protected,
        "masked": each.masked,
        "hidden": False,
        "raw": False,
        "environment_scope": "*",
        "description": None,
    }


@ROUTES(f"GET {_PROJECT}/access_tokens", least=Role.MAINTAIN)
def _tokens(call: Call) -> Response:
    def shape(record: TokenRecord) -> dict[str, Any]:
        return {**_token(record), "access_level": ACCESS_LEVELS[call.project.roles[record.account]]}

    return call.page(call.project.settings.tokens, shape)


@ROUTES("GET /personal_access_tokens/self")
def _own_token(call: Call) -> Response:
    principal = call.principal
    project = call.forge.by_id(principal.repository) if principal else None
    for record in project.settings.tokens if project else ():
        if record.account == call.actor.id:
            return json_response(_token(record))
    if principal is None or principal.kind is not TokenKind.PERSON:
        raise Refused("401 Unauthorized", 401)
    shown = {"id": call.actor.id, "name": "mine", "scopes": ["api"], "user_id": call.actor.id, "expires_at": None}
    return json_response({**shown, **_UNUSED, "created_at": when(call.actor.created_at), "active": True})


_UNUSED: dict[str, Any] = {"revoked": False, "description": None, "last_used_at": None}


def _token(record: TokenRecord) -> dict[str, Any]:
    return {
        **_UNUSED,
        "id": record.id,
        "name": record.name,
        "scopes": list(record.scopes),
        "created_at": when(record.created_at),
        "user_id": record.account,
        "active": record.active,
        "expires_at": record.expires,
    }


# --- switches ------------------------------------------------------------------------------------


@ROUTES(f"PUT {_PROJECT}", least=Role.MAINTAIN)
def _edit(call: Call) -> Response:
    given, project = call.parameters(), call.project
    known = {"ci_pipeline_variables_minimum_override_role", "ci_push_repository_for_job_token_allowed"}
    if not given or given.keys() - known:
        raise Refused(f"the sandbox changes {', '.join(sorted(known))} only", 501)
    role = given.get("ci_pipeline_variables_minimum_override_role", project.settings.pipeline_variables)
    project.settings.pipeline_variables = str(role)
    may_push = given.get("ci_push_repository_for_job_token_allowed", project.job_token_may_push)
    project.job_token_may_push = str(may_push).lower() == "true"
    return json_response(call.shapes.project(project, call.role))
