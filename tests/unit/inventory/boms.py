"""SBOM documents for tests, readable: `bom()` is a small one that lacks nothing; say what is to be otherwise."""

from __future__ import annotations

import json
from typing import Any

from counterseal import inventory


def component(name: str, version: str = "1.0.0", /, **members: Any) -> dict[str, Any]:
    """Return a library of PyPI; a member of the value None is left out."""
    purl = f"pkg:pypi/{name}@{version}"
    whole = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "supplier": {"name": f"the people of {name}"},
        "licenses": [{"license": {"id": "MIT"}}],
        **members,
    }
    return {key: value for key, value in whole.items() if value is not None}


ROOT = component("app", "1.2.0", type="application", properties=[{"name": "counterseal:from", "value": "lock"}])
WHEEL = {
    "type": "file",
    "bom-ref": "file:app-1.2.0-py3-none-any.whl",
    "name": "app-1.2.0-py3-none-any.whl",
    "hashes": [{"alg": "SHA-256", "content": "ab" * 32}],
}


def bom(*components: dict[str, Any], **members: Any) -> bytes:
    """Return a document with these components; the root depends on all of them."""
    listed = components or (component("requests", "2.32.0"), component("idna", "3.10"))
    refs = [entry["bom-ref"] for entry in listed if "bom-ref" in entry]
    whole = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {
            "timestamp": "2026-11-24T09:10:44Z",
            "tools": {"components": [{"type": "application", "name": "counterseal", "version": "0.1.0"}]},
            "component": ROOT,
        },
        "components": [*listed, WHEEL],
        "dependencies": [{"ref": ROOT["bom-ref"], "dependsOn": refs}],
        **members,
    }
    return json.dumps({key: value for key, value in whole.items() if value is not None}).encode()


def document(*components: dict[str, Any], **members: Any) -> inventory.Document:
    return inventory.parse(bom(*components, **members), "sbom.cdx.json")
