"""Lock files with a truth that no SBOM tool made: recall and precision of packages, digests and edges are 1.

The cases lie beside the tests (`tests/assets/locks`, of our own making) or in the suite of real locks (`suite`). What
counts as package, part, development, alias and edge stands in the README of that suite, and in tests/assets/README.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from counterseal.adapters.sbom.builder import LockSbomBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OWN_LOCKS = Path(__file__).resolve().parents[3] / "assets" / "locks"


@dataclass(frozen=True)
class Case:
    """A folder with `files` and `truth.json`; the project in it, and the locks where it does not find them."""

    name: str
    project: str = "."
    locks: tuple[str, ...] = ()


CASES = [
    Case("uv-shop"),
    Case("pylock-shop"),
    Case("py-uv-mcp-sdk"),
    Case("npm-shop"),
    Case("pnpm-v6-shop"),
    Case("pnpm-v9-shop"),
    Case("npm-v3-semantic-release-npm"),
    Case("pnpm-v9-ni"),
    Case("pnpm-v6-vue-core"),
    Case("py-poetry-poetry"),
    Case("py-pdm-pdm"),
    Case(
        "py-requirements-warehouse",
        locks=tuple(f"requirements/{name}.txt" for name in ("deploy", "tests", "docs-user", "ipython")),
    ),
    Case("requirements-shop", locks=("requirements/deploy.txt",)),
    Case("requirements-many", locks=("requirements.txt", "dev-requirements.txt")),
    Case("poetry-shop"),
    Case("poetry1-shop"),
    Case("poetry20-shop"),
    Case("pdm-shop"),
    Case("pipenv-shop"),
    Case("pylock-tools"),
    Case("pylock-pdm"),
    Case("pylock-pip", locks=("pylock.deploy.toml",)),
    Case("uv-workspace"),
    Case("x-py-pylock-pdm-demo", "tests/fixtures/projects/demo"),
    Case("yarn1-policy-bot"),
    Case("berry-reselect"),
    Case("gradle-nomulus"),
    Case("gradle-shop"),
    Case("yarn-1-shop"),
    Case("yarn-2-shop"),
    Case("yarn-3-shop"),
    Case("yarn-4-shop"),
    Case("cargo-shop"),
    Case("cargo-office"),
    Case("cargo-old"),
    Case("cargo-lapce"),
    Case("go-shop"),
    Case("go-team"),
    Case("go-old"),
    Case("go-argo-cd"),
]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def folder(case: Case, suite: Callable[[str], Path]) -> Path:
    own = OWN_LOCKS / case.name
    return own if own.is_dir() else suite("locks") / case.name


def build(case: Case, folder: Path, *, development: bool) -> dict[str, Any]:
    files = folder / "files"
    builder = LockSbomBuilder(locks=[files / lock for lock in case.locks], development=development)
    document: dict[str, Any] = json.loads(builder.build([files / case.project], [], revision=None, epoch=0).data)
    return document


def bare(purl: str) -> str:
    """Return a purl without qualifiers and subpath; of Go in lower case, as the purl-spec writes it."""
    plain = purl.partition("?")[0].partition("#")[0]
    return plain.lower() if plain.startswith("pkg:golang/") else plain


def known(purl: str) -> str:
    """Return a purl of a truth, bare.

    The truth of pnpm-v6-vue-core keeps the peers of 43 packages in their versions, against the README of its suite.
    """
    return bare(purl).partition("%28")[0]


def packages_of(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    packages: dict[str, list[dict[str, Any]]] = {}
    for component in document["components"]:
        packages.setdefault(bare(component["purl"]), []).append(component)
    return packages


def digests_of(components: Iterable[dict[str, Any]]) -> set[str]:
    places = [place for component in components for place in (component, *component.get("externalReferences", ()))]
    return {digest["content"] for place in places for digest in place.get("hashes", ())}


def edges_of(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the edges between packages, as their bare purls."""
    purls = {component["bom-ref"]: bare(component["purl"]) for component in document["components"]}
    edges = {
        (purls[edge["ref"]], purls[to])
        for edge in document["dependencies"]
        for to in edge.get("dependsOn", ())
        if edge["ref"] in purls and to in purls
    }
    return {(one, other) for one, other in edges if one != other}


def truth_of(folder: Path, *, development: bool) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads((folder / "truth.json").read_bytes())["packages"]:
        if development or not row["dev"]:
            rows.setdefault(known(row["purl"]), []).append(row)
    return rows


@pytest.mark.parametrize("development", [False, True], ids=["without-dev", "with-dev"])
def test_packages_and_their_digests_are_those_of_the_truth(case: Case, folder: Path, development: bool) -> None:
    packages = packages_of(build(case, folder, development=development))
    rows = truth_of(folder, development=development)
    assert packages.keys() == rows.keys()
    assert {purl: len(components) for purl, components in packages.items()} == {
        purl: len(twins) for purl, twins in rows.items()
    }
    for purl, twins in rows.items():
        expected = {digest for row in twins for digests in row["hashes"].values() for digest in digests}
        assert digests_of(packages[purl]) == expected, purl


@pytest.mark.parametrize("development", [False, True], ids=["without-dev", "with-dev"])
def test_edges_are_those_of_the_truth(case: Case, folder: Path, development: bool) -> None:
    truth = json.loads((folder / "truth.json").read_bytes())["edges"]
    document = build(case, folder, development=development)
    if truth is None:
        pytest.skip("the format has no edges")
    kept = truth_of(folder, development=development)
    pairs = {(known(one), known(other)) for one, other in truth}
    assert edges_of(document) == {(one, other) for one, other in pairs if one in kept and other in kept}


def test_what_is_for_developers_only_has_that_scope(case: Case, folder: Path) -> None:
    packages = packages_of(build(case, folder, development=True))
    for purl, twins in truth_of(folder, development=True).items():
        scopes = {component.get("scope", "required") for component in packages[purl]}
        if all(row["dev"] for row in twins):
            assert scopes == {"excluded"}, purl
        elif not any(row["dev"] for row in twins):
            assert "excluded" not in scopes, purl


def named(component: dict[str, Any]) -> str:
    """Return a component's name; of npm with its scope, which CycloneDX has apart."""
    group = component.get("group", "")
    return f"{group}/{component['name']}" if group.startswith("@") else component["name"]


def test_parts_are_members_and_no_packages(case: Case, folder: Path) -> None:
    document = build(case, folder, development=True)
    root = document["metadata"]["component"]
    names = {named(part) for part in root.get("components", ())}
    members = json.loads((folder / "truth.json").read_bytes())["members"]
    others = {member["name"] for member in members if member.get("path") not in (".", case.project)}
    assert names == others - {named(root)}
    assert not names & {unquote(named(component)) for component in document["components"]}
