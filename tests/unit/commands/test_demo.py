"""`demo` before its first step: what it refuses to play with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from counterseal.commands import demo
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    from pathlib import Path


def ports(examples: Path) -> demo.DemoPorts:
    def unused(*_: object) -> NoReturn:
        pytest.fail("nothing may begin")

    return demo.DemoPorts(examples, "", unused, unused, unused)


@pytest.mark.parametrize(
    ("there", "missing"), [("web/package.json", "app/pyproject.toml"), ("app/pyproject.toml", "web/package.json")]
)
def test_a_folder_without_both_projects_is_refused(tmp_path: Path, there: str, missing: str) -> None:
    (tmp_path / there).parent.mkdir()
    (tmp_path / there).write_text("")
    with pytest.raises(UsageError, match="no projects in") as caught:
        demo.run(tmp_path / "out", [ForgeKind.GITHUB], ports(tmp_path))
    assert missing in caught.value.why
    assert not (tmp_path / "out").exists()
