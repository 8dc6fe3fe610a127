"""A policy's text with the ledger of another repository; every other character stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator


def moved(data: bytes, ledger_id: str, name: str = "policy.yml") -> bytes:
    """Return a policy file that has another ledger, and whose own gate on GitLab is of that ledger's project.

    Args:
        data: The file, which `load` accepts.
        ledger_id: The other ledger's id.
        name: Name of the file, for messages.

    Raises:
        PolicyError: What is to be replaced is not written out on one line.
    """
    root, number = yaml.load(data, name), ledger_id.split("/")[1]
    replaced = [(node, ledger_id) for node in _at(root, "ledger", "id")]
    replaced += [(node, number) for node in _at(root, "identities", "gate", "gitlab", "project")]
    rows = data.decode("utf-8").split("\n")
    # from the last on, so that what stands before it stays where it is
    for node, text in sorted(replaced, key=lambda pair: (pair[0].place.line, pair[0].place.column), reverse=True):
        row = rows[node.place.line - 1]
        start = row.find(node.text, node.place.column - 1)
        if start < 0:
            raise node.place.error(
                f"{yaml.shown(node.text)} is not written out here",
                why="a copy of this policy needs another one in its place",
                fix="write it on one line, without escapes",
            )
        rows[node.place.line - 1] = row[:start] + text + row[start + len(node.text) :]
    return "\n".join(rows).encode()


def _at(node: yaml.Node | None, *path: str) -> Iterator[yaml.Scalar]:
    """Yield the scalar that a path of keys leads to, if there is one."""
    for key in path:
        node = node.items.get(key) if isinstance(node, yaml.Mapping) else None
    if isinstance(node, yaml.Scalar):
        yield node
