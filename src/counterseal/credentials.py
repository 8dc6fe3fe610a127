"""Where credentials stand in a text: in addresses, after names that say so, and by their look.

What is percent-encoded (as an address in a package URL is, several times at times) is read decoded. Every pattern is
bounded, so that the time grows with the text alone. A credential without a name and of no known look is not seen.
Sources: RFC 3986 sections 3.2.1 and 3.4; the services' own words on how their tokens begin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Span = tuple[int, int]

#: How names end whose values are secret.
_ENDS: Final = (
    r"[\w.\[\]$-]{0,64}?(?:token|secret|passw(?:or)?d|passwd|passphrase|pwd|credentials?|jwt|session_?id"
    r"|(?:api|access|account|private|secret|shared|signing|auth|licen[cs]e|sas|service|client)[_-]?key)"
)
#: An assignment: of a query, a form, a shell, a property file; JSON in a text. What follows a colon has to look like no
#: word and no version, because names of packages end so, too.
_ASSIGNED: Final = re.compile(
    rf"(?<![\w.-]){_ENDS}[\"'\]]{{0,2}}\s{{0,8}}"
    r"(?:(?<![=<>!~])=(?!=)\s{0,8}|:\s{0,8}(?=[\"']?[^\s\"']{0,256}(?-i:[\dA-Z!$%^*+=]))(?![\"']?(?:npm:)?[v^~<>=]{0,2}\d+[.-]))"
    r"(?:\"([^\"\n]{1,256})\"|'([^'\n]{1,256})'|[\"']?([^\s\"'&;#<>,)}]{3,}))"
    r"|[?&;](?:[\w-]{0,32}[_.-])?(?:key|pass|pw|auth|sig|signature|sid|code|tok|ticket|otp|psk|hmac|session)=([^\s\"'&;#<>]+)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(rf"(?:.{{0,128}}[^a-z0-9])?{_ENDS}", re.IGNORECASE | re.DOTALL)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Where an authority begins, also in JSON in a text.
_AUTHORITY: Final = r"(?:(?<=://)|(?<=:\\/\\/))"
#: User and password of an address; `git@` is everybody.
_USER: Final = re.compile(rf"{_AUTHORITY}(?!(?:git|hg)@)[^/\\\s?#\"'<>]+(?=@)")
#: The same without a scheme, as in settings of npm.
_PASSWORD: Final = re.compile(r"(?<=//)[^/\s@:?#\"'<>]{1,128}:[^/\s?#\"<>]{1,512}(?=@)")
#: A password with a slash in it, which is none by RFC 3986 but is written.
_ODD_PASSWORD: Final = re.compile(
    rf"{_AUTHORITY}[^/\s@:\"'\[]{{0,128}}:(?!\d{{0,5}}(?:[/?#\s\"']|\Z))[^\s\"@]{{1,256}}(?=@)"
)
#: The beginning of the same, where a message cut the rest.
_CUT_PASSWORD: Final = re.compile(
    rf"{_AUTHORITY}[^/\s@:\"'\[]{{0,128}}:(?!\d{{0,5}}(?:[/?#\s\"')\]]|\Z))[^\s\"'@]{{1,256}}"
)
#: `user:password@host:path`, as of git without a scheme.
_SCP: Final = re.compile(
    r"(?<![\w/:.+-])(?!mailto:)[\w.+-]{1,128}:[^\s/@\"']{3,256}(?=@[\w-]{1,64}(?:\.[\w-]{1,64}){0,8}\.[A-Za-z]{2,24}[:/])"
)
_SAID: Final = re.compile(
    r"(?<!\w)(?:bearer|basic|token)\s{1,4}(?=[^\s\"']{0,256}[\d=])([\w.~+/=-]{8,})"
    r"|authorization[\"']{0,2}\s{0,8}[:=]\s{0,8}[\"']?\w{1,32}\s{1,8}([^\s\"']+)"
    r"|(?<!\w)login\s{1,8}[^\s]{1,128}\s{1,8}password\s{1,8}([^\s]+)"
    r"|(?<![\w-])(?:set-)?cookie[\"']{0,2}\s{0,8}[:=]\s{0,8}[\"']?([^\s\"']+)"
    r"|hooks\.slack\.com/services/([^\s\"']+)|/api/webhooks/(\d+/[\w-]+)",
    re.IGNORECASE,
)
_LOOKS: Final = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY.{0,16384}?(?:-----END [A-Z ]{0,40}-----|\Z)"
    r"|-----BEGIN(?! (?:CERT|PUBLIC|PGP [PSM]|X509|TRUSTED))\S*"
    r"|(?<![A-Za-z0-9])(?:"
    r"gh[a-z]_[A-Za-z0-9]{8,}|github_pat_\w{8,}|gl(?:pat|ptt|dt|rt|rtr|cbt|ft|ffct|soat|imt|agent|oas|wt|sat)-[\w.-]{8,}|GR1348941[\w-]{8,}"
    r"|eyJ[\w-]{8,}\.[\w.-]{8,}|A(?:KIA|SIA|GPA|IDA|ROA)[A-Z0-9]{8,}|xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,}"
    r"|npm_[A-Za-z0-9]{20,}|pypi-AgE[\w-]{8,}|rubygems_[0-9a-f]{16,}|cio[A-Za-z0-9]{32}|oy2[a-z0-9]{40,}|dckr_pat_[\w-]{8,}"
    r"|[rs]k_(?:live|test)_\w{8,}|whsec_\w{8,}|sk-(?:proj|ant|or|svcacct)-[\w-]{8,}|sk-[A-Za-z0-9]{32,}|AIza[\w-]{30,}|ya29\.[\w.-]{8,}|GOCSPX-[\w-]{8,}"
    r"|hf_[A-Za-z0-9]{30,}|SG\.[\w-]{8,}\.[\w-]{8,}|SK[0-9a-f]{32}|key-[0-9a-f]{32}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,}"
    r"|do[opr]_v1_[0-9a-f]{16,}|gls[ac]_\w{16,}|glc_[\w=+/]{16,}|hv[sbr]\.[\w-]{16,}|lin_api_\w{16,}|PMAK-[\w-]{16,}"
    r"|AKCp[A-Za-z0-9]{16,}|cmVmdGtu[\w=]{8,}|AT(?:ATT3|BB|CTT3)[\w=-]{8,}|NRAK-[A-Z0-9]{8,}|sntry[su]_[\w=+/]{8,}"
    r"|pul-[0-9a-f]{32,}|dapi[0-9a-f]{32}|figd_[\w-]{16,}|ntn_\w{16,}|ops_eyJ[\w-]{8,}|AGE-SECRET-KEY-1[A-Z0-9]{16,}"
    r"|\d{8,10}:AA[\w-]{30,})",
    re.DOTALL,
)
#: Patterns that cost much, and words without which they do not fit.
_BY_WORDS: Final = (
    (
        (
            "token",
            "secret",
            "pass",
            "pwd",
            "pw=",
            "credential",
            "jwt",
            "session",
            "key",
            "auth",
            "sig",
            "sid",
            "code",
            "tok=",
            "ticket",
            "otp",
            "psk",
            "hmac",
        ),
        _ASSIGNED,
    ),
    (("bearer", "basic", "token", "authorization", "login", "cookie", "slack", "webhooks"), _SAID),
)
_MAX_ENCODED: Final = 4
_ESCAPE: Final = re.compile(r"%([2-7][0-9A-Fa-f])")


def spans(text: str, *, cut: bool = False) -> list[Span]:
    """Return where credentials stand in a text that is not percent-encoded; they may overlap.

    Args:
        text: Any text.
        cut: It may end in the middle of an address.
    """
    places: list[Span] = []
    if "@" in text:
        for pattern in (_USER, _PASSWORD, _ODD_PASSWORD, _SCP):
            places += (match.span() for match in pattern.finditer(text))
    if cut:
        places += (match.span() for match in _CUT_PASSWORD.finditer(text))
    lower = text.lower()
    for words, pattern in _BY_WORDS:
        if any(word in lower for word in words):
            places += (match.span(match.lastindex or 0) for match in pattern.finditer(text))
    places += (match.span() for match in _LOOKS.finditer(text))
    return places


def users(text: str) -> list[Span]:
    """Return where user and password stand in an address as it is encoded, which decoded may look like a port."""
    return [match.span() for match in _USER.finditer(text)] if "@" in text else []


def apart(places: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Yield places in their order, those that overlap as one."""
    together: tuple[int, int, str] | None = None
    for start, stop, kind in sorted(places, key=lambda place: (place[0], -place[1])):
        if together and start < together[1]:
            together = (together[0], max(stop, together[1]), together[2])
            continue
        if together:
            yield together
        together = (start, stop, kind)
    if together:
        yield together


