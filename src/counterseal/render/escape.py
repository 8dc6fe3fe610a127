"""Text from outsiders made harmless for the place where it is shown (R28): terminal, workflow command, Markdown."""

from __future__ import annotations

import json
import re
from typing import Final

from counterseal.formats import visible

plain = visible.plain
_MARKDOWN: Final = {
    **{char: f"\\{char}" for char in "\\`*_{}[]<>()+!|~&:"},
    # GitHub looks for mentions and references in the text that the markup gives, where a backslash is gone.
    **{char: f"\\{char}&#8203;" for char in "@#"},
}
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._~%/?=&+-]*")
_WWW: Final = re.compile(r"(www)\.", re.IGNORECASE)


def json_text(document: str) -> str:
    """Return a JSON document that means the same, without characters or workflow commands that act where it is shown.

    Line breaks stay: within JSON strings there are none.
    """
    shown = (json.dumps(char)[1:-1] if char != "\n" and visible.hidden(char) else char for char in document)
    return "".join(shown).replace("##[", "#\\u0023[")


def lines(text: str) -> str:
    """Return `text` with its line breaks kept and every line made plain."""
    return "\n".join(plain(line, 2000) for line in text.split("\n"))


def job_log(text: str) -> str:
    """Return `text` so that GitLab's job log shows it: no colour, no section, nothing that goes back over a line.

    Line breaks stay. A section marker needs a carriage return and an escape character, as colours do.
    """
    return "".join(char if char == "\n" else visible.character(char) for char in text)


def workflow_command(text: str) -> str:
    """Return `text` for the message of a GitHub workflow command (`::error::…`), line breaks encoded."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """Return `text` for a property of a GitHub workflow command (`title=…`)."""
    return workflow_command(text).replace(":", "%3A").replace(",", "%2C")


def markdown(text: str, limit: int = visible.MAX_SHOWN) -> str:
    """Return `text` for a line of Markdown: no markup, no HTML, no link, no mention of anybody."""
    escaped = "".join(_MARKDOWN.get(char, char) for char in plain(text, limit).strip())
    return _WWW.sub(r"\1\.", escaped)


def inert(text: str) -> str:
    """Return foreign text as a quotation in Markdown that nobody is told of, that closes nothing and loads nothing.

    Everything but letters, digits, blanks, commas and full stops is a character reference in hexadecimal, in an element
    in which forges look for no mentions and references. So it is inert where it is shown, and also where a forge
    searches the text as it was written: GitLab for quick actions and for issues to close, and both where a merge takes
    a description over into its commit message.
    """
    shown = (coded for coded in (_coded(plain(line, 2000)) for line in text.strip().split("\n")) if coded)
    return f"> <code>{'<br>'.join(shown)}</code>"


def word(text: str, limit: int = visible.MAX_SHOWN) -> str:
    """Return foreign text for a line of Markdown that is searched as it was written, as `inert` does it for lines."""
    return f"<code>{_coded(plain(text, limit))}</code>"


def link(words: str, url: str) -> str:
    """Return a link in Markdown; the words alone if the address has anything that could end it or name somebody.

    Args:
        words: In Markdown.
        url: Where it leads.
    """
    return f"[{words}]({url})" if _ADDRESS.fullmatch(url) else words


def _coded(line: str) -> str:
    return "".join(char if char.isalnum() or char in " ,." else f"&#x{ord(char):x};" for char in line)


def verbatim(body: str) -> str:
    """Return lines of text as a block of code in Markdown that nothing in them can end."""
    longest = max((len(ticks) for ticks in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{body}\n{fence}\n"
