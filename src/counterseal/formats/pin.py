"""The consumer's pins: `.counterseal/consume.yml`, what somebody who uses releases knows of their projects.

It lies in the consumer's own repository, is written by `counterseal pin`, and people read and review it (R39).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal.errors import PolicyError, UsageError
from counterseal.formats import digests, names, yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

API_VERSION: Final = "counterseal/v1"
#: How old the knowledge of a ledger may be; gates make an entry every third day at least.
MAX_AGE: Final = timedelta(days=7)
MAX_PINS: Final = 200
_RELEASED: Final = "released"
AGE: Final = names.Grammar("age", "[1-9][0-9]{0,3}[hd]", "days or hours, like 7d or 12h")
PROJECT: Final = names.Grammar(
    "project", f"{names.HOST.expression}/{names.REPOSITORY.expression}", "host and name, like github.com/acme/app"
)
_HEAD: Final = """\
# Projects whose releases are used here, written by `counterseal pin`. `counterseal verify` accepts their releases only
# by these gates, in these ledgers, and with knowledge that is no older than `max-age`. Review a change of it like code.
apiVersion: counterseal/v1
"""


@dataclass(frozen=True, slots=True)
class PinnedGate:
    """Whose decisions are accepted: counterseal's released gates; or these revisions of it; or a project's own gate."""

    revisions: tuple[str, ...] | None = None
    identity: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """What is known of a project: who it is by number, its gate, its ledger, and how far that was seen."""

    host: str
    repository: str
    repository_id: int
    gate: PinnedGate
    ledger: str
    sequence: int
    max_age: timedelta = MAX_AGE

    @property
    def name(self) -> str:
        """Return what it is called: `github.com/acme/app`."""
        return f"{self.host}/{self.repository}"


def age_of(text: str) -> timedelta | None:
    """Return how long `7d` or `12h` is, or None: it is neither."""
    if not AGE.fits(text):
        return None
    count = int(text[:-1])
    return timedelta(days=count) if text.endswith("d") else timedelta(hours=count)


def age_words(age: timedelta) -> str:
    """Return the same as it is written."""
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"


def find(pins: Iterable[Pin], host: str, repository: str) -> Pin | None:
    """Return the pin of a project; forges do not tell names apart by case."""
    wanted = f"{host}/{repository}".lower()
    return next((pin for pin in pins if pin.name.lower() == wanted), None)


def put(pins: Iterable[Pin], pin: Pin) -> tuple[Pin, ...]:
    """Return the pins with one that is new, or takes the place of the project's old one; sorted by name."""
    others = [each for each in pins if each.name.lower() != pin.name.lower()]
    return tuple(sorted((*others, pin), key=lambda each: each.name.lower()))


def text(pins: Iterable[Pin]) -> bytes:
    """Return the file."""
    written = "".join(_written(pin) for pin in pins)
    return f"{_HEAD}projects:\n{written}".encode()


def _written(pin: Pin) -> str:
    gate = pin.gate
    how = _RELEASED
    if gate.identity is not None:
        how = f"{{identity: {json.dumps(gate.identity)}, issuer: {json.dumps(gate.issuer)}}}"
    elif gate.revisions is not None:
        how = f"{{revisions: [{', '.join(map(json.dumps, gate.revisions))}]}}"
    return (
        f"  - repository: {json.dumps(pin.name)}\n    id: {pin.repository_id}\n    gate: {how}\n"
        f"    ledger: {json.dumps(pin.ledger)}\n    sequence: {pin.sequence}\n    max-age: {age_words(pin.max_age)}\n"
    )


def parse(data: bytes, name: str) -> tuple[Pin, ...]:
    """Return the pins in a file, read strictly.

    Args:
        data: Its bytes.
        name: Its name, for messages.

    Raises:
        UsageError: It is not in this form; with line and column.
    """
    try:
        return _parse(data, name)
    except PolicyError as error:
        why = "a pin that is not understood would not hold"
        fix = error.fix if "policy-reference" not in error.fix else "write it anew: counterseal pin"
        raise UsageError(error.what, why=why, fix=fix) from error


def _parse(data: bytes, name: str) -> tuple[Pin, ...]:
    root = yaml.fields(yaml.load(data, name), "the file", ("apiVersion", "projects"))
    if yaml.text(root["apiVersion"], "apiVersion") != API_VERSION:
        raise root["apiVersion"].place.error(f"this counterseal reads {API_VERSION} only", fix="upgrade counterseal")
    projects = yaml.sequence(root["projects"], "projects")
    if len(projects.items) > MAX_PINS:
        raise projects.place.error(f"{len(projects.items)} projects are too many", fix=f"at most {MAX_PINS}")
    pins: dict[str, Pin] = {}
    for node in projects.items:
        pin = _pin(node)
        if pin.name.lower() in pins:
            raise node.place.error(f"{pin.name} is pinned twice", fix="remove one")
        pins[pin.name.lower()] = pin
    return tuple(pins.values())


def _pin(node: yaml.Node) -> Pin:
    fields = yaml.fields(node, "a pin", ("repository", "id", "gate", "ledger", "sequence"), ("max-age",))
    named = yaml.text(fields["repository"], "repository")
    if not PROJECT.fits(named):
        raise fields["repository"].place.error("repository is not HOST/NAME", fix="write it like github.com/acme/app")
    host, _, repository = named.partition("/")
    ledger = yaml.text(fields["ledger"], "ledger")
    if not names.LEDGER_ID.fits(ledger):
        raise fields["ledger"].place.error(f"{yaml.shown(ledger)} is no ledger", fix=f"it is {names.LEDGER_ID.words}")
    pin = Pin(
        host,
        repository,
        yaml.number(fields["id"], "id"),
        _gate(fields["gate"]),
        ledger,
        yaml.number(fields["sequence"], "sequence", least=0),
    )
    if "max-age" not in fields:
        return pin
    written = yaml.text(fields["max-age"], "max-age")
    if (age := age_of(written)) is None:
        raise fields["max-age"].place.error(f"{yaml.shown(written)} is no age", fix="write it like 7d or 12h")
    return dataclasses.replace(pin, max_age=age)


def _gate(node: yaml.Node) -> PinnedGate:
    if isinstance(node, yaml.Scalar):
        if node.text != _RELEASED:
            fix = "write `released`, `{revisions: […]}` or `{identity: …, issuer: …}`"
            raise node.place.error(f"{yaml.shown(node.text)} is no gate", fix=fix)
        return PinnedGate()
    if "revisions" in yaml.mapping(node, "gate").items:
        revisions = yaml.texts(yaml.fields(node, "gate", ("revisions",))["revisions"], "revisions")
        for revision, place in revisions:
            if not digests.is_revision(revision):
                raise place.error(f"{yaml.shown(revision)} is no full commit id", fix="write all 40 hex digits")
        return PinnedGate(tuple(revision for revision, _ in revisions))
    fields = yaml.fields(node, "gate", ("identity", "issuer"))
    return PinnedGate(None, yaml.text(fields["identity"], "identity"), yaml.text(fields["issuer"], "issuer"))
