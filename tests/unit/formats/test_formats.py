"""The frozen formats: known answers for every hashed byte, schemas that fit the code, a page that fits both."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.unit import frozen
from tools import schemas

from counterseal import ledger, model
from counterseal.adapters.sigstore import trust
from counterseal.errors import CountersealError
from counterseal.evaluation import decision
from counterseal.formats import event_request, manifest, names, statement, wire
from counterseal.formats.inputs import matrix, observation
from counterseal.formats.rebuilding import result
from counterseal.history import events as event
from counterseal.ledger import entry, merkle
from counterseal.model import InclusionProof

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
SCHEMAS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((ROOT / "src/counterseal/formats/schemas").glob("*.json"))
    if path.stem not in {"build-v1", "policy-v1", "consume-v1"}  # YAML: tests of their readers
}
PAGE = (ROOT / "docs/formats.md").read_text()
FROZEN = [(name, case) for name, made in frozen.CASES.items() for case in made]


# --- known answers ---------------------------------------------------------------------------


def test_every_vector_is_made_and_every_case_has_a_vector() -> None:
    for name, made in frozen.CASES.items():
        assert [each["case"] for each in frozen.cases(name)] == list(made)


@pytest.mark.parametrize(("name", "case"), FROZEN)
def test_the_code_gives_the_known_bytes(name: str, case: str) -> None:
    expected = next(each for each in frozen.cases(name) if each["case"] == case)
    data = frozen.CASES[name][case]()
    assert data.decode() == expected["canonical"]
    assert hashlib.sha256(data).hexdigest() == expected["sha256"]


@pytest.mark.parametrize(("name", "case"), FROZEN)
def test_the_known_bytes_are_the_canonical_ones_of_the_document(name: str, case: str) -> None:
    expected = next(each for each in frozen.cases(name) if each["case"] == case)
    data = wire.canonical(expected["document"])
    assert data.decode() == expected["canonical"]
    # by another hand: for keys of ASCII and integers, RFC 8785 is sorted keys and no spaces
    plain = json.dumps(expected["document"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert plain == expected["canonical"]


def test_the_manifest_digest_names_what_follows() -> None:
    expected = frozen.cases("manifest")[0]["sha256"]
    request = frozen.document("request", "production")
    decided = frozen.document("decision", "allow")["predicate"]
    assert request["manifest"] == decided["manifest"]["sha256"] == expected
    assert decided["request"]["file"] == f"promotions/production/{expected}.{request['requestId']}.json"
    assert decided["evidenceDigest"]["sha256"] == frozen.cases("evidence")[0]["sha256"]


# --- schemas ---------------------------------------------------------------------------------


def valid(schema: str, document: Any) -> bool:
    return Draft202012Validator(SCHEMAS[schema]).is_valid(document)


def proof() -> dict[str, Any]:
    lines = [b"%d" % number for number in range(41)] + [b'{"an":"allow"}']
    leaves = [merkle.leaf(line) for line in lines]
    hashes = tuple(each.hex() for each in merkle.Known(0, (), leaves).inclusion(41, len(leaves)))
    data = entry.proof_file(
        lines[41], InclusionProof(41, 42, merkle.root(leaves).hex(), hashes), b'{"a":"seal"}', b'{"a":"seal"}\n{}\n'
    )
    found: dict[str, Any] = json.loads(data)
    return found


def trust_document() -> dict[str, Any]:
    return {
        "schema": "counterseal.trust/v1",
        "sandbox": False,
        "issuers": {"github.com": "https://token.actions.githubusercontent.com"},
        "released": [frozen.REVISION],
        "withdrawn": [],
        "trustConfig": {"trustedRoot": {}},
    }


def predicate(name: str, case: str) -> dict[str, Any]:
    found: dict[str, Any] = frozen.document(name, case)["predicate"]
    return found


def documents() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return a document of each format by a name, with its schema."""
    found = {
        "decision allow": ("decision-v1", predicate("decision", "allow")),
        "decision deny": ("decision-v1", predicate("decision", "deny")),
        "proof": ("ledger-proof-v1", proof()),
        "trust": ("trust-v1", trust_document()),
    }
    for kind in event.EventKind:
        found[kind] = ("event-v1", predicate(f"event-{kind}", kind))
    for case in frozen.CASES["rebuild"]:
        found[f"rebuild {case}"] = ("rebuild-v1", predicate("rebuild", case))
    names = ("manifest", "input-matrix", "observation", "request", "event-request", "evidence", "rebuild-result")
    for name in names:
        for case in frozen.CASES[name]:
            found[f"{name} {case}"] = (f"{name}-v1", frozen.document(name, case))
    return found


