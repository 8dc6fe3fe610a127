"""Chooses what `init`, `doctor`, `policy check`, `hold` and `revoke` work with: a clone, and the forge by its API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.wiring.surroundings import NAMED

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from counterseal.model import Trust
    from counterseal.ports import BranchWriter, Clone, GateRuns, ProjectFixes, ProjectSurvey
    from counterseal.wiring.ports import Wiring


def clone(folder: Path) -> Clone:
    """Return the clone that a folder is in."""
    from counterseal.adapters.git.clone import GitClone

    return GitClone(folder)


def about(wiring: Wiring, repository: str) -> Wiring:
    """Return wiring for a repository that somebody names, `HOST/NAME`, wherever this runs.

    Raises:
        UsageError: It is at no forge that we know.
    """
    named = forges.by_address(f"https://{repository.removeprefix('https://')}")
    if named is None:
        raise UsageError(
            f"--repository {repository!r} is not of the form HOST/NAME",
            why=f"known hosts are {', '.join(host.host for host in forges.HOSTS)}",
            fix="write it like github.com/acme/app",
        )
    others = {name: value for name, value in wiring.surroundings.environ.items() if name not in NAMED.values()}
    return type(wiring)({**others, NAMED[named[0].kind]: named[1]})


def branch_writer(wiring: Wiring, folder: Path) -> BranchWriter:
    """Return what writes a branch into the clone at a folder, and pushes it as the holder of the token.

    Raises:
        UsageError: Nobody knows which repository this is about.
    """
    from counterseal.adapters.git.branch import GitBranch

    here = wiring.surroundings
    place, name = here.forge_host(), here.repository_name()
    user, token = here.git_login(place.kind) if here.personal_token() else ("", None)
    return GitBranch(folder, f"{place.git}/{name}.git", token, user)


def known_gates(wiring: Wiring) -> Trust:
    """Return which gates are known as released or withdrawn: to this version, or to the sandbox that is asked about."""
    from counterseal.adapters.sigstore import trust

    place = wiring.surroundings.forge_host()
    return trust.load_trust(wiring.fetch_trust(place.origin)).trust if place.sandbox else trust.real_trust()


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


def fixes(wiring: Wiring) -> ProjectFixes:
    """Return what changes settings of the repository, as the holder of the token.

    Raises:
        UsageError: Nobody knows which repository this is about, or there is no token.
    """
    here = wiring.surroundings
    place, name = here.forge_host(), here.repository_name()
    if place.kind is ForgeKind.GITLAB:
        from counterseal.adapters.gitlab.access import GitLabTokens
        from counterseal.adapters.gitlab.survey.fixes import GitLabFixes

        return GitLabFixes(name, GitLabTokens(*here.gitlab_tokens()), api_url=place.api)
    from counterseal.adapters.github.survey.fixes import GitHubFixes

    return GitHubFixes(name, here.token(), api_url=place.api)


def gate_runs(wiring: Wiring) -> GateRuns:
    """Return what starts runs of the gate in the name of the holder of the token.

    Raises:
        UsageError: Nobody knows which repository this is about, or there is no token.
    """
    here = wiring.surroundings
    place, name = here.forge_host(), here.repository_name()
    if place.kind is ForgeKind.GITLAB:
        from counterseal.adapters.gitlab.access import GitLabTokens
        from counterseal.adapters.gitlab.runs import GitLabGateRuns

        return GitLabGateRuns(name, GitLabTokens(*here.gitlab_tokens()), host=place.host, api_url=place.api)
    from counterseal.adapters.github.runs import GitHubGateRuns

    return GitHubGateRuns(name, here.token(), host=place.host, api_url=place.api)


def git_version() -> str:
    """Return what git says of itself, such as `git version 2.47.3`."""
    from counterseal.adapters.git.process import version

    return version()


def root_refreshed() -> datetime:
    """Return when this machine last compared its copy of Sigstore's root of trust.

    Raises:
        ServiceError: It never did.
    """
    from counterseal.adapters.sigstore.age import refreshed

    return refreshed()
