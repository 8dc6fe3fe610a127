"""The pages of a repository on which its settings are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    from counterseal.project.seen import Seen

_PATHS: Final = {
    ForgeKind.GITHUB: {
        "rules": "settings/rules",
        "branches": "settings/rules",
        "tags": "settings/rules",
        "people": "settings/access",
        "general": "settings",
        "ci": "settings/actions",
        "runs": "actions",
    },
    ForgeKind.GITLAB: {
        "rules": "-/settings/repository",
        "branches": "-/settings/repository#js-protected-branches-settings",
        "tags": "-/settings/repository#js-protected-tags-settings",
        "people": "-/project_members",
        "general": "edit",
        "ci": "-/settings/ci_cd",
        "variables": "-/settings/ci_cd#js-cicd-variables-settings",
        "job token": "-/settings/ci_cd#js-token-access",
        "tokens": "-/settings/access_tokens",
        "schedules": "-/pipeline_schedules",
    },
}


def path(kind: ForgeKind, name: str) -> str:
    """Return the path of a page of settings below that of the repository."""
    return _PATHS[kind][name]


def settings_page(seen: Seen, name: str) -> str:
    """Return the address of a page of settings; nothing if nobody knows which repository this is."""
    return f"https://{seen.host}/{seen.name}/{path(seen.kind, name)}" if seen.name else ""


def group_page(seen: Seen, group: str) -> str:
    """Return the address of the page of a GitLab group's variables."""
    return f"https://{seen.host}/groups/{group}/-/settings/ci_cd#ci-variables"
