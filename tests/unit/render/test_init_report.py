"""What `init` tells: text of outsiders is harmless, and commands can be pasted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.unit.project.repositories import PYTHON, MemoryClone, answers, facts

from counterseal.commands import init
from counterseal.commands.status import Unseen
from counterseal.project import layout, plan
from counterseal.render.reports.setting_up import init as reports

if TYPE_CHECKING:
    from counterseal.project.plan import Facts

EVIL = "\x1b[31m\n::error::x"


def result(known: Facts, clone: MemoryClone = PYTHON, *, written: bool = True) -> init.InitResult:
    made = plan.make(known, answers(), revision="5ea1" * 10, ledger_id=f"github.com/777/{'0f' * 16}", read=clone.read)
    looked = init.Looked(
        "github.com", "ACME/app", layout.read(clone), None, None, plan.Settings(), (Unseen(EVIL, EVIL, EVIL),)
    )
    change = init.Change("counterseal-init", "c" * 40, 7, "https://github.com/ACME/app/pull/7") if written else None
    decided = init.Decided(looked, known, answers(), "5ea1" * 10)
    return init.InitResult(decided, made, plan.left_to_do(known, plan.Settings()), (EVIL,), change)


def test_text_of_outsiders_acts_nowhere() -> None:
    clone = MemoryClone(
        {
            **PYTHON.contents,
            "README.md": f"# {EVIL}\n",
            f".github/workflows/{EVIL}.yml": "[",
        }
    )
    for written in (True, False):
        report = reports.report(result(facts(clone), clone, written=written), (EVIL,))
        assert "\x1b" not in report.text
        shown = [line for line in report.text.splitlines() if line.startswith("::")]
        assert shown == (["::error::x"] if not written else []), "a file that is printed is printed as it is"
    title, body = reports.request(result(facts(clone), clone))
    assert "\x1b" not in title + body
    assert "\n::" not in body


def test_its_json_says_what_was_written() -> None:
    data = json.loads(json.dumps(reports.report(result(facts()), ("odd",)).data))
    assert data["schema"] == "counterseal.init/v1"
    assert data["change"] == {
        "branch": "counterseal-init",
        "commit": "c" * 40,
        "number": 7,
        "url": "https://github.com/ACME/app/pull/7",
    }
    assert data["warnings"][0] == "odd"
    assert data["files"][0]["path"] == ".counterseal/policy.yml"


def test_the_steps_can_be_pasted() -> None:
    first, doctor, tag, request, status = reports.report(result(facts()), ()).data["next"]
    assert first == "have https://github.com/ACME/app/pull/7 merged"
    assert doctor == "counterseal doctor"
    assert tag == "git switch main && git pull && git tag v1.2.1 && git push origin v1.2.1"
    assert request == 'counterseal request --stage staging --tag v1.2.1 --reason "the first one"'
    assert status == "counterseal status v1.2.1"
