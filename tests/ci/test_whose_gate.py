"""Scenario 56: our gate's path at a commit that nobody released, and at one that was withdrawn (R29).

A fork's commits can be fetched under the parent's name, so the path in a certificate says nothing about the code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.ci import newcomer
from tests.ci.test_cancelled import merged
from tests.ci.test_refusals import GATE
from tests.ci.test_story import decisions
from tests.flow import worlds

from counterseal.identifiers import LEDGER_REF
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.http import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ci.act import Outcome
    from tests.ci.newcomer import Newcomer, Product

pytestmark = [pytest.mark.slow, pytest.mark.act]

WHEEL = "app-1.2.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def asked(
    tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], Path], product: Product
) -> Iterator[tuple[Newcomer, Product]]:
    """A newcomer whose request for production waits, and a commit of counterseal that is in no released list."""
    dist = worlds.build(tmp_path_factory.mktemp("build"))
    foreign = tmp_path_factory.mktemp("foreign") / "counterseal"
    newcomer.git(foreign.parent, "clone", "-q", str(product.folder), str(foreign))
    newcomer.git(foreign, "commit", "-q", "--allow-empty", "-m", "pushed to a fork")
    other = newcomer.Product(foreign, newcomer.git(foreign, "rev-parse", "HEAD"))
    with newcomer.newcomer(tmp_path_factory.mktemp("newcomer"), tool("act"), product) as found:
        newcomer.push(found.world.sandbox, other, "refs/heads/pushed-to-a-fork")
        newcomer.with_candidate(found.world, dist)
        path = merged(found, "staging", "alice")
        found.world.gate("--request", path, gateRevision=other.sha)
        merged(found, "production", "alice", "dora")
        yield found, other


def test_scenario_56(asked: tuple[Newcomer, Product], tmp_path: Path) -> None:
    """One test, because only what a gate said before it was withdrawn can lose its worth."""
    nobody_released_it(*asked, tmp_path)
    it_was_withdrawn(*asked, tmp_path)


def nobody_released_it(here: Newcomer, other: Product, folder: Path) -> None:
    """It can run, since each gate takes itself for one. Nobody believes it: no consumer, and no later gate."""
    text = here.workflows["promote.yml"].replace(f"@{here.product.sha}", f"@{other.sha}")
    made = here.custom(text, permissions=GATE, gateRevision=other.sha)
    assert decisions(made) == [("production", "allow", 2)], made.text
    trust = here.world.client.trust()
    said = verified(here, trust, folder)
    assert "not verified" in said
    assert f"the gate's revision {other.sha[:12]} is newer than this tool, or not ours" in said
    refused(here, here.promote(), "not signed by the gate", other.sha[:12])


def it_was_withdrawn(here: Newcomer, other: Product, folder: Path) -> None:
    """The list may grow after the fact: what a withdrawn gate said is not believed any more, and it says no more."""
    both = [here.product.sha, other.sha]
    trust = {**here.world.client.trust(), "released": both}
    trust["withdrawn"] = [{"revision": each, "until": None} for each in both]
    said = verified(here, trust, folder)
    assert "not verified" in said
    assert "was withdrawn" in said
    here.world.sandbox.server.interceptors.append(
        lambda prefix, _: json_response(trust) if prefix == "/trust" else None
    )
    refused(here, here.promote(), f"the gate's revision {here.product.sha[:12]} was withdrawn")


def refused(here: Newcomer, outcome: Outcome, *texts: str) -> None:
    """Check that the gate failed and said all this, and that it recorded nothing."""
    assert outcome.jobs["gate"] == "failure", outcome.text
    said = "\n".join((outcome.log, *outcome.errors))
    for text in texts:
        assert text in said, said
    count = here.world.sandbox.forge.repository(NAME).git.text("rev-list", "--count", LEDGER_REF)
    assert int(count) == 4, "the beginning, both decisions and the publication of the other gate"


def verified(here: Newcomer, trust: Any, folder: Path) -> str:
    """Return what the consumer is told of the published wheel."""
    for asset in here.world.release()["assets"]:
        (folder / asset["name"]).write_bytes(here.world.client.call("GET", asset["url"], raw=True))
    (folder / "trust.json").write_text(json.dumps(trust))
    options = ("--stage", "production", "--repository", f"github.com/{NAME}", "--trust", "trust.json", "--sandbox")
    result = here.world.counterseal("verify", WHEEL, *options, folder=folder, code=11)
    return result.output + result.errors
