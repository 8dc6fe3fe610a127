"""Builds real small projects twice, under different conditions, by `rebuild --vary`: equal or not, seconds, cause.

    python -m bench.rebuild [--only hatchling,go] [--tools FOLDER …]

Tools come from package indexes by `uv`, `npm`, `go` and `cargo`, so it needs network, and folders with those programs
(`--tools`) where they are not in the system's. It prints the table of docs/rebuild.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIED: Final = "time,path,locale,umask,user,cpus"
PYTHON: Final = """\
apiVersion: counterseal/v1
tools: {{build: "1.6.0", {tool}: "{version}"}}
build: python -m build --no-isolation
outputs: [dist/*]
"""
PYPROJECT: Final = """\
[project]
name = "small"
version = "1.0.0"
description = "small"
[build-system]
requires = ["{tool}"]
build-backend = "{backend}"
"""
SMALL: Final = {"src/small/__init__.py": '"""A small package."""\n', "README.md": "# small\n"}
GO: Final = """\
apiVersion: counterseal/v1
environment: {{CGO_ENABLED: "0", GOTOOLCHAIN: local, GOFLAGS: "-mod=mod"}}
fetch: go mod download
build: go build {flags} -o app .
outputs: [app]
"""
RUST: Final = """\
apiVersion: counterseal/v1
fetch: cargo fetch --locked
build: |
  {before}cargo build --release --locked --offline
outputs: [target/release/small]
"""
NPM: Final = """\
apiVersion: counterseal/v1
fetch: npm ci --ignore-scripts
build: mkdir dist && npm pack --ignore-scripts --pack-destination dist
outputs: [dist/*.tgz]
"""


def python(tool: str, version: str, backend: str) -> dict[str, str]:
    """Return the files of a small project with a build backend."""
    named = "flit_core" if tool == "flit-core" else tool
    return {
        **SMALL,
        "pyproject.toml": PYPROJECT.format(tool=named, backend=backend),
        ".counterseal/build.yml": PYTHON.format(tool=tool, version=version),
    }


GO_FILES: Final = {
    "go.mod": "module example.com/small\n\ngo 1.21\n",
    "main.go": 'package main\n\nfunc main() { println("x") }\n',
}
RUST_FILES: Final = {
    "Cargo.toml": '[package]\nname = "small"\nversion = "1.0.0"\nedition = "2021"\n',
    "Cargo.lock": 'version = 3\n\n[[package]]\nname = "small"\nversion = "1.0.0"\n',
    "src/main.rs": 'fn main() {\n    let v: Vec<_> = std::env::args().collect();\n    println!("{}", v[0]);\n}\n',
}
_LOCKED: Final = {"name": "small", "version": "1.0.0"}
NPM_FILES: Final = {
    "package.json": json.dumps({**_LOCKED, "main": "index.js", "files": ["index.js"]}),
    "package-lock.json": json.dumps({**_LOCKED, "lockfileVersion": 3, "packages": {"": _LOCKED}}),
    "index.js": "module.exports = 1;\n",
}
REMAPPED: Final = 'export RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=$HOME=~"\n  '
PROJECTS: Final[dict[str, dict[str, str]]] = {
    "hatchling": python("hatchling", "1.33.0", "hatchling.build"),
    "setuptools": python("setuptools", "84.2.1", "setuptools.build_meta"),
    "flit": python("flit-core", "4.2.0", "flit_core.buildapi"),
    "uv_build": python("uv-build", "0.13.6", "uv_build"),
    "npm pack": {**NPM_FILES, ".counterseal/build.yml": NPM},
    "go build": {**GO_FILES, ".counterseal/build.yml": GO.format(flags="-buildvcs=false")},
    "go build -trimpath": {**GO_FILES, ".counterseal/build.yml": GO.format(flags="-trimpath -buildvcs=false")},
    "cargo build": {**RUST_FILES, ".counterseal/build.yml": RUST.format(before="")},
    "cargo build remapped": {**RUST_FILES, ".counterseal/build.yml": RUST.format(before=REMAPPED)},
}


def commit(folder: Path, files: dict[str, str]) -> None:
    """Make a repository of some files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com")
    for call in (("init", "--quiet", "."), ("add", "."), (*who, "commit", "--quiet", "--message", "small")):
        subprocess.run(["git", *call], cwd=folder, check=True)


def rows(project: str, tools: list[str]) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield for each artifact of a project: project, file, equal or not, seconds, what differs and the fix."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commit(folder, PROJECTS[project])
        shown = [word for tool in tools for word in ("--tools", tool)]
        began = time.monotonic()
        command = [sys.executable, "-m", "counterseal", "rebuild", "--vary", VARIED, "--format", "json", *shown]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = f"{(time.monotonic() - began) / 2:.1f}"
    found: dict[str, Any] = json.loads(done.stdout)
    if "artifacts" not in found:
        yield project, "–", "not built", seconds, " / ".join(done.stderr.split("\n"))[-600:]
        return
    if found["failed"]:
        yield project, "–", "failed", seconds, found["log"][-600:]
    for each in found["artifacts"]:
        kinds = sorted({difference["kind"] for difference in each["differences"]})
        fixes = "; ".join(found["fixes"].get(each["name"], ()))
        word = "equal" if each["equal"] else "different"
        yield project, Path(each["name"]).name, word, seconds, f"{', '.join(kinds)}: {fixes}" if kinds else ""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PROJECTS), help="projects, with commas")
    parser.add_argument("--tools", action="append", default=[], help="a folder with programs")
    options = parser.parse_args()
    print("| project | artifact | | s | what differs, and the usual fix |\n|---|---|---|---|---|")
    for project in options.only.split(","):
        for row in rows(project, options.tools):
            print(f"| {' | '.join(cell.replace('|', '¦') for cell in row)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