def is_secret(name: str) -> bool:
    """Return whether the name of a property or variable says that its value is secret."""
    return len(name) <= 256 and bool(_NAME.fullmatch(_CAMEL.sub("_", name)))


def decoded(text: str) -> tuple[str, list[int] | None]:
    """Return a text without percent-encoding of ASCII, and where each of its characters, and the end, stood before.

    The places are None if nothing is encoded.
    """
    if "%" not in text or not _ESCAPE.search(text):
        return text, None
    places = list(range(len(text) + 1))
    for _ in range(_MAX_ENCODED):  # an address in a package URL in an address is encoded again
        if not _ESCAPE.search(text):
            break
        text, starts = _once(text)
        places = [places[start] for start in starts]
    return text, places


def _once(text: str) -> tuple[str, list[int]]:
    parts: list[str] = []
    starts: list[int] = []
    for start, part in _pieces(text):
        parts.append(part)
        starts += range(start, start + len(part))
    return "".join(parts), [*starts, len(text)]


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield the parts of a text between escapes, and the character of each escape, with where they begin."""
    end = 0
    for match in _ESCAPE.finditer(text):
        if match.start() > end:
            yield end, text[end : match.start()]
        yield match.start(), chr(int(match[1], 16))
        end = match.end()
    if end < len(text):
        yield end, text[end:]
