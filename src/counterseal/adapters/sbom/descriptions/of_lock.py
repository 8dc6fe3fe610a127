"""Which module knows the packages of which ecosystem, and what they say of the packages of a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.adapters.sbom.descriptions.python import InstalledPackages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterseal.adapters.sbom.checkout import Checkout
    from counterseal.adapters.sbom.descriptions.description import Description, Descriptions, Places
    from counterseal.adapters.sbom.records import Lock


def described(lock: Lock, checkout: Checkout, projects: Iterable[str], places: Places) -> Mapping[str, Description]:
    """Return what the packages of a lock say of themselves, by key, where something is known.

    Args:
        lock: The packages.
        checkout: The repository.
        projects: The folders of the projects, in whose environments packages may be installed.
        places: Where else they may lie.
    """
    folders = [checkout.top / project for project in dict.fromkeys(projects)]
    known: dict[str, list[Descriptions]] = {}
    says: dict[str, Description] = {}
    for package in lock.packages:
        if package.purl.type not in known:
            known[package.purl.type] = (
                [InstalledPackages(folder, places) for folder in folders] if package.purl.type == "pypi" else []
            )
        for descriptions in known[package.purl.type]:
            if description := descriptions.of(package):
                says[package.key] = description
                break
    return says
