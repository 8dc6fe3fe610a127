"""A policy's text for another repository: the ledger's id and the number of its gate's project, nothing else."""

from __future__ import annotations

import pytest

from counterseal import policy
from counterseal.errors import PolicyError

OLD, NEW = "gitlab.com/777/" + "5d1c" * 8, "gitlab.com/701/" + "ab" * 16


@pytest.mark.parametrize(
    "text",
    [
        "ledger: {id: HERE} # it was OLD once\n",
        '# é: OLD\nledger:\n  id: "HERE"\r\n',
        "ledger: {id: 'HERE'}",
        "{identities: {gate: {gitlab: {file: 777.yml, project: NUMBER}}}, ledger: {id: HERE}, x: 777}",
        "ledger: {id: HERE}\nidentities: {gate: counterseal}\n",
        'identities:\n  gate:\n    gitlab:\n      "project": NUMBER # 777\nledger: {id: HERE}\n',
    ],
)
def test_only_these_are_replaced(text: str) -> None:
    text = text.replace("OLD", OLD)
    before, after = (text.replace("HERE", id_).replace("NUMBER", id_.split("/")[1]) for id_ in (OLD, NEW))
    assert policy.moved(before.encode(), NEW).decode() == after


def test_what_is_not_written_out_is_refused_with_its_place() -> None:
    text = f'ledger: {{id: "{OLD[:-1]}\\x63"}}\n'
    with pytest.raises(PolicyError, match=r"^policy.yml:1:14: ") as caught:
        policy.moved(text.encode(), NEW)
    assert "on one line" in caught.value.fix
