"""`policy`: checks a policy file before it is merged, and makes ids for ledgers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import plain_file, policy
from counterseal.errors import CountersealError, PolicyError, UsageError
from counterseal.evaluation import rules
from counterseal.gate import opening
from counterseal.model import Policy, Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.ports import Forge

#: More than a policy may have: its own reader says so with the place.
MAX_READ: Final = 64 << 20
_RANDOM_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """A usable policy file, the rules that always apply, and with whom its ledger's id was compared."""

    path: Path
    policy: Policy
    always: tuple[str, ...]
    compared: str


def check(path: Path, *, here: Callable[[], tuple[str, str]], forge: Callable[[], Forge]) -> PolicyCheck:
    """Return what a policy file says.

    Args:
        path: The file.
        here: Gives host and name of the repository that this is about, or raises a UsageError.
        forge: Gives the forge that knows its number.

    Raises:
        UsageError: There is no such file.
        PolicyError: It is not usable, or its ledger's id is another repository's.
    """
    if not path.is_file():
        raise UsageError(
            f"no policy {path}",
            why="without a policy nothing is allowed",
            fix="see docs/policy-reference.md; for a ledger id: counterseal policy check --new-ledger-id github.com/ID",
        )
    content = plain_file.read(path.resolve(), max_bytes=MAX_READ)
    loaded = policy.load(content, rules=rules.RULES, name=path.name)
    always = tuple(name for name, spec in rules.RULES.items() if spec.always)
    return PolicyCheck(path, loaded, always, _compared(loaded, here, forge))


def _compared(loaded: Policy, here: Callable[[], tuple[str, str]], forge: Callable[[], Forge]) -> str:
    """Return what the ledger's id was compared with.

    Raises:
        PolicyError: It is the example of our pages, or another repository's.
    """
    if loaded.ledger_id.endswith(f"/{policy.EXAMPLE_RANDOM}"):
        raise PolicyError(
            f"ledger.id {loaded.ledger_id} is the example of counterseal's pages",
            why="a ledger has an id of its own",
            fix="counterseal policy check --new-ledger-id HOST/REPOSITORY-ID prints one",
        )
    try:
        host, name = here()
    except UsageError as error:
        return f"not compared with a repository: {error.what}"
    opening.check_ledger_id(loaded, Repository(host, int(loaded.ledger_id.split("/")[1]), name))
    try:
        home = forge().repository()
    except CountersealError as error:
        return f"not compared with the number of {name}: {error.what}"
    opening.check_ledger_id(loaded, home)
    return f"of {home.name}"


def new_ledger_id(repository: str, random: Callable[[int], bytes]) -> str:
    """Return a fresh ledger id for a repository, given as `HOST/REPOSITORY-ID`.

    Raises:
        UsageError: It is not given so.
    """
    host, _, number = repository.partition("/")
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise UsageError(f"{repository!r} is no HOST/REPOSITORY-ID", fix="write it like github.com/777")
    return policy.new_ledger_id(host, int(number), random(_RANDOM_BYTES))
