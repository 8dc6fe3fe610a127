"""Real git for tests: bare repositories as remotes, plain git commands, `git http-backend` on loopback."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from counterseal.identifiers import NOTES_REF
from counterseal_sandbox.http import LoopbackServer, Request, Response

if TYPE_CHECKING:
    from pathlib import Path

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Alice",
    "GIT_AUTHOR_EMAIL": "alice@users.example",
    "GIT_COMMITTER_NAME": "Alice",
    "GIT_COMMITTER_EMAIL": "alice@users.example",
}


def git(folder: Path, *arguments: str, data: str | bytes = b"") -> str:
    """Return what a git command prints, stripped; a failure ends the test with git's words."""
    data = data.encode() if isinstance(data, str) else data
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], input=data, env=_ENVIRONMENT, capture_output=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout.decode().strip()


def bare(folder: Path) -> Path:
    """Return a new bare repository with one commit on main."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
    commit(folder, "refs/heads/main", {"README.md": "app\n"})
    return folder


def commit(
    folder: Path,
    ref: str,
    files: dict[str, str | None],
    *,
    parents: tuple[str, ...] | None = None,
    modes: dict[str, str] | None = None,
    message: str = "a change",
) -> str:
    """Return a new commit on `ref` that writes (None: deletes) files on top of the first parent (default: the ref)."""
    tips = git(folder, "for-each-ref", "--format=%(objectname)", ref).split()
    base = list(parents) if parents is not None else tips[:1]
    lines = [f"commit {ref}", "committer Alice <alice@users.example> now", f"data {len(message.encode())}", message]
    lines += [f"{'merge' if place else 'from'} {parent}" for place, parent in enumerate(base)]
    for path, content in files.items():
        name = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        mode = (modes or {}).get(path, "100644")
        if content is None:
            lines.append(f"D {name}")
        elif mode == "160000":
            lines.append(f"M {mode} {content} {name}")
        else:
            lines += [f"M {mode} inline {name}", f"data {len(content.encode())}", content]
    if tips:
        git(folder, "update-ref", "-d", ref)
    git(folder, "fast-import", "--quiet", "--force", "--date-format=now", data="\n".join(lines) + "\n")
    return git(folder, "rev-parse", ref)


def hook(folder: Path, name: str, script: str) -> None:
    """Let a repository run a shell script as a hook."""
    target = folder / "hooks" / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"#!/bin/sh\n{script}\n")
    target.chmod(0o755)


def lines(folder: Path) -> list[str]:
    """Return every line of the ledger's notes in a repository, as plain git shows them."""
    listed = git(folder, "notes", f"--ref={NOTES_REF}", "list").split("\n")
    return [line for note in listed if note for line in git(folder, "cat-file", "blob", note.split()[0]).split("\n")]


def serve(root: Path) -> LoopbackServer:
    """Return a started server that gives the repositories below `root` by smart http at `/git/NAME`."""
    server = LoopbackServer()

    def backend(request: Request) -> Response:
        variables = {
            **_ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": request.path,
            "QUERY_STRING": "&".join(f"{key}={value}" for key, value in request.query.items()),
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "REMOTE_USER": "alice",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=request.body, env=variables, capture_output=True, check=False
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        return Response(int(headers.pop("Status", "200").split()[0]), body, headers)

    server.mount("/git", backend)
    server.start()
    return server
