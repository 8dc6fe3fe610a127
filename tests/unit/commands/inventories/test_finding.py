"""`sbom find`: the releases of a ledger that hold a component, and those that nobody could look at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.evidence_samples import ALICE, DORA, NOW, TAG, revision
from tests.unit.gate.memory import World

from counterseal.commands.inventories import finding
from counterseal.commands.log import LogQuery
from counterseal.errors import UsageError
from counterseal.gate import deciding
from counterseal.gate.publication import publishing
from counterseal.identifiers import SBOM_FILE
from counterseal.render.reports.inventories import finding as reports

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with one release."""
    world = World(tmp_path)
    world.ask("staging", ALICE)
    deciding.run(world.gate())
    world.ask("production", ALICE, DORA, merge=revision("2ec0d00"))
    gate = world.gate()
    deciding.run(gate)
    assert len(publishing.run(gate).published) == 1
    return world


def find(world: World, component: str, query: LogQuery | None = None) -> finding.FindResult:
    whole = world.gate().reader.read_whole(world.store)
    return finding.run(whole, world.assets, finding.Asked(component, query or LogQuery()), world.work)


def put(world: World, data: bytes | None) -> None:
    """Lay other bytes, or nothing, where the release's SBOM was."""
    release = world.assets.kept[world.release.id]
    asset = next(asset for asset in release.assets if asset.name == SBOM_FILE)
    if data is None:
        world.assets.delete(release, asset.id)
    else:
        world.assets.bytes[asset.id] = data


@pytest.mark.parametrize("component", ["dep", "dep@1.0.0", "pkg:pypi/dep", "pkg:pypi/dep@1.0.0"])
def test_the_release_that_has_it_is_told(world: World, component: str) -> None:
    (release,) = find(world, component).holding
    assert (release.tag, release.stage, release.sequence) == (TAG, "production", 2)
    assert [element.label for element in release.elements] == ["dep@1.0.0"]


def test_nowhere_is_a_complete_answer(world: World) -> None:
    result = find(world, "dep@2.0.0")
    assert (len(result.searched), result.holding, result.unread) == (1, (), ())
    report = reports.report(result)
    assert (report.text, report.exit_code) == ("dep@2.0.0: in 0 of 1 releases", 0)
    assert report.data["complete"] is True


@pytest.mark.parametrize("query", [LogQuery("staging"), LogQuery(since=NOW.replace(year=2027))])
def test_only_the_releases_that_are_asked_for_are_looked_at(world: World, query: LogQuery) -> None:
    assert find(world, "dep", query).searched == ()


def test_a_ledger_without_releases_holds_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.ask("staging", ALICE)
    deciding.run(world.gate())
    assert find(world, "dep") == finding.FindResult("dep", find(world, "dep").ledger_id, (), ())


@pytest.mark.parametrize(
    ("data", "why"), [(b"{}", "other bytes"), (None, "is gone")], ids=["another document", "no document"]
)
def test_an_sbom_that_is_not_the_released_one_makes_the_answer_incomplete(
    world: World, data: bytes | None, why: str
) -> None:
    put(world, data)
    result = find(world, "dep")
    assert (result.searched, len(result.unread)) == ((), 1)
    assert why in result.unread[0].why
    report = reports.report(result)
    assert report.exit_code == 1
    assert "not complete: 1 could not be looked at" in report.text
    assert why in report.text
    assert report.data["complete"] is False


def test_a_release_that_is_gone_makes_the_answer_incomplete(world: World) -> None:
    whole = world.gate().reader.read_whole(world.store)
    world.assets.kept.clear()
    result = finding.run(whole, world.assets, finding.Asked("dep", LogQuery()), world.work)
    assert "cannot be read" in result.unread[0].why


def test_what_names_no_component_is_refused_before_anything_is_read(world: World) -> None:
    with pytest.raises(UsageError):
        finding.check(finding.Asked("pkg:", LogQuery()))
    with pytest.raises(UsageError):
        find(world, "")


def test_hostile_names_are_shown_harmless(world: World) -> None:
    result = find(world, "dep")
    (release,) = result.searched
    hostile = dataclasses.replace(release.elements[0], name="\x1b[31m<b>@all", version="\u202e1")
    shown = reports.report(dataclasses.replace(result, searched=(dataclasses.replace(release, elements=(hostile,)),)))
    assert "\x1b" not in shown.text + shown.markdown
    assert "\u202e" not in shown.text + shown.markdown
    assert "<b>" not in shown.markdown
