"""What a GitLab job hands on: nothing that GitLab, the runner or a shell would read other than it was meant."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.cli import dotenv
from counterseal.cli.showing import show
from counterseal.errors import UsageError
from counterseal.render import Report
from counterseal.wiring import Surroundings

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(st.one_of(st.characters(), st.sampled_from(" \t\r\n$'\"`#=\\{}[]%\u2028")), max_size=30)


def read(text: str) -> dict[str, str]:
    """Return what GitLab makes of a report: lines, two halves, no quoting (docs.gitlab.com, dotenv variables)."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        assert re.fullmatch(r"[A-Za-z0-9_]+", name)
        found[name] = value.strip()
    return found


@given(st.lists(st.dictionaries(TEXT, TEXT, max_size=3), max_size=3))
def test_a_list_stays_what_it_is_without_anything_that_acts(value: list[dict[str, str]]) -> None:
    text, problems = dotenv.lines({"decisions": json.dumps(value)})
    assert problems == ()
    assert json.loads(read(text)["counterseal_decisions"]) == value
    assert re.fullmatch(r"counterseal_decisions=[!-~]+\n", text)
    assert not set(text) & set("$'`# ")


@given(TEXT)
def test_another_value_is_there_as_it_is_or_not_at_all(value: str) -> None:
    text, problems = dotenv.lines({"tag": value})
    if problems:
        assert (text, problems) == ("", ("the output tag is left out: a dotenv report cannot hold its value",))
    elif not value.startswith(("[", "{")):
        assert read(text) == {"counterseal_tag": value}
        assert not set(value) & set("$'\"`# \n\r\\")


def test_ordinary_values() -> None:
    url = "https://gitlab.com/acme/app/-/merge_requests/3"
    values = {"tag": "v1.2.0", "release-id": "17", "url": url, "number": ""}
    text, problems = dotenv.lines(values)
    assert problems == ()
    assert text.splitlines() == [
        "counterseal_tag=v1.2.0",
        "counterseal_release_id=17",
        f"counterseal_url={url}",
        "counterseal_number=",
    ]


def test_what_does_not_fit_is_left_out_and_the_rest_is_there() -> None:
    """GitLab refuses the whole report, and with it the job, at more than 5120 bytes."""
    big, small = json.dumps(["x" * 4000]), json.dumps(["v1"])
    text, problems = dotenv.lines({"decisions": big, "more": big, "published": small}, used=10)
    assert set(read(text)) == {"counterseal_decisions", "counterseal_published"}
    assert problems == ("the output more is left out: all outputs of a job have to fit into 5000 bytes",)
    assert dotenv.lines({"published": small}, used=4990)[0] == ""


def test_what_was_published_or_stopped_is_there_however_much_was_decided() -> None:
    decided = [{"request": f"promotions/staging/{number}.json", "outcome": "deny"} for number in range(200)]
    told = json.dumps([{"kind": "hold", "sequence": 7, "what": "hold: production is held"}])
    text, problems = dotenv.lines(
        {"decisions": json.dumps(decided), "published": json.dumps(["v1.2.0"]), "events": told}
    )
    assert len(text) <= dotenv.LIMIT
    outputs = read(text)
    assert json.loads(outputs["counterseal_published"]) == ["v1.2.0"]
    assert json.loads(outputs["counterseal_events"]) == json.loads(told)
    kept = json.loads(outputs["counterseal_decisions"])
    assert kept == decided[: len(kept)]
    assert len(kept) > 50
    assert problems == (
        f"the output decisions has {len(kept)} of 200 items: all outputs of a job have to fit into 5000 bytes",
    )


@given(st.lists(TEXT, max_size=20), st.integers(4800, 5000))
def test_a_list_that_is_cut_is_its_start(value: list[str], used: int) -> None:
    text, _ = dotenv.lines({"a": json.dumps(value)}, used)
    assert used + len(text) <= max(used, dotenv.LIMIT)
    if text:
        kept = json.loads(read(text)["counterseal_a"])
        assert kept == value[: len(kept)]


def test_a_job_of_two_verbs_has_the_outputs_of_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = {"COUNTERSEAL_DOTENV": "counterseal.env", "COUNTERSEAL_SUMMARY": "counterseal.md"}
    wiring = Surroundings({"GITLAB_CI": "true"} | {name: str(tmp_path / file) for name, file in named.items()})
    show(Report("a", {}, outputs={"tag": "v1"}, markdown="# a"), "text", wiring)
    show(Report("b", {}, outputs={"path": "a b", "number": "7"}, markdown="# b"), "text", wiring)
    assert (tmp_path / "counterseal.env").read_text() == "counterseal_tag=v1\ncounterseal_number=7\n"
    assert (tmp_path / "counterseal.md").read_text() == "# a\n# b\n"
    assert capsys.readouterr().err == "warning: the output path is left out: a dotenv report cannot hold its value\n"


def test_nothing_is_written_where_nobody_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("a", {}, outputs={"path": "a b"})
    show(report, "text", Surroundings({"GITLAB_CI": "true"}))
    show(
        report,
        "text",
        Surroundings({"COUNTERSEAL_DOTENV": str(tmp_path / "a"), "COUNTERSEAL_SUMMARY": str(tmp_path / "b")}),
    )
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_where_outputs_go_is_no_influence_on_a_gate_in_gitlab() -> None:
    files = {"COUNTERSEAL_DOTENV": "a", "COUNTERSEAL_SUMMARY": "b"}
    Surroundings({"GITLAB_CI": "true", **files}).refuse_influence(())
    with pytest.raises(UsageError, match="COUNTERSEAL_DOTENV"):
        Surroundings(files).refuse_influence(())
