"""One remote of git: its address and token, what its refs are, fetching them. Tells what may be tried again.

The token travels in an HTTP header by environment variables that only git sees: never in an argument, an
address or a message. Nothing else is sent, redirects are not followed.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from counterseal.adapters.git.process import explain
from counterseal.adapters.gitlab.access import HOW_TO_PUSH, MIRROR
from counterseal.errors import ServiceError, UsageError
from counterseal.formats import digests, names
from counterseal.identifiers import LEDGER_REF, NOTES_REF

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.adapters.git.process import Git
    from counterseal.adapters.git.watch import Ended

REMOTE_SECONDS: Final = 300.0
TRIES: Final = 3

_TRANSIENT = re.compile(
    r"returned error: (429|5\d\d)|Could not resolve host|Failed to connect|Couldn't connect|Empty reply|early EOF"
    r"|Connection (reset|refused|timed out)|hung up unexpectedly|unexpected disconnect|RPC failed"
    r"|Operation (timed out|too slow)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"returned error: 40[13]|could not read (Username|Password)|Authentication failed|HTTP Basic: Access denied"
)
#: What a remote says of a commit that it has not, or not any more.
_GONE = re.compile(r"not our ref|unadvertised object")
#: Of every fetch. --update-shallow: without it git takes the objects of a shallow remote and says nothing.
_FETCH: Final = (
    *("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--update-shallow"),
    "--refmap=",
)
#: A rule of the branch, in git's and in GitHub's words (GH006, GH013).
_RULED = re.compile(r"hook declined|[Pp]rotected branch|rule violations")
#: GitLab to whoever may not push, and to a job's token where the project has not allowed it.
_GITLAB_DENIES = re.compile(r"You are not allowed to (push code to this project|upload code)")
#: With which name GitHub takes a token; other names are for GitLab's.
GITHUB_USER: Final = "x-access-token"
_EXPIRED: Final = "or check whether the token has expired"
_GITHUB_FIX: Final = "give the job's token the right: `permissions: contents: {right}`, " + _EXPIRED
_GITLAB_READ: Final = f"let the token read this project (scope read_api, role Reporter), {_EXPIRED}"
#: GitLab of a protected branch: whoever started the pipeline may not push to it, or not make it.
_GITLAB_SHUTS = re.compile(r"You are not allowed to (push code to|create) protected|can only create protected")
_RULE_FIX: Final = f"let the job's token push {NOTES_REF} and {LEDGER_REF}: a rule of the repository shuts it out"


def check_ref(ref: str) -> str:
    """Return `ref` if it is a full ref as git allows it (git-check-ref-format), below `refs/`.

    Raises:
        UsageError: It is not.
    """
    if not names.REF.fits(ref):
        raise UsageError(f"{ref[:100]!r} is not a full git ref", fix="write it like refs/heads/main")
    return ref


def transient(answer: Ended) -> bool:
    """Return whether the way there failed, and not the remote: it may go away, and what we sent may have arrived."""
    if answer.timed_out or answer.code < 0:
        return True
    # git says "RPC failed" of a refusal too
    return _TRANSIENT.search(answer.messages) is not None and not _DENIED.search(answer.messages)


class Remote:
    """A remote repository.

    Args:
        url: https, http to loopback only, or the absolute path (or file URL) of a local repository.
        token: Sent as the password of `user`; None: nothing is sent.
        user: GitHub takes any name; GitLab wants `gitlab-ci-token` for a job's token.
        sleep: Waits between tries.

    Raises:
        UsageError: The address is of another kind, or has a name or password in it.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        user: str = GITHUB_USER,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url
        self._protocols = _protocols(url)
        self._github = user == GITHUB_USER
        self._header = ""
        self._hidden: tuple[str, ...] = ()
        self._sleep = sleep
        if token:
            basic = base64.b64encode(f"{user}:{token}".encode()).decode()
            self._header = f"Authorization: Basic {basic}"
            self._hidden = (token, basic)

    def variables(self) -> Mapping[str, str]:
        """Return the environment variables that let git talk to this remote and no other way."""
        allowed = {"GIT_ALLOW_PROTOCOL": self._protocols}
        if not self._header:
            return allowed
        return allowed | {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": self._header,
        }

    def run(self, git: Git, *arguments: str, seconds: float = REMOTE_SECONDS, data: bytes = b"") -> Ended:
        """Return how one git command that talks to this remote ended. It is not repeated."""
        return git.run(*arguments, variables=self.variables(), seconds=seconds, data=data)

    def read(self, git: Git, *arguments: str) -> bytes:
        """Return what a command prints that only reads from the remote; tried up to three times.

        Raises:
            ServiceError: It failed; the message says what to do.
        """
        answer = self.patiently(git, *arguments)
        if answer.code != 0:
            raise self.failure(f"git {arguments[0]} failed", answer)
        return answer.out

    def patiently(self, git: Git, *arguments: str, data: bytes = b"") -> Ended:
        """Return how a command ended that changes nothing at the remote; tried up to three times."""
        answer = self.run(git, *arguments, data=data)
        for attempt in range(1, TRIES):
            if answer.code == 0 or not transient(answer):
                break
            self._sleep(secrets.SystemRandom().uniform(0.2, 0.5) * 2**attempt)
            answer = self.run(git, *arguments, data=data)
        return answer

    def explain(self, answer: Ended) -> str:
        """Return what git said, fit to be shown, without our secrets."""
        messages = answer.messages
        for secret in self._hidden:  # before it is shortened, which might leave half of a secret
            messages = messages.replace(secret, "***")
        return explain(replace(answer, messages=messages))

    def failure(self, what: str, answer: Ended, *, pushing: bool = False) -> ServiceError:
        """Return the error for a failed command: what git said without secrets, and what to do."""
        why = self.explain(answer)
        fix = "run it again later" if transient(answer) else ""
        if _DENIED.search(answer.messages):
            fix = self._denied_fix(answer.messages, pushing=pushing)
        elif pushing and _GITLAB_SHUTS.search(answer.messages):
            fix = MIRROR.fix
        elif pushing and _RULED.search(answer.messages + answer.out.decode("utf-8", "replace")):
            fix = _RULE_FIX
        elif "not found" in answer.messages:
            fix = "check the repository's name; a token without access to it sees nothing either"
        elif "unadvertised object" in answer.messages:
            fix = "let the server speak version 2 of git's protocol, or set uploadpack.allowAnySHA1InWant there"
        elif "shallow" in answer.messages:
            what, fix = f"{what}: the remote is a shallow clone", "use a repository with its whole history"
        return ServiceError(f"{what} at {self.url}", why=why, fix=fix)

    def _denied_fix(self, messages: str, *, pushing: bool) -> str:
        """Return what to do about a token that may not do this, at the forge that it is of."""
        if self._github and not _GITLAB_DENIES.search(messages):
            return _GITHUB_FIX.format(right="write" if pushing else "read")
        return f"{HOW_TO_PUSH}, {_EXPIRED}" if pushing else _GITLAB_READ

    def refs(self, git: Git, *refs: str, whole: bool = True) -> dict[str, str]:
        """Return what full refs point to now, without those that are absent.

        An annotated tag is there twice: `REF` is the tag, `REF^{}` its commit.

        Args:
            git: Our copy.
            refs: The refs.
            whole: Whether our copy has to have its whole history.
        """
        if whole:  # what a fetch that failed has left here is not used by the next one
            check_whole(git, self.url)
        asked = [part for ref in refs for part in (check_ref(ref), f"{ref}^{{}}")]
        listed = self.read(git, "ls-remote", "--quiet", "--end-of-options", self.url, *asked).decode("utf-8", "replace")
        present = {}
        for line in listed.splitlines():
            name, _, ref = line.partition("\t")
            if ref not in asked:  # git matches the ends of refs
                continue
            if not digests.is_revision(name):
                raise ServiceError(f"{self.url}: {ref} is {name[:70]!r}", why="only SHA-1 repositories are read")
            present[ref] = name
        return present

    def default(self, git: Git) -> tuple[str, str]:
        """Return the full ref of the default branch, and the commit that it points to now.

        Raises:
            ServiceError: The remote names none.
        """
        check_whole(git, self.url)
        options = ("--quiet", "--symref", "--end-of-options")
        printed = self.read(git, "ls-remote", *options, self.url, "HEAD").decode("utf-8", "replace")
        heads = [
            target for target, _, name in (line.partition("\t") for line in printed.splitlines()) if name == "HEAD"
        ]
        refs = [target.removeprefix("ref: ") for target in heads if target.startswith("ref: refs/heads/")]
        commits = [target for target in heads if digests.is_revision(target)]
        if refs and commits:
            return check_ref(refs[0]), commits[0]
        raise ServiceError(
            f"{self.url} names no default branch",
            why="it is empty, or its HEAD points to no branch",
            fix="push a branch, or choose the default branch in its settings",
        )

    def fetch(self, git: Git, refs: Mapping[str, str]) -> None:
        """Bring remote refs here, with their whole history, in one exchange.

        Args:
            git: The repository to bring them to.
            refs: Ref of the remote → ref here, which is overwritten.

        Raises:
            ServiceError: It failed, or the history that came is not whole.
        """
        specs = [f"+{check_ref(there)}:{check_ref(here)}" for there, here in refs.items()]
        git.is_empty = False  # even a fetch that fails may leave something
        self.read(git, "fetch", *_FETCH, "--end-of-options", self.url, *specs)
        check_whole(git, self.url)

    def fetch_commit(self, git: Git, commit: str, here: str) -> bool:
        """Bring a commit here by its id, with its whole history, whether or not a ref of the remote has it.

        Args:
            git: The repository to bring it to.
            commit: Its full id.
            here: The ref here that is to point to it.

        Returns:
            Whether the remote has it (still).

        Raises:
            ServiceError: It failed, or the history that came is not whole.
        """
        git.is_empty = False
        spec = f"+{commit}:{check_ref(here)}"
        answer = self.patiently(git, "fetch", *_FETCH, "--end-of-options", self.url, spec)
        check_whole(git, self.url)
        if answer.code != 0 and not _GONE.search(answer.messages):
            raise self.failure(f"git could not fetch {commit[:12]}", answer)
        return answer.code == 0


def check_whole(git: Git, url: str) -> None:
    """Require that our copy has no history that was cut off.

    Raises:
        ServiceError: It has.
    """
    if (git.folder / "shallow").exists():
        raise ServiceError(
            f"the copy of {url} is shallow",
            why="the history is cut off, so nothing can be said about it",
            fix="use a repository with its whole history",
        )


def _protocols(url: str) -> str:
    if url.startswith("/"):
        return "file"
    split = urlsplit(url)
    if split.scheme in ("http", "https") and "@" in split.netloc:
        raise UsageError("the address of a git remote has a name or password in it", fix="give the token by itself")
    if split.scheme == "file" and not split.netloc:
        return "file"
    if split.scheme == "https" and split.hostname:
        return "https"
    if split.scheme == "http" and split.hostname and _loopback(split.hostname):
        return "http"
    raise UsageError(f"{url[:200]!r} is not an address of a git remote", fix="use https, or an absolute path")


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
