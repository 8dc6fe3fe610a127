"""`verify` of many files: each proof once, each file by itself, and nothing that lies there passed over."""

from __future__ import annotations

import dataclasses
import os
import tracemalloc
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit import frozen
from tests.unit.verification.releases import NOW, TRUST, Release, Signed, decided, published

from counterseal.commands.verify import OwnGateNamed, Question, Refused, VerifyPorts, VerifyResult, run
from counterseal.errors import UsageError
from counterseal.formats import digests
from counterseal.formats.pin import Pin, PinnedGate
from counterseal.history.events import PublishedAsset
from counterseal.model import Attestation, Outcome, Subject
from counterseal.verification import NotOfReleaseError, Told

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

QUESTION = Question("production", f"{frozen.HOST}/{frozen.HOME.name}")
PROOF = "ledger-proof.json"


class Now:
    """The clock."""

    def now(self) -> datetime:
        return NOW


class Counting(Signed):
    """Counts how many lines it was asked to verify."""

    asked = 0

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:
        self.asked += 1
        return super().verify_statement(bundle, what)


def content(name: str) -> bytes:
    return f"bytes of {name}\n".encode()


def publish(folder: Path, *artifacts: str, deny: bool = False) -> Release:
    """Put a release into a folder: artifacts, an SBOM, a summary, SHA256SUMS and its proof."""
    folder.mkdir(exist_ok=True)
    files = {name: content(name) for name in (*artifacts, "sbom.cdx.json", f"{artifacts[0]}.vsa.sigstore.json")}
    sums = "".join(f"{digests.sha256(data)}  {name}\n" for name, data in files.items()).encode()
    files["SHA256SUMS"] = sums
    release = Release(
        decision=decided(outcome=Outcome.DENY) if deny else frozen.ALLOW,
        about=tuple(Subject(name, digests.sha256(content(name))) for name in artifacts),
        publication=published(
            assets=tuple(PublishedAsset(name, digests.sha256(data), len(data)) for name, data in files.items())
        ),
    )
    release.signed = Counting()
    for name, data in {**files, PROOF: release.proof()}.items():
        (folder / name).write_bytes(data)
    return release


def asked(release: Release, *given: Path, proof: Path | None = None) -> VerifyResult:
    return run(given, QUESTION, VerifyPorts(release.signed, TRUST, Now()), proof=proof)


def said(result: VerifyResult) -> dict[str, str]:
    """Return what became of each file: `verified`, or what is wrong with it."""
    told = {each.file_name: "skipped" for each in result.skipped}
    for each in result.verdicts:
        assert each.file_name not in told
        told[each.file_name] = each.error.what if isinstance(each, Refused) else "verified"
    return told


def refused(result: VerifyResult) -> dict[str, Refused]:
    return {each.file_name: each for each in result.verdicts if isinstance(each, Refused)}


def count(release: Release) -> int:
    assert isinstance(release.signed, Counting)
    return release.signed.asked


