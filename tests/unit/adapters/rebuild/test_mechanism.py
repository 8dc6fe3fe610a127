"""Which mechanism keeps a build apart is found by trying; one that does not is never believed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.rebuild import bubblewrap, layout, mechanism
from counterseal.errors import UsageError
from counterseal.model import Isolation

if TYPE_CHECKING:
    from collections.abc import Callable


class Broken(mechanism.Bubblewrap):
    """bubblewrap, asked for less than it could do."""

    def __init__(self, *without: str, more: tuple[str, ...] = ()) -> None:
        self.without, self.more = without, more

    def command(self, call: layout.Call) -> list[str]:
        words = [word for word in bubblewrap.command(call) if word not in self.without]
        place = words.index("--remount-ro")
        return [*words[:place], *self.more, *words[place:]]


class Pretending(mechanism.Namespaces):
    """It runs the command, and keeps nothing apart."""

    def command(self, call: layout.Call) -> list[str]:
        return ["/bin/sh", "-c", call.script]


@pytest.mark.interop
def test_what_works_here_is_chosen(apart: mechanism.Mechanism) -> None:
    assert mechanism.choose(in_ci=False, tried=[apart]) is apart
    assert mechanism.choose(in_ci=False, tried=[Pretending(), apart]) is apart


@pytest.mark.interop
@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (Broken("--unshare-net"), "the network could be reached"),
        (Broken("--unshare-pid", more=("--ro-bind", "/proc", "/proc")), "processes of the machine could be seen"),
        (Broken(more=("--ro-bind", "/tmp", "/tmp")), "a file of the machine could be seen"),
        (Broken(more=("--tmpfs", "/root")), "files of the machine could be seen"),
    ],
)
def test_a_mechanism_that_keeps_less_apart_is_not_believed(
    broken: Broken, why: str, works: Callable[[str], mechanism.Mechanism]
) -> None:
    # R53 | what keeps a build apart is tried
    works("bubblewrap")
    found = mechanism._wrong(broken)
    assert found == why
    with pytest.raises(UsageError) as caught:
        mechanism.choose(in_ci=False, tried=[broken])
    assert caught.value.why == f"bubblewrap: {why}"


def test_on_a_laptop_nothing_is_built_that_is_not_kept_apart() -> None:
    with pytest.raises(UsageError, match="nothing here keeps a build apart") as caught:
        mechanism.choose(in_ci=False, tried=[Pretending()])
    assert caught.value.why.startswith("unshare: ")
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in caught.value.fix


def test_in_ci_it_is_built_and_does_not_count() -> None:
    found = mechanism.choose(in_ci=True, tried=[Pretending()])
    assert found.isolation == Isolation("none", isolated=False, why=found.isolation.why)
    assert found.isolation.why.startswith("unshare: ")


def test_a_program_that_is_not_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mechanism, "_OUTSIDE", {"PATH": "/nowhere"})
    monkeypatch.setattr(bubblewrap, "_ALWAYS", ("bwrap-that-is-not-there", *bubblewrap._ALWAYS[1:]))
    assert "cannot be started" in mechanism._wrong(mechanism.Bubblewrap())


# --- folders with tools ----------------------------------------------------------------------


def test_a_folder_with_tools_is_shown_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "node" / "bin").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "node")
    assert layout.check_tools(tmp_path / "link", []) == tmp_path / "node"


@pytest.mark.parametrize("place", ["/", "/etc", "/root", "/home", "/var", "/run"])
def test_a_folder_that_has_what_is_not_tools_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="would show"):
        layout.check_tools(Path(place), [])


def test_somebodys_home_and_files_with_secrets_are_refused(tmp_path: Path) -> None:
    (tmp_path / "home" / "me").mkdir(parents=True)
    with pytest.raises(UsageError, match="would show"):
        layout.check_tools(tmp_path / "home", [tmp_path / "home" / "me"])
    (tmp_path / "cargo").mkdir()
    (tmp_path / "cargo" / "credentials.toml").touch()
    with pytest.raises(UsageError, match=r"has credentials\.toml"):
        layout.check_tools(tmp_path / "cargo", [])
    with pytest.raises(UsageError, match="is no folder"):
        layout.check_tools(tmp_path / "nothing", [])
