"""The routes of a rehearsal: text for a shell, in which nothing foreign is a command, and which no page can fetch."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import requests

from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import LoopbackServer
from counterseal_sandbox.rehearsal.routes import Routes, shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HOSTILE = 'a\'; touch hacked; $(touch hacked) `touch hacked`\n"touch hacked" \\'


class Hands:
    """Gives every answer hostile text, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def _environment(self, *asked: object) -> Mapping[str, str]:
        self.asked.append(asked)
        return {"VALUE": HOSTILE}

    def person(self, login: str) -> Mapping[str, str]:
        return self._environment("as", login)

    def build(self, tag: str) -> Mapping[str, str]:
        return self._environment("build", tag)

    def gate(self) -> Mapping[str, str]:
        return self._environment("gate")

    def approve(self, number: int, login: str) -> None:
        self.asked.append(("approve", number, login))

    def merge(self, number: int, login: str) -> None:
        if login == "bob":
            raise Refused("405 Method Not Allowed", 405)
        self.asked.append(("merge", number, login))


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def url(hands: Hands) -> Iterator[str]:
    server = LoopbackServer()
    Routes(hands, server)
    server.start()
    yield f"{server.url}/rehearsal"
    server.stop()


@pytest.mark.parametrize("program", ["sh", "bash"])
def test_values_are_values(program: str, url: str, hands: Hands, tmp_path: Path) -> None:
    text = requests.get(f"{url}/as/alice", timeout=10).text
    done = subprocess.run(
        [program, "-c", 'eval "$1" && printf %s "$VALUE" && printf "|%s" "$LEFT" "$HOME"', program, text],
        env={"PATH": "/usr/bin:/bin", "LEFT": "over\nVALUE=other\n1=2", "HOME": "/home"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{HOSTILE}||/home"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
    assert hands.asked == [("as", "alice")]


def test_a_name_that_is_none_is_no_variable() -> None:
    with pytest.raises(Refused, match="no name of a variable"):
        shell({"A=1; touch hacked; B": "x"})


def test_who_is_asked_for(url: str, hands: Hands) -> None:
    for path in ("as/renovate%5Bbot%5D", "build/releases/v1%2B2", "gate"):
        answer = requests.get(f"{url}/{path}", timeout=10)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert requests.post(f"{url}/approve/2/alice", timeout=10).text == "alice approved change request 2\n"
    assert requests.post(f"{url}/merge/17/alice", timeout=10).text == "alice merged change request 17\n"
    refused = requests.post(f"{url}/merge/17/bob", timeout=10)
    assert (refused.status_code, refused.text) == (405, "405 Method Not Allowed\n")
    assert hands.asked == [
        ("as", "renovate[bot]"),
        ("build", "releases/v1+2"),
        ("gate",),
        ("approve", 2, "alice"),
        ("merge", 17, "alice"),
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "approve/2/alice"), ("POST", "as/alice"), ("POST", "approve/x/alice"), ("GET", "as/a/b"), ("GET", "")],
)
def test_other_calls_are_none(method: str, path: str, url: str, hands: Hands) -> None:
    answer = requests.request(method, f"{url}/{path}", timeout=10)
    assert answer.status_code == 404
    assert "is no call of a rehearsal" in answer.text
    assert hands.asked == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "rebound.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "as/alice"), ("GET", "gate"), ("POST", "approve/2/alice")])
def test_no_page_becomes_anybody(
    method: str, path: str, headers: dict[str, str], status: int, url: str, hands: Hands
) -> None:
    assert requests.request(method, f"{url}/{path}", headers=headers, timeout=10).status_code == status
    assert hands.asked == []
