"""Names: what each grammar takes and what it refuses, and that every reader of expressions reads them alike."""

from __future__ import annotations

import re

import pytest

from counterseal.formats import digests, manifest, names, subject, wire
from counterseal.formats.names import Grammar

ALL = {
    (module.__name__.rpartition(".")[2], name): value
    for module in (names, digests, wire)
    for name, value in vars(module).items()
    if isinstance(value, Grammar)
}

FITS: list[tuple[Grammar, str]] = [
    (names.STAGE, "p" + "x" * 31),
    (names.STAGE, "pre-production-2"),
    (names.HOST, "github.com"),
    (names.HOST, "127.0.0.1:8470"),
    (names.URL_HOST, "::1"),
    (names.LEDGER_ID, "github.com/777/" + "5d1c" * 8),
    (names.LOGIN, "dependabot[bot]"),
    (names.LOGIN, "alice_corp"),
    (names.LOGIN, "x" * 254),
    (names.WORKFLOW_FILE, ".github/workflows/release.yml"),
    (names.PIPELINE_FILE, ".gitlab-ci.yml"),
    (names.PIPELINE_FILE, "ci/promote.yaml"),
    (names.REF_PATTERN, "refs/tags/v*"),
    (names.HOURS, "1h"),
    (names.HOURS, "168h"),
    (names.BRANCH, "refs/heads/release/1.x"),
    (names.GITHUB_REPOSITORY, "acme/.github"),
    (names.GITLAB_PROJECT, "_acme/tools/sub/app"),
    (names.REPOSITORY, "acme/.github"),
    (names.REPOSITORY, "group/" * 20 + "app"),
    (names.REF, "refs/heads/main"),
    (names.REF, "refs/heads/grün#1@x"),
    (names.REF, "refs/" + "x" * 1019),
    (names.TAG, "v1.2.0"),
    (names.TAG, "v"),
    (names.TAG, "release/v1@x+y"),
    (names.TAG, "v" * 200),
    (names.TAG, "v1.locks"),
    (names.FILE, "x" * 400),
    (names.FILE, "a..b"),
    (names.ARTIFACT, "app-1.2.0.tar.gz"),
    (names.ARTIFACT, "x" * 200),
    (names.REQUEST_ID, "20261124-0910-4f2c"),
    (names.REQUEST_ID, "x" * 64),
    (names.REASON, "Zeile eins\n二行目: naïve 🙂"),
    (names.REASON, "x" * 2000),
    (names.ISSUER, "https://gitlab.com"),
    (names.SANDBOX_ISSUER, "http://127.0.0.1:8470/github"),
    (names.VARIABLE, "CARGO_HOME"),
    (names.VARIABLE, "_" * 100),
    (names.TOOL, "flit-core"),
    (names.TOOL_VERSION, "1.26.0-rc.1+x"),
    (names.OUTPUT, "dist/*.whl"),
    (names.OUTPUT, "a/..b/?"),
    (digests.REVISION, "a" * 40),
    (digests.HEX256, "a" * 64),
    (wire.TIMESTAMP, "2026-11-24T09:10:44.5+01:00"),
    (wire.WRITTEN_TIMESTAMP, "2026-11-24T09:10:44Z"),
]
REFUSED: list[tuple[Grammar, str]] = [
    (names.STAGE, "p" + "x" * 32),
    (names.STAGE, "Production"),
    (names.STAGE, "1st"),
    (names.STAGE, "_events"),
    (names.HOST, "-x"),
    (names.HOST, "x."),
    (names.HOST, "GitHub.com"),
    (names.HOST, "x:0"),
    (names.HOST, "x:123456"),
    (names.HOST, "x" * 255),
    (names.HOST, "::1"),
    (names.URL_HOST, "x:80"),
    (names.LEDGER_ID, "github.com/0/" + "5d1c" * 8),
    (names.LEDGER_ID, "github.com/777/" + "5d1c" * 7),
    (names.LEDGER_ID, ".x/777/" + "5d1c" * 8),
    (names.LOGIN, "a b"),
    (names.LOGIN, "x" * 255),
    (names.LOGIN, "[bot]"),
    (names.LOGIN, "a\u200b"),
    (names.WORKFLOW_FILE, ".github/workflows/x/y.yml"),
    (names.PIPELINE_FILE, "../x.yml"),
    (names.PIPELINE_FILE, "/x.yml"),
    (names.REF_PATTERN, "v*"),
    (names.HOURS, "0h"),
    (names.HOURS, "169h"),
    (names.HOURS, "3d"),
    (names.BRANCH, "refs/heads/*"),
    (names.BRANCH, "refs/tags/v1"),
    (names.REPOSITORY, "acme"),
    (names.REPOSITORY, "acme/"),
    (names.REPOSITORY, "-acme/app"),
    (names.REPOSITORY, "group/sub/.app"),
    (names.REPOSITORY, "group/" * 21 + "app"),
    (names.REF, "refs/"),
    (names.REF, "heads/main"),
    (names.REF, "refs/heads/a..b"),
    (names.REF, "refs/heads/a b"),
    (names.REF, "refs/heads/.a"),
    (names.REF, "refs/heads/a/"),
    (names.REF, "refs/heads/a."),
    (names.REF, "refs/heads/a.lock"),
    (names.REF, "refs/heads/a.lock/b"),
    (names.REF, "refs/heads/a@{1}"),
    (names.REF, "refs/heads//a"),
    (names.REF, "refs/heads/a\\b"),
    (names.REF, "refs/" + "x" * 1020),
    (names.TAG, "-v1"),
    (names.TAG, "v1..2"),
    (names.TAG, "v1."),
    (names.TAG, "v1/"),
    (names.TAG, "a/.b"),
    (names.TAG, "a./b"),
    (names.TAG, "a//b"),
    (names.TAG, "v1.lock"),
    (names.TAG, "a.lock/b"),
    (names.TAG, "v" * 201),
    (names.FILE, "-x"),
    (names.FILE, ".x"),
    (names.FILE, "x."),
    (names.FILE, "a/b"),
    (names.FILE, "x" * 401),
    (names.ARTIFACT, "a..b"),
    (names.ARTIFACT, "x" * 201),
    (names.REQUEST_ID, "-x"),
    (names.REQUEST_ID, "a.b"),
    (names.REQUEST_ID, "x" * 65),
    (names.REASON, " \n"),
    (names.REASON, "x" * 2001),
    (names.REASON, "fine\u202eenif"),
    (names.REASON, "a\tb"),
    (names.ISSUER, "http://issuer.example"),
    (names.ISSUER, "https://user@issuer.example"),
    (names.SANDBOX_ISSUER, "http://127.0.0.1/github"),
    (names.VARIABLE, "1X"),
    (names.VARIABLE, "A-B"),
    (names.TOOL, "Go"),
    (names.TOOL, "x;y"),
    (names.TOOL_VERSION, "$(id)"),
    (names.TOOL_VERSION, "-x"),
    (names.OUTPUT, "/etc/passwd"),
    (names.OUTPUT, "../x"),
    (names.OUTPUT, "a/../b"),
    (names.OUTPUT, "a//b"),
    (names.OUTPUT, "a b"),
    (digests.REVISION, "a" * 39),
    (digests.HEX256, "A" * 64),
    (wire.TIMESTAMP, "2026-11-24T09:10:44"),
    (wire.WRITTEN_TIMESTAMP, "2026-11-24T09:10:44+00:00"),
]


