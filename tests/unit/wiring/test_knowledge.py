"""Where a consumer's knowledge comes from: whose pins are read, to whom a token is shown, what is no state."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit import frozen
from tests.unit.verification.releases import TRUST

from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import pin as pins
from counterseal.formats.pin import Pin, PinnedGate
from counterseal.history import state as states
from counterseal.identifiers import PINS_PATH
from counterseal.verification import Asked
from counterseal.wiring import Surroundings, knowledge

GITHUB, GITLAB = ForgeKind
ASKED = Asked("production", "github.com", "acme/app")
PIN = Pin("github.com", "acme/app", 777, PinnedGate(), frozen.LEDGER, 3)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a file of pins."""
    for folder in (".git", ".counterseal", "a/b"):
        (tmp_path / "clone" / folder).mkdir(parents=True)
    (tmp_path / "clone" / PINS_PATH).write_bytes(pins.text([PIN]))
    return tmp_path / "clone"


def test_pins_are_those_of_the_clone_that_one_is_in(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # R39 | the consumer's own pins
    for folder in (clone, clone / "a" / "b"):
        monkeypatch.chdir(folder)
        assert knowledge.known_pins(None) == (PIN,)
    monkeypatch.chdir(clone.parent)
    assert knowledge.known_pins(None) == ()
    assert knowledge.known_pins(clone / PINS_PATH) == (PIN,)
    with pytest.raises(UsageError, match="no nowhere"):
        knowledge.known_pins(Path("nowhere"))


def test_an_inner_clone_has_pins_of_its_own(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clone / "a" / ".git").write_text("gitdir: elsewhere")
    monkeypatch.chdir(clone / "a" / "b")
    assert knowledge.known_pins(None) == ()


def test_pins_behind_a_link_are_not_read(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = clone.parent / "evil.yml"
    (clone / PINS_PATH).rename(other)
    (clone / PINS_PATH).symlink_to(other)
    monkeypatch.chdir(clone)
    with pytest.raises(UsageError, match="symlink"):
        knowledge.known_pins(None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("given_away", ["", ".counterseal", PINS_PATH])
def test_pins_of_somebody_else_are_not_read(clone: Path, monkeypatch: pytest.MonkeyPatch, given_away: str) -> None:
    # R39 | whoever owns the folder would choose whom to believe
    os.chown(clone / given_away, 12345, 12345)
    monkeypatch.chdir(clone)
    with pytest.raises(UsageError, match="belongs to somebody else"):
        knowledge.known_pins(None)
    assert knowledge.known_pins(clone / PINS_PATH) == (PIN,)


@pytest.mark.parametrize(
    ("environment", "github", "gitlab"),
    [
        ({}, None, None),
        ({"GITHUB_TOKEN": "a"}, ("x-access-token", "a"), None),
        ({"GITLAB_TOKEN": "b"}, None, ("oauth2", "b")),
        ({"COUNTERSEAL_TOKEN": "c", "GITHUB_ACTIONS": "true"}, ("x-access-token", "c"), None),
        ({"COUNTERSEAL_TOKEN": "c", "GITLAB_CI": "true"}, None, ("oauth2", "c")),
        ({"CI_JOB_TOKEN": "d", "GITLAB_CI": "true"}, None, ("gitlab-ci-token", "d")),
        ({"CI_JOB_TOKEN": "d", "GITHUB_ACTIONS": "true"}, None, None),
    ],
)
def test_a_token_is_for_the_forge_that_it_is_of(
    environment: dict[str, str], github: tuple[str, str] | None, gitlab: tuple[str, str] | None
) -> None:
    here = Surroundings(environment)
    assert (here.reading_login(GITHUB), here.reading_login(GITLAB)) == (github, gitlab)


@pytest.mark.parametrize(
    "url", ["http://example.com/state", "file:///etc/passwd", "http://127.0.0.1:1/state", "ssh://x/y"]
)
def test_an_address_is_one_of_https(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not https"):
        knowledge.tell(url, ASKED, TRUST, Surroundings({}), tmp_path)


def test_a_file_is_read_as_it_is_and_not_endlessly(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_bytes(b"a\nb\n")
    told = knowledge.tell(str(state), ASKED, TRUST, Surroundings({}), tmp_path)
    assert (told.note, told.fetched, told.lines) == (b"a\nb\n", False, None)
    state.write_bytes(b"x" * (2 * states.MAX_BYTES))
    with pytest.raises(UsageError, match="too many"):
        knowledge.tell(str(state), ASKED, TRUST, Surroundings({}), tmp_path)
    with pytest.raises(UsageError) as caught:
        knowledge.tell(str(tmp_path / "no"), ASKED, TRUST, Surroundings({}), tmp_path)
    assert "https://raw.githubusercontent.com/acme/app/counterseal-ledger/86/2f/" in caught.value.fix
    other = Asked("production", "gitlab.com", "acme/group/app")
    assert knowledge.address(other).startswith("https://gitlab.com/acme/group/app/-/raw/counterseal-ledger/86/2f/")
