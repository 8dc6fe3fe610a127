"""What follows from a history for today, decision by decision."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.unit import frozen
from tests.unit.history.test_history import Log

from counterseal.history import standing

if TYPE_CHECKING:
    from counterseal.evaluation import Decision
    from counterseal.history import History

DIGEST, OTHER = "ab" * 32, "cd" * 32


def path(stage: str, request: int, digest: str = DIGEST) -> str:
    return f"promotions/{stage}/{digest}.{request}.json"


def about(decision: Decision, file: str) -> Decision:
    """Return a decision on another request."""
    request = dataclasses.replace(decision.request, file=file)
    return dataclasses.replace(decision, request=request, stage=file.split("/")[1])


def turned_away(history: History, *waiting: str) -> list[int]:
    return [known.sequence for known in standing.turned_away(history, waiting)]


def test_requests_for_the_same_are_told_by_stage_and_manifest() -> None:
    assert standing.asked(path("staging", 1)) == standing.asked(path("staging", 2)) == ("staging", DIGEST)
    assert standing.asked(path("production", 1)) != standing.asked(path("staging", 1))
    assert standing.asked("promotions@3e49e01") == ("", "promotions@3e49e01")
    assert standing.asked("promotions/staging/x") != standing.asked("promotions/staging/y")


def test_what_a_stage_has_is_its_newest_allow_that_stands() -> None:
    log = Log()
    assert log.history.current("production") is None
    log.decide(about(frozen.ALLOW, path("production", 1)))
    newest = log.decide(about(frozen.ALLOW, path("production", 2)))
    log.decide(about(frozen.DENY, path("production", 3)))
    log.decide(about(frozen.ALLOW, path("staging", 4)))
    current = log.history.current("production")
    assert (current and current.sequence) == 2
    log.withdraw(newest)
    current = log.history.current("production")
    assert (current and current.sequence) == 1


def test_what_was_denied_is_told_newest_first_until_it_is_asked_again_or_let_in() -> None:
    log = Log()
    log.decide(about(frozen.DENY, path("staging", 1)))
    log.decide(about(frozen.DENY, path("staging", 1, OTHER)))
    log.decide(about(frozen.DENY, path("production", 1)))
    log.decide(about(frozen.DENY, path("staging", 2)))
    assert turned_away(log.history) == [4, 3, 2], "of two denials of the same the last"
    assert turned_away(log.history, path("staging", 3)) == [3, 2]
    log.decide(about(frozen.ALLOW, path("staging", 3)))
    log.decide(about(frozen.DENY, path("staging", 4)))
    assert turned_away(log.history) == [3, 2], "it is in the stage, whoever asks for it once more"


def test_an_allow_that_was_withdrawn_lets_nothing_in() -> None:
    log = Log()
    entry = log.decide(about(frozen.ALLOW, path("staging", 1)))
    assert turned_away(log.history) == []
    log.withdraw(entry)
    assert turned_away(log.history) == [1]


def test_the_decisions_about_a_tag_and_what_became_of_them() -> None:
    log = Log()
    tag, file = frozen.ALLOW.source.tag if frozen.ALLOW.source else "", path("staging", 1)
    log.decide(about(dataclasses.replace(frozen.DENY, source=None), file))
    first = log.decide(about(frozen.ALLOW, path("production", 1)))
    log.publish(first)
    log.withdraw(first)
    assert [known.sequence for known in standing.decided(log.history, tag, ())] == [2]
    decisions = standing.decided(log.history, tag, {file})
    assert [known.sequence for known in decisions] == [1, 2]
    became = standing.consequences(log.history, decisions, ())
    assert [(each.sequence, str(each.event.kind)) for each in became] == [
        (3, "publication"),
        (4, "withdrawn"),
    ]
    assert standing.decided(log.history, "v0", ()) == []
    assert standing.consequences(log.history, (), ()) == []
