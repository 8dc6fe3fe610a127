"""`sbom diff` and `sbom score`: what they read, and what they show."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.inventory.boms import bom, component

from counterseal.commands.inventories import comparing, scoring
from counterseal.errors import FormatError, UsageError
from counterseal.render.reports.inventories import difference, score

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.render import Report


def plain(report: Report) -> list[str]:
    json.dumps(dict(report.data))
    return report.text.split("\n")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    digests = [{"alg": "SHA-256", "content": "aa"}]
    old.write_bytes(
        bom(component("a"), component("b", "1"), component("c", licenses=None), component("d", hashes=digests))
    )
    digests = [{"alg": "SHA-256", "content": "bb"}]
    new.write_bytes(bom(component("b", "2"), component("c"), component("d", hashes=digests), component("e|<b>@all")))
    return old, new


def test_a_difference_in_every_form(pair: tuple[Path, Path]) -> None:
    report = difference.report(comparing.run(*pair))
    assert plain(report) == [
        "sbom diff: app@1.2.0 → app@1.2.0 · 1 added, 1 removed, 1 changed, 1 with other licences, 1 with other bytes",
        "  ! d@1.0.0 the same version with other bytes",
        "  + e|<b>@all 1.0.0 (pypi; MIT)",
        "  − a 1.0.0 (pypi; MIT)",
        "  ~ b 1 → 2",
        "  ~ c 1.0.0; licence no licence → MIT",
    ]
    assert report.data["schema"] == "counterseal.sbom-diff/v1"
    assert [package["name"] for package in report.data["removed"]] == ["a"]
    assert "<b>" not in report.markdown
    assert report.markdown.count("\n| ") == 6
    assert report.exit_code == 0


def test_no_difference(pair: tuple[Path, Path]) -> None:
    report = difference.report(comparing.run(pair[0], pair[0]))
    assert plain(report) == ["sbom diff: app@1.2.0 → app@1.2.0 · the same components"]


def test_a_whole_document_has_all_of_the_minimum(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(bom())
    lines = plain(score.report(scoring.run(file)))
    assert lines[0] == f"sbom score: 100.0 % of NTIA's minimum elements · {file}, 2 components"
    assert [line[2] for line in lines[1:8]] == ["✓"] * 7
    assert lines[8:] == [
        "  beside the minimum: 0 of 2 components with a digest, 2 with a licence of SPDX's list",
        "  made from: lock",
    ]


def test_what_is_missing_is_named_with_its_place_and_never_rounded_up(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    parts = [component(f"c{number}") for number in range(2000)]
    file.write_bytes(bom(*parts, *(component(f"x{number}", supplier=None) for number in range(7))))
    result = scoring.run(file)
    report = score.report(result)
    lines = plain(report)
    assert lines[0].startswith("sbom score: 99.9 % of")
    assert lines[1:3] == [
        "  ✗ supplier name: 2001 of 2008",
        "      missing at x0@1.0.0, x1@1.0.0, x2@1.0.0, x3@1.0.0, x4@1.0.0 and 2 more",
    ]
    assert len(report.data["minimum"][0]["lacking"]) == 7


def test_a_link_is_followed_and_a_pipe_or_a_loop_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(bom())
    (tmp_path / "link.json").symlink_to("x.json")
    assert scoring.run(tmp_path / "link.json").components == 2
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, why in (("pipe", "a pipe"), ("loop", "loop")):
        with pytest.raises(UsageError, match=why):
            scoring.run(tmp_path / name)


def test_a_file_that_is_no_document_is_said_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json"):
        scoring.run(tmp_path / "none.json")
    with pytest.raises(UsageError, match="a folder"):
        scoring.run(tmp_path)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(FormatError, match=r"x\.json: not a CycloneDX document"):
        comparing.run(tmp_path / "x.json", tmp_path / "x.json")
