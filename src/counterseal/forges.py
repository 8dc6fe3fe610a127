"""The forges that we know, in one table: OIDC issuer → forge host → bases of API and git (R35, R40).

Everything that follows from which forge it is, as opposed to what it answers, stands here: how its CI writes the
file that defines a run, the address of a run, which events run reviewed code. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from counterseal.errors import UsageError


class ForgeKind(StrEnum):
    """Which forge it is; the value is the key of its identities in a policy."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class ForgeHost:
    """Where a run's forge is: the host that ids belong to, and the bases of API and git (no slash at the end)."""

    kind: ForgeKind
    issuer: str
    host: str
    api: str
    git: str
    sandbox: bool

    @property
    def origin(self) -> str:
        """Return where all of the sandbox's services are: the URL of its issuer without the forge's name."""
        return self.issuer.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a forge speaks: its CI of its runs in certificates, its git and its people of change requests.

    `builder_triggers` are the events that a policy may let start a build, `hosted` is the word for the forge's runners.
    `definition` stands between the repository's URL and the file that defines a run, `runs` between it and the number
    of a run; `gate_triggers` are the events that run the repository's own, reviewed code (R02), `by_hand` is the one of
    a run that somebody starts (R14), `emergency_triggers` are those of a run that may record a hold or a revocation:
    somebody started it, on a page or with a token (R52).
    `head_ref` is where git finds the head of a change request, `{number}` in it; `change` stands before its number.
    `tag`, `commit` and `comparison` stand between the repository's URL and what the forge shows of it: a tag, a
    revision, or two revisions with `...` between them.
    """

    definition: str
    runs: str
    gate_triggers: frozenset[str]
    by_hand: str
    emergency_triggers: frozenset[str]
    builder_triggers: frozenset[str]
    hosted: str
    project_path: str
    head_ref: str
    change: str
    tag: str
    commit: str
    comparison: str


_GITHUB_TRIGGERS: Final = frozenset({"push", "workflow_dispatch", "schedule"})
_GITLAB_TRIGGERS: Final = frozenset({"push", "web", "schedule"})
DIALECTS: Final = {
    ForgeKind.GITHUB: Dialect(
        definition="/",
        runs="/actions/runs/",
        gate_triggers=_GITHUB_TRIGGERS,
        by_hand="workflow_dispatch",
        emergency_triggers=frozenset({"workflow_dispatch"}),
        builder_triggers=_GITHUB_TRIGGERS | {"release"},
        hosted="github-hosted",
        project_path=r"[^/@]+/[^/@]+",
        head_ref="refs/pull/{number}/head",
        change="#",
        tag="/tree/",
        commit="/commit/",
        comparison="/compare/",
    ),
    ForgeKind.GITLAB: Dialect(
        definition="//",
        runs="/-/jobs/",
        gate_triggers=_GITLAB_TRIGGERS,
        by_hand="web",
        emergency_triggers=frozenset({"web", "api"}),
        builder_triggers=_GITLAB_TRIGGERS,
        hosted="gitlab-hosted",
        project_path=r"[^/@]+(?:/[^/@]+)+",
        head_ref="refs/merge-requests/{number}/head",
        change="!",
        tag="/-/tags/",
        commit="/-/commit/",
        comparison="/-/compare/",
    ),
}
#: Runners that the forge itself keeps.
HOSTED_RUNNERS: Final = frozenset(dialect.hosted for dialect in DIALECTS.values())
#: Everything that a certificate may say of a runner.
RUNNERS: Final = HOSTED_RUNNERS | {"self-hosted"}
HOSTS: Final = (
    ForgeHost(
        ForgeKind.GITHUB,
        "https://token.actions.githubusercontent.com",
        "github.com",
        "https://api.github.com",
        "https://github.com",
        sandbox=False,
    ),
    ForgeHost(
        ForgeKind.GITLAB,
        "https://gitlab.com",
        "gitlab.com",
        "https://gitlab.com/api/v4",
        "https://gitlab.com",
        sandbox=False,
    ),
)
#: What stands for the stars of a pattern.
_SAMPLES: Final = ("1.2.3", "0", "9.9.9-rc.1")
_SANDBOX: Final = re.compile(r"(http://127\.0\.0\.1:[0-9]{1,5})/(github|gitlab)\Z")
_ADDRESS: Final = re.compile(
    r"(?:https://(?:[^@/\s]*@)?|ssh://git@|git@)(?P<host>[A-Za-z0-9.-]+)[:/]"
    r"(?P<name>[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+?)+?)(?:\.git)?/?"
)
_SANDBOX_API: Final = {ForgeKind.GITHUB: "/api", ForgeKind.GITLAB: "/api/v4"}


def forge_host(issuer: str) -> ForgeHost:
    """Return the forge whose CI has this OIDC issuer: a row of the table, or the sandbox on loopback.

    Raises:
        UsageError: Nobody that we know.
    """
    for forge in HOSTS:
        if forge.issuer == issuer:
            return forge
    if (match := _SANDBOX.match(issuer)) is not None:
        return sandbox_host(match.group(1), ForgeKind(match.group(2)))
    raise UsageError(
        f"the OIDC issuer {issuer!r} is not known",
        why=f"runs are recognised by {', '.join(forge.issuer for forge in HOSTS)} and by a sandbox on 127.0.0.1",
        fix="run this in GitHub Actions on github.com, or in GitLab CI on gitlab.com",
    )


def sandbox_host(origin: str, kind: ForgeKind) -> ForgeHost:
    """Return the forge of this kind in the sandbox at an origin; ids there belong to the real host's name."""
    issuer = f"{origin}/{kind}"
    host = next(forge.host for forge in HOSTS if forge.kind is kind)
    return ForgeHost(kind, issuer, host, issuer + _SANDBOX_API[kind], f"{issuer}/git", sandbox=True)


