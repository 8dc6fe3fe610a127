"""Trust documents: who is believed before any policy speaks, and the cryptographic root that goes with it.

Three kinds: our own `counterseal.trust/v1` (a sandbox serves one), a bare ClientTrustConfig of another Sigstore
instance, and the public-good instance, which is the default (docs/formats.md#trust). Reads and checks form; verifies
no signature.
"""

from __future__ import annotations

import json
import logging
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.errors import FormatError, ServiceError
from counterseal.formats import digests, names, wire
from counterseal.model import Trust, TrustMaterial

if TYPE_CHECKING:
    from datetime import datetime

SCHEMA: Final = "counterseal.trust/v1"
CLIENT_TRUST_CONFIG: Final = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
_KEYS: Final = {"schema", "sandbox", "issuers", "released", "withdrawn", "trustConfig"}
_WHAT: Final = "trust document"


def load_trust(document: bytes) -> TrustMaterial:
    """Return what a trust document says.

    Args:
        document: A `counterseal.trust/v1` document, or a ClientTrustConfig (then issuers and released revisions are
            those of the real forges and of this version of counterseal).

    Raises:
        FormatError: It is neither, or it mixes a sandbox with the real world.
    """
    data = wire.load_json(document, _WHAT)
    if isinstance(data, dict) and data.get("mediaType") == CLIENT_TRUST_CONFIG:
        return _material(real_trust(), data)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise FormatError(
            f"{_WHAT}: neither {SCHEMA} nor a ClientTrustConfig",
            fix="take it from the sandbox's /trust, or from the operator of the Sigstore instance",
        )
    if odd := sorted(_KEYS ^ set(data)):
        raise FormatError(f"{_WHAT}: the key {odd[0]!r} is {'unknown' if odd[0] in data else 'missing'}")
    if not isinstance(data["sandbox"], bool):
        raise FormatError(f"{_WHAT}: `sandbox` is not true or false")
    trust = Trust(
        issuers=_issuers(data["issuers"], sandbox=data["sandbox"]),
        released=_revisions(data["released"], "released"),
        withdrawn=_withdrawn(data["withdrawn"]),
        sandbox=data["sandbox"],
    )
    return _material(trust, data["trustConfig"])


def public_trust(*, offline: bool) -> TrustMaterial:
    """Return the trust in Sigstore's public-good instance and in the real forges.

    Args:
        offline: Take the last copy on this machine (at first the one packaged with sigstore) and ask nobody;
            otherwise refresh it through TUF.

    Raises:
        ServiceError: The TUF repository cannot be reached or trusted.
    """
    # A verdict says in our words that the copy may be old.
    logging.getLogger("sigstore").addHandler(logging.NullHandler())
    # 0.5 s to import: only those who use the public instance pay for it.
    from sigstore.errors import Error as SigstoreError  # noqa: PLC0415
    from sigstore.models import ClientTrustConfig  # noqa: PLC0415

    try:
        config = ClientTrustConfig.production(offline=offline)._inner.to_dict()  # noqa: SLF001 - no public way
    except (SigstoreError, OSError, ValueError) as error:
        raise ServiceError(
            "Sigstore's public root of trust cannot be loaded",
            why=f"{error}: {error.__cause__}" if error.__cause__ else str(error),
            fix="check the network; to verify without it, work offline or give --trust-config",
        ) from error
    return _material(real_trust(), config)


def real_trust() -> Trust:
    """Return the trust in the real forges, and which gates this version of counterseal knows as released."""
    text = resources.files("counterseal").joinpath("released.json").read_bytes()
    data = wire.load_json(text, "released.json")
    return Trust(
        issuers={forge.host: forge.issuer for forge in forges.HOSTS},
        released=_revisions(data["released"], "released"),
        withdrawn=_withdrawn(data["withdrawn"]),
        sandbox=False,
    )


def _material(trust: Trust, config: Any) -> TrustMaterial:
    if not isinstance(config, dict) or not isinstance(config.get("trustedRoot"), dict):
        raise FormatError(f"{_WHAT}: it has no trusted root")
    return TrustMaterial(trust, json.dumps(config["trustedRoot"]).encode(), json.dumps(config).encode())


def _issuers(data: Any, *, sandbox: bool) -> dict[str, str]:
    if not isinstance(data, dict) or not data:
        raise FormatError(f"{_WHAT}: `issuers` is not an object of forge host and issuer")
    for host, issuer in data.items():
        if not isinstance(issuer, str) or not names.HOST.fits(host):
            raise FormatError(f"{_WHAT}: the issuer of {host!r} is not a URL")
        if not (names.SANDBOX_ISSUER if sandbox else names.ISSUER).fits(issuer):
            raise FormatError(
                f"{_WHAT}: {issuer!r} cannot be the issuer of {host}",
                why="a sandbox's issuer is http on 127.0.0.1, a real one https",
            )
    return dict(data)


def _revisions(data: Any, name: str) -> tuple[str, ...]:
    if not isinstance(data, list) or not all(digests.is_revision(revision) for revision in data):
        raise FormatError(f"{_WHAT}: `{name}` is not a list of full revisions")
    return tuple(data)


def _withdrawn(data: Any) -> dict[str, datetime | None]:
    """Return the withdrawn revisions, each with the time until which it could sign."""
    if not isinstance(data, list):
        raise FormatError(f"{_WHAT}: `withdrawn` is not a list")
    found: dict[str, datetime | None] = {}
    for item in data:
        if not isinstance(item, dict) or set(item) != {"revision", "until"}:
            raise FormatError(
                f"{_WHAT}: `withdrawn` has something else than revisions with `until`",
                why="what a withdrawn gate signed before `until` counts, and null says that nothing does",
            )
        (revision,), until = _revisions([item["revision"]], "withdrawn"), item["until"]
        if revision in found:
            raise FormatError(f"{_WHAT}: `withdrawn` has {revision} twice")
        found[revision] = None if until is None else wire.parse_timestamp(until, f"{_WHAT}: `until` of {revision[:12]}")
    return found
