"""Git's smart HTTP protocol (gitprotocol-http(5)): `git upload-pack` and `git receive-pack`, one process an answer.

They are started with the arguments of `git http-backend`, without the two processes that this would put before them.
"""

from __future__ import annotations

import gzip
import subprocess
import zlib
from typing import TYPE_CHECKING, Final

from counterseal_sandbox.forge.git.bare import environment
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from counterseal_sandbox.http import Request

SERVICES: Final = frozenset({"git-upload-pack", "git-receive-pack"})
_UNCACHED: Final = {
    "Expires": "Fri, 01 Jan 1980 00:00:00 GMT",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache, max-age=0, must-revalidate",
}


def answer(repository: Path, request: Request, rest: str, variables: Mapping[str, str]) -> Response:
    """Return git's answer to a request.

    Args:
        repository: The bare repository.
        request: The request.
        rest: Which of the three addresses of a repository it is for: info/refs, or one of the services.
        variables: Environment variables of git, for hooks and configuration.
    """
    asked = rest == "info/refs"
    service = request.query.get("service", "") if asked else rest
    if service not in SERVICES or request.method != ("GET" if asked else "POST"):
        return Response(403, b"Unsupported service\n", _UNCACHED)
    try:
        packed = request.headers.get("content-encoding") in ("gzip", "x-gzip")
        body = gzip.decompress(request.body) if packed else request.body
    except (OSError, EOFError, zlib.error) as error:
        return Response(400, f"{error}\n".encode())
    version = request.headers.get("git-protocol")
    more = {"GIT_COMMITTER_NAME": "sandbox", "GIT_COMMITTER_EMAIL": "sandbox@http.127.0.0.1"}
    done = subprocess.run(
        ("git", service.removeprefix("git-"), "--stateless-rpc", *(("--advertise-refs",) if asked else ()), "."),
        cwd=repository,
        input=body,
        env=environment(**more, **variables, **({"GIT_PROTOCOL": version} if version else {})),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0 and not done.stdout:  # what went wrong later is said in the protocol, as an answer
        return Response(500, done.stderr)
    if not asked:
        return Response(200, done.stdout, {"Content-Type": f"application/x-{service}-result", **_UNCACHED})
    line = f"# service={service}\n"
    named = b"" if version and "version=2" in version.split(":") else f"{len(line) + 4:04x}{line}0000".encode()
    return Response(200, named + done.stdout, {"Content-Type": f"application/x-{service}-advertisement", **_UNCACHED})
