"""A build sees its own files and nothing else, and is stopped where it goes too far. All of it with real processes."""

from __future__ import annotations

import dataclasses
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.adapters.rebuild.cell import BuildCell
from counterseal.adapters.rebuild.mechanism import NotApart
from counterseal.errors import ServiceError
from counterseal.model import Bounds, Conditions

if TYPE_CHECKING:
    from counterseal.adapters.rebuild.mechanism import Mechanism

pytestmark = pytest.mark.interop


def printed(cell: BuildCell) -> str:
    return cell.log.read_text(errors="replace")


def reaching(kind: str, address: str) -> str:
    return f"python3 -c 'import socket; socket.socket(socket.{kind}).connect({address})'"


# --- what it cannot reach --------------------------------------------------------------------


def test_a_build_has_no_network(cell: BuildCell) -> None:
    # R53 | a build has no network
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        end = cell.run("build", reaching("AF_INET", f'("127.0.0.1", {port})'), {})
        assert end.exit == 1
        with pytest.raises(TimeoutError):
            server.accept()
    cell.run("build", reaching("AF_INET", '("192.0.2.1", 443)'), {})
    assert "Network is unreachable" in printed(cell)


def test_a_fetch_has_network(cell: BuildCell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        script = reaching("AF_INET", f'("127.0.0.1", {server.getsockname()[1]})')
        assert cell.run("fetch", script, {}, network=True).done


def test_a_build_reaches_no_socket_without_a_name(cell: BuildCell) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        name = f"counterseal-{os.getpid()}"
        server.bind(f"\0{name}")
        server.listen()
        assert cell.run("build", reaching("AF_UNIX", f'"\\0{name}"'), {}).exit == 1
    assert "ConnectionRefusedError" in printed(cell)


def test_a_build_sees_no_file_of_others(cell: BuildCell, tmp_path: Path) -> None:
    # R53 | a build sees no file of others
    release, key = tmp_path / "release", tmp_path / "id_ed25519"
    release.mkdir()
    (release / "app-1.0.tar.gz").write_bytes(b"released")
    key.write_text("secret")
    places = (release, key, Path(__file__), Path.home(), Path("/root"), Path("/etc/shadow"), Path("/run/docker.sock"))
    for place in places:
        assert cell.run("build", f"[ ! -e '{place}' ] && echo apart", {}).done, place
    assert cell.run("build", f"cat '{release}/app-1.0.tar.gz'", {}).exit == 1
    assert "released" not in printed(cell)
    assert "No such file" in printed(cell)


def test_a_build_has_no_token(cell: BuildCell, monkeypatch: pytest.MonkeyPatch) -> None:
    # R53 | a build has no token
    for name in ("GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "CI_JOB_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "t0ken-of-the-job")
    seen = "env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; ls -A ~"
    assert cell.run("fetch", seen, {"DECLARED": "yes"}, network=True).done
    assert cell.run("build", seen, {}).done
    assert "DECLARED=yes" in printed(cell)
    assert "t0ken" not in printed(cell)
    assert {"TMPDIR=/tmp", "HOME=/home/build", "LC_ALL=C.UTF-8", "TZ=UTC"} <= set(printed(cell).splitlines())


def test_a_fetch_knows_mirrors_and_certificates_and_no_password(
    cell: BuildCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass@proxy.example:3128")
    monkeypatch.setenv("GOPROXY", f"https://mirror.example/ghp_{'a1B2' * 9}")
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/root/ca.pem")
    assert cell.run("fetch", "env", {}, network=True).done
    fetched = set(printed(cell).splitlines())
    assert {
        "PIP_INDEX_URL=https://mirror.example/simple",
        "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
    } <= fetched
    assert not {"HTTPS_PROXY", "GOPROXY", "NODE_EXTRA_CA_CERTS"} & {line.partition("=")[0] for line in fetched}
    assert cell.run("build", "env | grep mirror", {}).exit == 1, "and a build knows none"


def test_a_build_sees_no_process_of_others(cell: BuildCell) -> None:
    cell.run("build", f"kill -0 {os.getpid()} 2>/dev/null || echo nobody; ls /proc | grep -c '^[0-9]'", {})
    nobody, count = printed(cell).splitlines()[-2:]
    assert nobody == "nobody"
    assert int(count) <= 8


@pytest.mark.parametrize("place", ["/usr/x", "/etc/passwd", "/x", "/build/steps/build", "/proc/sys/kernel/domainname"])
def test_a_build_writes_to_its_own_folders_only(cell: BuildCell, place: str) -> None:
    assert not cell.run("build", f": >> {place}", {}).done
    assert "Read-only file system" in printed(cell)


def test_a_build_gets_nothing_by_namespaces_of_its_own(cell: BuildCell, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    undo = "unshare --user --map-root-user --mount sh -c 'umount -l /usr /proc/sys /; umount -l /tmp; ls /'"
    cell.run("build", f"{undo}; cat '{tmp_path}/secret'; cat /proc/net/dev", {})
    assert "secret\n" not in printed(cell).replace(f"{tmp_path}/secret", "")
    assert "eth" not in printed(cell)


# --- what it sees ----------------------------------------------------------------------------


def test_what_a_fetch_brings_is_there_for_the_build(cell: BuildCell) -> None:
    assert cell.run("fetch", "echo one > ~/cache; echo two > here; echo three > /build/tools/t", {}, network=True).done
    assert cell.run("build", "cat ~/cache here /build/tools/t", {}).done
    assert printed(cell).splitlines() == ["== fetch", "== build", "one", "two", "three"]


def test_a_build_runs_under_the_conditions_that_are_asked_for(apart: Mechanism, tmp_path: Path) -> None:
    there = Conditions(path="/build/a/b", locale="C", zone="Etc/GMT-14", umask=0o077, user="somebody", uid=4711, cpus=1)
    cell = BuildCell(tmp_path / "cell", apart, there, Bounds())
    cell.run("build", "pwd; echo $LC_ALL $LANG; date +%z; umask; id -un; id -u; echo ~; nproc", {})
    assert printed(cell).splitlines()[1:] == [
        *("/build/a/b", "C C", "+1400", "0077", "somebody", "4711", "/home/somebody", "1"),
    ]
    assert len(os.sched_getaffinity(0)) == os.cpu_count(), "ours are as they were"
    cell.remove()


def test_folders_with_tools_come_first(apart: Mechanism, tmp_path: Path) -> None:
    (tmp_path / "tool" / "bin").mkdir(parents=True)
    program = tmp_path / "tool" / "bin" / "env"
    program.write_text("#!/bin/sh\necho mine\n")
    program.chmod(0o755)
    cell = BuildCell(tmp_path / "cell", apart, Conditions(), Bounds(), [tmp_path / "tool"])
    assert cell.run("build", f"env; : > {program}", {}).exit != 0
    assert printed(cell).splitlines()[1] == "mine"
    assert "Read-only" in printed(cell)
    cell.remove()


def test_a_command_that_fails_ends_with_its_code(cell: BuildCell) -> None:
    end = cell.run("build", "exit 7; echo never", {})
    assert (end.exit, end.stopped, end.left, end.done) == (7, "", (), False)
    assert not cell.run("build", "false\necho after", {}).done, "sh -e ends with the first that fails"
    assert "after" not in printed(cell)


# --- where it goes too far -------------------------------------------------------------------


def bounded(apart: Mechanism, tmp_path: Path, **bounds: Any) -> BuildCell:
    usual = Bounds(seconds=30, disk=64 << 20, output=1 << 20)
    return BuildCell(tmp_path / "cell", apart, Conditions(), dataclasses.replace(usual, **bounds))


def processes_of(mark: str) -> int:
    found = 0
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += mark.encode() in place.read_bytes()
        except OSError:
            continue
    return found


def test_a_process_that_is_left_behind_is_stopped_and_named(cell: BuildCell) -> None:
    mark = f"31{os.getpid()}"
    end = cell.run("build", f"setsid sleep {mark} & sleep 0.5; echo built", {})
    assert end.done
    assert end.left == ("sleep",)
    assert processes_of(mark) == 0


def test_a_build_that_never_ends_is_stopped(apart: Mechanism, tmp_path: Path) -> None:
    cell, mark, began = bounded(apart, tmp_path, seconds=1), f"32{os.getpid()}", time.monotonic()
    end = cell.run("build", f"setsid sleep {mark} & sleep {mark}", {})
    assert end.stopped == "it took more than 1 seconds"
    assert not end.done
    assert time.monotonic() - began < 10
    time.sleep(0.2)
    assert processes_of(mark) == 0


def test_a_build_that_prints_without_end_is_stopped(apart: Mechanism, tmp_path: Path) -> None:
    cell = bounded(apart, tmp_path, output=1 << 16)
    assert cell.run("build", "yes", {}).stopped == "it printed more than 65536 bytes"
    assert cell.log.stat().st_size <= (1 << 16) + 16


def test_a_build_that_fills_the_disk_is_stopped(apart: Mechanism, tmp_path: Path) -> None:
    cell = bounded(apart, tmp_path, disk=16 << 20)
    loop = "n=0; while :; do head -c 2000000 /dev/urandom > $n; n=$((n + 1)); sleep 0.05; done"
    assert cell.run("build", loop, {}).stopped == "it wrote more than 16777216 bytes"


def test_a_build_that_writes_one_huge_file_is_stopped(apart: Mechanism, tmp_path: Path) -> None:
    cell = bounded(apart, tmp_path, disk=16 << 20)
    end = cell.run("build", "exec head -c 40000000 /dev/zero > huge", {})
    assert end.stopped == "it wrote a file of more than 16777216 bytes"


def test_memory_that_is_a_file_system_is_bounded(cell: BuildCell) -> None:
    assert not cell.run("build", "head -c 100000000 /dev/zero > /dev/shm/x", {}).done


# --- where nothing keeps it apart ------------------------------------------------------------


def test_without_a_mechanism_it_runs_with_the_same_variables_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken")
    cell = BuildCell(tmp_path / "cell", NotApart("nothing works"), Conditions(umask=0o027), Bounds(seconds=1))
    assert cell.run("build", "env; pwd; umask; ls -A ~; echo ok > out", {}).done
    assert not cell.isolation.isolated
    lines = printed(cell).splitlines()
    assert "t0ken" not in printed(cell)
    assert f"HOME={tmp_path}/cell/home" in lines
    assert lines[-2:] == [str(cell.source), "0027"]
    assert [path.name for path in cell.outputs(["o*"])] == ["out"]
    assert cell.run("build", "sleep 60", {}).stopped


def test_a_mechanism_that_cannot_start_the_command_is_an_error(apart: Mechanism, tmp_path: Path) -> None:
    cell = BuildCell(tmp_path / "cell", apart, Conditions(), Bounds(), [tmp_path / "gone"])
    (tmp_path / "gone").mkdir()
    cell.source.rmdir()
    with pytest.raises(ServiceError, match="could not be started apart"):
        cell.run("build", "echo never", {})
