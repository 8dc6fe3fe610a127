"""Makes an environment with counterseal's dependencies, from digests, for one step of one job. Standard library only.

    PYTHON -I install.py CHECKOUT HOME      →  HOME/venv/bin/python

pip fetches the installer (requirements/uv.txt), the installer everything else (requirements/runtime.txt): no digest,
no installation. counterseal itself is not installed: a path file points at CHECKOUT, the commit of the action.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

OLDEST = (3, 11)
PYTHON = sys.executable
SECONDS = 600
#: Where packages come from and how to get there. It cannot choose what is installed: the digests do that. Nothing that
#: can name a program to run is among it: a file of settings (`python = …`), a provider of passwords.
NETWORK = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|CERT|CLIENT_CERT|PROXY|TRUSTED_HOST|DEFAULT_TIMEOUT|RETRIES)"
    r"|UV_(INDEX_URL|DEFAULT_INDEX|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|HTTP_TIMEOUT|INSECURE_HOST|SYSTEM_CERTS)"
    r"|SSL_CERT_(FILE|DIR)|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy"
)
#: uv's name for what pip was told, where only pip was told.
SAME = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
    "UV_NO_INDEX": "PIP_NO_INDEX",
    "SSL_CERT_FILE": "PIP_CERT",
    "ALL_PROXY": "PIP_PROXY",
}
UV_SETTINGS = {"UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_NO_INDEX", "UV_FIND_LINKS"}


class InstallError(Exception):
    """It cannot be installed; the message says what, why and what to do."""


def main(checkout: Path, home: Path) -> None:
    """Make `home`/venv."""
    if sys.version_info < OLDEST:
        raise InstallError(
            f"counterseal needs Python 3.11 or newer, and {PYTHON} is {sys.version.split()[0]}; "
            "use runs-on: ubuntu-24.04, or in GitLab the template's own image"
        )
    requirements = checkout / "requirements"
    environment = surroundings(dict(os.environ), home)
    uv = fetch_uv(requirements / "uv.txt", home, environment)
    options = ("--quiet", "--no-config", "--no-cache", "--no-python-downloads")
    venv = home / "venv"
    call(environment, uv, "venv", *options, "--python", PYTHON, venv)
    strict = ("--require-hashes", "--no-deps", "--only-binary", ":all:")
    python = venv / "bin" / "python"
    call(environment, uv, "pip", "install", *options, *strict, "--python", python, "-r", requirements / "runtime.txt")
    (packages,) = (venv / "lib").glob("python3.*/site-packages")
    shutil.rmtree(uv.parent)
    (packages / "counterseal-checkout.pth").write_text(f"{checkout / 'src'}\n")


def surroundings(environ: dict[str, str], home: Path) -> dict[str, str]:
    """Return the whole environment of the installers: ours, and where packages come from."""
    kept = {name: value for name, value in environ.items() if value and NETWORK.fullmatch(name)}
    if not UV_SETTINGS & set(kept):
        kept |= {ours: kept[pip] for ours, pip in SAME.items() if pip in kept and ours not in kept}
    else:
        kept |= {
            ours: kept[SAME[ours]] for ours in ("SSL_CERT_FILE", "ALL_PROXY") if SAME[ours] in kept and ours not in kept
        }
    temporary = home / "tmp"
    temporary.mkdir()
    fixed = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(temporary), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    # Nobody's file of settings, not the machine's either, and no program that is asked for passwords.
    quiet = {"PIP_CONFIG_FILE": os.devnull, "PIP_KEYRING_PROVIDER": "disabled", "UV_KEYRING_PROVIDER": "disabled"}
    return {**kept, **fixed, **quiet}


def fetch_uv(lock: Path, home: Path, environment: dict[str, str]) -> Path:
    """Return the installer, unpacked from the wheel that pip found to have a pinned digest."""
    folder = home / "uv"
    pip = (PYTHON, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input")
    strict = ("--no-cache-dir", "--no-deps", "--only-binary", ":all:", "--require-hashes")
    call(environment, *pip, *strict, "--dest", folder, "-r", lock)
    (wheel,) = folder.glob("uv-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if re.fullmatch(r"uv-[^/]+\.data/scripts/uv", each))
        content = archive.read(name)
    wheel.unlink()
    program = folder / "uv-program"
    program.write_bytes(content)
    program.chmod(0o700)
    return program


def call(environment: dict[str, str], *command: str | Path) -> None:
    """Run a program with nothing in its environment but what is given."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(f"{Path(command[0]).name}: {error}") from None
    if done.returncode != 0:
        said = re.sub(r"://[^/\s@]+@", "://[redacted]@", done.stdout + done.stderr).strip()
        raise InstallError(f"counterseal's dependencies cannot be installed\n{said[-4000:]}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except (InstallError, OSError, ValueError, zipfile.BadZipFile) as problem:
        if os.environ.get("GITLAB_CI") == "true":
            sys.exit(f"error: {problem}")
        text = str(problem).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        sys.exit(f"::error title=counterseal::{text}")
