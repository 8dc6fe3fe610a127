"""Chooses the adapters by what the process was started with; imports each only when it is asked for.

In a gate nothing here can be chosen from outside (R35): trust root, forge, API and sandbox follow from
the issuer of the run's OIDC token, policy and identities from the protected branch.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal import forges, plain_file
from counterseal.errors import UsageError
from counterseal.forges import DIALECTS, ForgeKind, forge_host
from counterseal.formats import wire
from counterseal.wiring.surroundings import NAMED, Surroundings, loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.adapters.github.ci import GitHubEnvironment
    from counterseal.adapters.github.forge import GitHubForge
    from counterseal.adapters.gitlab.access import GitLabTokens
    from counterseal.adapters.gitlab.ci import GitLabEnvironment
    from counterseal.adapters.gitlab.forge import GitLabForge
    from counterseal.adapters.sigstore.verifier import SigstoreVerifier
    from counterseal.forges import ForgeHost
    from counterseal.gate import collect, opening
    from counterseal.gate.ledger import LedgerReader
    from counterseal.model import Actor, Run, Trust, TrustMaterial
    from counterseal.ports import (
        AssetStore,
        Clock,
        LedgerSource,
        LedgerStore,
        SbomBuilder,
        Signer,
        SourceRepository,
        SubjectFiles,
    )


class Wiring:
    """Hands out ports, chosen by the surroundings.

    Args:
        environ: The environment; that of the process if None.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self.surroundings = Surroundings(environ)

    # --- ports without a forge ---------------------------------------------------------------

    def clock(self) -> Clock:
        """Return the system's clock."""
        from counterseal.adapters.local.clock import SystemClock

        return SystemClock()

    def files(self) -> SubjectFiles:
        """Return the files of the current folder."""
        from counterseal.adapters.local.files import WorkspaceFiles

        return WorkspaceFiles(Path.cwd())

    def sbom_builder(self, project: Path, **sources: Any) -> SbomBuilder:
        """Return the builder of SBOMs of a project.

        Args:
            project: The folder of the (first) project, whose policy says what is redacted.
            sources: What else `LockSbomBuilder` is told: lock files, documents, whether development counts.
        """
        from counterseal.adapters.sbom.builder import LockSbomBuilder
        from counterseal.wiring.confidential import redaction_of
        from counterseal.wiring.package_places import package_places

        places = package_places(self.surroundings.environ)
        return LockSbomBuilder(places=places, redaction=redaction_of(project), **sources)

    def environment(self, *audience: str) -> GitHubEnvironment | GitLabEnvironment:
        """Return the CI run that we are in, by its token for an audience (Sigstore if none is named)."""
        if self.surroundings.kind is ForgeKind.GITLAB:
            from counterseal.adapters.gitlab.ci import GitLabEnvironment

            return GitLabEnvironment(self.surroundings.environ, *audience)
        from counterseal.adapters.github.ci import GitHubEnvironment

        return GitHubEnvironment(self.surroundings.environ, *audience)

    def program_path(self) -> str:
        """Return a PATH on which our own Python's programs come first."""
        return f"{Path(sys.executable).parent}{os.pathsep}{self.surroundings.environ.get('PATH', os.defpath)}"

    # --- trust -------------------------------------------------------------------------------

    def signer(self, trust_config: Path | None = None) -> Signer:
        """Return a signer with this run's identity: at the public instance, another one, or the run's sandbox."""
        from counterseal.adapters.sigstore.signer import SigstoreSigner

        environment = self.environment()
        if trust_config is None:
            return SigstoreSigner(self._trust_of(environment.run()).trust_config, environment.token)
        return SigstoreSigner(plain_file.read(trust_config.resolve(), max_bytes=wire.MAX_BYTES), environment.token)

    def _trust_of(self, run: Run) -> TrustMaterial:
        from counterseal.adapters.sigstore import trust

        if not run.sandbox:
            return trust.public_trust(offline=False)
        return trust.load_trust(self.fetch_trust(forge_host(run.issuer).origin))

    def fetch_trust(self, origin: str) -> bytes:
        """Return the trust document of the sandbox at an origin."""
        from counterseal.adapters.http.client import get_bytes

        return get_bytes(f"{origin}/trust")

    def consumer(self, document: Path | None, *, sandbox: bool) -> tuple[Trust, SigstoreVerifier]:
        """Return whom a consumer trusts, and the verifier to it.

        Raises:
            UsageError: A sandbox's document without `--sandbox`, or the other way round.
        """
        from counterseal.adapters.sigstore.verifier import SigstoreVerifier

        material = self._consumer_material(document, sandbox=sandbox)
        return material.trust, SigstoreVerifier(material.trusted_root)

    def _consumer_material(self, document: Path | None, *, sandbox: bool) -> TrustMaterial:
        from counterseal.adapters.sigstore import trust

        if document is not None and not document.is_file():
            raise UsageError(f"no trust document {document}", fix="counterseal trust export --format json > FILE")
        material = trust.load_trust(document.read_bytes()) if document else trust.public_trust(offline=True)
        if material.trust.sandbox != sandbox:
            raise UsageError(
                "this is a sandbox's trust document"
                if material.trust.sandbox
                else "this is not a sandbox's trust document",
                why="what a sandbox signed proves nothing, so it is accepted only when it is asked for",
                fix="add --sandbox if you mean a sandbox"
                if material.trust.sandbox
                else "leave out --sandbox, or "
                "give the sandbox's document: counterseal trust export --sandbox-url URL --format json",
            )
        return material

    def trust_document(self, document: Path | None, url: str | None, *, sandbox: bool) -> tuple[dict[str, Any], bytes]:
        """Return the whole trust document, and its trusted root on one line."""
        from counterseal.adapters.sigstore import trust

        if url is not None:
            material = trust.load_trust(self.fetch_trust(loopback(url, "--sandbox-url")))
        else:
            material = self._consumer_material(document, sandbox=sandbox)
        whole = {
            "schema": trust.SCHEMA,
            "sandbox": material.trust.sandbox,
            "issuers": dict(material.trust.issuers),
            "released": list(material.trust.released),
            "withdrawn": [
                {"revision": revision, "until": until and wire.timestamp(until)}
                for revision, until in material.trust.withdrawn.items()
            ],
            "trustConfig": json.loads(material.trust_config),
        }
        return whole, material.trusted_root

    def at_home(self, folder: Path = Path()) -> Wiring:
        """Return wiring that knows which repository it is about: on somebody's own machine, that of the clone.

        Only for what people do; a job is told by its CI, and a gate by its identity.
        """
        here = self.surroundings
        if here.in_github or here.in_gitlab or any(here.environ.get(name) for name in NAMED.values()):
            return self
        from counterseal.adapters.git.ledger_clone import origin

        clone = forges.by_address(origin(folder.resolve()))
        return Wiring({**here.environ, NAMED[clone[0].kind]: clone[1]}) if clone else self

    # --- the forge, for people and for build jobs ----------------------------------------------

    def forge(self) -> GitHubForge | GitLabForge:
        """Return the forge as the holder of the token sees it: a `Forge`, and `ChangeRequests`."""
        return self._forge(self.surroundings.forge_host(), self.surroundings.repository_name())

    def asset_store(self) -> AssetStore:
        """Return the releases as the holder of the token sees them."""
        return self._assets(self.surroundings.forge_host(), self.surroundings.repository_name())

    def _forge(self, place: ForgeHost, name: str) -> GitHubForge | GitLabForge:
        if place.kind is ForgeKind.GITLAB:
            from counterseal.adapters.gitlab.forge import GitLabForge

            return GitLabForge(name, self._gitlab_tokens(), host=place.host, api_url=place.api)
        from counterseal.adapters.github.forge import GitHubForge

        return GitHubForge(name, self.surroundings.token(), host=place.host, api_url=place.api)

    def _assets(self, place: ForgeHost, name: str) -> AssetStore:
        if place.kind is ForgeKind.GITLAB:
            from counterseal.adapters.gitlab.releases import GitLabReleases

            return GitLabReleases(name, self._gitlab_tokens(), host=place.host, api_url=place.api)
        from counterseal.adapters.github.releases import GitHubReleases

        return GitHubReleases(name, self.surroundings.token(), host=place.host, api_url=place.api)

    def _repository(self, place: ForgeHost, name: str, work: Path) -> SourceRepository:
        from counterseal.adapters.git.repository import GitRepository

        user, token = self.surroundings.git_login(place.kind)
        heads = DIALECTS[place.kind].head_ref
        return GitRepository(f"{place.git}/{name}.git", work / "source.git", token=token, head_ref=heads, user=user)

    def _ledger_store(self, place: ForgeHost, name: str, work: Path) -> LedgerStore:
        from counterseal.adapters.git.ledger import GitLedgerStore

        user, token = self.surroundings.git_login(place.kind)
        quiet = ("ci.skip",) if place.kind is ForgeKind.GITLAB else ()  # GitLab would run a pipeline for the branch
        return GitLedgerStore(
            f"{place.git}/{name}.git", work / "ledger.git", token=token, user=user, push_options=quiet
        )

    def _gitlab_tokens(self) -> GitLabTokens:
        from counterseal.adapters.gitlab.access import GitLabTokens

        return GitLabTokens(*self.surroundings.gitlab_tokens())

    def requester(self) -> Actor:
        """Return the person who asks: the actor of this run, or the holder of the token."""
        if self.surroundings.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL") or self.surroundings.in_gitlab:
            from counterseal.adapters.http.oidc import REQUEST_AUDIENCE

            return self.environment(REQUEST_AUDIENCE).run().actor
        return self.forge().current_actor()

    # --- the gate ------------------------------------------------------------------------------

    def gate(self, work: Path, *, emergency: bool = False) -> opening.Gate:
        """Return the gate that this run is, or one for an emergency, with every port chosen by the run's identity."""
        from counterseal.adapters.sigstore.signer import SigstoreSigner
        from counterseal.gate import opening

        environment = self.environment()
        run = environment.run()
        material = self._trust_of(run)
        place, name = forge_host(run.issuer), run.repository.name
        sources = self._sources(work, name, place, material)
        store = self._ledger_store(place, name, work)
        signer = SigstoreSigner(material.trust_config, environment.token)
        return opening.open_gate(sources, store, signer, run, emergency=emergency)

    def _sources(self, work: Path, name: str, place: ForgeHost, material: TrustMaterial) -> collect.Sources:
        from counterseal.adapters.sigstore.verifier import SigstoreVerifier
        from counterseal.gate import collect

        downloads = work / "downloads"
        downloads.mkdir(exist_ok=True)  # of what an earlier look brought: each file there has a name of its own
        return collect.Sources(
            repository=self._repository(place, name, work),
            forge=self._forge(place, name),
            assets=self._assets(place, name),
            verifier=SigstoreVerifier(material.trusted_root),
            clock=self.clock(),
            trust=material.trust,
            work=downloads,
        )

    def preview(self, work: Path) -> tuple[collect.Sources, LedgerStore]:
        """Return what a preview reads; it has no identity, so its trust follows from where the API is."""
        from counterseal.adapters.sigstore import trust

        place, name = self.surroundings.forge_host(), self.surroundings.repository_name()
        sandbox = place.sandbox
        material = trust.load_trust(self.fetch_trust(place.origin)) if sandbox else trust.public_trust(offline=True)
        return self._sources(work, name, place, material), self._ledger_store(place, name, work)

    def local_ledger(
        self, folder: Path, work: Path, document: Path | None, *, sandbox: bool, cached: bool = False
    ) -> tuple[LedgerReader, LedgerSource]:
        """Return how to read the ledger in a clone, and where it lies there; in CI nothing is remembered."""
        from counterseal.wiring import clones

        home = self.surroundings if cached else None
        return clones.ledger(self.consumer(document, sandbox=sandbox), folder, work, home)
