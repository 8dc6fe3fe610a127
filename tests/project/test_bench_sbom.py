"""What the bench of SBOMs says of recall and precision is right, on a case small enough for counting by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from bench import sbom_locks, sbom_truth
from tests.project.source_tree import ROOT

from counterseal.adapters.sbom.builder import LockSbomBuilder

if TYPE_CHECKING:
    from pathlib import Path

A, B, C, ROOT_PURL = "pkg:npm/%40x/a@1.0.0", "pkg:npm/b@2.0.0", "pkg:npm/c@3.0.0", "pkg:npm/shop@1.0.0"
TRUTH = {
    "packages": [
        {"name": "@x/a", "version": "1.0.0", "purl": A, "hashes": {"sha512": ["aa"], "sha1": ["a1"]}, "dev": False},
        {"name": "b", "version": "2.0.0", "purl": B, "hashes": {"sha512": ["bb"]}, "dev": True},
        {"name": "shop", "version": "0.9.0", "purl": "pkg:npm/shop@0.9.0", "hashes": {}, "dev": False},
    ],
    "edges": [[A, B], [B, A]],
    "peer_edges": [[A, C], [A, B]],
    "members": [{"name": "shop", "version": "1.0.0", "path": ".", "kind": "root", "purl": ROOT_PURL}],
}


@pytest.fixture
def known(tmp_path: Path) -> sbom_truth.Truth:
    file = tmp_path / "truth.json"
    file.write_text(json.dumps(TRUTH))
    return sbom_truth.truth(file)


def component(purl: str, *digests: str, **more: Any) -> dict[str, Any]:
    hashes = [{"alg": "SHA-512", "content": digest} for digest in digests]
    return {"type": "library", "bom-ref": f"ref of {purl}", "name": "n", "purl": purl, "hashes": hashes, **more}


def document(*components: dict[str, Any], edges: dict[str, list[str]] | None = None) -> dict[str, Any]:
    dependencies = [
        {"ref": f"ref of {one}", "dependsOn": [f"ref of {other}" for other in others]}
        for one, others in (edges or {}).items()
    ]
    return {"bomFormat": "CycloneDX", "components": list(components), "dependencies": dependencies}


def test_what_is_missing_lowers_recall_and_what_is_wrong_lowers_precision(known: sbom_truth.Truth) -> None:
    said = sbom_truth.said(document(component(A), component(C)), known)
    assert sbom_truth.share(known.packages, said.packages) == sbom_truth.Share(1 / 3, 1 / 2)


def test_a_member_is_no_package_and_a_package_of_its_name_is_one(known: sbom_truth.Truth) -> None:
    other = {"type": "library", "bom-ref": "x", "name": "shop"}
    said = sbom_truth.said(document(component(ROOT_PURL), other, component("pkg:npm/shop@0.9.0")), known)
    assert said.packages == {"pkg:npm/shop@0.9.0"}


def test_nested_components_count_and_files_do_not(known: sbom_truth.Truth) -> None:
    inner = component(B, licenses=[{"license": {"id": "MIT"}}])
    said = sbom_truth.said(document(component(A, components=[inner]), {"type": "file", "name": "shop.tgz"}), known)
    assert (sorted(said.packages), sorted(said.licensed)) == ([A, B], [B])


def test_a_digest_counts_where_it_belongs_and_only_there(known: sbom_truth.Truth) -> None:
    reference = {"type": "distribution", "url": "https://npm.example/a", "hashes": [{"alg": "SHA-1", "content": "A1"}]}
    there = component(A + "?download_url=x", "aa", externalReferences=[reference])
    said = sbom_truth.said(document(there, component(B, "aa")), known)
    assert said.digests == {(A, "aa"), (A, "a1"), (B, "aa")}
    assert sbom_truth.share(known.digests, said.digests) == sbom_truth.Share(2 / 3, 2 / 3)


def test_peers_that_the_lock_only_names_count_neither_way(known: sbom_truth.Truth) -> None:
    said = sbom_truth.said(document(component(A), component(B), component(C), edges={A: [B, C], B: [B]}), known)
    assert sbom_truth.edge_share(known, said) == sbom_truth.Share(1 / 2, 1.0)


def test_nothing_is_no_zero(known: sbom_truth.Truth) -> None:
    assert sbom_truth.share(frozenset(), frozenset()) == sbom_truth.Share(None, None)
    assert sbom_truth.share(known.packages, frozenset()) == sbom_truth.Share(0.0, None)


@pytest.mark.parametrize("name", sbom_locks.KINDS)
def test_the_synthetic_locks_are_locks(name: str, tmp_path: Path) -> None:
    sbom_locks.KINDS[name](tmp_path, 60)
    content = LockSbomBuilder().build([tmp_path], [], revision=None, epoch=0).content
    assert len(content["components"]) == 60
    edges = [to for edge in content["dependencies"] for to in edge.get("dependsOn", ())]
    assert len(edges) == 1 + 59 + 29, (
        "the root's one, one to each other, and from the first half to the second, once as before"
    )


def test_a_program_is_measured_whole(tmp_path: Path) -> None:
    program = "import sys; b = bytearray(200 << 20); print('out'); sys.exit(3)"
    runner = ROOT / "bench" / "sbom_process.py"
    output = tmp_path / "out"
    command = [sys.executable, "-I", "-S", str(runner), "60", str(output), sys.executable, "-c", program]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert (told["code"], output.read_bytes()) == (3, b"out\n")
    assert 200 << 10 < told["kibibytes"] < 300 << 10
    assert 0 < told["seconds"] < 60


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    runner = ROOT / "bench" / "sbom_process.py"
    command = [sys.executable, "-I", "-S", str(runner), "0.2", str(tmp_path / "out"), "sleep", "60"]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)
    assert told["code"] == -9
