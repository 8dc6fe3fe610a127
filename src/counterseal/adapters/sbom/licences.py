"""Names of licences in one spelling, and as CycloneDX has them. A text that is no SPDX expression stays a name.

Sources: SPDX 3.0.1, annex "SPDX license expressions"; SPDX license list, with the ids that it deprecates; names and
addresses as they stand in the POMs of Maven Central and in older packages elsewhere.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclonedx.model.license import License

MAX_LICENCE: Final = 200
MAX_PARENTHESES: Final = 16
#: Names by their words (`_words`). Left out is what may mean several licences, as "BSD" and "GPL" do.
_NAMES: Final = {
    words: licence
    for licence, names in {
        "Apache-1.1": "apache 1.1",
        "Apache-2.0": "apache 2 | apache 2.0 | asl 2.0",
        "MIT": "mit | mit mit | expat | mit expat | expat mit",
        "BSD-2-Clause": "bsd 2 clause | 2 clause bsd | simplified bsd | bsd 2 clause simplified",
        "BSD-3-Clause": "bsd 3 clause | 3 clause bsd | new bsd | modified bsd | revised bsd"
        " | bsd 3 clause new or revised | eclipse distribution 1.0 | edl 1.0",
        "BSL-1.0": "boost 1.0",
        "CC0-1.0": "cc0 | cc0 1.0 universal",
        "CDDL-1.0": "cddl 1.0 | common development and distribution 1.0 | common development and distribution cddl 1.0",
        "CDDL-1.1": "cddl 1.1",
        "CPL-1.0": "common public 1.0 | cpl 1.0",
        "EPL-1.0": "eclipse public 1.0 | epl 1.0",
        "EPL-2.0": "eclipse public 2.0 | epl 2.0",
        "ISC": "isc | isc iscl",
        "MPL-1.1": "mozilla public 1.1 | mpl 1.1",
        "MPL-2.0": "mozilla public 2.0 | mpl 2.0 | mozilla public 2.0 mpl 2.0",
        "UPL-1.0": "universal permissive 1.0",
        "Zlib": "zlib",
        "LGPL-2.1-only": "gnu lesser general public 2.1 | lgpl 2.1",
        "LGPL-2.1-or-later": "gnu lesser general public 2.1 or later | lgpl 2.1 or later",
        "LGPL-3.0-only": "gnu lesser general public 3 | gnu lesser general public 3.0 | lgpl 3.0",
        "GPL-2.0-only": "gnu general public 2 | gnu general public 2.0",
        "GPL-3.0-only": "gnu general public 3 | gnu general public 3.0",
        "AGPL-3.0-only": "gnu affero general public 3 | gnu affero general public 3.0",
        "GPL-2.0-only WITH Classpath-exception-2.0": "gpl2 w cpe"
        " | gnu general public 2 with gnu classpath exception | gnu general public 2.0 with classpath exception",
    }.items()
    for words in names.split(" | ")
}
#: Addresses without scheme, `www.` and ending.
_ADDRESSES: Final = {
    "apache.org/licenses/license-2.0": "Apache-2.0",
    "apache.org/licenses/license-1.1": "Apache-1.1",
    "repository.jboss.org/licenses/apache-2.0": "Apache-2.0",
    "opensource.org/licenses/mit-license": "MIT",
    "mit-license.org": "MIT",
    "opensource.org/licenses/bsd-license": "BSD-2-Clause",
    "eclipse.org/legal/epl-v10": "EPL-1.0",
    "eclipse.org/org/documents/epl-v10": "EPL-1.0",
    "eclipse.org/legal/epl-v20": "EPL-2.0",
    "eclipse.org/legal/epl-2.0": "EPL-2.0",
    "eclipse.org/org/documents/epl-2.0": "EPL-2.0",
    "eclipse.org/org/documents/edl-v10": "BSD-3-Clause",
    "mozilla.org/mpl/2.0": "MPL-2.0",
    "mozilla.org/en-us/mpl/2.0": "MPL-2.0",
    "mozilla.org/mpl/mpl-1.1": "MPL-1.1",
    "gnu.org/licenses/old-licenses/lgpl-2.1": "LGPL-2.1-only",
    "gnu.org/licenses/lgpl-2.1": "LGPL-2.1-only",
    "gnu.org/licenses/lgpl-3.0": "LGPL-3.0-only",
    "gnu.org/licenses/old-licenses/gpl-2.0": "GPL-2.0-only",
    "gnu.org/licenses/gpl-2.0": "GPL-2.0-only",
    "gnu.org/licenses/gpl-3.0": "GPL-3.0-only",
    "gnu.org/licenses/agpl-3.0": "AGPL-3.0-only",
    "gnu.org/software/classpath/license": "GPL-2.0-only WITH Classpath-exception-2.0",
    "creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
    "unlicense.org": "Unlicense",
    "boost.org/license_1_0": "BSL-1.0",
}
#: Pages that have a licence's SPDX id as their last part.
_PAGES: Final = re.compile(r"(?:opensource\.org/licenses?|spdx\.org/licenses|choosealicense\.com/licenses)/([\w.+-]+)")
_TOKENS: Final = re.compile(r"[()]|[^\s()]+")
_EMPTY_WORDS: Final = frozenset({"the", "license", "licence", "version", "v", "software"})
_GRAMMAR: Final = frozenset({"AND", "OR", "WITH", "(", ")"})
_REFERENCE: Final = re.compile(r"(?:DocumentRef-[\w.-]+:)?LicenseRef-[\w.-]+")


def fits(text: str) -> bool:
    """Return whether a licence is an expression, id or name: not a whole text, nor one nested too deeply to parse."""
    return 0 < len(text) <= MAX_LICENCE and text.isprintable() and text.count("(") <= MAX_PARENTHESES


@lru_cache(maxsize=4096)
def known(text: str) -> str | None:
    """Return a licence as SPDX writes it: an id, also of a well-known name, or an expression; None: it is neither.

    Args:
        text: Something that `fits`.
    """
    from cyclonedx.spdx import fixup_id, is_expression  # noqa: PLC0415 - reads a list of ids

    tokens = _unwrapped(_TOKENS.findall(text))
    whole = " ".join(tokens)
    if name := fixup_id(whole) or _NAMES.get(_words(whole)):
        return name
    words = list(map(_word, tokens))
    # The library knows neither references nor `+` (SPDX, as above), so an id stands for them while it looks.
    plain = [word if word in _GRAMMAR or fixup_id(word) else "MIT" for word in words]
    if "" in words or not is_expression(" ".join(plain)):
        return None
    return " ".join(words).replace("( ", "(").replace(" )", ")")


def _word(token: str) -> str:
    """Return a word of an expression as SPDX writes it; empty if it is none (the library knows aliases, as "GPL")."""
    from cyclonedx.spdx import fixup_id  # noqa: PLC0415 - reads a list of ids

    if token.upper() in _GRAMMAR:
        return token.upper()
    if token.endswith("+") and not fixup_id(token):
        name = fixup_id(token[:-1])
        return f"{name}+" if name else ""
    return fixup_id(token) or (token if _REFERENCE.fullmatch(token) else "")


def by_address(address: str) -> str | None:
    """Return the licence whose text lies at a well-known address."""
    from cyclonedx.spdx import fixup_id  # noqa: PLC0415 - reads a list of ids

    bare = re.sub(r"^https?://(www\.)?", "", address.strip().lower())
    bare = re.sub(r"(\.(txt|html?|php|en\.html))?/?$", "", bare.split("#")[0].split("?")[0])
    if known := _ADDRESSES.get(bare):
        return known
    match = _PAGES.fullmatch(bare)
    return fixup_id(match[1]) if match else None


@lru_cache(maxsize=4096)
def declared(says: tuple[str, ...]) -> tuple[License, ...]:
    """Return what a package declares as CycloneDX has it.

    Args:
        says: One expression, id or name; or several that stand beside each other.
    """
    return tuple(_declared(text, alone=len(says) == 1) for text in says)


def _declared(text: str, *, alone: bool) -> License:
    from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement, LicenseExpression  # noqa: PLC0415
    from cyclonedx.spdx import is_supported_id  # noqa: PLC0415 - reads a list of ids

    declared = LicenseAcknowledgement.DECLARED
    spelled = known(text) if fits(text) else None
    if spelled and is_supported_id(spelled):
        return DisjunctiveLicense(id=spelled, acknowledgement=declared)
    # Beside each other stand licences by id or name; an expression stands alone (CycloneDX 1.6, licenseChoice).
    if spelled and alone:
        return LicenseExpression(spelled, acknowledgement=declared)
    return DisjunctiveLicense(name=spelled or text, acknowledgement=declared)


def _words(name: str) -> str:
    """Return a name in lower case without the marks and words in which spellings of it differ."""
    words = re.sub(r"\bv(?=\d)", "", re.sub(r"[^a-z0-9.+]", " ", name.lower())).split()
    return " ".join(word for word in words if word not in _EMPTY_WORDS)


def _unwrapped(marks: Sequence[str]) -> Sequence[str]:
    """Return an expression without the parentheses around the whole of it."""
    while len(marks) > 2 and marks[0] == "(" and marks[-1] == ")":
        depth = 0
        for mark in marks[:-1]:
            depth += (mark == "(") - (mark == ")")
            if depth == 0:
                return marks
        marks = marks[1:-1]
    return marks
