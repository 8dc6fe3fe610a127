"""The request for an event that permits: its path, its bytes, and those bytes read back strictly.

It ends holds (`resume`), takes revocations back (`reinstatement`), confirms one or makes one (`revocation`); what it is
about it names by entry id, so that nothing else can come with it. It lies where no stage's requests can, since no stage
is called `_events`. docs/formats.md#event-request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.formats import digests, manifest, names, wire
from counterseal.identifiers import EVENT_STAGE, REQUEST_FOLDER
from counterseal.model import EventRequest

if TYPE_CHECKING:
    from counterseal.model import Target

SCHEMA: Final = "counterseal.event-request/v1"
RESUME: Final = "resume"
REINSTATEMENT: Final = "reinstatement"
REVOCATION: Final = "revocation"
KINDS: Final = (RESUME, REINSTATEMENT, REVOCATION)
#: How many entries one request is about.
MAX_ENTRIES: Final = 64
MAX_VALUE: Final = 1000
_UNSEEN: Final = re.compile(rf"[\s{names.UNSEEN}]")
IDENTITY: Final = "identity"
#: What a revocation may be of, and how its value is written.
TARGETS: Final = ("manifest", "artifact", "run", "gate", IDENTITY)


def path(kind: str, request_id: str) -> str:
    """Return where a request stands in the repository.

    Raises:
        UsageError: There is no such kind, or the id has characters that a path may not have here.
    """
    if kind not in KINDS:
        raise UsageError(f"{kind[:80]!r} is no kind of request", fix=f"kinds are: {', '.join(KINDS)}")
    if not names.REQUEST_ID.fits(request_id):
        raise UsageError(f"{request_id[:80]!r} cannot be the id of a request", why=names.REQUEST_ID.words)
    return f"{REQUEST_FOLDER}/{EVENT_STAGE}/{kind}.{request_id}.json"


def parse_path(text: str) -> tuple[str, str]:
    """Return kind and request id that the path of a request for an event names.

    Raises:
        FormatError: It is no such path.
    """
    parts = text.split("/")
    name = parts[-1].split(".")
    if len(parts) == 3 and len(name) == 3 and parts[:2] == [REQUEST_FOLDER, EVENT_STAGE] and name[2] == "json":
        try:
            path(name[0], name[1])
        except UsageError as error:
            raise FormatError(f"{text[:200]!r}: {error.what}", why=error.why) from error
        return name[0], name[1]
    raise FormatError(
        f"{text[:200]!r} is not a path of a request for an event",
        why=f"it has to be {REQUEST_FOLDER}/{EVENT_STAGE}/<kind>.<request id>.json",
        fix="make the request with `counterseal request --kind`",
    )


def build(content: EventRequest) -> bytes:
    """Return the canonical bytes (RFC 8785) of a request.

    Raises:
        UsageError: The reason or the id is not usable.
        FormatError: It asks for nothing, or for what its kind cannot ask for.
    """
    _check(content)
    return wire.canonical({"schema": SCHEMA, **wire.encode(content)})


def parse(data: bytes, at: str) -> EventRequest:
    """Return the request in `data`, read strictly; it has to say what its path says (R21).

    Args:
        data: The bytes as merged.
        at: Its path.

    Raises:
        FormatError: Unknown or missing keys, wrong types, another path, or not the bytes that `build` writes.
    """
    named = parse_path(at)
    document = wire.load_json(data, at, max_bytes=manifest.MAX_REQUEST_BYTES, max_depth=8)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise FormatError(f"{at}: not a request for an event", why=f"`schema` has to be {SCHEMA}")
    fields = {key: value for key, value in document.items() if key != "schema"}
    content = wire.decode(EventRequest, fields, at)
    try:
        again = build(content)
    except CountersealError as error:
        raise FormatError(f"{at}: {error.what}", why=error.why, fix=error.fix) from error
    if (content.kind, content.request_id) != named:
        raise FormatError(
            f"{at}: the content names another kind or request",
            why=f"it says {content.kind}, {content.request_id}",
            fix="make the request with `counterseal request --kind`",
        )
    if again != data:
        raise FormatError(f"{at}: not the bytes that counterseal writes", fix="do not edit or reformat it")
    return content


def check_target(target: Target) -> None:
    """Return if this can be revoked.

    Raises:
        UsageError: The kind is unknown, its value is not written so, or it has a window that is none.
    """
    wanted = {
        "manifest": (digests.is_sha256, "64 lower-case hex digits, the sha256 of a manifest.json"),
        "artifact": (digests.is_sha256, "64 lower-case hex digits, the sha256 of the file"),
        "run": (_is_address, "the address of a run at the forge"),
        "gate": (digests.is_revision, "the full revision of a gate, 40 lower-case hex digits"),
        IDENTITY: (_is_plain, f"the identity of a certificate, at most {MAX_VALUE} characters without spaces"),
    }
    if target.kind not in wanted:
        fix = f"a revocation is of one of these: {', '.join(TARGETS)}"
        raise UsageError(f"{target.kind[:80]!r} cannot be revoked", fix=fix)
    fits, words = wanted[target.kind]
    if not fits(target.value):
        what = f"{target.value[:80]!r} is no {target.kind}"
        raise UsageError(what, why=f"it has to be {words}", fix=f"copy it whole: --target {target.kind}=…")
    since, until = target.window_since, target.window_until
    if target.kind != IDENTITY and (since or until):
        raise UsageError("only an identity is revoked for a window of time", fix="leave the window out")
    if since and until and until <= since:
        raise UsageError("the window ends before it begins", fix="give its beginning first")


def _check(content: EventRequest) -> None:
    path(content.kind, content.request_id)
    asker = content.requested_by
    if asker.id < 1 or not names.HOST.fits(asker.host) or not names.LOGIN.fits(asker.login):
        raise FormatError("requestedBy is not host, id and login")
    if not digests.is_sha256(content.policy):
        raise FormatError(f"policy: {content.policy[:80]!r} is not a sha256")
    manifest.check_reason(content.reason)
    entries = content.entries
    if len(set(entries)) != len(entries) or not all(map(digests.is_sha256, entries)):
        raise FormatError("entries are not different ids of entries")
    if content.target is None:
        _check_entries(content)
        return
    if content.kind != REVOCATION or entries:
        raise FormatError("only a revocation has a target, and then it names no entries")
    check_target(content.target)
    if content.since and content.since > content.valid_until:
        raise FormatError("since lies after the request has lapsed")


def _check_entries(content: EventRequest) -> None:
    most = 1 if content.kind == REVOCATION else MAX_ENTRIES
    if not 1 <= len(content.entries) <= most:
        raise FormatError(f"a {content.kind} of {len(content.entries)} entries", why=f"it names 1 to {most}")
    if content.since is not None:
        raise FormatError("since is of a revocation that names a target")


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= MAX_VALUE and _UNSEEN.search(text) is None


def _is_address(text: str) -> bool:
    return _is_plain(text) and text.startswith(("https://", "http://127.0.0.1:"))
