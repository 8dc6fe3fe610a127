"""Verify downloaded release files: decided, recorded in the ledger, and published for a stage. Offline."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal.cli.report import Report
from counterseal.commands import verify
from counterseal.errors import UsageError
from counterseal.formats import wire
from counterseal.render import text

if TYPE_CHECKING:
    import argparse

    from counterseal.verification import Verdict
    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("files", nargs="+", type=Path, help="the downloaded files, or globs")
    parser.add_argument("--stage", required=True, help="the stage that they must be allowed in")
    parser.add_argument("--repository", required=True, help="where they come from: HOST/OWNER/NAME")
    parser.add_argument("--repository-id", type=int, help="the repository's numeric id (names can change hands)")
    parser.add_argument("--proof", type=Path, help="ledger-proof.json (default: beside each file)")
    parser.add_argument("--gate-revision", action="append", help="accept only these revisions of counterseal's gate")
    parser.add_argument("--gate-identity", help="accept the project's own gate: https://HOST/PROJECT//FILE@REF")
    parser.add_argument("--gate-issuer", help="with --gate-identity: the OIDC issuer, such as https://gitlab.com")
    add_trust(parser)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose whom to trust."""
    parser.add_argument("--trust", type=Path, help="trust document from `trust export --format json`")
    parser.add_argument("--sandbox", action="store_true", help="accept a sandbox's trust document (proves nothing)")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    trust, verifier = wiring.consumer(options.trust, sandbox=options.sandbox)
    revisions = tuple(options.gate_revision) if options.gate_revision else None
    own = verify.OwnGateNamed(options.gate_identity, options.gate_issuer) if options.gate_identity else None
    question = verify.Question(options.stage, options.repository, options.repository_id, revisions, own)
    result = verify.run(
        _files(options.files), question, proof=options.proof, verifier=verifier, trust=trust, clock=wiring.clock()
    )
    return Report(
        text="\n".join(_text(each) for each in result.verdicts),
        data={"schema": "counterseal.verify/v1", "files": [_data(each) for each in result.verdicts]},
        exit_code=result.exit_code,
        errors=tuple((each.file_name, str(each.error)) for each in result.verdicts if isinstance(each, verify.Refused)),
    )


def _files(given: list[Path]) -> list[Path]:
    """Return the files, in place of a glob those that it matches, hidden ones too: in CI no shell expands it.

    Raises:
        UsageError: A glob matches nothing: what is handed on would not be looked at.
    """
    files: list[Path] = []
    for each in given:
        pattern = str(each)
        if each.exists() or not glob.has_magic(pattern):
            files.append(each)
            continue
        matched = sorted(map(Path, glob.glob(pattern, include_hidden=True)))  # noqa: PTH207 - `Path` takes no absolute one
        if not matched:
            raise UsageError(
                f"no file matches {pattern}", why="so there is nothing to verify", fix="download them first"
            )
        files += matched
    return files


def _text(found: Verdict | verify.Refused) -> str:
    if isinstance(found, verify.Refused):
        return f"not verified: {found.file_name}\n{text.error(found.error)}"
    return text.verdict(found)


def _data(found: Verdict | verify.Refused) -> dict[str, Any]:
    if isinstance(found, verify.Refused):
        return {"fileName": found.file_name, "verified": False, "error": str(found.error)}
    data: dict[str, Any] = wire.encode(found)
    return {"verified": True, **data}