DOCUMENTS = documents()


def _path_of(document: dict[str, Any]) -> str:
    return f"promotions/{document.get('stage')}/{document.get('manifest')}.{document.get('requestId')}.json"


def _as_statement(document: dict[str, Any], kind: str) -> model.Statement:
    return statement.parse(statement.build([frozen.WHEEL], f"https://counterseal.dev/{kind}/v1", document), "x")


def _read_predicate(kind: str, parse: Callable[[model.Statement, str], object]) -> Callable[[dict[str, Any]], object]:
    def read(document: dict[str, Any]) -> object:
        found = _as_statement(document, kind)
        entry.link_of(found)
        return parse(found, "x")

    return read


READERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "rebuild-result-v1": lambda document: result.parse(wire.canonical(document)),
    "manifest-v1": lambda document: manifest.parse(wire.canonical(document)),
    "input-matrix-v1": lambda document: matrix.parse(document, "x"),
    "observation-v1": lambda document: observation.parse(wire.canonical(document), "x"),
    "request-v1": lambda document: manifest.parse_request(wire.canonical(document), _path_of(document)),
    "event-request-v1": lambda document: event_request.parse(
        wire.canonical(document), f"promotions/_events/{document.get('kind')}.{document.get('requestId')}.json"
    ),
    "ledger-proof-v1": lambda document: entry.parse_proof(wire.canonical(document)),
    "trust-v1": lambda document: trust.load_trust(wire.canonical(document)),
    "decision-v1": _read_predicate("decision", decision.parse),
    "event-v1": _read_predicate("event", event.parse),
}


