"""Chooses what `init`, `doctor` and `policy check` read a project with: a clone, and the forge by its API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.ports import Clone, ProjectSurvey
    from counterseal.wiring.ports import Wiring


def clone(folder: Path) -> Clone:
    """Return the clone that a folder is in."""
    from counterseal.adapters.git.clone import GitClone

    return GitClone(folder)


def survey(wiring: Wiring) -> ProjectSurvey:
    """Return how the repository is set up at its forge, as the holder of the token sees it.

    Args:
        wiring: That knows which repository this is about (`Wiring.at_home`).

    Raises:
        UsageError: It does not know, or there is no token.
    """
    here = wiring.surroundings
    place, name = here.forge_host(), here.repository_name()
    if place.kind is ForgeKind.GITLAB:
        from counterseal.adapters.gitlab.access import GitLabTokens
        from counterseal.adapters.gitlab.survey.survey import GitLabSurvey

        return GitLabSurvey(name, GitLabTokens(*here.gitlab_tokens()), host=place.host, api_url=place.api)
    from counterseal.adapters.github.survey.survey import GitHubSurvey

    return GitHubSurvey(name, here.token(), host=place.host, api_url=place.api)
