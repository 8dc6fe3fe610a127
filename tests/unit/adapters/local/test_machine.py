"""What a machine is, from files of the system and of others: limits of both versions of control groups, time zone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.local import machine
from counterseal.adapters.local.secret_values import Published
from counterseal.model import Container, DigestSet, Redaction

if TYPE_CHECKING:
    from pathlib import Path

WORDS = Published({}, Redaction(hosts=("*.corp.example",)))


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def test_the_tightest_limit_of_all_groups_above_counts(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/job/step\n")
    group(tmp_path / "g", cpu__max="max 100000", memory__max="max")
    group(tmp_path / "g" / "job", cpu__max="250000 100000", memory__max="4294967296")
    group(tmp_path / "g" / "job" / "step", cpu__max="max 100000", memory__max="8589934592")
    found = machine.limits(tmp_path / "g", own)
    assert (found.cpus, found.memory) == ("2.5", 4 << 30)
    assert found.processors >= 1


def test_version_1_says_it_in_other_files(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n1:name=systemd:/\nnonsense\n")
    group(tmp_path / "g" / "cpu,cpuacct" / "docker" / "x", cpu__cfs_quota_us="150000", cpu__cfs_period_us="100000")
    group(tmp_path / "g" / "memory", memory__limit_in_bytes="9223372036854771712")
    group(tmp_path / "g" / "memory" / "docker" / "x", memory__limit_in_bytes="1073741824")
    found = machine.limits(tmp_path / "g", own)
    assert (found.cpus, found.memory) == ("1.5", 1 << 30)


@pytest.mark.parametrize("text", ["", "0::/../../../etc\n", "0::/" + "a/" * 5000, "x" * 200_000, "0:\n:::\n"])
def test_what_is_not_there_or_odd_limits_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "own").write_text(text)
    group(tmp_path / "g", cpu__max="lots", memory__max="-1")
    group(tmp_path / "etc", cpu__max="1 1", memory__max="1")
    found = machine.limits(tmp_path / "g", tmp_path / "own")
    assert (found.cpus, found.memory) == (None, None)


def test_the_time_zone_is_named_by_what_names_it(tmp_path: Path) -> None:
    assert machine.time_zone({"TZ": "UTC"}, tmp_path) == "UTC"
    assert machine.time_zone({}, tmp_path) == ""
    (tmp_path / "timezone").write_text("Europe/Berlin\n")
    assert machine.time_zone({}, tmp_path) == "Europe/Berlin"
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    assert machine.time_zone({}, tmp_path) == "Asia/Tokyo"
    (tmp_path / "localtime").unlink()
    (tmp_path / "timezone").write_text("odd\x1b]0;title")
    assert machine.time_zone({}, tmp_path) == ""


def test_the_locale_is_that_in_force() -> None:
    assert machine.locale({"LANG": "de_DE", "LC_ALL": "C.UTF-8"}) == "C.UTF-8"
    assert machine.locale({"LANG": "de_DE", "LC_ALL": ""}) == "de_DE"
    assert machine.locale({}) == "C"


def test_the_umask_is_that_of_the_process() -> None:
    before = os.umask(0o027)
    try:
        assert int(machine.umask(), 8) == 0o027
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("", None),
        ("python:3.12", Container("python:3.12", None)),
        (f"reg:5000/a/b:1@sha256:{'a' * 64}", Container("reg:5000/a/b:1", DigestSet("a" * 64))),
        ("python@sha512:abc", Container("python@sha512:abc", None)),
        ("hub.corp.example/x:1", Container("redacted-1/x:1", None)),
    ],
)
def test_an_image_has_the_digest_that_it_is_named_by(named: str, found: Container | None) -> None:
    words = Published({}, Redaction(hosts=("*.corp.example",)))
    assert machine.container({"CI_JOB_IMAGE": named}, words) == found
