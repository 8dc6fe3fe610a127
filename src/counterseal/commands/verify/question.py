"""What a consumer asks about every file, as it was typed → what is verified."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import digests
from counterseal.formats import pin as pins
from counterseal.model import OwnGate
from counterseal.verification import Asked

if TYPE_CHECKING:
    from counterseal.model import Trust


@dataclass(frozen=True, slots=True)
class OwnGateNamed:
    """An own gate as a consumer names it: the SAN of its certificates and their OIDC issuer."""

    identity: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about every file; `repository` is `host/owner/name`.

    `pins` are what is known of projects (None: of no matter here), `current` asks for what the stage has now.
    """

    stage: str
    repository: str
    repository_id: int | None = None
    revisions: tuple[str, ...] | None = None
    own_gate: OwnGateNamed | None = None
    ledger: str | None = None
    current: bool = False
    pins: tuple[pins.Pin, ...] = ()


def read(question: Question, trust: Trust) -> Asked:
    """Return the question with host and name of the repository, the own gate that was named, and what is pinned.

    Raises:
        UsageError: `repository` is not `host/owner/name`, a revision is none, or the own gate that is named cannot be
            that repository's, or none is named where there is no other (GitLab); or the pin says otherwise.
    """
    host, name = _place(question.repository, trust)
    pin = pins.find(question.pins, host, name)
    asked = with_pin(question, pin) if pin else question
    for revision in asked.revisions or ():
        if not digests.is_revision(revision):
            raise UsageError(
                f"--gate-revision {revision[:80]!r} is not a full commit id",
                why="a gate is identified by all 40 hex digits of its commit",
                fix="copy it from where the project names it, or from counterseal's releases",
            )
    if asked.own_gate is None and forges.kind_of(host) is ForgeKind.GITLAB:
        raise UsageError(
            "no --gate-identity",
            why="on GitLab the gate is the project's own, which no list of released gates can know",
            fix="name the gate that the project names, for example --gate-identity "
            f"{forges.definition(host, name, '.gitlab-ci.yml')}@refs/heads/main --gate-issuer {trust.issuers[host]}",
        )
    own = _own_gate(asked.own_gate, host, name, trust) if asked.own_gate else None
    max_age = pin.max_age if pin else pins.MAX_AGE if question.current else None
    return Asked(
        asked.stage,
        host,
        name,
        asked.repository_id,
        asked.revisions,
        own,
        asked.ledger,
        least=pin.sequence if pin else None,
        max_age=max_age,
        current=question.current,
    )


def with_pin(question: Question, pin: pins.Pin) -> Question:
    """Return the question with what a pin knows; both hold, so they must not contradict each other.

    Raises:
        UsageError: They do.
    """
    gate = pin.gate
    own = OwnGateNamed(gate.identity, gate.issuer) if gate.identity else None
    known = (
        ("--repository-id", "repository_id", pin.repository_id),
        ("--ledger", "ledger", pin.ledger),
        ("--gate-revision", "revisions", gate.revisions),
        ("--gate-identity and --gate-issuer", "own_gate", own),
    )
    for option, member, pinned in known:
        said = getattr(question, member)
        if said is not None and said != pinned:
            raise UsageError(
                f"{option} is not what {pin.name} is pinned to",
                why=f"the pin says {_shown(pinned)}",
                fix="leave it out; if the project changed it, remove the pin from its file, and pin it again",
            )
    return dataclasses.replace(
        question, repository_id=pin.repository_id, ledger=pin.ledger, revisions=gate.revisions, own_gate=own
    )


def _shown(pinned: object) -> str:
    if isinstance(pinned, OwnGateNamed):
        return f"{pinned.identity} of {pinned.issuer}"
    return ", ".join(pinned) if isinstance(pinned, tuple) else "none" if pinned is None else str(pinned)


def _place(repository: str, trust: Trust) -> tuple[str, str]:
    """Return host and name of a repository.

    Raises:
        UsageError: It is not `host/owner/name`, or of a forge that nobody knows.
    """
    host, _, name = repository.removeprefix("https://").partition("/")
    if name.count("/") < 1 or host not in trust.issuers:
        raise UsageError(
            f"--repository {repository!r} is not of the form HOST/OWNER/NAME",
            why=f"known hosts are {', '.join(sorted(trust.issuers))}",
            fix="write it like github.com/acme/app",
        )
    return host, name.rstrip("/").removesuffix(".git")


def _own_gate(named: OwnGateNamed, host: str, name: str, trust: Trust) -> OwnGate:
    """Return the own gate that a consumer names; it has to be the repository's, and its issuer the host's."""
    prefix = forges.definition(host, name, "")
    file, at, ref = named.identity.removeprefix(prefix).partition("@")
    if not named.identity.startswith(prefix) or not at or not file or not ref.startswith("refs/heads/"):
        raise UsageError(
            f"--gate-identity {named.identity!r} is not a gate of {host}/{name}",
            why="an own gate is one file at one branch of the repository itself",
            fix=f"write it like {prefix}.gitlab-ci.yml@refs/heads/main",
        )
    if named.issuer != trust.issuers[host]:
        raise UsageError(
            f"--gate-issuer {named.issuer!r} is not the issuer of {host}" if named.issuer else "no --gate-issuer",
            why="an identity counts only together with its issuer",
            fix=f"--gate-issuer {trust.issuers[host]}",
        )
    return OwnGate(None, file, ref)