def test_every_schema_is_one_and_says_where_it_is() -> None:
    assert len(SCHEMAS) == 12
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"] == f"https://counterseal.dev/schemas/{name}.json"
        assert {schema for schema, _ in DOCUMENTS.values()} == set(SCHEMAS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_the_code_writes_fits_its_schema(name: str) -> None:
    schema, document = DOCUMENTS[name]
    Draft202012Validator(SCHEMAS[schema]).validate(document)
    if schema in READERS:
        READERS[schema](document)


GONE = object()
NEAR_MISSES: list[tuple[str, str, Any]] = [
    ("manifest two artifacts", "schema", "counterseal.manifest/v2"),
    ("manifest two artifacts", "extra", 1),
    ("manifest two artifacts", "tag", GONE),
    ("manifest two artifacts", "tag", "-v1"),
    ("manifest two artifacts", "tag", "v 1"),
    ("manifest two artifacts", "revision", "4f2c9e1"),
    ("manifest two artifacts", "revision", frozen.REVISION.upper()),
    ("manifest two artifacts", "repository/id", "4710021"),
    ("manifest two artifacts", "repository/id", 0),
    ("manifest two artifacts", "repository/owner", "acme"),
    ("manifest two artifacts", "subjects", []),
    ("manifest two artifacts", "subjects/0/name", "../app"),
    ("manifest two artifacts", "subjects/0/name", ""),
    ("manifest two artifacts", "subjects/0/size", 1),
    ("manifest two artifacts", "subjects/0/digest/sha256", "A" * 64),
    ("manifest two artifacts", "subjects/0/digest/sha512", "a" * 128),
    ("manifest two artifacts", "sbom", "a" * 64),
    ("manifest two artifacts", "inputMatrix", None),
    ("request production", "schema", "counterseal.request/v2"),
    ("request production", "extra", None),
    ("request production", "reason", GONE),
    ("request production", "kind", GONE),
    ("request production", "kind", "hold"),
    ("request production", "reason", " \n"),
    ("request production", "reason", "x" * 2001),
    ("request production", "stage", "Production"),
    ("request production", "stage", "../x"),
    ("request production", "requestId", "a.b"),
    ("request production", "requestedBy/id", 0),
    ("request production", "requestedBy/kind", "user"),
    ("request production", "requestedBy/host", "GitHub.com/x"),
    ("request production", "candidate/release", -1),
    ("request production", "candidate/assets", []),
    ("request production", "candidate/assets/0/id", True),
    ("request production", "candidate/assets/0/name", "a b"),
    ("request production", "candidate/assets/0/digest", "a" * 63),
    ("request production", "policy", "sha256:" + "a" * 57),
    ("request production", "validUntil", "2026-11-30T09:00:44+01:00"),
    ("request production", "validUntil", "2026-11-30"),
    ("request production", "validUntil", 1795511444),
    ("event-request resume", "schema", "counterseal.event-request/v2"),
    ("event-request resume", "extra", None),
    ("event-request resume", "entries", GONE),
    ("event-request resume", "entries/0", "43"),
    ("event-request resume", "kind", "hold"),
    ("event-request resume", "since", GONE),
    ("event-request resume", "reason", " "),
    ("event-request revocation", "target/windowSince", "yesterday"),
    ("event-request revocation", "target/value", 1),
    ("proof", "schema", "counterseal.ledger-proof/v2"),
    ("proof", "publication", GONE),
    ("proof", "decision/line", ""),
    ("proof", "decision/line", "a\nb"),
    ("proof", "decision/line", "x" * 61441),
    ("proof", "decision/inclusion/hashes", None),
    ("proof", "decision/inclusion/index", "41"),
    ("proof", "decision/extra", 1),
    ("trust", "schema", "counterseal.trust/v0"),
    ("trust", "sandbox", "no"),
    ("trust", "sandbox", True),
    ("trust", "issuers", {}),
    ("trust", "issuers/github.com", "http://issuer.example"),
    ("trust", "released/0", "main"),
    ("trust", "withdrawn", GONE),
    ("trust", "extra", 1),
    ("trust", "trustConfig", {}),
    ("decision allow", "outcome", "maybe"),
    ("decision allow", "outcome", GONE),
    ("decision allow", "decidedAt", "2026-11-24T09:12:44"),
    ("decision allow", "findings/0/outcome", "ok"),
    ("decision allow", "findings/0/rule", GONE),
    ("decision allow", "findings/0/data", []),
    ("decision allow", "findings/0/dismissed/0/code", GONE),
    ("decision allow", "findings/0/counted/0/actor", None),
    ("decision allow", "evaluator", GONE),
    ("decision allow", "reviews/0/state", "APPROVED"),
    ("decision allow", "responsible/runActor", None),
    ("decision allow", "responsible/approvers/0/id", "1001"),
    ("decision allow", "responsible/approvers/0/kind", "robot"),
    ("decision allow", "policy/digest", "a" * 64),
    ("decision allow", "request/number", "18"),
    ("decision allow", "critical", "stage"),
    ("decision allow", "ledger", GONE),
    ("decision allow", "ledger/extra", 1),
    ("decision allow", "ledger/sequence", 1.5),
    ("genesis", "kind", "hold"),
    ("genesis", "kind", "publication"),
    ("genesis", "body/policyDigest", GONE),
    ("genesis", "occurredAt", "yesterday"),
    ("publication", "body/decision", {}),
    ("publication", "body/assets/0/size", "1"),
    ("withdrawn", "body/code", None),
    ("withdrawn", "body/data", "x"),
    ("withdrawn", "actor", None),
    ("withdrawn", "ledger/peaks", "none"),
]
NO_READER: list[tuple[str, str, Any]] = [
    ("evidence everything", "schema", "counterseal.evidence/v2"),
    ("evidence everything", "email", "alice@acme.example"),
    ("evidence everything", "change/reviews/0/body", "LGTM"),
    ("evidence everything", "change/reviews/0/actor/email", "alice@acme.example"),
    ("evidence everything", "change/commits/0/message", "secret"),
    ("evidence everything", "permissions/0/1", "owner"),
    ("evidence everything", "permissions/0", ["alice"]),
    ("evidence everything", "builds/0/certificate/pem", "-----"),
    ("evidence everything", "builds/0/signedAt", None),
    ("evidence everything", "candidate/assets/0/digest", "sha256:1"),
    ("evidence everything", "sbom/components", -1),
    ("evidence malformed", "source", GONE),
    ("input-matrix everything", "schema", "counterseal.input-matrix/v0"),
    ("input-matrix everything", "mustEqual/tools/python", 3),
    ("input-matrix everything", "mustEqual/sourceDateEpoch", "1"),
    ("input-matrix everything", "mustEqual/lockFiles/uv.lock", "a" * 64),
    ("input-matrix everything", "variables", None),
    ("input-matrix everything", "extra", 1),
    ("input-matrix everything", "checkout/revision", "main"),
    ("input-matrix everything", "definition/uses/0/at", 4),
    ("input-matrix everything", "container/digest", "sha256:1"),
    ("input-matrix everything", "parameters", []),
    ("observation two commands", "schema", "counterseal.observation/v0"),
    ("observation two commands", "steps/0/startedAt", "today"),
    ("observation two commands", "steps/0/exit", None),
    ("observation two commands", "steps/0/around/limits/memory", "8G"),
    ("observation two commands", "steps/0/wrote/files/0/digest", "a" * 64),
    ("observation two commands", "steps/0/wrote/complete", 1),
    ("observation two commands", "steps/1/signal", 9),
    ("observation two commands", "steps", []),
]


def altered(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(document)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    holder: Any = result
    for step in steps:
        holder = holder[step]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = value
    return result


@pytest.mark.parametrize(("name", "path", "value"), NEAR_MISSES)
def test_schema_and_reader_refuse_a_near_miss(name: str, path: str, value: Any) -> None:
    schema, document = DOCUMENTS[name]
    wrong = altered(document, path, value)
    assert not valid(schema, wrong)
    with pytest.raises(CountersealError):
        READERS[schema](wrong)


def paths(value: Any, path: str = "") -> list[str]:
    """Return the path of everything in a document."""
    if isinstance(value, dict):
        return [path, *(each for key in value for each in paths(value[key], f"{path}/{key}"))]
    if isinstance(value, list):
        return [path, *(each for key, item in enumerate(value) for each in paths(item, f"{path}/{key}"))]
    return [path]


RANDOM = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200)
@given(st.data())
def test_whatever_stands_there_a_reader_refuses_it_or_the_schema_allows_it(
    data: st.DataObject,
) -> None:
    name = data.draw(st.sampled_from([name for name, (schema, _) in DOCUMENTS.items() if schema in READERS]))
    schema, document = DOCUMENTS[name]
    where = data.draw(st.sampled_from([each[1:] for each in paths(document) if each]))
    texts = (frozen.digest("x"), "refs/heads/x", "2026-11-24T09:10:44Z", "a", "x" * 65)
    wrong = altered(document, where, data.draw(RANDOM | st.just(GONE) | st.sampled_from(texts)))
    try:
        READERS[schema](wrong)
    except CountersealError:
        return
    # of a proof, `verify_proof` reads the rest
    if schema in {"manifest-v1", "request-v1", "event-request-v1", "trust-v1"}:
        assert valid(schema, wrong), where


@pytest.mark.parametrize(("name", "path", "value"), NO_READER)
def test_schema_refuses_a_near_miss_of_what_we_only_write(name: str, path: str, value: Any) -> None:
    schema, document = DOCUMENTS[name]
    assert not valid(schema, altered(document, path, value))


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("decision allow", "later", {"x": 1}),
        ("decision allow", "findings/0/waiver", None),
        ("decision allow", "findings/0/data", GONE),
        ("decision allow", "policy/digest/sha512", "a"),
        ("decision allow", "critical", ["stage", "ledger"]),
        ("decision allow", "decidedAt", "2026-11-24T10:12:44.5+01:00"),
        ("publication", "body/later", 1),
        ("publication", "body/assets/0/mediaType", "text/plain"),
        ("publication", "actor/kind", GONE),
    ],
)
def test_predicates_may_grow(name: str, path: str, value: Any) -> None:
    schema, document = DOCUMENTS[name]
    later = altered(document, path, value)
    assert valid(schema, later)
    READERS[schema](later)


