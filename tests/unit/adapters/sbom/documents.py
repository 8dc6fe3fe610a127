"""What an SBOM says, for tests of several ecosystems."""

from __future__ import annotations

from typing import Any


def needs_of(document: dict[str, Any], name: str) -> set[str]:
    """Return the names of what a component, a part or the root needs."""
    root = document["metadata"]["component"]
    components = [root, *root.get("components", ()), *document["components"]]
    by_key = {component["bom-ref"]: component["name"] for component in components}
    edges = {by_key[edge["ref"]]: edge.get("dependsOn", ()) for edge in document["dependencies"]}
    return {by_key[key] for key in edges[name]}
