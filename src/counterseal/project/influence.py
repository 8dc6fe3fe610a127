"""Variables that a gate must not have (R35): by them somebody outside could choose what it talks to, trusts or runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_PREFIX: Final = "COUNTERSEAL_"
#: Those of the loader and the C library, of shells, OpenSSL, Python, git, Sigstore, of HTTP clients, and of what
#: installs our packages.
_INFLUENCE: Final = re.compile(
    r"CI_API_V4_URL|CI_SERVER_URL|NETRC|.*_PROXY"
    r"|(LD|DYLD|OPENSSL|SSL|GIT|SIGSTORE|TUF|REQUESTS|CURL|BASH_FUNC|PIP|UV)_.*"
    r"|GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES|HOSTALIASES|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH|RES_OPTIONS|TZDIR"
    r"|BASH_ENV|BASHOPTS|SHELLOPTS|PS4|SSLKEYLOGFILE|CTLOG_FILE|XDG_(DATA|CACHE)_HOME|PYTHON[A-Z0-9]+"
)
#: Of those, what decides nothing: where packages with pinned digests come from (as in actions/_lib/install.py), and
#: what is often set for other programs and read by nothing here.
_HARMLESS: Final = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|CERT|CLIENT_CERT|PROXY|TRUSTED_HOST|DEFAULT_TIMEOUT|RETRIES)"
    r"|UV_(INDEX_URL|DEFAULT_INDEX|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|HTTP_TIMEOUT|INSECURE_HOST|SYSTEM_CERTS)"
    r"|PIP_(DISABLE_PIP_VERSION_CHECK|NO_INPUT|NO_CACHE_DIR|CACHE_DIR|PROGRESS_BAR|ROOT_USER_ACTION)"
    r"|PYTHON(UNBUFFERED|DONTWRITEBYTECODE|IOENCODING|UTF8|HASHSEED|FAULTHANDLER|NOUSERSITE|SAFEPATH)"
)
#: What GitLab's runner sets in every job. The API is compared with the token's issuer, the token is verified, and git
#: does not read the others.
SET_BY_GITLAB: Final = frozenset({
    "CI_API_V4_URL", "CI_SERVER_URL", "SIGSTORE_ID_TOKEN", "GIT_DEPTH", "GIT_STRATEGY", "GIT_CHECKOUT",
    "GIT_CLEAN_FLAGS", "GIT_FETCH_EXTRA_FLAGS", "GIT_LFS_SKIP_SMUDGE", "GIT_SUBMODULE_STRATEGY",
    "GIT_SUBMODULE_DEPTH", "GIT_TERMINAL_PROMPT",
})  # fmt: skip


def steers(name: str, allowed: Collection[str]) -> bool:
    """Return whether a gate refuses a variable.

    Args:
        name: Of the variable.
        allowed: What it takes all the same, in capitals: its inputs, its tokens.
    """
    upper = name.upper()
    if upper in allowed:
        return False
    influences = _INFLUENCE.fullmatch(upper) is not None and _HARMLESS.fullmatch(upper) is None
    return influences or upper.startswith(_PREFIX)
