"""`manifest.json` and the promotion request: their bytes, and those bytes read back strictly.

What they mean is said in docs/formats.md#manifest and #request. Nothing here reads a file or knows the
time: the same inputs give the same bytes, because the sha256 of a manifest names everything that follows from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.formats import digests, names, subject, wire
from counterseal.identifiers import MANIFEST_FILE, REQUEST_FOLDER
from counterseal.model import DigestSet, Manifest, PromotionRequest, Repository, Subject

SCHEMA: Final = "counterseal.manifest/v1"
REQUEST_SCHEMA: Final = "counterseal.request/v1"
#: The kind of request that this file has; others lie in `promotions/_events/` (`event_request.py`).
PROMOTION: Final = "promotion"

#: How far ahead a request may be valid, from its merge on: what was approved long ago is asked for anew.
MAX_VALID: Final = timedelta(days=90)
MAX_REQUEST_BYTES: Final = 256 << 10


@dataclass(frozen=True, slots=True)
class ListedSubject:
    """An artifact as `manifest.json` lists it."""

    name: str
    digest: DigestSet


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """`manifest.json`: what the artifacts are and what they were made from."""

    schema: str
    repository: Repository
    revision: str
    tag: str
    subjects: tuple[ListedSubject, ...]
    sbom: DigestSet
    input_matrix: DigestSet


def build(manifest: Manifest) -> bytes:
    """Return the canonical bytes (RFC 8785) of a manifest, its subjects in the order of their names.

    Raises:
        UsageError: A subject may not be released so, or the tag is unusual.
        FormatError: A digest or the revision is malformed.
    """
    _check(manifest)
    subjects = tuple(
        ListedSubject(artifact.name, DigestSet(artifact.digest)) for artifact in subject.together(manifest.subjects)
    )
    sbom, matrix = DigestSet(manifest.sbom), DigestSet(manifest.input_matrix)
    document = ManifestFile(SCHEMA, manifest.repository, manifest.revision, manifest.tag, subjects, sbom, matrix)
    return wire.canonical(wire.encode(document))


def _check(manifest: Manifest) -> None:
    for artifact in manifest.subjects:
        subject.make(artifact.name, artifact.digest, size=1)
    for name, digest in (("sbom", manifest.sbom), ("inputMatrix", manifest.input_matrix)):
        if not digests.is_sha256(digest):
            raise FormatError(f"{MANIFEST_FILE}: {name}: {digest!r} is not a sha256")
    if not digests.is_revision(manifest.revision):
        raise FormatError(f"{MANIFEST_FILE}: revision: {manifest.revision!r} is not a full git revision")
    check_tag(manifest.tag)
    repository = manifest.repository
    if not (names.HOST.fits(repository.host) and names.REPOSITORY.fits(repository.name) and repository.id > 0):
        raise FormatError(f"{MANIFEST_FILE}: repository: {repository} is not host, positive id and owner/name")


def check_tag(tag: str) -> None:
    """Return if a tag may name a release: plain characters of which none means anything to git, a shell or a URL.

    Raises:
        UsageError: It has other characters, or is no valid ref (git check-ref-format).
    """
    if not names.TAG.fits(tag):
        raise UsageError(
            f"{tag[:80]!r} cannot be the tag of a release",
            why=f"it has to be {names.TAG.words}",
            fix="tag the revision like v1.2.0",
        )


def parse(data: bytes, what: str = MANIFEST_FILE) -> Manifest:
    """Return the manifest in `data`, which has to be byte for byte what `build` writes.

    Args:
        data: The bytes as received.
        what: Name of the document, for messages.

    Raises:
        FormatError: Anything else.
    """
    document = wire.load_json(data, what)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise FormatError(f"{what}: not a manifest", why=f"`schema` has to be {SCHEMA}")
    file = wire.decode(ManifestFile, document, what)
    subjects = tuple(Subject(artifact.name, artifact.digest.sha256) for artifact in file.subjects)
    manifest = Manifest(file.repository, file.revision, file.tag, subjects, file.sbom.sha256, file.input_matrix.sha256)
    try:
        again = build(manifest)
    except UsageError as error:
        raise FormatError(f"{what}: {error.what}", why=error.why, fix="make it with `counterseal sign`") from error
    if again != data:
        raise FormatError(f"{what}: not the bytes that counterseal writes", fix="do not edit or reformat it")
    return manifest


def request(content: PromotionRequest) -> bytes:
    """Return the canonical bytes (RFC 8785) of a promotion request file.

    Raises:
        UsageError: The stage, the request id or the reason is not usable.
        FormatError: A digest or an asset is malformed.
    """
    _check_request(content)
    return wire.canonical({"schema": REQUEST_SCHEMA, "kind": PROMOTION, **wire.encode(content)})


def parse_request(data: bytes, path: str) -> PromotionRequest:
    """Return the promotion request in `data`, read strictly; it has to say what its path says (R21).

    Args:
        data: The bytes as merged.
        path: `promotions/<stage>/<manifest sha256>.<request id>.json`.

    Raises:
        FormatError: Unknown or missing keys, wrong types, another path, a reason that hides something.
    """
    named = parse_request_path(path)
    document = wire.load_json(data, path, max_bytes=MAX_REQUEST_BYTES, max_depth=8)
    if not isinstance(document, dict) or document.get("schema") != REQUEST_SCHEMA:
        raise FormatError(f"{path}: not a promotion request", why=f"`schema` has to be {REQUEST_SCHEMA}")
    if document.get("kind") != PROMOTION:
        raise FormatError(
            f"{path}: a request of the kind {str(document.get('kind'))[:40]!r}",
            why=f"this version of counterseal knows {PROMOTION!r}",
            fix="make the request with `counterseal request`; if somebody made it with a newer one, upgrade the gate",
        )
    fields = {key: value for key, value in document.items() if key not in ("schema", "kind")}
    content = wire.decode(PromotionRequest, fields, path)
    try:
        _check_request(content)
    except CountersealError as error:
        raise FormatError(f"{path}: {error.what}", why=error.why, fix=error.fix) from error
    if (content.stage, content.manifest, content.request_id) != named:
        raise FormatError(
            f"{path}: the content names another stage, manifest or request",
            why=f"it says {content.stage}, {content.manifest}, {content.request_id}",
            fix="make the request with `counterseal request`",
        )
    return content


def request_path(stage: str, manifest: str, request_id: str) -> str:
    """Return where the request for a stage and a manifest (sha256) stands in the repository.

    Raises:
        UsageError: A part has characters that a path may not have here.
    """
    if not names.STAGE.fits(stage):
        raise UsageError(
            f"{stage[:80]!r} cannot be the name of a stage",
            why=f"it has to be {names.STAGE.words}",
            fix="name a stage of the policy, for example production",
        )
    if not names.REQUEST_ID.fits(request_id):
        raise UsageError(
            f"{request_id[:80]!r} cannot be the id of a request",
            why=f"it has to be {names.REQUEST_ID.words}",
            fix="leave it out: `counterseal request` makes one",
        )
    if not digests.is_sha256(manifest):
        raise UsageError(f"{manifest[:80]!r} is not a sha256 of a manifest", fix="give 64 lower-case hex digits")
    return f"{REQUEST_FOLDER}/{stage}/{manifest}.{request_id}.json"


def parse_request_path(path: str) -> tuple[str, str, str]:
    """Return stage, manifest sha256 and request id that the path of a request names.

    Raises:
        FormatError: It is no path of a request.
    """
    parts = path.split("/")
    name = parts[-1].split(".")
    if len(parts) == 3 and len(name) == 3 and parts[0] == REQUEST_FOLDER and name[2] == "json":
        try:
            request_path(parts[1], name[0], name[1])
        except UsageError as error:
            raise FormatError(f"{path[:200]!r}: {error.what}", why=error.why) from error
        return parts[1], name[0], name[1]
    raise FormatError(
        f"{path[:200]!r} is not a path of a promotion request",
        why=f"it has to be {REQUEST_FOLDER}/<stage>/<sha256 of manifest.json>.<request id>.json",
        fix="make the request with `counterseal request`",
    )


def _check_request(content: PromotionRequest) -> None:
    request_path(content.stage, content.manifest, content.request_id)
    check_tag(content.candidate.tag)
    if not digests.is_sha256(content.policy):
        raise FormatError(f"policy: {content.policy[:80]!r} is not a sha256")
    if content.candidate.release < 1 or content.requested_by.id < 1:
        raise FormatError("ids are positive numbers")
    if not names.HOST.fits(content.requested_by.host) or not names.LOGIN.fits(content.requested_by.login):
        raise FormatError("requestedBy is not host, id and login")
    _check_assets(content)
    check_reason(content.reason)


def _check_assets(content: PromotionRequest) -> None:
    assets = content.candidate.assets
    if not 0 < len(assets) <= 4 * subject.MAX_SUBJECTS:
        raise FormatError(f"{len(assets)} assets in one candidate", why=f"1 to {4 * subject.MAX_SUBJECTS} are taken")
    if len({asset.id for asset in assets}) != len(assets) or len({asset.name for asset in assets}) != len(assets):
        raise FormatError("an asset of the candidate appears twice")
    for asset in assets:
        if asset.id < 1 or not digests.is_sha256(asset.digest) or not subject.is_plain(asset.name):
            raise FormatError(f"{asset.name[:80]!r} is not an asset by id, plain name and sha256")


def check_reason(reason: str) -> None:
    """Refuse a reason that is empty or too long, or hides something (UsageError)."""
    if not reason.strip():
        raise UsageError(
            "the reason is empty",
            why="reviewers and auditors read it in the ledger",
            fix='say why this is asked for: --reason "fixes …"',
        )
    if len(reason) > names.MAX_REASON:
        raise UsageError(
            f"the reason has {len(reason)} characters",
            why=f"at most {names.MAX_REASON} are taken",
            fix="say it shorter, and link to the rest",
        )
    if match := re.search(f"[{names.UNSEEN}]", reason):
        raise UsageError(
            f"the reason has the character U+{ord(match[0]):04X} at {match.start()}",
            why="control characters and marks of direction hide what people would read",
            fix="write the reason in plain text",
        )
