"""Documents of other tools: nothing that they had is lost, what they cannot say of themselves, what is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.adapters.sbom import schema
from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.adapters.sbom.documents import references, tools
from counterseal.errors import FormatError, UsageError
from counterseal.model import Subject

ROOT = Path(__file__).resolve().parents[4]
EXAMPLE = ROOT / "examples" / "app"
REAL = sorted((ROOT / "tests" / "assets" / "cyclonedx").glob("*.json"))
ARTIFACTS = [Subject("app-1.2.0.tar.gz", "a" * 64)]
SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"

Json = dict[str, Any]


def lib(name: str, version: str = "1.0", **more: Any) -> Json:
    purl = f"pkg:npm/{name}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, **more}


def document(*components: Json, version: str = "1.6", **more: Any) -> Json:
    root = {"type": "application", "bom-ref": "root", "name": "shop", "version": "2"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": SERIAL,
        "version": 1,
        "metadata": {
            "timestamp": "2026-01-02T03:04:05Z",
            "tools": {"components": [{"type": "application", "name": "syft", "version": "1.32.0"}]},
            "component": root,
        },
        "components": list(components),
        **more,
    }


def build(folder: Path, *contents: Json | bytes, reads_locks: bool = False, project: Path | None = None) -> Json:
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"{number}.cdx.json")
        paths[-1].write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    builder = LockSbomBuilder(documents=paths, reads_locks=reads_locks)
    data = builder.build([project or folder], ARTIFACTS, revision=None, epoch=0).data
    written: Json = json.loads(data)
    assert schema.problem(written, written["specVersion"]) is None
    return written


def facts(written: Json) -> list[tuple[str, str]]:
    return [(entry["name"], entry["value"]) for entry in written["metadata"]["component"].get("properties", ())]


def origins(written: Json) -> list[str]:
    return [value for name, value in facts(written) if name == "counterseal:from"]


def by_ref(written: Json) -> dict[str, Json]:
    return {component["bom-ref"]: component for component in written["components"]}


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part)]
    return [str(value)]


# --- nothing is lost -----------------------------------------------------------------------------


EVERYTHING: Json = {
    "services": [{"bom-ref": "service", "name": "shop", "endpoints": ["https://shop.example/api"]}],
    "externalReferences": [{"type": "vcs", "url": "https://code.example/shop"}],
    "dependencies": [{"ref": "root", "dependsOn": ["pkg:npm/b@1.0", "pkg:npm/a@1.0"]}, {"ref": "service"}],
    "compositions": [{"aggregate": "incomplete", "assemblies": ["pkg:npm/a@1.0"]}],
    "vulnerabilities": [{"bom-ref": "v", "id": "CVE-2026-1", "affects": [{"ref": "pkg:npm/a@1.0"}]}],
    "annotations": [
        {
            "subjects": [SERIAL],
            "annotator": {"component": {"type": "application", "name": "cdxgen"}},
            "timestamp": "2026-01-02T03:04:05Z",
            "text": "made by a tool",
        }
    ],
    "formulation": [{"components": [{"type": "platform", "name": "linux"}], "workflows": [
        {"bom-ref": "flow", "uid": "flow-1", "taskTypes": ["build"]}]}],
    "declarations": {"assessors": [{"bom-ref": "who", "thirdParty": True}]},
    "definitions": {"standards": [{"bom-ref": "standard", "name": "a standard"}]},
    "properties": [{"name": "of:the:document", "value": "kept"}],
}  # fmt: skip


def test_every_member_survives_byte_for_value(tmp_path: Path) -> None:
    nested = lib("b", components=[lib("z"), lib("y")], pedigree={"notes": "patched"}, evidence={"copyright": []})
    written = build(tmp_path, document(nested, lib("a"), **EVERYTHING))
    for member in EVERYTHING.keys() - {"dependencies"}:
        assert written[member] == EVERYTHING[member], member
    assert by_ref(written)["pkg:npm/b@1.0"] == {**nested, "components": [lib("y"), lib("z")]}
    assert written["dependencies"] == [
        {"ref": "file:app-1.2.0.tar.gz"},
        {"ref": "root", "dependsOn": ["pkg:npm/a@1.0", "pkg:npm/b@1.0"]},
        {"ref": "service"},
    ]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_of_real_documents_every_value_is_still_there(tmp_path: Path, path: Path) -> None:
    data = path.read_bytes()
    content = json.loads(data)
    written = build(tmp_path, data)
    del content["specVersion"]
    content.pop("$schema", None)
    left = leaves(written)
    for leaf in set(leaves(content)):
        assert left.count(leaf) >= leaves(content).count(leaf), leaf


def test_time_and_serial_number_are_ours_and_the_tools_are_kept(tmp_path: Path) -> None:
    written = build(tmp_path, document())
    assert written["metadata"]["timestamp"] == "1970-01-01T00:00:00+00:00"
    assert written["serialNumber"] != SERIAL
    assert facts(written) == [
        ("counterseal:from", "syft 1.32.0"),
        ("counterseal:from:serial-number", SERIAL),
        ("counterseal:from:timestamp", "2026-01-02T03:04:05Z"),
    ]
    assert [tool["name"] for tool in written["metadata"]["tools"]["components"]] == ["syft", "counterseal"]


def test_artifacts_come_in_with_their_digests(tmp_path: Path) -> None:
    assert build(tmp_path, document(lib("a")))["components"][0] == {
        "type": "file",
        "bom-ref": "file:app-1.2.0.tar.gz",
        "name": "app-1.2.0.tar.gz",
        "hashes": [{"alg": "SHA-256", "content": "a" * 64}],
    }


def test_a_reference_like_an_artifacts_is_changed_wherever_it_stands(tmp_path: Path) -> None:
    other = {"type": "file", "bom-ref": "file:old.whl", "name": "old.whl"}
    edges = [{"ref": "root", "dependsOn": ["file:old.whl"]}]
    written = build(tmp_path, document(other, dependencies=edges))
    assert set(by_ref(written)) == {"file:app-1.2.0.tar.gz", "foreign:file:old.whl"}
    assert {"ref": "root", "dependsOn": ["foreign:file:old.whl"]} in written["dependencies"]


def test_components_without_a_reference_get_one_by_their_content(tmp_path: Path) -> None:
    one, two = ({**lib("a"), "description": text} for text in ("one", "two"))
    plain: Json = {"type": "file", "name": "x", "components": [{"type": "file", "group": "g", "name": "y"}]}
    for component in (one, two):
        del component["bom-ref"]
    first, second = build(tmp_path, document(one, two, plain)), build(tmp_path, document(plain, two, one))
    assert first == second
    assert {ref: component.get("description") for ref, component in by_ref(first).items()} == {
        "file:app-1.2.0.tar.gz": None,
        "file:x": None,
        "pkg:npm/a@1.0": "one",
        "pkg:npm/a@1.0#2": "two",
    }
    assert by_ref(first)["file:x"]["components"][0]["bom-ref"] == "file:g/y"


def test_the_same_bytes_in_whatever_order_it_stands(tmp_path: Path) -> None:
    edges = [{"ref": "root", "dependsOn": ["pkg:npm/a@1.0", "pkg:npm/b@1.0"]}, {"ref": "pkg:npm/a@1.0"}]
    turned = [{"dependsOn": ["pkg:npm/b@1.0", "pkg:npm/a@1.0"], "ref": "root"}]
    other = document(lib("b"), lib("a"), dependencies=[{"ref": "pkg:npm/a@1.0"}, *turned])
    assert build(tmp_path, document(lib("a"), lib("b"), dependencies=edges)) == build(tmp_path, other)


def test_a_document_without_a_root_gets_one(tmp_path: Path) -> None:
    content = document(lib("a"))
    del content["metadata"]
    written = build(tmp_path, content)
    assert written["metadata"]["component"]["name"] == "app-1.2.0.tar.gz"
    assert origins(written) == ["unknown"]


def test_a_tool_may_be_named_twice_by_one_reference(tmp_path: Path) -> None:
    content = document(lib("a"))
    tool = {"type": "application", "bom-ref": "pkg:npm/cdxgen@12", "name": "cdxgen", "version": "12"}
    content["metadata"]["tools"] = {"components": [tool]}
    content["annotations"] = [{**EVERYTHING["annotations"][0], "annotator": {"component": tool}}]
    written = build(tmp_path, content, content)
    assert written["metadata"]["tools"]["components"] == [tool, *written["metadata"]["tools"]["components"][1:]]
    assert len(written["metadata"]["tools"]["components"]) == 2
    assert written["annotations"] == content["annotations"]


def test_a_root_that_is_listed_among_its_components_stands_once(tmp_path: Path) -> None:
    content = document(lib("shop", description="twin", scope="required"), lib("a"))
    content["metadata"]["component"] = lib("shop", description="root")
    written = build(tmp_path, content)
    assert set(by_ref(written)) == {"file:app-1.2.0.tar.gz", "pkg:npm/a@1.0"}
    assert written["metadata"]["component"]["scope"] == "required"
    assert ("counterseal:conflict", '{"description":"twin"}') in facts(written)


# --- versions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_versions_are_raised_to_the_one_that_we_write_and_the_newest_stays(tmp_path: Path, version: str) -> None:
    content = document(lib("a"), version=version)
    if version < "1.5":
        content["metadata"]["tools"] = [{"vendor": "anchore", "name": "syft", "version": "1.32.0"}]
    written = build(tmp_path, content)
    expected = max(version, "1.6")
    assert written["specVersion"] == expected
    assert written["$schema"] == f"http://cyclonedx.org/schema/bom-{expected}.schema.json"
    assert origins(written) == ["syft 1.32.0"]


def test_licences_beside_an_expression_become_version_7(tmp_path: Path) -> None:
    licences = [{"license": {"id": "MIT"}}, {"expression": "Apache-2.0 OR BSD-2-Clause"}]
    content = document(lib("a", licenses=licences), version="1.4")
    content["metadata"]["tools"] = []
    written = build(tmp_path, content)
    assert written["specVersion"] == "1.7"
    assert by_ref(written)["pkg:npm/a@1.0"]["licenses"] == licences


def test_members_that_nobody_knows_become_properties(tmp_path: Path) -> None:
    content = document({**lib("a"), "x-risk": {"level": 3}}, version="1.3")
    content["x-team"] = "blue"
    content["metadata"]["tools"] = []
    written = build(tmp_path, content)
    assert written["properties"] == [{"name": "counterseal:from:extension", "value": '{"at":"x-team","value":"blue"}'}]
    assert by_ref(written)["pkg:npm/a@1.0"]["properties"] == [
        {"name": "counterseal:from:extension", "value": '{"at":"x-risk","value":{"level":3}}'}
    ]


def test_a_signature_that_does_not_fit_any_more_is_kept_as_text(tmp_path: Path) -> None:
    signature = {"algorithm": "ES256", "value": "c2ln"}
    written = build(tmp_path, document(signature=signature))
    assert "signature" not in written
    assert ("counterseal:from:signature", '{"algorithm":"ES256","value":"c2ln"}') in facts(written)


# --- what it says of itself ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([{"vendor": "aquasecurity", "name": "trivy", "version": "0.58.1"}], "trivy 0.58.1"),
        ([{"name": "npm", "version": "10"}, {"name": "cyclonedx-npm", "version": "2"}], "npm 10, cyclonedx-npm 2"),
        ({"services": [{"name": "scanner"}]}, "scanner"),
        ({}, "unknown"),
        ([], "unknown"),
        (None, "unknown"),
        ([{"name": "lock"}], "tool lock"),
        ([{"name": " LOCK "}], "tool LOCK"),
        ([{"name": "a, lock"}], "a lock"),
        ([{"name": "lock", "version": "1.0"}], "tool lock 1.0"),
        ([{"name": "lock 2"}, {"name": "syft"}], "tool lock 2, syft"),
        ([{"name": "", "version": "lock"}], "tool lock"),
        ([{"name": ", lock ,"}], "tool lock"),
        ({"components": [], "services": [{"name": "lock"}]}, "tool lock"),
        ([{"name": "lock\n"}, {"name": "lock"}], "tool lock"),
        ([{"name": "x" * 900}], "x" * 80),
    ],
)
def test_the_origin_is_the_tool_and_never_a_lock(given: Any, expected: str) -> None:
    assert tools.origin({"tools": given}) == expected


@pytest.mark.parametrize("name", ["counterseal:from", "Counterseal:from", " counterseal:from", "counterseal:lock"])
def test_no_document_says_of_itself_what_only_we_say(tmp_path: Path, name: str) -> None:
    claim = {"name": name, "value": "lock"}
    content = document(lib("a", properties=[claim]), properties=[claim])
    content["metadata"]["component"]["properties"] = [claim]
    content["metadata"]["properties"] = [claim]
    written = build(tmp_path, content)
    assert origins(written) == ["syft 1.32.0"]
    assert json.dumps(written).count(json.dumps({"name": f"foreign:{name}", "value": "lock"})) == 4


def test_a_document_of_our_own_is_no_lock_when_it_comes_from_a_file(tmp_path: Path) -> None:
    own = LockSbomBuilder().build([EXAMPLE], ARTIFACTS, revision=None, epoch=0).data
    written = build(tmp_path, own)
    assert [origin.partition(" ")[0] for origin in origins(written)] == ["counterseal"]


# --- several -------------------------------------------------------------------------------------


def test_components_of_two_documents_are_one_and_what_differs_is_kept(tmp_path: Path) -> None:
    one = document(lib("a", description="one", hashes=[{"alg": "MD5", "content": "a" * 32}]))
    two = document({**lib("a", description="two", scope="optional"), "bom-ref": "7"}, lib("b"))
    two["dependencies"] = [{"ref": "7", "dependsOn": ["pkg:npm/b@1.0"]}]
    written = build(tmp_path, one, two)
    assert by_ref(written)["pkg:npm/a@1.0"] == {
        **lib("a", description="one", scope="optional", hashes=[{"alg": "MD5", "content": "a" * 32}]),
        "properties": [{"name": "counterseal:conflict", "value": '{"description":"two"}'}],
    }
    assert {"ref": "pkg:npm/a@1.0", "dependsOn": ["pkg:npm/b@1.0"]} in written["dependencies"]


def test_a_reference_that_stands_for_two_things_is_changed_in_the_second(tmp_path: Path) -> None:
    one = document({**lib("a"), "bom-ref": "1"}, dependencies=[{"ref": "root", "dependsOn": ["1"]}])
    two = document({**lib("b"), "bom-ref": "1"}, dependencies=[{"ref": "root", "dependsOn": ["1"]}])
    two["compositions"] = [{"aggregate": "complete", "assemblies": ["1"]}]
    two["vulnerabilities"] = [{"id": "CVE-2026-1", "affects": [{"ref": "1"}]}]
    written = build(tmp_path, one, two)
    assert {component["name"] for component in written["components"]} >= {"a", "b"}
    assert {"ref": "root", "dependsOn": ["1", "1#2"]} in written["dependencies"]
    assert written["compositions"][0]["assemblies"] == ["1#2"]
    assert written["vulnerabilities"][0]["affects"] == [{"ref": "1#2"}]


def test_another_root_becomes_a_part_of_the_first(tmp_path: Path) -> None:
    two = document(lib("b"), dependencies=[{"ref": "root", "dependsOn": ["pkg:npm/b@1.0"]}])
    two["metadata"]["component"]["name"] = "billing"
    written = build(tmp_path, document(lib("a")), two)
    parts = written["metadata"]["component"]["components"]
    assert [(part["name"], part["bom-ref"]) for part in parts] == [("billing", "root#2")]
    assert {"ref": "root#2", "dependsOn": ["pkg:npm/b@1.0"]} in written["dependencies"]


def test_a_document_twice_is_that_document(tmp_path: Path) -> None:
    once, twice = build(tmp_path, document(lib("a"), lib("b"))), build(tmp_path, *[document(lib("a"), lib("b"))] * 2)
    assert once["components"] == twice["components"]
    assert once["dependencies"] == twice["dependencies"]


def test_twins_of_one_document_stay_two(tmp_path: Path) -> None:
    twins = [{**lib("a"), "bom-ref": ref} for ref in ("1", "2")]
    assert len(build(tmp_path, document(*twins), document(*twins))["components"]) == 3


def test_the_newest_version_and_all_tools_are_kept(tmp_path: Path) -> None:
    old = document(version="1.4")
    old["metadata"]["tools"] = [{"vendor": "aquasecurity", "name": "trivy", "version": "0.58"}]
    written = build(tmp_path, old, document(version="1.7"))
    assert written["specVersion"] == "1.7"
    assert {tool["name"] for tool in written["metadata"]["tools"]["components"]} == {"trivy", "syft", "counterseal"}
    assert origins(written) == ["trivy 0.58", "syft 1.32.0"]


def test_beside_a_lock_all_origins_are_told(tmp_path: Path) -> None:
    own = LockSbomBuilder().build([EXAMPLE], [], revision=None, epoch=0).content
    chosen = next(component for component in own["components"] if component["name"] == "idna")
    seen = {**chosen, "bom-ref": "1", "licenses": [{"license": {"id": "MIT"}}]}
    del seen["externalReferences"]
    written = build(tmp_path, document(seen), reads_locks=True, project=EXAMPLE)
    assert origins(written) == ["lock", "syft 1.32.0"]
    enriched = by_ref(written)[chosen["bom-ref"]]
    assert enriched["externalReferences"] == chosen["externalReferences"]
    assert enriched["licenses"]
    assert len(written["components"]) == len(own["components"]) + 1


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[]", "not a CycloneDX document"),
        (b'{"spdxVersion": "SPDX-2.3"}', "not a CycloneDX document"),
        (b'{"bomFormat": "CycloneDX", "specVersion": "1.1"}', "read are 1.2"),
        (b'{"bomFormat": "CycloneDX", "specVersion": ["1.6"]}', "read are 1.2"),
        (b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "specVersion": "1.6"}', "appears twice"),
        (b"<bom/>", "not valid JSON"),
        (b"[" * 9_000, "nested too deeply"),
        (b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": {}}', "not valid CycloneDX 1.6"),
        (b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 99999999999999999999}', "2\\^53"),
        (document(lib("a"), lib("a", description="x")), "pkg:npm/a@1.0 appears twice"),
        (document(lib("a"), {**lib("b"), "components": [{**lib("c"), "bom-ref": "root"}]}), "root appears twice"),
        (document(dependencies=[{"ref": "root", "dependsOn": ["gone"]}]), "edges lead to gone, which is nothing"),
        (document(dependencies=[{"ref": "gone"}]), "edges lead to gone, which is nothing"),
        (document(compositions=[{"aggregate": "complete", "assemblies": ["gone"]}]), "edges lead to gone"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_name(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises((FormatError, UsageError), match=words) as refused:
        build(tmp_path, content)
    assert "0.cdx.json" in refused.value.what
    assert refused.value.why


def test_what_stands_there_is_not_told(tmp_path: Path) -> None:
    content = document(lib("a", externalReferences=[{"type": "vcs", "url": "no url, but hunter2"}]))
    with pytest.raises(FormatError) as refused:
        build(tmp_path, content)
    assert "hunter2" not in str(refused.value)


def test_a_link_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(REAL[0])
    for name in ("link.json", "gone.json"):
        with pytest.raises(UsageError, match=name):
            LockSbomBuilder(documents=[tmp_path / name], reads_locks=False).build(
                [tmp_path], ARTIFACTS, revision=None, epoch=0
            )


def test_a_bom_link_and_a_circle_are_no_loose_ends(tmp_path: Path) -> None:
    edges = [{"ref": "root", "dependsOn": ["pkg:npm/a@1.0"]}, {"ref": "pkg:npm/a@1.0", "dependsOn": ["root"]}]
    affects = [{"ref": f"urn:cdx:{SERIAL[9:]}/1#elsewhere"}]
    content = document(lib("a"), dependencies=edges, vulnerabilities=[{"id": "CVE-2026-1", "affects": affects}])
    assert build(tmp_path, content)["vulnerabilities"][0]["affects"] == affects


BROKEN: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, -1, 1.5, True, "", "x", "root", [], [[]], {}, {"ref": 1}, [{"bom-ref": "root"}], [None]]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_wrong_value_at_any_place_ends_in_a_document_or_a_clear_error(tmp_path: Path, data: st.DataObject) -> None:
    content = copy.deepcopy(
        document(lib("a", licenses=[{"expression": "MIT"}]), lib("b", components=[lib("c")]), **EVERYTHING)
    )
    places = [(node, member) for node in references.nodes(content) for member in node]
    node, member = data.draw(st.sampled_from(places))
    node[member] = data.draw(BROKEN)
    try:
        build(tmp_path, content, document(lib("a")))
    except (FormatError, UsageError) as error:
        assert error.what  # noqa: PT017 - either ending is right
