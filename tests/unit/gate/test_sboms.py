"""How a candidate differs from what its stage has now: told where it can be read, and said where it cannot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.evidence_samples import ALICE, DORA, TAG, revision
from tests.unit.gate.memory import World
from tests.unit.inventory.boms import component, document

from counterseal.errors import ServiceError
from counterseal.gate import deciding, preview, sboms
from counterseal.identifiers import SBOM_FILE
from counterseal.render import inventories
from counterseal.render.reports import preview as preview_report

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.inventory import Document

NEW = document(component("dep", "1.0.0", licenses=None), component("requests", "2.32.0"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world whose candidate is in staging."""
    world = World(tmp_path)
    world.ask("staging", ALICE)
    deciding.run(world.gate())
    return world


def compare(world: World, stage: str = "staging", candidate: Document = NEW) -> sboms.Comparison:
    return sboms.compare(
        world.assets,
        stage,
        world.work,
        candidate=lambda: candidate,
        known=lambda: sboms.past(world.sources(), world.store),
    )


def sbom_of(world: World) -> int:
    return next(asset.id for asset in world.assets.kept[world.release.id].assets if asset.name == SBOM_FILE)


def test_what_a_stage_has_now_is_compared(world: World) -> None:
    known = compare(world)
    assert (known.tag, known.entry, known.components, known.problem) == (TAG, 1, 2, "")
    assert known.difference is not None
    assert [package.name for package in known.difference.added] == ["requests"]
    assert inventories.compared(known) == [
        "components: 2; 1 added, compared with v1.2.0, which staging has now (entry 1)",
        "  + requests 2.32.0 (pypi; MIT)",
    ]


def test_a_stage_that_has_nothing_yet_is_said(world: World) -> None:
    known = compare(world, "production")
    assert (known.tag, known.difference, known.problem) == (None, None, "")
    assert inventories.compared(known) == ["components: 2; production has nothing yet that they could be compared with"]


def test_many_rows_are_counted_and_not_shown(world: World) -> None:
    many = document(component("dep", licenses=None), *(component(f"p{number:03}") for number in range(100)))
    lines = inventories.compared(compare(world, candidate=many))
    assert len(lines) == 22
    assert lines[-1] == "  … and 80 more (counterseal sbom diff)"


def test_other_bytes_than_the_ledger_names_are_not_compared(world: World) -> None:
    world.assets.bytes[sbom_of(world)] = b"{}"
    known = compare(world)
    assert known.difference is None
    assert "other bytes" in known.problem
    assert inventories.compared(known)[0].startswith("components: not compared with what staging has now: sbom.cdx")


def test_a_release_or_a_file_that_is_gone_is_said(world: World) -> None:
    world.assets.delete(world.release, sbom_of(world))
    assert "is gone" in compare(world).problem
    world.assets.kept.clear()
    assert "is gone" in compare(world).problem


def test_a_ledger_that_cannot_be_read_is_said_and_no_error(world: World) -> None:
    def broken() -> Document:
        raise ServiceError("no answer", why="the forge is away")

    known = sboms.compare(world.assets, "staging", world.work, candidate=broken, known=lambda: pytest.fail("not asked"))
    assert (known.components, known.problem) == (None, "no answer: the forge is away")
    world.store.found.clear()
    assert compare(world).problem


def test_a_preview_compares_where_it_may_read_the_candidate(world: World) -> None:
    world.ask("production", ALICE, DORA, merge="")
    known = preview.run(world.sources(), world.store, 19)
    assert known.compared == sboms.Comparison("production", 1)
    assert "production has nothing yet" in "\n".join(preview_report.lines(known))
    json.dumps(dict(preview_report.report(known).data))


def test_a_preview_that_may_not_see_the_draft_says_so(world: World) -> None:
    world.ask("production", ALICE, DORA, merge="")
    world.assets.kept.clear()
    known = preview.run(world.sources(), world.store, 19)
    assert known.compared is not None
    assert "a draft that this token may not see" in known.compared.problem


def test_a_withdrawn_or_denied_candidate_is_not_what_a_stage_has(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.ask("staging")  # approved by nobody
    deciding.run(world.gate())
    assert compare(world).tag is None
    world.ask("staging", ALICE, merge=revision("2ec0d00"))
    deciding.run(world.gate())
    assert compare(world).entry == 2
