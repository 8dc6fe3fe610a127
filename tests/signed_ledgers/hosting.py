"""A sandbox that has a made ledger at its forge, as if its gate had written it there: a gate can go on from it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.evidence_samples import ALICE, BOB, CAROL, DORA, FRANK, REPOSITORY
from tests.signed_ledgers.authority import OWNER

from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.demo.site import GitHubSite
from counterseal_sandbox.keys import Keys
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.signed_ledgers.making import SignedLedger


class Hosted:
    """The sandbox with the ledger, and what runs there."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._site = GitHubSite(SandboxClient(sandbox.url), REPOSITORY.name)

    @property
    def git(self) -> Path:
        """Return the bare repository of the forge."""
        return self.sandbox.forge.repository(REPOSITORY.name).git.path

    def gate_run(self) -> Mapping[str, str]:
        """Return the environment of a run of the gate at the tip of the branch."""
        return self._site.gate_run(FRANK.login)


@contextlib.contextmanager
def hosted(made: SignedLedger, state: Path) -> Iterator[Hosted]:
    """Give the sandbox, at the port that the ledger's certificates name.

    Raises:
        OSError: Something else has this port.
    """
    with Sandbox(state, port=made.parameters.port, keys=Keys.load(made.keys)) as sandbox:
        forge, people = sandbox.forge, (ALICE, BOB, CAROL, DORA, FRANK)
        for who in people:
            forge.create_account(who.login, number=who.id)
        forge.create_account(REPOSITORY.name.partition("/")[0], "Organization", OWNER)
        roles = {who.login: "maintain" for who in people}
        repository = forge.create_repository(REPOSITORY.name, number=REPOSITORY.id, collaborators=roles)
        made.lend(repository.git.path)
        yield Hosted(sandbox)
