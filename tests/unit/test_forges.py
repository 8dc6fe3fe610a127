"""The table of forges: what follows from an issuer, and that nothing follows from anything else."""

from __future__ import annotations

import pytest

from counterseal import forges
from counterseal.errors import UsageError
from counterseal.forges import ForgeHost, by_address, by_api, definition, forge_host

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
ORIGIN = "http://127.0.0.1:4711"
UNKNOWN = [
    "https://gitlab.example",
    "https://gitlab.com/",
    "https://token.actions.githubusercontent.com/",
    "https://token.actions.githubusercontent.com.example",
    "https://token.actions.githubusercontent.com/acme",
    "http://127.0.0.1:80/gitea",
    "http://127.0.0.1:80/github/",
    "http://127.0.0.1:80/github\n",
    "http://127.0.0.2:80/github",
    "http://localhost:80/github",
    "https://127.0.0.1:80/github",
    "",
]


@pytest.mark.parametrize("issuer", UNKNOWN)
def test_an_issuer_that_is_not_in_the_table(issuer: str) -> None:
    with pytest.raises(UsageError):
        forge_host(issuer)


def facts(host: ForgeHost) -> tuple[str, str, str, bool]:
    return host.host, host.api, host.git, host.sandbox


def test_the_table() -> None:
    assert facts(forge_host(GITHUB)) == ("github.com", "https://api.github.com", "https://github.com", False)
    assert facts(forge_host(GITLAB)) == ("gitlab.com", "https://gitlab.com/api/v4", "https://gitlab.com", False)


def test_the_sandbox_is_recognised_by_its_issuer() -> None:
    github, gitlab = (forge_host(f"{ORIGIN}/{name}") for name in ("github", "gitlab"))
    assert facts(github) == ("github.com", f"{ORIGIN}/github/api", f"{ORIGIN}/github/git", True)
    assert facts(gitlab) == ("gitlab.com", f"{ORIGIN}/gitlab/api/v4", f"{ORIGIN}/gitlab/git", True)
    assert github.origin == gitlab.origin == ORIGIN


@pytest.mark.parametrize("issuer", [GITHUB, GITLAB, f"{ORIGIN}/github", f"{ORIGIN}/gitlab"])
def test_an_api_belongs_to_one_forge(issuer: str) -> None:
    host = forge_host(issuer)
    assert by_api(host.api) == host


@pytest.mark.parametrize(
    "api",
    ["https://api.github.com/", "https://gitlab.example/api/v4", f"{ORIGIN}/gitlab/api", f"{ORIGIN}/github/api/v4", ""],
)
def test_no_other_api_belongs_to_any(api: str) -> None:
    assert by_api(api) is None


def test_definitions_are_named_as_certificates_name_them() -> None:
    github = definition("github.com", "acme/app", ".github/workflows/release.yml")
    assert github == "https://github.com/acme/app/.github/workflows/release.yml"
    assert definition("gitlab.com", "a/b/app", ".gitlab-ci.yml") == "https://gitlab.com/a/b/app//.gitlab-ci.yml"


@pytest.mark.parametrize(
    ("address", "host", "name"),
    [
        ("https://github.com/acme/app.git", "github.com", "acme/app"),
        ("https://github.com/acme/app", "github.com", "acme/app"),
        ("https://oauth2:secret@gitlab.com/acme/tools/app.git", "gitlab.com", "acme/tools/app"),
        ("git@gitlab.com:acme/tools/app.git", "gitlab.com", "acme/tools/app"),
        ("ssh://git@github.com/acme/app.v2.git/", "github.com", "acme/app.v2"),
    ],
)
def test_where_a_clone_came_from(address: str, host: str, name: str) -> None:
    found = by_address(address)
    assert found
    assert (found[0].host, found[1], found[0].sandbox) == (host, name, False)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://github.com/acme/app",
        "https://github.com.evil.example/acme/app",
        "https://evil.example/github.com/acme/app",
        "https://evil.example@x/github.com:acme/app",
        "https://github.com/acme",
        "/srv/git/acme/app.git",
        "http://127.0.0.1:8800/github/git/acme/app.git",
        "https://github.com/acme/app.git\nhttps://evil.example/acme/app",
    ],
)
def test_an_address_that_names_no_forge_we_know(address: str) -> None:
    assert by_address(address) is None


@pytest.mark.parametrize("pattern", ["refs/tags/v*", "refs/tags/*-rc.*", "refs/heads/main"])
def test_samples_are_refs_of_their_pattern(pattern: str) -> None:
    found = forges.samples(pattern)
    assert len(found) > 1
    assert all(forges.ref_matches(pattern, ref) for ref in found)
