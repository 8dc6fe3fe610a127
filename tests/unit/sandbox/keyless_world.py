"""A keyless sandbox for tests: real services on loopback, keys made once, short ways to sign and verify."""

from __future__ import annotations

import functools
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal.adapters.sigstore.signer import SigstoreSigner
from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.formats import statement
from counterseal.model import Subject
from counterseal_sandbox.http import LoopbackServer
from counterseal_sandbox.keyless import Keyless
from counterseal_sandbox.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHA = "4f2c9e1" + "0" * 33
WORKFLOW = "ACME/app/.github/workflows/release.yml@refs/tags/v1.2.0"
SAN = f"https://github.com/{WORKFLOW}"
DIGEST = "9f3c" + "0" * 58 + "e1"
PAYLOAD = statement.build([Subject("app-1.2.0.tar.gz", DIGEST)], "https://example.org/predicate/v1", {"n": 1})
CLAIMS = {
    "actor": "alice",
    "actor_id": "1001",
    "event_name": "push",
    "job_workflow_ref": WORKFLOW,
    "job_workflow_sha": SHA,
    "ref": "refs/tags/v1.2.0",
    "ref_protected": "true",
    "repository": "ACME/app",
    "repository_id": "777",
    "repository_owner_id": "99",
    "repository_visibility": "public",
    "run_attempt": "2",
    "run_id": "5001",
    "runner_environment": "github-hosted",
    "sha": SHA,
    "workflow": "release",
    "workflow_ref": WORKFLOW,
    "workflow_sha": SHA,
}
GITLAB_CONFIG = "gitlab.com/acme/tools/app//.gitlab-ci.yml@refs/tags/v1.2.0"
GITLAB_CLAIMS: dict[str, str | int] = {
    "sub": "project_path:acme/tools/app:ref_type:tag:ref:v1.2.0",
    "namespace_id": "72",
    "namespace_path": "acme/tools",
    "project_id": "777",
    "project_path": "acme/tools/app",
    "project_visibility": "public",
    "user_id": "1001",
    "user_login": "alice",
    "pipeline_id": "574",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "v1.2.0",
    "ref_type": "tag",
    "ref_path": "refs/tags/v1.2.0",
    "ref_protected": "true",
    "runner_id": 1,
    "runner_environment": "gitlab-hosted",
    "sha": SHA,
    "ci_config_ref_uri": GITLAB_CONFIG,
    "ci_config_sha": SHA,
}

keys = functools.cache(Keys.generate)


@dataclass(frozen=True, slots=True)
class World:
    """A running sandbox."""

    server: LoopbackServer
    keyless: Keyless

    def trust(self) -> dict[str, Any]:
        return self.keyless.trust_document([SHA])

    def config(self) -> bytes:
        return json.dumps(self.trust()["trustConfig"]).encode()

    def root(self) -> dict[str, Any]:
        root: dict[str, Any] = self.trust()["trustConfig"]["trustedRoot"]
        return root

    def token(self, audience: str = "sigstore", *, seconds: int = 300, claims: Mapping[str, str] | None = None) -> str:
        given = {"sub": "repo:ACME/app", "repository_owner": "ACME", **CLAIMS, **(claims or {})}
        return self.keyless.issuer.token(given, audience, seconds=seconds)

    def signer(self, *, seconds: float = 5.0, claims: Mapping[str, str] | None = None) -> SigstoreSigner:
        return SigstoreSigner(self.config(), lambda: self.token(claims=claims), seconds=seconds)

    def verifier(self) -> SigstoreVerifier:
        return SigstoreVerifier(json.dumps(self.root()).encode())


@contextmanager
def serving() -> Iterator[World]:
    server = LoopbackServer()
    world = World(server, Keyless(server, keys()))
    server.start()
    try:
        yield world
    finally:
        server.stop()