def test_a_folder_is_verified_with_its_proof_once(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl", "b.tar.gz")
    result = asked(release, tmp_path)
    assert result.exit_code == 0
    names = ["SHA256SUMS", "a.whl", "a.whl.vsa.sigstore.json", "b.tar.gz", PROOF, "sbom.cdx.json"]
    assert said(result) == {name: "skipped" if name == PROOF else "verified" for name in names}
    assert count(release) == 2  # the two lines of the proof


def test_equal_proofs_in_many_folders_are_verified_once_and_another_by_itself(tmp_path: Path) -> None:
    release = publish(tmp_path / "0", "a.whl")
    for number in range(1, 40):
        publish(tmp_path / str(number), "a.whl")
    given = [tmp_path / str(number) / "a.whl" for number in range(40)]
    result = asked(release, *given)
    assert (result.exit_code, len(result.verdicts), count(release)) == (0, 40, 2)
    assert result.paths == tuple(map(str, given))
    other = publish(tmp_path / "other", "c.whl")
    release.signed.lines.update(other.signed.lines)
    assert asked(release, *given, tmp_path / "other" / "c.whl").exit_code == 0
    assert count(release) == 6


def test_one_altered_file_among_many_is_found_and_named(tmp_path: Path) -> None:
    release = publish(tmp_path / "0", "a.whl")
    given = []
    for number in range(1000):
        folder = tmp_path / str(number)
        folder.mkdir(exist_ok=True)
        (folder / "a.whl").write_bytes(content("a.whl"))
        given.append(folder / "a.whl")
    given[617].write_bytes(content("a.whl") + b"x")
    result = asked(release, *given, proof=tmp_path / "0" / PROOF)
    assert result.exit_code == 11
    wrong = [path for path, each in zip(result.paths, result.verdicts, strict=True) if isinstance(each, Refused)]
    assert wrong == [str(given[617])]
    assert count(release) == 2


def test_a_file_that_is_named_twice_is_one_file(tmp_path: Path) -> None:
    release = publish(tmp_path / "release", "a.whl")
    (tmp_path / "link").symlink_to("release")
    wheel = tmp_path / "release" / "a.whl"
    result = asked(
        release, wheel, wheel, tmp_path / "link" / "a.whl", tmp_path / "release" / ".." / "release" / "a.whl"
    )
    assert said(result) == {"a.whl": "verified"}


def test_an_unknown_file_in_a_folder_is_no_part_of_the_release(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl")
    evil = ["evil.whl", "evil.vsa.sigstore.json", "evil.sigstore.json", "bundles.jsonl", ".hidden"]
    evil += ["evidence.json", "manifest.json", "build.intoto.jsonl", "counterseal.intoto.jsonl"]
    for name in evil:
        (tmp_path / name).write_bytes(b"evil")
    result = asked(release, tmp_path)
    assert result.exit_code == 11
    assert set(refused(result)) == set(evil)
    assert all(each.not_of_release for each in refused(result).values())


@pytest.mark.parametrize("name", ["sbom.cdx.json", "a.whl.vsa.sigstore.json", "SHA256SUMS"])
def test_a_file_that_is_called_like_a_proof_is_held_to_its_digest(name: str, tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl")
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data.replace(b"sbom.cdx", b"a.whl.xx") if name == "SHA256SUMS" else b"evil")
    assert name in refused(asked(release, tmp_path))


def test_a_proof_that_proves_nothing_here_is_not_passed_over(tmp_path: Path) -> None:
    release = publish(tmp_path / "release", "a.whl")
    (tmp_path / "proof.json").write_bytes((tmp_path / "release" / PROOF).read_bytes())
    (tmp_path / "release" / PROOF).write_bytes(b"evil")
    result = asked(release, tmp_path / "release", proof=tmp_path / "proof.json")
    assert result.exit_code == 11
    assert set(refused(result)) == {PROOF}
    (tmp_path / "release" / PROOF).write_bytes((tmp_path / "proof.json").read_bytes())
    assert asked(release, tmp_path / "release", proof=tmp_path / "proof.json").exit_code == 0


def test_a_named_proof_is_no_file_of_the_release_whatever_it_is_called(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl")
    (tmp_path / PROOF).rename(tmp_path / "proof.json")
    result = asked(release, tmp_path, proof=tmp_path / "proof.json")
    assert (result.exit_code, said(result)["proof.json"]) == (0, "skipped")
    with pytest.raises(UsageError, match="nothing to verify but"):
        asked(release, tmp_path / "proof.json", proof=tmp_path / "proof.json")


def test_the_proof_of_another_release_refuses_its_file_alone(tmp_path: Path) -> None:
    release, other = publish(tmp_path / "a", "a.whl"), publish(tmp_path / "b", "b.whl")
    release.signed.lines.update(other.signed.lines)
    (tmp_path / "b" / "a.whl").write_bytes(content("a.whl"))
    result = asked(release, tmp_path / "a" / "a.whl", tmp_path / "b" / "a.whl")
    first, second = result.verdicts
    assert not isinstance(first, Refused)
    assert isinstance(second, Refused)
    assert isinstance(second.error, NotOfReleaseError)


def test_equal_bytes_under_another_name_are_not_that_file(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl", "b.whl")
    (tmp_path / "b.whl").write_bytes(content("a.whl"))
    result = asked(release, tmp_path / "a.whl", tmp_path / "b.whl")
    assert said(result)["a.whl"] == "verified"
    assert refused(result)["b.whl"].error.why == "these bytes were decided on as a.whl, not as b.whl"


@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "folder"])
def test_what_is_no_plain_file_is_refused(kind: str, tmp_path: Path) -> None:
    release = publish(tmp_path / "release", "a.whl", "b.whl")
    wheel = tmp_path / "release" / "a.whl"
    wheel.rename(tmp_path / "elsewhere.whl")
    if kind == "fifo":
        os.mkfifo(wheel)
    elif kind == "folder":
        wheel.mkdir()
    else:
        wheel.symlink_to(tmp_path / "elsewhere.whl" if kind == "link" else "nowhere")
    if kind == "folder":
        with pytest.raises(UsageError, match="is not a folder of release files"):
            asked(release, tmp_path / "release")
        wheel.joinpath("x").touch()
        result = asked(release, tmp_path / "release" / "SHA256SUMS")
    else:
        result = asked(release, tmp_path / "release")
    assert result.exit_code == 11
    assert set(refused(result)) == {"a.whl"}
    assert " is a " in refused(result)["a.whl"].error.what


def test_a_proof_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    release = publish(tmp_path / "release", "a.whl")
    (tmp_path / "release" / PROOF).rename(tmp_path / "elsewhere")
    (tmp_path / "release" / PROOF).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a symlink"):
        asked(release, tmp_path / "release")


def test_a_decision_that_was_no_allow_refuses_every_file_with_one_reason(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl", "b.whl", deny=True)
    result = asked(release, tmp_path / "a.whl", tmp_path / "b.whl")
    assert {str(each.error) for each in refused(result).values()} == {str(refused(result)["a.whl"].error)}
    assert set(refused(result)) == {"a.whl", "b.whl"}
    assert result.exit_code == 11


# --- SHA256SUMS ----------------------------------------------------------------------------------


def test_a_list_stands_for_all_that_it_lists(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl", "b.whl")
    result = asked(release, tmp_path / "SHA256SUMS")
    assert result.exit_code == 0
    assert set(said(result)) == {"SHA256SUMS", "a.whl", "b.whl", "sbom.cdx.json", "a.whl.vsa.sigstore.json"}
    assert count(release) == 2


def test_what_is_listed_and_missing_or_changed_is_refused(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl", "b.whl", "c.whl")
    (tmp_path / "b.whl").unlink()
    (tmp_path / "c.whl").write_bytes(b"evil")
    for given in (tmp_path / "SHA256SUMS", tmp_path, tmp_path / "*"):
        result = asked(release, given)
        assert result.exit_code == 11
        told = said(result)
        assert told["a.whl"] == told["sbom.cdx.json"] == "verified"
        assert told["b.whl"] == "not verified: b.whl is not there"
        assert told["c.whl"] == "not verified: c.whl is not as SHA256SUMS lists it"


def test_a_list_of_somebody_else_makes_nothing_verified(tmp_path: Path) -> None:
    """Whoever changes a file and the list with it changes a list that was published."""
    release = publish(tmp_path, "a.whl", "b.whl")
    (tmp_path / "b.whl").write_bytes(b"evil")
    sums = (tmp_path / "SHA256SUMS").read_text()
    sums = sums.replace(digests.sha256(content("b.whl")), digests.sha256(b"evil"))
    (tmp_path / "SHA256SUMS").write_text(sums)
    assert set(refused(asked(release, tmp_path / "SHA256SUMS"))) == {"SHA256SUMS", "b.whl"}
    (tmp_path / "SHA256SUMS").write_text(f"{digests.sha256(content('a.whl'))}  a.whl\n")
    assert set(refused(asked(release, tmp_path / "SHA256SUMS"))) == {"SHA256SUMS"}


@pytest.mark.parametrize(
    "name", ["../a.whl", "/etc/passwd", "x/../a.whl", "..", "sub/a.whl", "a..whl", ".", "a\\b", ""]
)
def test_a_list_that_names_what_is_not_beside_it_is_refused_and_not_followed(name: str, tmp_path: Path) -> None:
    release = publish(tmp_path / "release", "a.whl")
    sums = tmp_path / "release" / "SHA256SUMS"
    sums.write_text(f"{sums.read_text()}{'0' * 64}  {name}\n")
    result = asked(release, sums, tmp_path / "release" / "a.whl")
    assert result.exit_code == 11
    assert list(said(result)) == ["SHA256SUMS", "a.whl"]
    assert refused(result)["SHA256SUMS"].error.what.startswith("not verified: SHA256SUMS, line 4: ")


# --- what memory it takes ------------------------------------------------------------------------


def test_large_files_are_read_in_pieces(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl")
    given = []
    for number in range(3):
        given.append(tmp_path / f"{number}.whl")
        with given[-1].open("wb") as stream:
            stream.truncate(80 << 20)
    tracemalloc.start()
    try:
        result = asked(release, *given)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (result.exit_code, len(refused(result))) == (11, 3)
    assert peak < 24 << 20


# --- what the consumer knows ----------------------------------------------------------------------

PIN = Pin(frozen.HOST, frozen.HOME.name, frozen.HOME.id, PinnedGate(), frozen.LEDGER, 2)


def with_pins(release: Release, *given: Path, told: Told | None = None, **changes: Any) -> VerifyResult:
    ports = VerifyPorts(release.signed, TRUST, Now(), (lambda _: told) if told else None)
    return run(given, dataclasses.replace(QUESTION, **changes), ports, proof=None)


def test_a_pin_is_part_of_every_question(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl")
    wheel = tmp_path / "a.whl"
    assert with_pins(release, wheel, pins=(PIN,)).exit_code == 0
    for changes, says in (
        ({"repository_id": 1}, "step 2, signature"),
        ({"ledger": frozen.LEDGER[:-1] + "0"}, "step 5, ledger"),
        ({"gate": PinnedGate((frozen.revision("x"),))}, "step 2, signature"),
        ({"sequence": 3}, "step 6, knowledge"),
        ({"max_age": timedelta(hours=2)}, "step 6, knowledge"),
    ):
        pin = dataclasses.replace(PIN, **changes)
        result = with_pins(release, wheel, pins=(pin,))
        assert says in refused(result)["a.whl"].error.what, changes
        assert result.exit_code == 11
        other = dataclasses.replace(pin, repository="acme/other")
        assert with_pins(release, wheel, pins=(other,)).exit_code == 0


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ({"repository_id": 1}, "--repository-id"),
        ({"ledger": "github.com/1/aa"}, "--ledger"),
        ({"revisions": (frozen.REVISION,)}, "--gate-revision"),
        ({"own_gate": OwnGateNamed("x", "y")}, "--gate-identity"),
    ],
)
def test_an_option_does_not_overrule_a_pin(tmp_path: Path, said: dict[str, Any], option: str) -> None:
    release = publish(tmp_path, "a.whl")
    with pytest.raises(UsageError, match=option) as caught:
        with_pins(release, tmp_path / "a.whl", pins=(PIN,), **said)
    assert "remove the pin from its file" in caught.value.fix


def test_a_newer_state_is_verified_once_for_all_files(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl", "b.whl")
    told = Told(release.note())
    result = with_pins(release, tmp_path / "a.whl", tmp_path / "b.whl", told=told, current=True)
    assert result.exit_code == 0
    assert count(release) == 3  # the two lines of the proof, the newest one
    assert with_pins(release, tmp_path / "a.whl", told=Told(b"nonsense")).exit_code == 11
    with pytest.raises(UsageError, match="--current needs --state"):
        with_pins(release, tmp_path / "a.whl", current=True)


def test_what_a_stage_has_now_is_asked_of_a_state_that_is_new(tmp_path: Path) -> None:
    release = publish(tmp_path, "a.whl")

    class Later:
        def now(self) -> datetime:
            return NOW + timedelta(days=8)

    ports = VerifyPorts(release.signed, TRUST, Later(), lambda _: Told(release.note()))
    result = run([tmp_path / "a.whl"], dataclasses.replace(QUESTION, current=True), ports, proof=None)
    assert "what is known is too old" in refused(result)["a.whl"].error.why