@pytest.mark.parametrize(("grammar", "text"), FITS)
def test_it_is_written_so(grammar: Grammar, text: str) -> None:
    assert grammar.fits(text)
    assert re.search(f"^{grammar.expression}$", text)  # as a JSON Schema has it


@pytest.mark.parametrize(("grammar", "text"), REFUSED)
def test_it_is_not_written_so(grammar: Grammar, text: str) -> None:
    assert not grammar.fits(text)
    assert not re.search(f"^{grammar.expression}$", text)


@pytest.mark.parametrize(("grammar", "text"), [each for each in FITS if each[0] is not names.REASON])
def test_nothing_stands_before_or_after_it(grammar: Grammar, text: str) -> None:
    for wrong in ("", "\n", f"{text}\n", f"\n{text}", f"{text} ", f"{text}\0", None, text.encode(), [text]):
        assert not grammar.fits(wrong)


def test_every_grammar_is_tried() -> None:
    assert {id(each) for each in ALL.values()} - {id(each) for each, _ in FITS} == {id(names.GROUP)}
    assert names.GROUP.expression == names.STAGE.expression


@pytest.mark.parametrize("grammar", ALL.values(), ids=lambda each: each.name)
def test_python_and_ecmascript_read_it_alike(grammar: Grammar) -> None:
    outside_of_classes = re.sub(r"\[(?:[^\]\\]|\\.)*\]", "[]", grammar.expression)
    assert not re.search(r"\\[AZzdwbBGN]|\(\?(?![:!=])|[*+?}]\+", outside_of_classes)
    assert not re.search(r"\\[AZdwDW-]", grammar.expression)
    assert re.compile(grammar.expression).groups == 0


@pytest.mark.parametrize("grammar", ALL.values(), ids=lambda each: each.name)
def test_no_choice_stands_outside_of_a_group(grammar: Grammar) -> None:
    rest, before = re.sub(r"\[(?:[^\]\\]|\\.)*\]", "[]", grammar.expression), ""
    while rest != before:
        rest, before = re.sub(r"\((?:[^()\\]|\\.)*\)", "", rest), rest
    assert "|" not in rest


@pytest.mark.parametrize("stage", ["production", "p" + "x" * 31])
def test_a_stage_of_a_policy_can_be_asked_for(stage: str) -> None:
    assert names.STAGE.fits(stage)
    assert manifest.parse_request_path(manifest.request_path(stage, "a" * 64, "x"))[0] == stage


def test_what_may_be_released_may_be_asked_for() -> None:
    for text in (text for grammar, text in FITS if grammar is names.ARTIFACT):
        subject.check_name(text)
        assert subject.is_plain(text)
