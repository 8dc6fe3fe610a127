"""`sign`: manifest, provenance, SBOM attestation and a signature of each file, all with one identity, all or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal import plain_file
from counterseal.commands import outputs
from counterseal.commands.building import own_word, recorded
from counterseal.errors import UsageError
from counterseal.formats import digests, junit, manifest, provenance, statement
from counterseal.identifiers import (
    BLOB_SUFFIX,
    BUILD_BUNDLES_FILE,
    MANIFEST_FILE,
    PROVENANCE,
    SBOM,
    TEST_RESULT,
    page,
)
from counterseal.model import Manifest, Subject
from counterseal.ports import BuildFacts, Environment, Signer, SubjectFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.model import Run


@dataclass(frozen=True, slots=True)
class SignInputs:
    """What `sign` is asked for.

    Attributes:
        projects: Folders of the projects, for their lock files; the first is the artifacts' own.
        subjects: Paths, globs and checksum lists of the artifacts, as given to `sbom`.
        output: The output folder, where `sbom` left the SBOM.
        public_log: The signatures go to a transparency log that everybody reads.
        visibility: `public`, or what else the forge says of the repository; None: not known.
        publish_names: Names of repository, workflow and ref may become public.
        test_results: A JUnit report.
        run: The number of this run as CI says it, which an observation has to be of; None: this is no run.
        dry_run: Do everything but sign and write.
    """

    projects: tuple[Path, ...]
    subjects: tuple[str, ...]
    output: Path
    public_log: bool
    visibility: str | None = None
    publish_names: bool = False
    test_results: Path | None = None
    run: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SignPorts:
    """What `sign` works with."""

    environment: Environment
    signer: Signer
    files: SubjectFiles
    facts: BuildFacts


@dataclass(frozen=True, slots=True)
class SignResult:
    """What was (or, dry, would be) signed: the artifacts, the statements by predicate type, the files written.

    `observed` counts the commands that `observe` watched, `contradicted` names artifacts with other bytes than those
    that a command is said to have written last.
    """

    subjects: tuple[Subject, ...]
    manifest: str
    tag: str
    revision: str
    statements: tuple[str, ...]
    written: tuple[str, ...]
    dry_run: bool
    observed: int = 0
    contradicted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignPreview:
    """What a run in CI would sign of what lies here; whose signature and of which tag, only that run knows.

    `revision` is the commit that is checked out, `sbom` and `input_matrix` are digests (sha256) of what would be
    recorded, `statements` predicate types, `written` names of the files that it would write.
    """

    subjects: tuple[Subject, ...]
    revision: str
    sbom: str
    input_matrix: str
    statements: tuple[str, ...]
    written: tuple[str, ...]
    observed: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that is decided before anything is signed: manifest and statement payloads by predicate type."""

    subjects: tuple[Subject, ...]
    manifest: bytes
    statements: Mapping[str, bytes]
    said: own_word.OwnWord


def run(inputs: SignInputs, ports: SignPorts) -> SignResult:
    """Sign the artifacts of this run's tag and write bundles and manifest into the output folder.

    Raises:
        UsageError: The run is for no tag, `sbom` has not run, a file is not what it was then, or names would leak.
        ServiceError: Signing did not work; nothing was written.
    """
    current = ports.environment.run()
    tag = provenance.tag_of(current)
    check_names_may_leak(current, inputs.visibility, public_log=inputs.public_log, allowed=inputs.publish_names)
    collected = ports.files.collect(inputs.subjects)
    plan = _plan(inputs, ports, current, collected)
    if not inputs.dry_run:
        files = _sign(ports.signer, plan)
        _check_unchanged(collected, ports.files.collect(inputs.subjects), "while it was signed")
        outputs.place(inputs.output, files, replaced=_earlier(inputs.output))
    return SignResult(
        subjects=plan.subjects,
        manifest=digests.sha256(plan.manifest),
        tag=tag,
        revision=current.revision,
        statements=tuple(plan.statements),
        written=_written(plan.subjects),
        dry_run=inputs.dry_run,
        observed=plan.said.observed,
        contradicted=plan.said.contradicted(plan.subjects),
    )


def preview(inputs: SignInputs, files: SubjectFiles, facts: BuildFacts, revision: str) -> SignPreview:
    """Return what would be signed, without an identity: for somebody's own machine.

    Args:
        inputs: What is asked for.
        files: The files here.
        facts: What is known of a build here.
        revision: The commit that is checked out.

    Raises:
        UsageError: A file is missing, `sbom` has not run, or a file is not what it was then.
    """
    collected = files.collect(inputs.subjects)
    subjects = tuple(subject for _, subject in collected)
    data, document = recorded.read_sbom(inputs.output, inputs.subjects)
    recorded.check(document, subjects)
    said = own_word.gather(facts.collect(inputs.projects, [path for path, _ in collected]), revision, inputs.output)
    statements = [PROVENANCE, SBOM]
    if inputs.test_results is not None:
        junit.parse(*_report(inputs.test_results))
        statements.append(TEST_RESULT)
    return SignPreview(
        subjects,
        revision,
        digests.sha256(data),
        said.matrix_digest,
        tuple(statements),
        _written(subjects),
        said.observed,
    )


