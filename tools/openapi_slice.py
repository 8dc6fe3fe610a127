"""Cut the operations that the sandbox answers out of GitHub's OpenAPI description.

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-*.tgz
    python tools/openapi_slice.py package/generated/api.github.com.json tests/assets/github-openapi-slice.json

Kept are the operations below with their answers and every schema these reach; examples, prose,
parameters and request bodies are left out.
"""

import json
import sys
from pathlib import Path
from typing import Any

OPERATIONS = [
    "users/get-by-username",
    "users/get-by-id",
    "users/get-authenticated",
    "repos/get",
    "repos/get-branch",
    "repos/get-commit",
    "repos/list-activities",
    "repos/get-collaborator-permission-level",
    "repos/list-pull-requests-associated-with-commit",
    "repos/get-content",
    "repos/create-or-update-file-contents",
    "pulls/list",
    "pulls/get",
    "pulls/create",
    "pulls/update",
    "pulls/merge",
    "pulls/list-commits",
    "pulls/list-files",
    "pulls/list-reviews",
    "pulls/get-review",
    "pulls/create-review",
    "pulls/dismiss-review",
    "issues/list-comments",
    "issues/create-comment",
    "issues/update-comment",
    "issues/list-events-for-timeline",
    "git/get-ref",
    "git/create-ref",
    "git/update-ref",
    "git/delete-ref",
    "repos/list-releases",
    "repos/get-release",
    "repos/get-release-by-tag",
    "repos/create-release",
    "repos/update-release",
    "repos/delete-release",
    "repos/list-release-assets",
    "repos/get-release-asset",
    "repos/upload-release-asset",
    "repos/delete-release-asset",
    "rate-limit/get",
    "actions/get-workflow-run-attempt",
    "actions/get-workflow-run",
    "actions/create-workflow-dispatch",
    "repos/get-branch-rules",
    "repos/get-repo-rulesets",
    "repos/get-repo-ruleset",
    "repos/create-repo-ruleset",
    "repos/get-branch-protection",
    "repos/list-collaborators",
    "repos/check-immutable-releases",
    "repos/enable-immutable-releases",
    "actions/get-github-actions-default-workflow-permissions-repository",
    "actions/set-github-actions-default-workflow-permissions-repository",
    "actions/get-fork-pr-contributor-approval-permissions-repository",
    "actions/list-repo-workflows",
    "actions/enable-workflow",
]

_LEFT_OUT = {
    "example",
    "examples",
    "description",
    "externalDocs",
    "x-octokit",
    "parameters",
    "requestBody",
    "tags",
    "summary",
}


def cut(whole: dict[str, Any], operations: list[str]) -> dict[str, Any]:
    """Return the description with these operations only."""
    paths: dict[str, Any] = {}
    missing = set(operations)
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and operation.get("operationId") in operations:
                missing.discard(operation["operationId"])
                paths.setdefault(path, {})[method] = _bare(operation)
    if missing:
        sys.exit(f"no such operations: {sorted(missing)}")
    kept = {"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": {}}
    _reach(kept, whole)
    return kept


def _bare(value: Any, *, names: bool = False) -> Any:
    """Return the value without prose; below `properties` every key is a name and stays."""
    if isinstance(value, dict):
        kept = value if names else {key: item for key, item in value.items() if key not in _LEFT_OUT}
        return {key: _bare(item, names=key == "properties" and not names) for key, item in kept.items()}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _reach(kept: dict[str, Any], whole: dict[str, Any]) -> None:
    waiting = [kept["paths"]]
    while waiting:
        for reference in _references(waiting.pop()):
            _, _, kind, name = reference.split("/")
            known = kept["components"].setdefault(kind, {})
            if name not in known:
                known[name] = _bare(whole["components"][kind][name])
                waiting.append(known[name])


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [reference for item in value.values() for reference in _references(item)]
    return [reference for item in value for reference in _references(item)] if isinstance(value, list) else []


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    result = cut(json.loads(source.read_text()), OPERATIONS)
    target.write_text(json.dumps(result, separators=(",", ":"), sort_keys=True) + "\n")
    print(
        f"{len(OPERATIONS)} operations, {len(result['components']['schemas'])} schemas, {target.stat().st_size} bytes"
    )
