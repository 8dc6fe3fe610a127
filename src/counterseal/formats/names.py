r"""How names are written: one grammar a name, for the policy, the formats, the adapters and the JSON Schemas.

An expression stands in the schemas as it is here, between `^` and `$`. So it uses only what Python and ECMAScript read
alike (no `\Z`, no `\d`, no look-behind), and has no choice outside of a group. What a name means, and where it stands,
is said elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Grammar:
    """How something is written: its name in schemas, the expression that all of it matches, and the same in words."""

    name: str
    expression: str
    words: str

    def fits(self, text: object) -> bool:
        """Return whether `text` is written so, from its first character to its last."""
        return isinstance(text, str) and re.fullmatch(self.expression, text) is not None


# --- what a policy names ---------------------------------------------------------------------

_WORD: Final = "[a-z][a-z0-9-]{0,31}"
_WORD_IN_WORDS: Final = "a letter, then letters, digits and dashes, all in lower case, at most 32"
STAGE: Final = Grammar("stage", _WORD, _WORD_IN_WORDS)
GROUP: Final = Grammar("group", _WORD, _WORD_IN_WORDS)
_HOST_NAME: Final = "[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?"
#: The host of an address that may be anybody's; urllib gives that of IPv6 without its brackets.
URL_HOST: Final = Grammar("urlHost", f"(?:{_HOST_NAME}|[0-9a-f:]+)", "a host in lower case, or an address of IPv6")
HOST: Final = Grammar(
    "host", f"{_HOST_NAME}(?::[1-9][0-9]{{0,4}})?", "a host in lower case, with its port if it has one"
)
LEDGER_ID: Final = Grammar(
    "ledgerId", f"{HOST.expression}/[1-9][0-9]{{0,18}}/[0-9a-f]{{32}}", "host/repository id/32 hex digits"
)
LOGIN: Final = Grammar(
    "login",
    r"[A-Za-z0-9_][A-Za-z0-9._-]{0,253}(?:\[bot\])?",
    "letters, digits and . _ -, and [bot] at the end of a bot's",
)
_YAML_FILE: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]*\.ya?ml"
WORKFLOW_FILE: Final = Grammar("workflow", rf"\.github/workflows/{_YAML_FILE}", "a file in .github/workflows")
PIPELINE_FILE: Final = Grammar(
    "pipeline", rf"(?!.*\.\.)(?:[A-Za-z0-9_.-]+/)*\.?{_YAML_FILE}", "a YAML file of the repository"
)
REF_PATTERN: Final = Grammar(
    "refPattern", "refs/(?:heads|tags)/[A-Za-z0-9._/*+-]+", "a full ref; * stands for anything but /"
)
HOURS: Final = Grammar("hours", "(?:[1-9][0-9]?|1[0-5][0-9]|16[0-8])h", "a whole number of hours from 1h to 168h")
BRANCH: Final = Grammar("branch", "refs/heads/[A-Za-z0-9._/+-]+", "one exact branch, as a full ref")

# --- what a forge and git name ---------------------------------------------------------------

GITHUB_REPOSITORY: Final = Grammar("githubRepository", "[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", "owner/name")
_PATH_PART: Final = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
GITLAB_PROJECT: Final = Grammar("gitlabProject", f"{_PATH_PART}(?:/{_PATH_PART}){{1,20}}", "group/project")
REPOSITORY: Final = Grammar(
    "repositoryName", f"(?:{GITHUB_REPOSITORY.expression}|{GITLAB_PROJECT.expression})", "owner/name"
)
_IN_REFS: Final = r"\x00-\x20\x7f~^:?*\[\\"
REF: Final = Grammar(
    "ref",
    rf"(?!.*(?:\.\.|//|@\{{|/\.|\.lock(?:/|$)))refs/[^{_IN_REFS}]{{0,1018}}[^{_IN_REFS}./]",
    "a full ref as git allows it (git-check-ref-format)",
)
#: Plain characters of which none means anything to git, a shell or a URL.
TAG: Final = Grammar(
    "tag",
    r"(?!.*(?:\.\.|//|/\.|\./|\.lock(?:/|$)))[A-Za-z0-9](?:[A-Za-z0-9._+@/-]{0,198}[A-Za-z0-9_+@-])?",
    "letters, digits and . _ + @ / -, as git's refs allow them, at most 200",
)

# --- what we release and ask for -------------------------------------------------------------

#: For a class of an expression: what no forge renames.
FILE_CHARACTERS: Final = "A-Za-z0-9._+-"
MAX_ARTIFACT: Final = 200
#: An artifact, or one of our own files beside it, of which some have longer names than it.
FILE: Final = Grammar(
    "fileName",
    f"[A-Za-z0-9_+](?:[{FILE_CHARACTERS}]{{0,{2 * MAX_ARTIFACT - 2}}}[A-Za-z0-9_+-])?",
    f"letters, digits and . _ + -, no dot at the ends, at most {2 * MAX_ARTIFACT}",
)
ARTIFACT: Final = Grammar(
    "artifactName",
    rf"(?!.*\.\.)[A-Za-z0-9_+](?:[{FILE_CHARACTERS}]{{0,{MAX_ARTIFACT - 2}}}[A-Za-z0-9_+-])?",
    f"letters, digits and . _ + -, no dot at the ends and no two in a row, at most {MAX_ARTIFACT}",
)
REQUEST_ID: Final = Grammar(
    "requestId", "[a-z0-9][a-z0-9-]{0,63}", "letters, digits and dashes in lower case, at most 64"
)
#: For a class: control characters but newline, marks of direction, and separators that hide lines (R28).
UNSEEN: Final = (
    r"\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
)
MAX_REASON: Final = 2000
REASON: Final = Grammar(
    "reason",
    rf"(?=[^{UNSEEN}]*\S)[^{UNSEEN}]{{0,{MAX_REASON}}}",
    f"not empty, at most {MAX_REASON} characters, without control or direction marks",
)

# --- what a build file names -----------------------------------------------------------------

VARIABLE: Final = Grammar(
    "variable", "[A-Za-z_][A-Za-z0-9_]{0,99}", "letters, digits and _, no digit first, at most 100"
)
TOOL: Final = Grammar(
    "tool", "[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", "letters, digits and . _ -, in lower case, at most 64"
)
TOOL_VERSION: Final = Grammar(
    "toolVersion", "[0-9A-Za-z](?:[0-9A-Za-z.+!_-]{0,98}[0-9A-Za-z])?", "a version like 3.12.4, at most 100"
)
_GLOB_PART: Final = r"(?!\.\.?(?:/|$))[A-Za-z0-9._+*?@-]+"
OUTPUT: Final = Grammar(
    "output",
    f"(?:{_GLOB_PART}/){{0,15}}{_GLOB_PART}",
    "a path below the source, with * and ? in its parts, like dist/*.whl",
)

# --- whom a trust document names -------------------------------------------------------------

ISSUER: Final = Grammar("issuer", r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/\S*)?", "an address of https")
SANDBOX_ISSUER: Final = Grammar("sandboxIssuer", r"http://127\.0\.0\.1:[0-9]{1,5}/[a-z]+", "of a sandbox on 127.0.0.1")
