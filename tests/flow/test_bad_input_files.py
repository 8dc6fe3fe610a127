"""Files that must not be signed, and repositories that cannot be judged, as the user meets them."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest
from tests.flow import faults, stories
from tests.flow.worlds import SUBJECTS

from counterseal_sandbox.demo.world import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.flow.worlds import FlowWorld


def _write(name: str, data: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return make


def _link_out(folder: Path) -> None:
    (folder / "passwd").symlink_to("/etc/passwd")


def _link_folder(folder: Path) -> None:
    (folder / "etc").symlink_to("/etc", target_is_directory=True)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _lying_list(folder: Path) -> None:
    (folder / "app.whl").write_bytes(b"x")
    (folder / "SHA256SUMS").write_bytes(b"0" * 64 + b"  app.whl\n")


#: name → (how it comes into bad/, what is named, what the first line says)
FILES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "glob-without-a-match": (_write("a.whl", b"x"), "bad/*.tar.gz", r"'bad/\*\.tar\.gz' matches no file"),
    "missing": (_write("app.whl", b"x"), "bad/ap.whl", r"there is no file bad/ap\.whl"),
    "symlink-out": (_link_out, "bad/passwd", r"bad/passwd is behind a symlink"),
    "symlink-by-glob": (_link_out, "bad/*", r"bad/passwd is behind a symlink"),
    "behind-a-linked-folder": (_link_folder, "bad/etc/passwd", r"bad/etc/passwd is behind a symlink"),
    "way-out": (_write("a", b"x"), "bad/../../home", r"'bad/\.\./\.\./home' is not below the workspace"),
    "absolute": (_write("a", b"x"), "/etc/passwd", r"'/etc/passwd' is not below the workspace"),
    "dsse": (_write("a.bin", b"DSSEv1 29 http://a.example"), "bad/a.bin", r"bad/a\.bin begins with 'DSSEv1 '"),
    "blank-in-the-name": (_write("my app.whl", b"x"), "bad/*", r"'my app\.whl' cannot be the name of a released file"),
    "tilde-in-the-name": (_write("app~1.whl", b"x"), "bad/*", r"'app~1\.whl' cannot be the name of a released file"),
    "control-in-the-name": (_write("a\x1b[31m.whl", b"x"), "bad/*", r"cannot be the name of a released file"),
    "name-of-ours": (_write("manifest.json", b"{}"), "bad/*", r"'manifest\.json' cannot be the name"),
    "empty": (_write("app.whl", b""), "bad/app.whl", r"app\.whl is empty"),
    "folder": (_write("a", b"x"), "bad", r"bad is a folder"),
    "pipe": (_pipe, "bad/pipe", r"bad/pipe is not a regular file"),
    "list-that-lies": (_lying_list, "bad/SHA256SUMS", r"bad/app\.whl is not what bad/SHA256SUMS says"),
    "list-that-points-out": (_write("SHA256SUMS", b"0" * 64 + b"  ../../x\n"), "bad/SHA256SUMS", r"not below"),
}  # fmt: skip


@pytest.fixture(scope="module")
def build(shared: FlowWorld) -> Mapping[str, str]:
    return {**shared.build_run(), "SOURCE_DATE_EPOCH": EPOCH}


@pytest.fixture
def bad(shared: FlowWorld) -> Iterator[Path]:
    folder = shared.checkout / "bad"
    folder.mkdir()
    yield folder
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()


def _made(world: FlowWorld) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in (world.checkout / "counterseal-out").iterdir()}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_must_not_be_signed(shared: FlowWorld, build: Mapping[str, str], bad: Path, name: str) -> None:
    make, argument, what = FILES[name]
    make(bad)
    made, assets = _made(shared), shared.release()["assets"]
    for verb in ("sbom", "sign", "candidate"):
        error = faults.told(shared.cli(verb, *SUBJECTS, argument, environment=build), 2, what)
        assert error.isprintable() or "\x1b" not in error
    assert _made(shared) == made
    assert shared.release()["assets"] == assets


def test_a_file_changed_between_sbom_and_sign(shared: FlowWorld, build: Mapping[str, str]) -> None:
    wheel = shared.checkout / SUBJECTS[0]
    before, made = wheel.read_bytes(), _made(shared)
    wheel.write_bytes(before + b"\n")
    try:
        error = faults.told(
            shared.cli("sign", *SUBJECTS, environment=build), 2, r"app-1\.2\.0-py3-none-any\.whl changed after `sbom`"
        )
        assert len(re.findall(r"[0-9a-f]{64}", error)) == 2
        assert _made(shared) == made
        changed = shared.cli("candidate", *SUBJECTS, environment=build)
        faults.told(changed, 2, r"app-1\.2\.0-py3-none-any\.whl changed after it was signed")
    finally:
        wheel.write_bytes(before)
    shared.counterseal("sign", "--dry-run", *SUBJECTS, environment=build)
    shared.counterseal("candidate", *SUBJECTS, environment=build)


def test_other_files_for_sign_than_for_sbom(shared: FlowWorld, build: Mapping[str, str]) -> None:
    faults.told(shared.cli("sign", SUBJECTS[0], environment=build), 2, r"sbom\.cdx\.json names app-1\.2\.0\.tar\.gz")
    (shared.checkout / "dist" / "late.whl").write_bytes(b"late")
    try:
        late = shared.cli("sign", *SUBJECTS, "dist/late.whl", environment=build)
        faults.told(late, 2, r"late\.whl is not in sbom\.cdx\.json")
    finally:
        (shared.checkout / "dist" / "late.whl").unlink()


def test_steps_in_the_wrong_order(shared: FlowWorld, build: Mapping[str, str]) -> None:
    faults.told(shared.cli("sign", "--output", "none", *SUBJECTS, environment=build), 2, r"no none/sbom\.cdx\.json")
    faults.told(shared.cli("candidate", "--output", "none", *SUBJECTS, environment=build), 2, r"no none/manifest\.json")
    assert not (shared.checkout / "none").exists()
    nothing = shared.cli(
        "request", "--stage", "staging", "--tag", "v9", "--reason", "weekly", environment=shared.person("bob")
    )
    faults.told(nothing, 2, r"no candidate for v9")


def test_a_build_that_is_for_no_tag(shared: FlowWorld) -> None:
    environment = shared.run(workflow=".github/workflows/release.yml", gateRevision=None)
    faults.told(shared.cli("sign", *SUBJECTS, environment=environment), 2, r"tag")


# --- the repository ----------------------------------------------------------------------------


def test_a_gate_on_a_server_with_a_shallow_repository(shared: FlowWorld) -> None:
    shallow = stories.hosted(shared).git.path / "shallow"
    shallow.write_text(shared.git("rev-parse", "HEAD") + "\n")
    try:
        faults.refused(shared, 1, r"shallow")
    finally:
        shallow.unlink()
    shared.gate("--stage", "nowhere")


def test_a_log_in_a_shallow_clone(shared: FlowWorld, tmp_path: Path) -> None:
    clone, trust = tmp_path / "clone", tmp_path / "trust.json"
    trust.write_text(json.dumps(shared.client.trust()), encoding="utf-8")
    stories.write(shared, "main", "notes.txt", b"one more commit\n")
    shared.git("clone", "-q", "--depth", "1", shared.clone_url, str(clone), folder=shared.folder)
    result = shared.cli("log", "--folder", str(clone), "--trust", str(trust), "--sandbox")
    assert "git fetch --unshallow" in faults.told(result, 1, r"this clone is shallow")


def test_a_log_where_there_is_no_repository(shared: FlowWorld, tmp_path: Path) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(shared.client.trust()), encoding="utf-8")
    result = shared.cli("log", "--folder", str(tmp_path / "none"), "--trust", str(trust), "--sandbox")
    faults.told(result, 1, r"/none cannot be read as a git repository")


@pytest.mark.parametrize("name", ["", "acme", "acme/app/more", "acme/../app"])
def test_what_is_no_repository(shared: FlowWorld, name: str) -> None:
    environment = {**shared.person("bob"), "GITHUB_REPOSITORY": name}
    result = shared.cli("request", "--stage", "staging", "--reason", "weekly", environment=environment)
    faults.told(result, 2, r"which repository|is not a repository")


def test_no_token(shared: FlowWorld) -> None:
    environment = {key: value for key, value in shared.person("bob").items() if key != "GITHUB_TOKEN"}
    faults.told(
        shared.cli("request", "--stage", "staging", "--reason", "weekly", environment=environment),
        2,
        r"no token for the forge",
    )
