"""Whose signature it is: every check of an identity, in one place, pure over certificates (R29, R30, R34, R40).

A certificate's fields are facts of the forge's CI, signed by the certificate authority; names among them may change
hands, numbers may not. Each function returns None where the identity is accepted, else the reason why not
(`identity_words.py` has the sentences). Cryptography is not judged here: that was `BundleVerifier`'s.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.evaluation.accepted import AcceptedGate, accepted_gate, verifier_id
from counterseal.forges import DIALECTS, Dialect, ForgeKind, kind_of
from counterseal.formats import digests
from counterseal.identifiers import GATE_ID
from counterseal.model import Certificate, OwnGate, Reason
from counterseal.policy import reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from counterseal.model import BuilderIdentity, GateIdentity, Repository, Run, Trust

__all__ = ["AcceptedGate", "accepted_gate", "builder_problem", "claimed", "gate_problem", "run_problem", "verifier_id"]

Check = tuple[bool, Reason]


def claimed(run: Run) -> Certificate:
    """Return what Fulcio will put into the certificate of a run, as the run's token has it."""
    site = f"https://{run.repository.host}"
    return Certificate(
        san=f"{site}/{run.signer_ref}",
        issuer=run.issuer,
        signer_uri=f"{site}/{run.signer_ref}",
        signer_digest=run.signer_digest,
        runner_environment=run.runner_environment,
        source_uri=f"{site}/{run.repository.name}",
        source_revision=run.revision,
        source_ref=run.ref,
        source_id=str(run.repository.id),
        config_uri=f"{site}/{run.config_ref}",
        config_digest=run.config_digest,
        trigger=run.event,
        run_uri=run.url,
    )


def run_problem(
    run: Run, gate: GateIdentity, trust: Trust, default_ref: str, *, emergency: bool = False
) -> Reason | None:
    """Return why a run is not the gate that a policy names for its repository, or None; arguments as below.

    It has signed nothing yet, so a revision that is withdrawn is none, whatever it signed before.
    """
    return gate_problem(
        claimed(run),
        trust=trust,
        host=run.repository.host,
        repository=run.repository,
        default_ref=default_ref,
        accepted=replace(accepted_gate(gate, trust, run.signer_digest), emergency=emergency),
    )


def builder_problem(
    certificate: Certificate, *, issuer: str, repository: Repository, builder: BuilderIdentity
) -> Reason | None:
    """Return why a certificate is not the builder's of a repository, or None.

    The builder is a workflow or pipeline file of the repository itself, run from one of the policy's refs.

    Args:
        certificate: Who signed.
        issuer: The OIDC issuer of the repository's forge.
        repository: The repository, by host and number.
        builder: What the policy says.
    """
    dialect = DIALECTS[kind_of(repository.host)]
    path, _, ref = certificate.san.partition("@")
    if path == GATE_ID:
        return reason("is-the-gate")
    return _first(
        (
            *_platform(certificate, issuer, repository.host, repository),
            (
                path == f"{certificate.source_uri}{dialect.definition}{builder.workflow}",
                reason("other-file", file=path or certificate.san, expected=builder.workflow),
            ),
            (
                certificate.config_uri == certificate.san,
                reason("began-elsewhere", file=certificate.config_uri, expected=certificate.san),
            ),
            (ref == certificate.source_ref, reason("refs-differ", ref=ref, source_ref=certificate.source_ref)),
            (
                any(forges.ref_matches(pattern, ref) for pattern in builder.refs),
                reason("other-ref", ref=ref, accepted=builder.refs),
            ),
            (digests.is_revision(certificate.source_revision), reason("no-revision")),
            (
                certificate.signer_digest == certificate.config_digest == certificate.source_revision,
                reason("file-revision-differs"),
            ),
            *_builder_start(certificate, builder, dialect.hosted),
            _run(certificate, dialect.runs),
        )
    )


def _builder_start(certificate: Certificate, builder: BuilderIdentity, hosted: str) -> Iterable[Check]:
    """Yield what holds of how a build began: whoever starts it by hand, or keeps the runner, steers it (R46)."""
    runners = builder.runners or (hosted,)
    yield (
        certificate.trigger in builder.triggers,
        reason("builder-trigger", trigger=certificate.trigger, accepted=sorted(builder.triggers)),
    )
    yield (
        certificate.runner_environment in runners,
        reason("builder-runner", runner=certificate.runner_environment, accepted=sorted(runners)),
    )
    yield _environment(certificate, builder.environment)


def _environment(certificate: Certificate, expected: str | None) -> Check:
    environment = certificate.environment
    return expected is None or environment == expected, reason(
        "environment", environment=environment, expected=expected
    )


def gate_problem(
    certificate: Certificate,
    *,
    trust: Trust,
    host: str,
    repository: Repository | None,
    default_ref: str,
    accepted: AcceptedGate,
) -> Reason | None:
    """Return why a certificate is not that of the gate deciding for a repository, or None.

    Args:
        certificate: Who signed.
        trust: Issuers and withdrawn revisions.
        host: The forge of the repository.
        repository: The repository by number; None where only its name is known (then the caller compares that).
        default_ref: The protected default branch, a full ref.
        accepted: Whom the policy, or the consumer, accepts.
    """
    issuer = trust.issuers.get(host)
    if issuer is None:
        return reason("issuer-unknown", host=host)
    dialect = DIALECTS[kind_of(host)]
    own = accepted.own
    branch = (
        certificate.source_ref == default_ref,
        reason("gate-ref", ref=certificate.source_ref, expected=default_ref),
    )
    checks = _own_gate(certificate, host, own) if own else _released_gate(certificate, trust, accepted, branch)
    return _first(
        (
            *_platform(certificate, issuer, host, repository),
            *checks,
            branch,
            _trigger(certificate, dialect, emergency=accepted.emergency),
            _run(certificate, dialect.runs),
        )
    )


