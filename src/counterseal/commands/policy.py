"""`policy`: checks a policy file before it is merged, and makes ids for ledgers."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import forges, plain_file, policy
from counterseal.commands import policy_files, policy_people
from counterseal.errors import CountersealError, PolicyError, UsageError
from counterseal.evaluation import rules
from counterseal.forges import ForgeKind
from counterseal.formats import names
from counterseal.gate import opening
from counterseal.identifiers import POLICY_PATH, page
from counterseal.model import Policy, Repository
from counterseal.project import people

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.ports import Clone, Forge

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


def check(
    path: Path, *, here: Callable[[], tuple[str, str]], forge: Callable[[], Forge], clone: Callable[[Path], Clone]
) -> PolicyCheck:
    """Return what a policy file says.

    Args:
        path: The file.
        here: Gives host and name of the repository that this is about, or raises a UsageError.
        forge: Gives the forge that knows its number.
        clone: Gives the clone that a folder is in.

    Raises:
        UsageError: There is no such file.
        PolicyError: It is not usable, its ledger's id is another repository's, somebody has the wrong number, or nobody
            could end a hold and the policy does not say for how long that is.
    """
    if not path.is_file():
        raise UsageError(
            f"no policy {path}",
            why="without a policy nothing is allowed",
            fix=f"write one: {page('policy-reference.md')}\n"
            "an id for its ledger: counterseal policy check --new-ledger-id github.com/REPOSITORY-NUMBER",
        )
    content = plain_file.read(path.resolve(), max_bytes=MAX_READ)
    loaded = policy.load(content, rules=rules.RULES, name=path.name)
    always = tuple(name for name, spec in rules.RULES.items() if spec.always)
    policy_people.check_names(loaded)
    compared, unknown = _compared(loaded, here, forge)
    few = policy_people.check_end_of_holds(loaded, people.listed(loaded))
    warnings = (
        *people.shortages(loaded),
        *([few] if few else []),
        *policy_files.warnings(loaded, path, clone),
        *unknown,
    )
    return PolicyCheck(path, loaded, always, compared, warnings)


def here(folder: Path) -> Policy | None:
    """Return the policy of a checkout, or None if nobody can tell: it is for what a gate does not depend on."""
    with contextlib.suppress(CountersealError, OSError):
        content = plain_file.read((folder / POLICY_PATH).resolve(), max_bytes=MAX_READ)
        return policy.load(content, rules=rules.RULES)
    return None


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
            why="each ledger has its own id",
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
    unknown = policy_people.check_accounts(loaded, home.host, asked)
    return f"of {home.name}", (*unknown, *policy_people.check_starters(loaded, home.host, asked))


def _number_command(host: str, name: str) -> str:
    """Return the command that prints the number of a repository."""
    if forges.kind_of(host) is ForgeKind.GITLAB:
        project = name.replace("/", "%2F") if names.GITLAB_PROJECT.fits(name) else "GROUP%2FPROJECT"
        return f"glab api projects/{project} | jq .id"
    return f"gh api repos/{name if names.GITHUB_REPOSITORY.fits(name) else 'OWNER/NAME'} --jq .id"


def new_ledger_id(repository: str, random: Callable[[int], bytes]) -> str:
    """Return a fresh ledger id for a repository, given as `HOST/REPOSITORY-ID`.

    Raises:
        UsageError: It is not given so.
    """
    host, _, number = repository.partition("/")
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise UsageError(
            f"{repository!r} is not HOST/REPOSITORY-ID",
            why="names can change hands, so a ledger belongs to the repository's number",
            fix=f"write it like {host or 'github.com'}/777; {_number_command(host, number)} prints the number",
        )
    return policy.new_ledger_id(host, int(number), random(_RANDOM_BYTES))
