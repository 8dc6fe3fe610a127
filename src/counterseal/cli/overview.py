"""What `counterseal --help` shows, and what is said of a verb that is none. It knows the command table alone."""

from __future__ import annotations

from counterseal.cli.table import COMMANDS
from counterseal.errors import UsageError

HELP = ("-h", "--help", "help")
VERSION = ("--version",)
_HEAD = """\
usage: counterseal VERB [OPTIONS]; counterseal help VERB
A release gate: it decides whether a build may enter a stage, and records it.

verbs:
"""
_TAIL = """
options: -h, --help   show this page; each verb has its own
         --version    show the version

examples:
  counterseal demo
  counterseal request --stage production --reason "fixes the parser, see #16"
  counterseal verify FILE --stage production --repository github.com/OWNER/NAME

Exit codes: 0 allowed, 1 undecided, 2 usage, 10 denied, 11 not verified, 12 held
"""


def text() -> str:
    """Return the page."""
    width = max(map(len, COMMANDS))
    return _HEAD + "".join(f"  {verb:<{width}}  {words}\n" for verb, (_, words) in COMMANDS.items()) + _TAIL


def unknown(word: str) -> UsageError:
    """Return the error for a first word that is neither a verb nor an option of the program."""
    kind, known = ("option", [*HELP, *VERSION]) if word.startswith("-") else ("verb", [*COMMANDS, "help"])
    why = "options of a verb stand after it" if kind == "option" else f"the verbs are {', '.join(COMMANDS)}"
    return UsageError(f"no {kind} {word!r}", why=why, fix=near_miss(word, known) or "counterseal --help shows all")


def near_miss(word: str, known: list[str]) -> str:
    """Return a question about the known word that was probably meant, or nothing."""
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    bare = word.strip("-")  # dashes are in every option, and would make all of them alike
    by_bare = {name.strip("-"): name for name in known}
    begun = [name for name in by_bare if len(bare) > 1 and name.startswith(bare)]
    near = begun or difflib.get_close_matches(bare, by_bare, n=1, cutoff=0.7)
    return f"did you mean {by_bare[near[0]]}?" if near else ""
