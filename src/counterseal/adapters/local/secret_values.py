"""Free text of a build fit to be published: without credentials of a known look, and without the environment's own.

A build knows its secrets by the names of its variables, so their values are replaced wherever they stand, whatever
they look like.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Final

from counterseal import credentials
from counterseal.policy import Confidentiality

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterseal.model import Redaction

MAX_VALUE: Final = 200
#: More than is shown, because replacing shortens it, and so little that looking for secrets costs nothing.
MAX_READ: Final = 2048
REDACTED: Final = "[redacted]"
#: Shorter values stand everywhere by chance.
_SHORTEST: Final = 6
#: Words of names whose values are secret, beside those that `credentials.is_secret` knows.
_WORDS: Final = frozenset({"auth", "cookie", "cred", "creds", "key", "pass", "pat", "private", "salt", "signature"})
_FOLDERS: Final = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK"})

_IN_SECRETS: Final = string.ascii_letters + string.digits + "_-."
#: Letters of both cases and digits without a blank, or hex digits: a word that nobody would have thought up.
_RANDOM: Final = re.compile(
    r"(?=[^\s]*[A-Z])(?=[^\s]*[a-z])(?=[^\s]*\d)[A-Za-z0-9+/_=-]{20,}|[0-9a-fA-F]{32,}|[A-Z2-7]{24,}"
)


def redact(text: str) -> str:
    """Return free text fit to be published: known forms of secrets replaced, unprintable escaped, cut to 200."""
    # The cut may be in the middle of a secret, whose beginning alone would not be recognised.
    read = text if len(text) <= MAX_READ else text[:MAX_READ].rstrip(_IN_SECRETS)
    without, end = "", 0
    for start, stop, _ in credentials.apart((*span, "") for span in credentials.spans(read, cut=True)):
        without, end = f"{without}{read[end:start]}{REDACTED}", stop
    shown = "".join(
        char if char.isprintable() else f"\\u{ord(char):04x}" for char in f"{without}{read[end:]}"[: 2 * MAX_VALUE]
    )
    return shown[:MAX_VALUE]


class Published:
    """Makes texts of a build fit to be published.

    Args:
        variables: The whole environment of the build, whose secrets must not stand anywhere.
        redaction: What else must not leave, by the policy.
    """

    def __init__(self, variables: Mapping[str, str], redaction: Redaction) -> None:
        self._words = Confidentiality(redaction)
        secrets = {part for name, value in variables.items() if _is_secret(name) for part in _parts(value)}
        longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if secrets else None

    def text(self, text: str) -> str:
        """Return a text without what must not leave, at most 200 characters of it."""
        read = text[: 4 * MAX_READ]
        without = self._secrets.sub(REDACTED, read) if self._secrets else read
        return redact(self._words.text(without, cut=len(read) < len(text)))

    def path(self, path: str) -> str:
        """Return a path without what the policy does not let leave; it is not cut, so that two stay two."""
        return self._words.text(path)

    def value(self, name: str, text: str) -> str:
        """Return what somebody filled in, or gave to a command, under a name.

        Nothing is shown of it if the name says that it is secret, nor of words in it that look as if nobody thought
        them up: nobody promised that they are not.
        """
        if _is_secret(name):
            return REDACTED
        pieces = re.split(r"([\s:,;@='\"]+)", text[: 4 * MAX_READ])
        return self.text("".join(REDACTED if _RANDOM.fullmatch(piece) else piece for piece in pieces))

    def command(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the words of a command, without what stands after an option whose name says that it is secret."""
        shown: list[str] = []
        before = ""
        for word in words:
            option, equals, _ = word.partition("=")
            if equals and _is_secret(option):
                shown.append(f"{self.text(option)}={REDACTED}")
            else:
                shown.append(self.value(before if before.startswith("-") else "", word))
            before = word if not equals else ""
        return tuple(shown)

    def chosen(self, names: Iterable[str], variables: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of an allow-list that are set."""
        return {name: self.text(variables[name]) for name in names if name in variables}


def _is_secret(name: str) -> bool:
    if name in _FOLDERS:
        return False
    return credentials.is_secret(name) or not _WORDS.isdisjoint(re.split(r"[^a-z]+", name.lower()))


def _parts(value: str) -> list[str]:
    """Return a secret, and each line of one that has several: a key is shown in parts, too."""
    lines = [value, *value.split("\n")] if "\n" in value else [value]
    return [line.strip() for line in lines if len(line.strip()) >= _SHORTEST]
