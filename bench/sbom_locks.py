"""Lock files of any size, as npm and uv write them: up to four edges and a digest a package, all made up."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

Maker = Callable[[Path, int], None]


def _needs(number: int, size: int) -> list[int]:
    """Return the packages that one needs: three of its own, and one that others need, too. Ten levels are 50,000."""
    own = [3 * number + place for place in (1, 2, 3)]
    return [other for other in dict.fromkeys((*own, number + size // 2)) if other < size]


def npm(folder: Path, size: int) -> None:
    """Write package.json and package-lock.json (version 3)."""
    root = {"name": "large", "version": "1.0.0", "dependencies": {"package-0": "^1.0.0"}}
    packages: dict[str, object] = {"": root}
    for number in range(size):
        name = f"package-{number}"
        digest = base64.b64encode(hashlib.sha512(name.encode()).digest()).decode()
        packages[f"node_modules/{name}"] = {
            "version": "1.0.0",
            "resolved": f"https://npm.example/{name}/-/{name}-1.0.0.tgz",
            "integrity": f"sha512-{digest}",
            "license": "MIT",
            "dependencies": {f"package-{other}": "^1.0.0" for other in _needs(number, size)},
        }
    lock = {"name": "large", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package.json").write_text(json.dumps(root, indent=2), encoding="utf-8")
    (folder / "package-lock.json").write_text(json.dumps(lock, indent=2), encoding="utf-8")


def uv(folder: Path, size: int) -> None:
    """Write pyproject.toml and uv.lock (version 1)."""
    project = '[project]\nname = "large"\nversion = "1.0.0"\nrequires-python = ">=3.11"\ndependencies = ["package-0"]\n'
    rows = [
        'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n',
        '[[package]]\nname = "large"\nversion = "1.0.0"\nsource = { virtual = "." }',
        'dependencies = [\n    { name = "package-0" },\n]\n',
        '[package.metadata]\nrequires-dist = [{ name = "package-0" }]\n',
    ]
    for number in range(size):
        name = f"package-{number}"
        file = f"{name.replace('-', '_')}-1.0.0-py3-none-any.whl"
        digest = hashlib.sha256(file.encode()).hexdigest()
        rows.append(f'[[package]]\nname = "{name}"\nversion = "1.0.0"')
        rows.append('source = { registry = "https://python.example/simple" }')
        if needs := _needs(number, size):
            rows += ["dependencies = [", *(f'    {{ name = "package-{other}" }},' for other in needs), "]"]
        url = f"https://files.python.example/{file}"
        rows.append(f'wheels = [\n    {{ url = "{url}", hash = "sha256:{digest}", size = 1000 }},\n]\n')
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    (folder / "uv.lock").write_text("\n".join(rows), encoding="utf-8")


#: Name of a lock file → what writes one.
KINDS: dict[str, Maker] = {"package-lock.json": npm, "uv.lock": uv}
