"""The lock fits pyproject.toml, pins everything by digest and names no place to download from."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.project.source_tree import PACKAGE, ROOT, SANDBOX, modules, relative

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("runtime", "demo", "dev", "build", "uv")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, Version]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return {
        canonicalize_name(name): Version(version)
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


def group(name: str) -> list[Requirement]:
    wanted = []
    for each in PROJECT["dependency-groups"][name]:
        wanted += group(each["include-group"]) if isinstance(each, dict) else [Requirement(each)]
    return wanted


def sandbox() -> list[Requirement]:
    """Return what the sandbox wants beside counterseal."""
    project = tomllib.loads((ROOT / "sandbox" / "pyproject.toml").read_text())["project"]
    return [each for each in map(Requirement, project["dependencies"]) if each.name != "counterseal"]


def wanted(lock: str) -> list[Requirement]:
    if lock == "uv":
        return group("bootstrap")
    if lock == "build":
        return group("build")
    runtime = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
    if lock == "runtime":
        return runtime
    return [*runtime, *sandbox(), *group(lock)]


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_has_what_the_project_wants(lock: str) -> None:
    pinned = pins(lock)
    for requirement in wanted(lock):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is not in requirements/{lock}.txt; run: make lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is not met by {version}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_digests(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    entries = re.split(r"^(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock)) > 0
    assert [each.split()[0] for each in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", each)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_place_is_named(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    options = r"^\s*--(?!hash=).*|^\s*-[^-].*"
    assert re.findall(rf"://|{options}| @ ", text, re.MULTILINE) == []


def test_the_locks_agree() -> None:
    dev = pins("dev")
    for lock in ("runtime", "demo", "build"):
        assert {name: version for name, version in pins(lock).items() if dev.get(name) != version} == {}


def imported(package: Path) -> set[str]:
    """Return the distributions that the modules of a package import."""
    names = set()
    for path, tree in modules().items():
        if not path.is_relative_to(package):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
    foreign = names - sys.stdlib_module_names - {"counterseal", "counterseal_sandbox"}
    providers = packages_distributions()
    return {canonicalize_name(providers[name][0]) for name in foreign}


def test_what_is_imported_is_declared_and_explained() -> None:
    declared = {canonicalize_name(each.name) for each in wanted("runtime")}
    own = {canonicalize_name(each.name) for each in sandbox()}
    assert imported(PACKAGE) - declared == set(), "imported at run time, not in [project] dependencies"
    assert imported(SANDBOX) - own == set(), "imported by the sandbox, not in its dependencies"
    table = (ROOT / "docs" / "adr" / "0005-dependencies.md").read_text().lower()
    cells = ",".join(re.findall(r"^\| ([a-z][^|(]+)", table, re.MULTILINE)).split(",")
    rows = {canonicalize_name(name.strip()) for name in cells} - {"package"}
    assert declared | own == rows


def test_no_private_name_of_another_package_is_imported() -> None:
    """ADR 0005 says why sigstore's are."""
    private = []
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{each.name}" for each in node.names]
            else:
                continue
            private += [
                f"{relative(path)} {name}"
                for name in names
                if re.search(r"(^|\.)_(?!_)", name) and name.split(".")[0] not in {"sigstore", "counterseal"}
            ]
    assert private == []
