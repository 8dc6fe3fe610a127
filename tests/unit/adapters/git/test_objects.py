"""Objects by id, and what refs of a remote are, whatever our copy has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.git_ledgers import planted
from tests.unit.git_remotes import git

from counterseal.adapters.git.process import Git
from counterseal.adapters.git.remote import Remote
from counterseal.errors import ServiceError, UsageError
from counterseal.formats import digests
from counterseal.identifiers import LEDGER_REF

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.git.ledger import GitLedgerStore


def test_trees_and_blobs_come_as_they_are_hashed(remote: Path) -> None:
    planted(remote, 2)
    tree, blob = git(remote, "rev-parse", "main^{tree}", "main:README.md").split()
    found = Git(remote).objects([tree, blob, tree], limit=1000)
    assert found == {tree: b"100644 README.md\0" + bytes.fromhex(blob), blob: b"app\n"}
    assert {digests.git_object(kind, found[name]) for kind, name in (("tree", tree), ("blob", blob))} == {tree, blob}
    assert Git(remote).objects([], limit=0) == {}


def test_other_objects_and_absent_ones_are_errors(remote: Path) -> None:
    git(remote, "tag", "-a", "-m", "x", "v1", "main")
    tree, blob, commit, tag = git(remote, "rev-parse", "main^{tree}", "main:README.md", "main", "v1").split()
    for name, kind in ((commit, "commit"), (tag, "tag"), ("5" * 40, "missing")):
        with pytest.raises(ServiceError, match=f"git object {name[:12]} cannot be read") as caught:
            Git(remote).objects([blob, name], limit=1000)
        assert caught.value.why == f"it is {kind}, not a blob"
    with pytest.raises(ServiceError, match="cannot be read"):
        Git(remote).contents([tree], limit=1000)


def test_the_limit_is_of_all_together(remote: Path) -> None:
    names = [git(remote, "hash-object", "-w", "--stdin", data=f"{number}" * 500) for number in range(3)]
    assert len(Git(remote).objects(names, limit=1500)) == 3
    with pytest.raises(ServiceError, match="printed more than"):
        Git(remote).objects(names, limit=1300)


def test_refs_are_told_to_a_copy_that_is_cut_off_only_if_it_may_be(
    remote: Path, store: GitLedgerStore, tmp_path: Path
) -> None:
    planted(remote, 4)
    store.commits(2)
    copy, asked = Git(tmp_path / "copy.git"), Remote(str(remote))
    assert (tmp_path / "copy.git" / "shallow").exists()
    tip = git(remote, "rev-parse", LEDGER_REF)
    assert asked.refs(copy, LEDGER_REF, "refs/heads/absent", whole=False) == {LEDGER_REF: tip}
    assert store.tip() == tip
    with pytest.raises(ServiceError, match="is shallow"):
        asked.refs(copy, LEDGER_REF)
    with pytest.raises(UsageError, match="is not a full git ref"):
        asked.refs(copy, "--upload-pack=evil", whole=False)
    store.commits(None)
    assert asked.refs(copy, LEDGER_REF) == {LEDGER_REF: tip}