def _written(subjects: Sequence[Subject]) -> tuple[str, ...]:
    return (*(f"{subject.name}{BLOB_SUFFIX}" for subject in subjects), BUILD_BUNDLES_FILE, MANIFEST_FILE)


def check_rehearsal(current: Run, *, rehearsal: bool) -> None:
    """Refuse to rehearse with an identity that is no sandbox's.

    Raises:
        UsageError: It is none, and nothing was signed.
    """
    if rehearsal and not current.sandbox:
        raise UsageError(
            "this identity is not a sandbox's; nothing was signed",
            why=f"{current.issuer} issued it, and --sandbox is for rehearsals",
            fix=f"sign in the environment of a sandbox's run ({page('sandbox.md')}), or leave out --sandbox",
        )


def check_names_may_leak(current: Run, visibility: str | None, *, public_log: bool, allowed: bool) -> None:
    """Refuse (UsageError) to sign where names that are not public would become so for ever, and nobody allowed it."""
    if not public_log or allowed or visibility == "public":
        return
    state = f"is {visibility}" if visibility else "may be private: the run does not say"
    raise UsageError(
        f"{current.repository.name} {state}, and the transparency log is public",
        why="certificates publish the names of repository, workflow or pipeline file, ref and run for ever",
        fix="sign with a Sigstore instance of your own (--trust-config), or allow it with `publish-names: true` in the "
        "policy",
    )


def _plan(inputs: SignInputs, ports: SignPorts, current: Run, collected: Sequence[tuple[Path, Subject]]) -> _Plan:
    subjects = tuple(subject for _, subject in collected)
    data, document = recorded.read_sbom(inputs.output, inputs.subjects)
    recorded.check(document, subjects)
    place = (provenance.workflow_path(current), current.config_digest)
    facts = ports.facts.collect(inputs.projects, [path for path, _ in collected], place)
    said = own_word.gather(facts, current.revision, inputs.output)
    said.check_run(inputs.run)
    listed = manifest.build(
        Manifest(
            repository=current.repository,
            revision=current.revision,
            tag=provenance.tag_of(current),
            subjects=subjects,
            sbom=digests.sha256(data),
            input_matrix=said.matrix_digest,
        )
    )
    own = Subject(MANIFEST_FILE, digests.sha256(listed))
    statements = {
        PROVENANCE: statement.build([*subjects, own], PROVENANCE, said.predicate(current)),
        SBOM: statement.build(subjects, SBOM, document),
    }
    if inputs.test_results is not None:
        results = _test_results(inputs.test_results, current)
        statements[TEST_RESULT] = statement.build(subjects, TEST_RESULT, results)
    return _Plan(subjects, listed, statements, said)


def _check_unchanged(before: Sequence[tuple[Path, Subject]], after: Sequence[tuple[Path, Subject]], when: str) -> None:
    now = {subject.name: subject for _, subject in after}
    for _, subject in before:
        subject_now = now.get(subject.name)
        recorded.check_same(subject_now or Subject(subject.name, "nothing"), subject.digest, when)


def _report(path: Path) -> tuple[bytes, str]:
    """Return a test report and its name."""
    if path.is_symlink() or not path.is_file():
        raise UsageError(f"no test report {path}", fix="give the JUnit XML that your tests wrote")
    return plain_file.read(path, max_bytes=junit.MAX_BYTES), path.name


def _test_results(path: Path, current: Run) -> dict[str, Any]:
    data, name = _report(path)
    return provenance.test_results(current, junit.parse(data, name), (name, digests.sha256(data)))


def _sign(signer: Signer, plan: _Plan) -> dict[str, bytes]:
    """Return the files to write, the manifest last: where it stands, everything stands."""
    bundles = [signer.sign_statement(payload) for payload in plan.statements.values()]
    blobs = {f"{subject.name}{BLOB_SUFFIX}": signer.sign_digest(subject.digest) for subject in plan.subjects}
    return {**blobs, BUILD_BUNDLES_FILE: b"".join(line + b"\n" for line in bundles), MANIFEST_FILE: plan.manifest}


def _earlier(output: Path) -> list[Path]:
    """Return what an earlier run of `sign` left, the manifest first: without it, nothing counts as signed."""
    return [output / MANIFEST_FILE, output / BUILD_BUNDLES_FILE, *sorted(output.glob(f"*{BLOB_SUFFIX}"))]
