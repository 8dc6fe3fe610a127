"""Whatever the files say that a verb reads: it ends with an exit code of ours and a word, never as a bug."""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.flow.worlds import SUBJECTS

from counterseal.identifiers import BUILD_BUNDLES_FILE, MANIFEST_FILE, POLICY_PATH, PROOF_FILE, SBOM_FILE
from counterseal_sandbox.demo.world import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.flow.worlds import FlowWorld

pytestmark = pytest.mark.slow

HASH = "--hash=sha256:" + "a" * 64
LOCK = 'version = 1\n[[package]]\nname = "app"\nversion = "1.2.0"\nsource = { editable = "." }\n'
PYLOCK = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "p"\nversion = "1"\nmarker = "os_name > \'3\'"\n'
JUNIT = '<?xml version="1.0"?><testsuite><testcase classname="a" name="b"/></testsuite>'
METADATA = "Metadata-Version: 2.4\nName: rich\nVersion: 1\nLicense-Expression: MIT\nClassifier: License :: X\n"

#: What breaks readers of all kinds.
HOSTILE = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf{}", b"null", b"[]", b"{}", b"0", b'""', b"1e999", b"-1e999", b"NaN",
    b"1" * 5000, b"[" * 20_000, b'{"a":' * 20_000, b'{"a":1,"a":2}', b'"\\ud800"', b"{" * 3000, b"(" * 3000,
    b"a = " + b"[" * 3000, b"a." * 3000 + b"a = 1", b"[[a]]\n[a]\n", b"a = 1e999", b"a = 2020-99-99", b"- " * 3000,
    b"&a [*a]",
    b"a==1 ; " + b"(" * 3000, b"-r x", b"a @ file:///x", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    b'<?xml version="1.0" encoding="nonsense"?><a/>', b'<?xml version="1.0" encoding="utf-7"?><a/>', b"<a>" * 3000,
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(
        [None, True, 0, -1, 2**53, 10**30, 1.5, "", "\0", "x" * 300, "[", "é", "v1", "a" * 64, "2020-01-01"]
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "name", "type"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def edits(good: bytes) -> st.SearchStrategy[bytes]:
    """Give a document with a few bytes, or one value of its JSON, changed."""
    spot = st.integers(0, max(len(good) - 1, 0))
    pieces = (
        st.sampled_from(HOSTILE) | st.binary(max_size=4) | st.sampled_from([b'"', b"'", b"\n", b".", b"(", b"]", b"="])
    )
    choices = [
        st.sampled_from(HOSTILE),
        st.builds(lambda at, width, new: good[:at] + new + good[at + width :], spot, st.integers(0, 9), pieces),
    ]
    with contextlib.suppress(ValueError):
        document = json.loads(good)
        choices.append(st.builds(lambda at, value: _changed(document, at, value), st.integers(0, 400), VALUES))
    return st.one_of(choices)


def _changed(document: Any, number: int, value: Any) -> bytes:
    """Return a document as JSON in which one of its values, counted through, is another."""
    whole = json.loads(json.dumps({"": document}))
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [whole]
    while waiting:
        found = waiting.pop(0)
        for key in list(found) if isinstance(found, dict) else range(len(found)):
            places.append((found, key))
            if isinstance(found[key], (dict, list)):
                waiting.append(found[key])
    parent, key = places[number % len(places)]
    parent[key] = value
    return json.dumps(whole[""]).encode()


def run(world: FlowWorld, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    result = world.cli(*arguments, environment=environment)
    said = result.output + result.errors
    assert result.exit_code in (0, 1, 2, 10, 11), said
    assert "bug" not in said, said[:3000]
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def build(shared: FlowWorld) -> Mapping[str, str]:
    return {**shared.build_run(), "SOURCE_DATE_EPOCH": EPOCH}


@pytest.fixture(scope="module")
def files(shared: FlowWorld) -> Iterator[dict[str, bytes]]:
    """Every file that a verb reads, and that is put right after each run."""
    folder = shared.checkout
    trust, proof = folder / "trust.json", folder / "dist" / PROOF_FILE
    trust.write_text(json.dumps(shared.client.trust()))
    line = (folder / "counterseal-out" / BUILD_BUNDLES_FILE).read_text().splitlines()[0]
    proof.write_text(
        json.dumps(
            {
                "schema": "counterseal.ledger-proof/v1",
                "decision": {
                    "line": line,
                    "inclusion": {"index": 0, "treeSize": 1, "rootHash": "a" * 64, "hashes": []},
                },
                "publication": {"line": line},
            }
        )
    )
    (folder / "junit.xml").write_text(JUNIT)
    (folder / "config.json").write_text(json.dumps(shared.client.trust()["trustConfig"]))
    for name, content in (("pylock.toml", PYLOCK), ("requirements.txt", f"rich==1 {HASH}\n"), ("other/uv.lock", LOCK)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    metadata = folder / ".venv" / "lib" / "python3.11" / "site-packages" / "rich-1.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(METADATA)
    names = [each.relative_to(folder) for each in (trust, proof, metadata)]
    names += [each.relative_to(folder) for each in (folder / "counterseal-out").iterdir()]
    known = {str(name): (folder / name).read_bytes() for name in names}
    for name in (
        "junit.xml",
        "config.json",
        "pylock.toml",
        "requirements.txt",
        "pyproject.toml",
        "uv.lock",
        POLICY_PATH,
    ):
        known[name] = (folder / name).read_bytes()
    yield known
    shutil.rmtree(folder / ".venv")


OUT = "counterseal-out"
SIGNATURE = f"{OUT}/app-1.2.0-py3-none-any.whl.sigstore.json"
TRUST = ("--sandbox", "--trust", "trust.json")
VERIFY = ("verify", SUBJECTS[0], "--stage", "production", "--repository", "github.com/acme/app", *TRUST)
SBOM, DRY = ("sbom", "--dry-run", *SUBJECTS), ("--dry-run", *SUBJECTS)
#: file → the verbs that read it.
READERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pyproject.toml": (SBOM,),
    "uv.lock": (SBOM, ("sign", *DRY)),
    "pylock.toml": ((*SBOM, "--lock", "pylock.toml"),),
    "requirements.txt": ((*SBOM, "--lock", "requirements.txt"),),
    ".venv/lib/python3.11/site-packages/rich-1.dist-info/METADATA": (SBOM,),
    f"{OUT}/{SBOM_FILE}": (
        *(("sign", *DRY), ("candidate", *DRY), ("sbom", "score", f"{OUT}/{SBOM_FILE}")),
        ("sbom", "diff", f"{OUT}/{SBOM_FILE}", f"{OUT}/{SBOM_FILE}", "--format", "markdown"),
    ),
    "junit.xml": (("sign", *DRY, "--test-results", "junit.xml"),),
    "config.json": (("sign", *DRY, "--trust-config", "config.json"),),
    f"{OUT}/{MANIFEST_FILE}": (("candidate", *DRY),),
    f"{OUT}/{BUILD_BUNDLES_FILE}": (("candidate", *DRY),),
    SIGNATURE: (("candidate", *DRY),),
    POLICY_PATH: (("policy", "check"),),
    "trust.json": (VERIFY, ("trust", "export", *TRUST), ("log", *TRUST)),
    f"dist/{PROOF_FILE}": (VERIFY,),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_no_file_is_a_bug(shared: FlowWorld, files: dict[str, bytes], build: Mapping[str, str], name: str) -> None:
    path = shared.checkout / name

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(edits(files[name]))
    @example(files[name])
    def one(data: bytes) -> None:
        path.write_bytes(data)
        for arguments in READERS[name]:
            own = build if arguments[0] in ("sbom", "sign", "candidate") else None
            run(shared, *arguments, environment=own)

    try:
        one()
        for data in HOSTILE:
            one.hypothesis.inner_test(data)  # type: ignore[attr-defined]  # hypothesis documents it
    finally:
        path.write_bytes(files[name])


@pytest.mark.parametrize("said", ["github.com/²", "github.com/x", "github.com/" + "9" * 5000, "/", "", "github.com/-1"])
def test_no_option_is_a_bug(shared: FlowWorld, said: str) -> None:
    run(shared, "policy", "check", "--new-ledger-id", said)


@pytest.mark.parametrize("option", ["--trust-config", "--test-results", "--output"])
def test_no_missing_file_is_a_bug(shared: FlowWorld, build: Mapping[str, str], option: str) -> None:
    for there in ("nowhere/at/all", "/dev/zero", "/dev/stdin", "dist"):
        run(shared, "sign", *DRY, option, there, environment=build)
