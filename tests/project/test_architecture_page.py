"""docs/architecture.md is drawn from the code, and says the limits that are tested."""

from __future__ import annotations

import re

from tests.project import test_shape
from tests.project.source_tree import ROOT
from tools import architecture_page

PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_the_page_is_up_to_date() -> None:
    assert architecture_page.render(PAGE) == PAGE, "fix: make docs"


def test_the_picture_has_every_room_and_no_arrow_upwards() -> None:
    place = {room: number for number, layer in enumerate(architecture_page.layers()) for room in layer}
    arrows = re.findall(r"^  (\w+) --> (\w+)$", "\n".join(architecture_page.picture()), re.MULTILINE)
    rooms = {room for arrow in arrows for room in arrow}
    assert rooms == {*place, architecture_page.SANDBOX} - {*architecture_page.GROUND}
    own = [(high, low) for high, low in arrows if architecture_page.SANDBOX not in (high, low)]
    assert [(high, low) for high, low in own if place[high] >= place[low]] == []


def test_an_arrow_that_others_imply_is_left_out() -> None:
    found = {"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}
    assert architecture_page.reduced(found) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_the_limits_are_those_that_are_tested() -> None:
    said = PAGE[PAGE.index("No module has more than") :].partition("\n\n")[0]
    limits = (test_shape.MAX_MODULE, test_shape.MEDIAN_MODULE, test_shape.MAX_BODY, test_shape.MAX_FOLDER)
    assert re.findall(r"\d+", said) == [str(each) for each in limits]


def test_one_word_a_thing() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ", PAGE.partition("\n## Glossary\n")[2], re.MULTILINE)
    words = [word.strip() for row in rows for word in row.split(",")]
    assert len(words) == len(set(words)) > 40
    assert rows[1:] == sorted(rows[1:], key=str.lower)
