"""Which commit of counterseal is pinned: never one that is withdrawn, and none by a name that can move."""

from __future__ import annotations

import pytest
from tests.unit.project.repositories import MemoryClone

from counterseal.commands import init
from counterseal.errors import UsageError
from counterseal.model import Trust

OLD, NEW, BAD = "a" * 40, "b" * 40, "c" * 40


def trust(released: tuple[str, ...] = (OLD, NEW, BAD), withdrawn: tuple[str, ...] = (BAD,)) -> Trust:
    return Trust(issuers={}, released=released, withdrawn=dict.fromkeys(withdrawn), sandbox=False)


@pytest.mark.parametrize(
    ("given", "pins", "revision"),
    [
        (None, (), NEW),
        (OLD, (), OLD),
        (None, (OLD,), OLD),
        (NEW, (OLD,), NEW),
        (None, (OLD, BAD), NEW),
    ],
    ids=["newest", "given", "as the files have it", "given wins", "files differ"],
)
def test_which_one(given: str | None, pins: tuple[str, ...], revision: str) -> None:
    assert init.revision_for(given, pins, trust()) == (revision, ())


def test_one_that_is_no_release_is_told() -> None:
    revision, (odd,) = init.revision_for("d" * 40, (), trust())
    assert revision == "d" * 40
    assert "is no release of counterseal that this version knows" in odd


@pytest.mark.parametrize("given", [BAD, "main", "v1.0.0", "A" * 40, "a" * 39, "a" * 40 + "\n", ""])
def test_what_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        init.revision_for(given or "x", (), trust())


def test_a_withdrawn_pin_of_the_files_is_not_taken_over() -> None:
    with pytest.raises(UsageError, match="withdrawn") as caught:
        init.revision_for(None, (BAD,), trust())
    assert caught.value.fix == f"pin {NEW}"


def test_where_all_are_withdrawn_there_is_none() -> None:
    with pytest.raises(UsageError, match="no release of counterseal to pin"):
        init.revision_for(None, (), trust(withdrawn=(OLD, NEW, BAD)))


def test_only_files_of_a_forges_ci_are_looked_at() -> None:
    text = f"- uses: counterseal/counterseal/actions/sbom@{OLD}\n"
    names = (".github/workflows/a.yml", ".github/actions/b/action.yaml", ".gitlab-ci.yml", "ci/x.gitlab-ci.yml")
    clone = MemoryClone(dict.fromkeys((*names, "docs/a.yml", "a.yml", ".github/a.md"), text))
    assert {path for path, _, _ in init.pinned(clone)} == set(names)
