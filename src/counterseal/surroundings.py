"""What the process was started with: the only place that reads the environment.

It knows which variables mean what, and which of them a gate must not have (R35). It chooses no adapter.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from counterseal import digests, wire
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

PREFIX: Final = "COUNTERSEAL_"

#: Variables by which somebody outside could choose what a gate talks to, trusts or runs.
INFLUENCE: Final = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "CI_API_V4_URL", "CI_SERVER_URL", "PYTHONPATH", "PYTHONHOME",
    "PYTHONSTARTUP", "PYTHONINSPECT", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "NETRC", "SIGSTORE_ID_TOKEN", "SIGSTORE_ROOT_FILE", "TUF_ROOT", "LD_PRELOAD", "LD_LIBRARY_PATH",
)  # fmt: skip
INFLUENCE_PREFIXES: Final = ("GIT_", "SIGSTORE_", "TUF_")
TOKEN_VARIABLES: Final = ("COUNTERSEAL_TOKEN", "GITHUB_TOKEN")


class Surroundings:
    """The environment, by meaning.

    Args:
        environ: The environment; that of the process if None.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ: Mapping[str, str] = dict(os.environ if environ is None else environ)

    def option(self, name: str) -> str | None:
        """Return the value of `COUNTERSEAL_NAME`, or None."""
        return self._environ.get(PREFIX + name.upper())

    @property
    def in_github(self) -> bool:
        """Return whether this is a GitHub Actions step."""
        return self._environ.get("GITHUB_ACTIONS") == "true"

    @property
    def step_summary(self) -> Path | None:
        """Return the file of the step's summary, if there is one."""
        return self._path("GITHUB_STEP_SUMMARY")

    @property
    def step_output(self) -> Path | None:
        """Return the file of the step's outputs, if there is one."""
        return self._path("GITHUB_OUTPUT")

    def _path(self, name: str) -> Path | None:
        value = self._environ.get(name)
        return Path(value) if value else None

    def epoch(self) -> int:
        """Return SOURCE_DATE_EPOCH, or 0 if it is not set.

        Raises:
            UsageError: It is no number of seconds.
        """
        value = self._environ.get("SOURCE_DATE_EPOCH", "0")
        if not value.isdigit():
            raise UsageError(
                f"SOURCE_DATE_EPOCH={value!r} is no number of seconds",
                why="it is a moment as seconds since 1970 (reproducible-builds.org)",
                fix='SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"',
            )
        return int(value)

    def revision(self) -> str | None:
        """Return the source revision of this run, if CI says it."""
        value = self._environ.get("GITHUB_SHA")
        return value if digests.is_revision(value) else None

    def refuse_influence(self, options: Collection[str]) -> None:
        """Refuse an environment that could choose for the gate what the policy has to choose (R35).

        Args:
            options: The verb's own options, which are inputs and outputs.

        Raises:
            UsageError: Naming the variable.
        """
        allowed = {PREFIX + name.upper() for name in options} | set(TOKEN_VARIABLES)
        for name, value in sorted(self._environ.items()):
            upper = name.upper()
            foreign = upper.startswith(PREFIX) and upper not in allowed
            if value and (foreign or upper in INFLUENCE or upper.startswith(INFLUENCE_PREFIXES)):
                raise UsageError(
                    f"the variable {name} is set in a gate",
                    why="in a gate the environment chooses neither trust, policy, forge, network nor code (R35)",
                    fix=f"remove it from the workflow; if a runner sets it, run the gate with: env -u {name} …",
                )

    def random(self, count: int) -> bytes:
        """Return random bytes."""
        return secrets.token_bytes(count)

    @contextlib.contextmanager
    def work_folder(self) -> Iterator[Path]:
        """Give a folder of our own that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="counterseal.", dir=self._environ.get("RUNNER_TEMP")) as name:
            yield Path(name)

    def token(self) -> str:
        """Return the token for the forge."""
        token = next((self._environ[name] for name in TOKEN_VARIABLES if self._environ.get(name)), None)
        if token is None:
            raise UsageError(
                "no token for the forge",
                why="GITHUB_TOKEN is not set",
                fix="in a workflow: env: {GITHUB_TOKEN: ${{ github.token }}}; on your machine: your own token",
            )
        return token

    def repository_name(self) -> str:
        """Return the repository that this is about, `owner/name`."""
        name = self._environ.get("GITHUB_REPOSITORY", "")
        if name.count("/") != 1:
            raise UsageError("which repository?", why="GITHUB_REPOSITORY is not set", fix="set it to OWNER/NAME")
        return name

    def api(self) -> tuple[str, str]:
        """Return the bases of API and git outside of gates: github.com, or a sandbox on loopback."""
        api = self._environ.get("GITHUB_API_URL", "https://api.github.com")
        site = self._environ.get("GITHUB_SERVER_URL", "https://github.com")
        if api == "https://api.github.com" and site == "https://github.com":
            return api, site
        return loopback(api, "GITHUB_API_URL"), loopback(site, "GITHUB_SERVER_URL")

    def change_request_number(self) -> int | None:
        """Return the number of the change request that this event is about, or None."""
        path = self._path("GITHUB_EVENT_PATH")
        if path is None or not path.is_file():
            return None
        event = wire.load_json(path.read_bytes(), "the event of this run")
        change = event.get("pull_request") if isinstance(event, dict) else None
        number = change.get("number") if isinstance(change, dict) else None
        return number if isinstance(number, int) else None


def loopback(url: str, name: str) -> str:
    """Return `url` without a slash at the end if it is on loopback, where alone plain http is accepted."""
    split = urlsplit(url)
    if split.scheme != "http" or split.hostname != "127.0.0.1":
        raise UsageError(
            f"{name} is {url!r}",
            why="this version speaks to github.com, and to a sandbox on http://127.0.0.1",
            fix=f"leave {name} as GitHub sets it",
        )
    return url.rstrip("/")
