"""`policy`: checks a policy file before it is merged, and makes ids for ledgers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import plain_file, policy
from counterseal.commands import policy_people
from counterseal.errors import CountersealError, PolicyError, UsageError
from counterseal.evaluation import rules
from counterseal.gate import opening
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Policy, Repository
from counterseal.project import people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.ports import Forge

#: More than a policy may have: its own reader says so with the place.
MAX_READ: Final = 64 << 20
_RANDOM_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """A usable policy file, the rules that always apply, what its ledger's id was compared with, what looks wrong."""

    path: Path
    policy: Policy
    always: tuple[str, ...]
    compared: str
    warnings: tuple[str, ...] = ()


def check(path: Path, *, here: Callable[[], tuple[str, str]], forge: Callable[[], Forge]) -> PolicyCheck:
    """Return what a policy file says.

    Args:
        path: The file.
        here: Gives host and name of the repository that this is about, or raises a UsageError.
        forge: Gives the forge that knows its number.

    Raises:
        UsageError: There is no such file.
        PolicyError: It is not usable, its ledger's id is another repository's, or somebody has the wrong number.
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
    policy_people.check_names(loaded)
    compared, unknown = _compared(loaded, here, forge)
    warnings = (*people.shortages(loaded), *_missing_files(loaded, path), *unknown)
    return PolicyCheck(path, loaded, always, compared, warnings)


def _missing_files(loaded: Policy, path: Path) -> Iterator[str]:
    """Yield which files that the policy names are not in the checkout that it lies in."""
    whole = path.resolve()
    if not whole.as_posix().endswith(f"/{POLICY_PATH}"):
        return
    top, own = whole.parent.parent, loaded.gate.own
    for what, file in (("builder", loaded.builder.workflow), ("gate", own.file if own else None)):
        if file is not None and not (top / file).is_file():
            yield f"the {what}'s file {file} is not in this checkout, so nothing that runs can be it"


def _compared(
    loaded: Policy, here: Callable[[], tuple[str, str]], forge: Callable[[], Forge]
) -> tuple[str, tuple[str, ...]]:
    """Return what the ledger's id was compared with, and which people could not be compared.

    Raises:
        PolicyError: It is the example of our pages, or another repository's; or somebody has the wrong number.
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
        return f"not compared with a repository: {error.what}", ()
    opening.check_ledger_id(loaded, Repository(host, int(loaded.ledger_id.split("/")[1]), name))
    try:
        asked = forge()
        home = asked.repository()
    except CountersealError as error:
        return f"not compared with the number of {name}: {error.what}", ()
    opening.check_ledger_id(loaded, home)
    return f"of {home.name}", tuple(policy_people.check_accounts(loaded, home.host, asked))


def new_ledger_id(repository: str, random: Callable[[int], bytes]) -> str:
    """Return a fresh ledger id for a repository, given as `HOST/REPOSITORY-ID`.

    Raises:
        UsageError: It is not given so.
    """
    host, _, number = repository.partition("/")
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise UsageError(
            f"{repository!r} is no HOST/REPOSITORY-ID",
            why="names can change hands, so a ledger belongs to the repository's number",
            fix="write it like github.com/777; `gh api repos/OWNER/NAME --jq .id` prints it",
        )
    return policy.new_ledger_id(host, int(number), random(_RANDOM_BYTES))