def test_the_schemas_are_those_of_the_types() -> None:
    assert schemas.main(["--check"]) == 0, "fix: make docs"


def test_what_a_type_gains_its_schema_gains() -> None:
    assert set(SCHEMAS["decision-v1"]["properties"]) == {*wire.keys(decision.Decision), "critical", "ledger"}
    assert SCHEMAS["decision-v1"]["required"] == [*wire.keys(decision.Decision), "ledger"]
    assert "additionalProperties" not in SCHEMAS["decision-v1"]
    link = SCHEMAS["decision-v1"]["$defs"]["ledgerLink"]
    assert (link["additionalProperties"], link["required"]) == (False, list(wire.keys(model.LedgerLink)))


# --- the page --------------------------------------------------------------------------------

#: Types that the page describes once, under "Types".
COMMON = {
    "digestSet",
    "repository",
    "actor",
    "ledgerLink",
    "policyUse",
    "entryReference",
    "certificate",
    "promotionRequest",
    "eventRequest",
}


def members(schema: dict[str, Any], whole: dict[str, Any], path: str = "") -> tuple[set[str], set[str]]:
    """Return the paths of all leaves of a schema, and of all that contain them."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return ({path}, set()) if name in COMMON else members(whole["$defs"][name], whole, path)
    leaves: set[str] = set()
    inside: set[str] = set()
    parts = [members(each, whole, path) for each in schema.get("anyOf", ()) if "$ref" in each]
    parts += [members(each, whole, f"{path}.{name}".lstrip(".")) for name, each in schema.get("properties", {}).items()]
    if isinstance(schema.get("items"), dict):
        parts.append(members(schema["items"], whole, f"{path}[]"))
    for more_leaves, more_inside in parts:
        leaves |= more_leaves
        inside |= more_inside
    return (leaves, {*inside, path}) if parts else ({path}, set())


def section(name: str) -> str:
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    assert found, f"docs/formats.md has no section {name}"
    return found[1]


@pytest.mark.parametrize(
    ("title", "schema"),
    [
        ("manifest", "manifest-v1"),
        ("input matrix", "input-matrix-v1"),
        ("observation", "observation-v1"),
        ("request", "request-v1"),
        ("event request", "event-request-v1"),
        ("evidence", "evidence-v1"),
        ("decision", "decision-v1"),
        ("event", "event-v1"),
        ("proof", "ledger-proof-v1"),
        ("trust", "trust-v1"),
        ("build file", "build-v1"),
        ("rebuild result", "rebuild-result-v1"),
        ("rebuild", "rebuild-v1"),
    ],
)
def test_the_page_describes_every_member_and_no_other(title: str, schema: str) -> None:
    whole = json.loads((ROOT / f"src/counterseal/formats/schemas/{schema}.json").read_text())
    leaves, inside = members(whole, whole)
    listed = [
        name
        for row in re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    ]
    plain = {re.sub(r"\[\]$", "", each) for each in leaves}
    described = {each.removesuffix("[]") for each in listed}
    assert plain - described == set(), "not described"
    assert described - plain - {each.removesuffix("[]") for each in inside} == set(), "not in the schema"


def test_the_examples_are_the_vectors() -> None:
    done = subprocess.run([sys.executable, ROOT / "tools/format_examples.py", "--check"], check=False)
    assert done.returncode == 0, "fix: python tools/format_examples.py"
    assert PAGE.count("<!-- example: ") >= 10


def test_every_place_that_is_referred_to_is_there() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-")
        for each in re.findall(r"^##+ (.+)$", PAGE, re.MULTILINE)
    }
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    named = {anchor for path in sources for anchor in re.findall(r"formats\.md#([a-z-]+)", path.read_text())}
    assert {"manifest", "request", "evidence", "decision", "event", "ledger", "release", "trust"} <= named
    assert named - headings == set()


def test_the_page_names_schemas_and_vectors() -> None:
    for name in [*SCHEMAS, "build-v1", "policy-v1", "consume-v1"]:
        assert f"schemas/{name}.json" in PAGE
    for path in frozen.VECTORS.glob("*.json"):
        assert f"vectors/{path.name}" in PAGE


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    for text in (
        f"at most {ledger.MAX_LINE >> 10} KiB",
        f"{ledger.keys.MAX_LINES} lines",
        f"at most {decision.MAX_REVIEWS}",
        f"at most {names.MAX_REASON} characters",
        f"{statement.MAX_OWN_SUBJECTS - 1} artifacts",
        f"1 to {statement.MAX_SUBJECTS} subjects",
    ):
        assert text in PAGE, text