def _released_gate(certificate: Certificate, trust: Trust, accepted: AcceptedGate, branch: Check) -> Iterable[Check]:
    """Yield what makes a certificate that of counterseal's reusable workflow.

    The SAN alone proves nothing, because a forge finds commits of forks under the parent's name: the
    workflow's digest decides (R29). What a withdrawn revision signed since then is refused whatever else accepts it;
    what it signed before has to be accepted like any other.
    """
    path, _, suffix = certificate.san.partition("@")
    digest = certificate.signer_digest
    yield path == GATE_ID, reason("other-gate", gate=path or certificate.san, expected=GATE_ID)
    yield digests.is_revision(digest), reason("gate-revision-missing")
    until = trust.withdrawn.get(digest or "")
    yield (
        digest not in trust.withdrawn or _before(accepted.signed_at, until),
        reason("gate-withdrawn", revision=digest, until=until, signed=accepted.signed_at),
    )
    yield (
        digest in accepted.revisions or digest == accepted.own_revision,
        reason("gate-revision-unknown", revision=digest),
    )
    yield (
        suffix == digest or suffix.startswith(("refs/tags/", "refs/heads/")),
        reason("gate-revisions-differ", ref=suffix or None, revision=digest),
    )
    yield (
        certificate.runner_environment == DIALECTS[ForgeKind.GITHUB].hosted,
        _gate_runner(certificate, DIALECTS[ForgeKind.GITHUB].hosted),
    )
    yield branch  # before the caller, whose ref has to be the same
    yield (
        _caller(certificate),
        reason("gate-caller", file=certificate.config_uri),
    )


def _before(signed_at: datetime | None, until: datetime | None) -> bool:
    return signed_at is not None and until is not None and signed_at < until


def _own_gate(certificate: Certificate, host: str, own: OwnGate) -> Iterable[Check]:
    """Yield what makes a certificate that of an own gate: one file at one branch of the project itself (R34)."""
    expected = f"{certificate.source_uri}{DIALECTS[kind_of(host)].definition}{own.file}@{own.ref}"
    yield certificate.san == expected, reason("other-gate", gate=certificate.san, expected=expected)
    yield certificate.config_uri == expected, reason("began-elsewhere", file=certificate.config_uri, expected=expected)
    yield (
        own.project is None or certificate.source_id == str(own.project),
        reason("gate-project", project=certificate.source_id, expected=own.project),
    )
    yield certificate.source_ref == own.ref, reason("gate-ref", ref=certificate.source_ref, expected=own.ref)
    yield (
        certificate.runner_environment in forges.HOSTED_RUNNERS,
        _gate_runner(certificate, None),
    )
    yield _environment(certificate, own.environment)
    yield (
        digests.is_revision(certificate.source_revision)
        and certificate.signer_digest == certificate.config_digest == certificate.source_revision,
        reason("gate-file-revision-differs"),
    )


def _platform(certificate: Certificate, issuer: str, host: str, repository: Repository | None) -> Iterable[Check]:
    """Yield what holds for every certificate of a CI run: issuer, forge, repository by number, one signer."""
    source = certificate.source_uri or ""
    number = certificate.source_id or ""
    yield bool(issuer) and certificate.issuer == issuer, reason("issuer", issuer=certificate.issuer, expected=issuer)
    yield (
        certificate.signer_uri == certificate.san,
        reason("signers-differ", signers=[certificate.san, certificate.signer_uri]),
    )
    yield (
        re.fullmatch(rf"https://{re.escape(host)}/{DIALECTS[kind_of(host)].project_path}", source) is not None,
        reason("source", source=source or None, host=host),
    )
    yield number.isascii() and number.isdigit(), reason("repository-number-missing")
    if repository is not None:
        yield (
            (repository.host, str(repository.id)) == (host, number),
            reason("other-repository", number=number, source=source, expected=repository.id, name=repository.name),
        )


def _caller(certificate: Certificate) -> bool:
    path, _, ref = (certificate.config_uri or "").partition("@")
    return path.startswith(f"{certificate.source_uri}/.github/workflows/") and ref == certificate.source_ref


def _trigger(certificate: Certificate, dialect: Dialect, *, emergency: bool) -> Check:
    """Return what may have started a gate; what records a hold or a revocation, somebody has to have started."""
    accepted = dialect.emergency_triggers if emergency else dialect.gate_triggers
    code = "emergency-trigger" if emergency else "gate-trigger"
    return certificate.trigger in accepted, reason(code, trigger=certificate.trigger, accepted=sorted(accepted))


def _run(certificate: Certificate, runs: str) -> Check:
    prefix = f"{certificate.source_uri}{runs}"
    return (certificate.run_uri or "").startswith(prefix), reason("run", run=certificate.run_uri)


def _gate_runner(certificate: Certificate, expected: str | None) -> Reason:
    return reason("gate-runner", runner=certificate.runner_environment, expected=expected)


def _first(checks: Iterable[Check]) -> Reason | None:
    return next((problem for holds, problem in checks if not holds), None)
