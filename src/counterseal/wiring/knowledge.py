"""Where a consumer's knowledge comes from: a ledger's state in a file, a clone, at an address, at the forge; pins."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import forges, plain_file
from counterseal.errors import CountersealError, ServiceError, UsageError
from counterseal.formats import pin as pins
from counterseal.formats import yaml
from counterseal.history import state as states
from counterseal.identifiers import LEDGER_BRANCH, PINS_PATH
from counterseal.ledger import MAX_LINE, keys
from counterseal.verification import Told

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.commands.verify import Question, VerifyPorts
    from counterseal.model import Trust
    from counterseal.verification import Asked
    from counterseal.wiring.ports import Wiring
    from counterseal.wiring.surroundings import Surroundings

#: The word for: fetch it now from the ledger's branch of the repository that is asked about.
NEWEST: Final = "newest"
_MAX_NOTE: Final = MAX_LINE + states.MAX_BYTES + 2


def tell(value: str, asked: Asked, trust: Trust, surroundings: Surroundings, work: Path) -> Told:
    """Return what `--state` names.

    Args:
        value: A file, a clone, an address of https, or `newest`.
        asked: The question, which names the repository.
        trust: Says by its issuers which forge it is: the real one, or a sandbox.
        surroundings: May have a token for the forge.
        work: A folder of our own.

    Raises:
        UsageError: It names nothing.
        ServiceError: It did not come.
    """
    if value == NEWEST:
        return _fetched(asked, trust, surroundings, work)
    if "://" in value:
        return Told(_from_address(value, sandbox=trust.sandbox), fetched=True)
    path = Path(os.path.realpath(value))
    if path.is_dir():
        return _from_clone(path)
    if not path.exists():
        raise UsageError(
            f"no state {value!r}",
            why="it is neither a file nor a clone, and nothing is fetched unless it is asked for",
            fix=f"--state {NEWEST} fetches it from the ledger's branch now; without counterseal:\n"
            f"curl --fail --location --output state {address(asked)}",
        )
    return Told(plain_file.read(path, max_bytes=_MAX_NOTE))


def address(asked: Asked) -> str:
    """Return where anybody reads the state of a public repository's ledger over https."""
    return forges.raw_page(asked.host, asked.repository, LEDGER_BRANCH, keys.path(keys.STATE))


def _from_address(url: str, *, sandbox: bool) -> bytes:
    from counterseal.adapters.http.client import get_bytes

    if not url.startswith("https://") and not (sandbox and url.startswith("http://127.0.0.1:")):
        raise UsageError(f"--state {url!r} is not https", why="what is read has to come whole", fix="use https")
    return get_bytes(url, max_bytes=_MAX_NOTE)


def _from_clone(folder: Path) -> Told:
    from counterseal.adapters.git.ledger_clone import LocalLedger
    from counterseal.verification import telling

    clone = LocalLedger(folder)
    clone.check()
    return telling.of_ledger(clone, fetched=False)


def _fetched(asked: Asked, trust: Trust, surroundings: Surroundings, work: Path) -> Told:
    """Return the state at the forge: as anybody reads it, or, where that fails, with the token that there is."""
    from counterseal.adapters.git.ledger import GitLedgerStore
    from counterseal.verification import telling

    place = forges.forge_host(trust.issuers[asked.host])
    url = f"{place.git}/{asked.repository}.git"
    login = surroundings.reading_login(place.kind)
    try:
        return telling.of_ledger(GitLedgerStore(url, work / "anybody.git", token=None), fetched=True)
    except ServiceError as error:
        if login is None:
            raise _not_fetched(error, asked) from error
    user, token = login
    try:
        store = GitLedgerStore(url, work / "with-token.git", token=token, user=user)
        return telling.of_ledger(store, fetched=True)
    except ServiceError as error:
        raise _not_fetched(error, asked) from error


def _not_fetched(error: CountersealError, asked: Asked) -> ServiceError:
    return ServiceError(
        f"the state of the ledger of {asked.host}/{asked.repository} was not fetched",
        why=": ".join(filter(None, (error.what, error.why))),
        fix=error.fix or "run it again; a private repository needs a token that may read it",
    )


# --- pins ------------------------------------------------------------------------------------


def known_pins(named: Path | None) -> tuple[pins.Pin, ...]:
    """Return the consumer's pins: those of the file that is named, else of this clone; none where there is none.

    Raises:
        UsageError: The file cannot be used.
    """
    path = pins_file(named)
    return read_pins(path) if path else ()


def pins_file(named: Path | None) -> Path | None:
    """Return the file of pins: the one that is named, else that of the clone that the working folder is in, or None.

    It is looked for at the top of the clone only, never beside downloaded files.

    Raises:
        UsageError: It belongs to somebody else, who could choose whom to believe.
    """
    if named is not None:
        return named
    top = top_of(Path.cwd())
    if top is None or not os.path.lexists(top / PINS_PATH):
        return None
    for each in (top, (top / PINS_PATH).parent, top / PINS_PATH):
        if each.stat(follow_symlinks=False).st_uid not in {os.geteuid(), 0}:
            raise UsageError(
                f"{each} belongs to somebody else",
                why="its owner could choose whom to believe",
                fix=f"--pin {PINS_PATH}",
            )
    return top / PINS_PATH


def top_of(folder: Path) -> Path | None:
    """Return the top folder of the clone that a folder is in, or None."""
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)


def read_pins(path: Path) -> tuple[pins.Pin, ...]:
    """Return the pins in a file.

    Raises:
        UsageError: It is not there, or not in the form of one.
    """
    if not os.path.lexists(path):
        raise UsageError(f"no {path}", why="a pin was asked for", fix="write it: counterseal pin --pin FILE …")
    return pins.parse(plain_file.read(path, max_bytes=yaml.MAX_BYTES), path.name)


# --- a consumer's question -------------------------------------------------------------------


def consumer(
    options: SimpleNamespace, wiring: Wiring, work: Path, known: tuple[pins.Pin, ...]
) -> tuple[Question, VerifyPorts]:
    """Return what somebody asks by the options of a verb, and what answers it.

    Args:
        options: Those of `parameters.project`, `state` and `trust`; of `verify` also stage and current.
        wiring: Chooses whom to trust.
        work: A folder of our own.
        known: What is pinned.
    """
    from counterseal.commands import verify

    trust, verifier = wiring.consumer(options.trust, sandbox=options.sandbox)
    own = verify.OwnGateNamed(options.gate_identity, options.gate_issuer) if options.gate_identity else None
    question = verify.Question(
        getattr(options, "stage", ""),
        options.repository,
        options.repository_id,
        options.gate_revision or None,
        own,
        options.ledger,
        getattr(options, "current", False),
        known,
    )
    here = wiring.surroundings
    told = partial(tell, options.state, trust=trust, surroundings=here, work=work) if options.state else None
    return question, verify.VerifyPorts(verifier, trust, wiring.clock(), told)


def first_use(options: SimpleNamespace, wiring: Wiring, known: tuple[pins.Pin, ...]) -> tuple[str, ...]:
    """Return the warning for a job that verifies what nobody has pinned."""
    host, _, name = options.repository.removeprefix("https://").partition("/")
    if pins.find(known, host, name.rstrip("/").removesuffix(".git")):
        return ()
    command = f"counterseal pin --repository {options.repository} --state {NEWEST}"
    if not wiring.surroundings.in_ci:
        return ()
    why = "whoever keeps newer entries from this job would not be noticed"
    return (f"{options.repository} is not pinned here: {why}; once, and commit the file that it writes: {command}",)