def by_api(api: str) -> ForgeHost | None:
    """Return the forge whose API has this base, or None."""
    origin, _, kind = api.removesuffix("/v4").removesuffix("/api").rpartition("/")
    if (match := _SANDBOX.match(f"{origin}/{kind}")) is not None:
        sandbox = sandbox_host(match.group(1), ForgeKind(match.group(2)))
        return sandbox if sandbox.api == api else None
    return next((forge for forge in HOSTS if forge.api == api), None)


def by_address(url: str) -> tuple[ForgeHost, str] | None:
    """Return forge and repository of the address that a clone came from, over https or ssh, or None."""
    match = _ADDRESS.fullmatch(url)
    host = next((forge for forge in HOSTS if match and forge.host == match["host"].lower()), None)
    return (host, match["name"]) if host and match else None


def kind_of(host: str) -> ForgeKind:
    """Return which forge a host is; an unknown one is taken for GitHub's, whose identities are the stricter."""
    return next((forge.kind for forge in HOSTS if forge.host == host), ForgeKind.GITHUB)


def change_name(host: str, number: int) -> str:
    """Return what people at a forge call a change request: `#17` at GitHub, `!17` at GitLab."""
    return f"{DIALECTS[kind_of(host)].change}{number}"


def definition(host: str, name: str, file: str) -> str:
    """Return how certificates name a file that defines runs, before the `@` and the ref.

    Args:
        host: The forge's host, such as `gitlab.com`.
        name: The repository, `group/project`.
        file: The workflow or pipeline file.
    """
    return f"https://{host}/{name}{DIALECTS[kind_of(host)].definition}{file}"


def samples(pattern: str) -> tuple[str, ...]:
    """Return refs that a pattern matches, by which to see whether another pattern has them, too."""
    return tuple(pattern.replace("*", sample) for sample in _SAMPLES)


def tag_page(host: str, name: str, tag: str) -> str:
    """Return the address of a tag of a repository; of what a tag may have only `@` has to be quoted."""
    return f"https://{host}/{name}{DIALECTS[kind_of(host)].tag}{tag.replace('@', '%40')}"


def commit_page(host: str, name: str, revision: str) -> str:
    """Return the address of a revision of a repository."""
    return f"https://{host}/{name}{DIALECTS[kind_of(host)].commit}{revision}"


def comparison_page(host: str, name: str, old: str, new: str) -> str:
    """Return the address at which a forge shows what came between two revisions."""
    return f"https://{host}/{name}{DIALECTS[kind_of(host)].comparison}{old}...{new}"


def raw_page(host: str, name: str, branch: str, path: str) -> str:
    """Return the address at which a forge gives anybody the bytes of a file at the tip of a public branch."""
    if kind_of(host) is ForgeKind.GITLAB:
        return f"https://{host}/{name}/-/raw/{branch}/{path}"
    return f"https://raw.githubusercontent.com/{name}/{branch}/{path}"


def is_run_page(host: str, name: str, url: str) -> bool:
    """Return whether an address is that of a run of a repository."""
    prefix = re.escape(f"https://{host}/{name}{DIALECTS[kind_of(host)].runs}")
    return re.fullmatch(rf"{prefix}[0-9]{{1,20}}(/attempts/[0-9]{{1,9}})?", url) is not None


def ref_matches(pattern: str, ref: str) -> bool:
    """Return whether a full ref matches a pattern, in which `*` stands for anything but `/`."""
    return re.fullmatch(r"[^/\s\x00-\x1f]*".join(re.escape(part) for part in pattern.split("*")), ref) is not None
