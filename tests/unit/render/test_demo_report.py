"""What the demo says at its end: what is missing here for its last command, and where one goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterseal.commands.demo import Release, Shown
from counterseal.forges import ForgeKind
from counterseal.identifiers import page
from counterseal.render.reports import demo

RELEASE = Release(
    steps=(),
    folder=Path("demo-out/github"),
    trust={"released": ["5ea1" * 10], "issuers": {"github.com": "http://127.0.0.1:1/github"}},
    manifest={"repository": {"host": "github.com", "name": "acme/app", "id": 701}, "tag": "v1.2.0"},
    ask=("--stage", "production"),
)


@pytest.mark.parametrize("missing", [(), ("cosign",), ("cosign", "jq")])
def test_a_command_that_cannot_work_here_says_what_it_needs(missing: tuple[str, ...]) -> None:
    text = demo.report(Shown({ForgeKind.GITHUB: RELEASE}, 35.2), "counterseal", missing).text
    assert text.startswith(
        "\nDemo complete in 35.2 s. A hold stopped, a revocation was seen, and all four attacks were refused.\n"
    )
    needs = f"  (it needs cosign 3.1, jq and openssl; not here: {', '.join(missing)})"
    assert (needs in text) is bool(missing)
    assert text.endswith(f"Next: a project of your own\n  at GitHub: {page('how-to-github.md')}")
