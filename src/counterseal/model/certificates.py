"""What a signature proves: who signed which statement, in what run; and whom a verifier believes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from counterseal.model.artifacts import Subject
from counterseal.model.people import Actor, Repository


@dataclass(frozen=True, slots=True)
class Run:
    """The CI run that this process is part of, as the claims of its OIDC token say.

    `issuer` is the token's issuer URL; `sandbox` is true exactly when that issuer is the
    loopback sandbox. `signer_ref`/`signer_digest` are GitHub's `job_workflow_ref` and
    `job_workflow_sha`, `config_ref`/`config_digest` are `workflow_ref` and `workflow_sha`. `pipeline` is the number of
    the pipeline that a GitLab job is of: a job that is retried is a new one, and its pipeline is the same.
    """

    issuer: str
    sandbox: bool
    repository: Repository
    ref: str
    ref_protected: bool
    revision: str
    event: str
    signer_ref: str
    signer_digest: str
    config_ref: str
    config_digest: str
    runner_environment: str
    run_id: int
    attempt: int
    actor: Actor
    triggering_login: str
    url: str
    visibility: str | None = None
    pipeline: int | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """The identity in a Fulcio certificate: SAN, issuer and the extensions 1.3.6.1.4.1.57264.1.N.

    An absent extension is None. Source: Fulcio docs/oid-info.md.
    """

    san: str
    issuer: str
    signer_uri: str | None = None  # .9
    signer_digest: str | None = None  # .10
    runner_environment: str | None = None  # .11
    source_uri: str | None = None  # .12
    source_revision: str | None = None  # .13
    source_ref: str | None = None  # .14
    source_id: str | None = None  # .15
    owner_uri: str | None = None  # .16
    owner_id: str | None = None  # .17
    config_uri: str | None = None  # .18
    config_digest: str | None = None  # .19
    trigger: str | None = None  # .20
    run_uri: str | None = None  # .21
    visibility: str | None = None  # .22
    environment: str | None = None  # .23


@dataclass(frozen=True, slots=True)
class Statement:
    """An in-toto Statement v1 as parsed; `predicate` is plain JSON data."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attestation:
    """A statement whose signature, certificate chain, time and log entry were verified.

    Whose identity signed it is judged elsewhere (`evaluation/identity.py`): verified does not mean trusted.
    `bundle` is the bundle as received, one JSON document; `digest` the sha256 of `bundle`.
    """

    statement: Statement
    payload: bytes
    certificate: Certificate
    signed_at: datetime
    log_index: int
    bundle: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a verifier believes before any policy speaks (beside the cryptographic root of its `BundleVerifier`).

    `issuers` maps a forge host to the OIDC issuer of its CI; `released` are revisions of counterseal's reusable gate
    workflow, `withdrawn` those of them that are not to sign any more, each with the time before which its signatures
    count (None: none does). `sandbox` trust proves nothing to anybody and every result says so.
    """

    issuers: Mapping[str, str]
    released: tuple[str, ...]
    withdrawn: Mapping[str, datetime | None]
    sandbox: bool


@dataclass(frozen=True, slots=True)
class TrustMaterial:
    """Whom to believe, the TrustedRoot to verify with, and the ClientTrustConfig to sign with (both as JSON)."""

    trust: Trust
    trusted_root: bytes
    trust_config: bytes
