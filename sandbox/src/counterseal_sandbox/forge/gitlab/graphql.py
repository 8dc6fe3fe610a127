"""The two GraphQL queries of GitLab that are answered: a merge request's commits with their authors, and a job.

    project(fullPath: $path) { mergeRequest(iid: $iid) { commits(after: $after) {
      pageInfo { hasNextPage endCursor } nodes { sha author { id username } } } } }

    project(fullPath: $path) { job(id: $job) { manualJob } }

Only what was selected is answered; a field that this part of GitLab's schema has not is an error, as there.
Source: docs.gitlab.com "GraphQL API resources", `CommitConnection`, `CiJob`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import json_response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.model import Forge
    from counterseal_sandbox.forge.repository import HostedRepository
    from counterseal_sandbox.http import Request, Response

Selection: TypeAlias = "dict[str, Selection]"

PAGE: Final = 100
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[{}]|\([^()]*\)|\S")
_HEAD: Final = re.compile(r"\s*(?:query\s*[A-Za-z0-9_]*\s*(?:\([^()]*\))?)?\s*(?=\{)")


class UnknownQueryError(Exception):
    """It is not the query that is answered; the text says which it is."""


def answer(forge: Forge, request: Request, account: Account | None) -> Response:
    """Return the answer to a query.

    Raises:
        UnknownQueryError: It asks for something else, or in another way.
        Refused: The request cannot be read (400).
    """
    try:
        sent = request.json()
        query, given = str(sent["query"]), dict(sent.get("variables") or {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("the query cannot be read", 400) from error
    selection = _selection(query)
    if list(selection) != ["project"] or set(given) - {"path", "iid", "after", "job"}:
        raise UnknownQueryError(" ".join(query.split())[:200])
    project = _project(forge, given, account)
    try:
        return json_response({"data": {"project": _selected(project, selection["project"], "Project")}})
    except KeyError as error:
        return json_response({"errors": [{"message": error.args[0]}]})


def _project(forge: Forge, given: Mapping[str, Any], account: Account | None) -> dict[str, Any] | None:
    repository = forge.find(str(given.get("path")))
    hidden = repository is None or repository.kind is not ForgeKind.GITLAB
    if repository is None or hidden or (repository.private and repository.role(account) < Role.READ):
        return None
    if "job" in given:
        number = str(given["job"]).removeprefix("gid://gitlab/Ci::Build/")
        record = repository.jobs.get(int(number)) if number.isdecimal() else None
        return {"job": record and {"manualJob": record.manual}}
    number = str(given.get("iid"))
    change = next((change for change in repository.changes if str(change.number) == number), None)
    if change is None:
        return {"mergeRequest": None}
    start = int(given.get("after") or 0)
    shas = repository.changes.commits(change)[::-1]
    nodes = [_commit(forge, repository, sha) for sha in shas[start : start + PAGE]]
    more = len(shas) > start + PAGE
    page = {"hasNextPage": more, "endCursor": str(start + len(nodes)) if nodes else None}
    return {"mergeRequest": {"commits": {"nodes": nodes, "pageInfo": page}}}


def _commit(forge: Forge, repository: HostedRepository, sha: str) -> dict[str, Any]:
    author = forge.accounts.by_email(repository.git.commit(sha).author.email)
    shown = {"id": f"gid://gitlab/User/{author.id}", "username": author.login} if author else None
    return {"sha": sha, "author": shown}


# --- the language: just enough of it -------------------------------------------------------------


def _selection(query: str) -> Selection:
    """Return the fields that a query selects, each with those below it; arguments are not looked at."""
    head = _HEAD.match(query)
    words = iter(_WORD.findall(query[head.end() :])) if head else iter(())
    if next(words, "") != "{":
        raise UnknownQueryError(" ".join(query.split())[:200])
    return _fields(words, query)


def _fields(words: Iterator[str], query: str) -> Selection:
    fields: Selection = {}
    last = ""
    for word in words:
        if word == "}":
            return fields
        if word == "{" and last:
            fields[last] = _fields(words, query)
        elif word.startswith("(") and last:
            continue
        elif re.fullmatch(r"\w+", word):
            last = word
            fields[word] = {}
        else:
            break
    raise UnknownQueryError(" ".join(query.split())[:200])


def _selected(value: Any, selection: Selection, kind: str) -> Any:
    """Return the part of a value that a selection asks for.

    Raises:
        KeyError: The schema has no such field.
    """
    if isinstance(value, list):
        return [_selected(item, selection, kind) for item in value]
    if not isinstance(value, dict):
        return value
    if unknown := [name for name in selection if name not in value]:
        raise KeyError(f"Field '{unknown[0]}' doesn't exist on type '{kind}'")
    return {name: _selected(value[name], below, name) for name, below in selection.items()}
