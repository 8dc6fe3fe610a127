"""`demo`: the whole story in the sandbox, with the same command line that CI drives; an error if it is not as told."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.attacks import SDIST, SUBJECTS, WHEEL, Attacks, said
from counterseal_sandbox.demo.bad_hour import BadHour
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.demo.world import (
    EPOCH,
    bring_gate,
    bring_npm_package,
    close_branch,
    expect,
    make_world,
    write_json,
)
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal_sandbox.demo.attacks import Signer
    from counterseal_sandbox.demo.shell import Shell
    from counterseal_sandbox.demo.world import World


@dataclass(frozen=True, slots=True)
class Told:
    """One step as it was told: title, what was seen, seconds."""

    title: str
    lines: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Played:
    """The story as it went: its steps, and the options of the consumer's question for who wants to ask again."""

    steps: tuple[Told, ...]
    ask: tuple[str, ...]


class Story(Attacks):
    """The steps in their order; each leaves things in `world` that the next ones need.

    Args:
        world: Where it plays.
        signer: Gives a signer with the identity of a run's environment, for the attacker of the last act.
        bad_hour: What people stop and take back in between.
    """

    def __init__(self, world: World, signer: Callable[[Mapping[str, str]], Signer], bad_hour: BadHour) -> None:
        super().__init__(world, signer)
        self.bad_hour = bad_hour

    def steps(self) -> list[tuple[str, Callable[[], list[str]]]]:
        """Return the titles and steps."""
        return [
            ("build: a wheel and an sdist from the tagged commit", self.build),
            ("sbom: what is in them", self.sbom),
            ("sign: keyless, with the build run's identity", self.sign),
            (f"candidate: {self.world.site.waiting}, until it is promoted", self.candidate),
            ("staging: requested, approved by alice, merged → allow", self.staging),
            ("production: requested, merged too early → deny", self.too_early),
            ("hold: carol stops production, in a bad hour", self.bad_hour.hold),
            ("production: requested meanwhile, approved by alice and dora → deny, held", self.meanwhile),
            ("resume: requested by bob, approved by alice and dora, merged → the hold is ended", self.bad_hour.resume),
            ("production: requested again, approved by alice and dora → allow, published", self.production),
            ("consumer: downloads the release and verifies it offline", self.consume),
            ("revocation: dora takes v1.2.0 back", self.bad_hour.revoke),
            ("consumer: asks for what is known by now → refused", self.consume_again),
            ("auditor: who promoted and stopped what, when and why", self.audit),
            ("attack 1: a tampered asset", self.tampered_asset),
            ("attack 2: a rewritten ledger line", self.rewritten_line),
            ("attack 3: a rewound ledger before a new gate run", self.rewound_ledger),
            ("attack 4: a decision signed by the builder", self.builder_decides),
        ]

    # --- the producer ------------------------------------------------------------------------

    def build(self) -> list[str]:
        """Build the artifacts."""
        world = self.world
        command = ["python", "-m", "build", "--no-isolation", "--outdir", "dist"]
        result = world.shell.run(command, folder=world.checkout, environment={"SOURCE_DATE_EPOCH": EPOCH})
        expect(result.exit_code == 0, "the build", result.output + result.errors)
        built = sorted(path.name for path in (world.checkout / "dist").iterdir())
        expect(built == sorted([WHEEL, SDIST]), "the build's results", str(built))
        return [f"dist/{name}" for name in built]

    def sbom(self) -> list[str]:
        """Make the SBOM; and that of an npm package, from its own lock file."""
        world = self.world
        lines = said(world.counterseal("sbom", *SUBJECTS, environment={"SOURCE_DATE_EPOCH": EPOCH}))
        result = world.shell.run([sys.executable, "-I", "pack.py"], folder=world.npm_package)
        expect(result.exit_code == 0, "packing the npm package", result.output + result.errors)
        packed = (result.output.strip(),)
        more = world.counterseal("sbom", *packed, folder=world.npm_package, environment={"SOURCE_DATE_EPOCH": EPOCH})
        return [*lines, f"an npm package, {packed[0]}:", *said(more)]

    def sign(self) -> list[str]:
        """Sign everything."""
        environment = {**self.world.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
        return said(self.world.counterseal("sign", *SUBJECTS, environment=environment))

    def candidate(self) -> list[str]:
        """Upload the candidate."""
        return said(self.world.counterseal("candidate", *SUBJECTS, environment=self.world.build_run()))

    # --- the maintainers -----------------------------------------------------------------------

    def staging(self) -> list[str]:
        """Promote to staging."""
        number = self.world.asks("--stage", "staging", "--reason", "weekly release")
        self.world.review("alice", number)
        self.world.merge("bob", number)
        return said(self.world.counterseal("gate", environment=self.world.gate_run()))

    def too_early(self) -> list[str]:
        """Ask for production, and merge before security has looked."""
        world = self.world
        number = world.asks("--stage", "production", "--reason", "weekly release")
        world.review("carol", number)
        self._amend_request(number)
        world.review("alice", number)
        environment = {**world.person("bob")}
        preview = world.counterseal("gate", "--preview", "--number", str(number), environment=environment)
        expect("Preview, not a decision" in preview.output, "the preview", preview.output)
        world.merge("bob", number)
        result = world.counterseal("gate", environment=world.gate_run(), code=10)
        expect("enough-reviews: 1 of 2" in result.output, "the reason of the deny", result.output)
        expect("carol" in result.output and "older revision" in result.output, "carol is named", result.output)
        return ["before the merge:", *said(preview), "the gate:", *said(result)]

    def _amend_request(self, number: int) -> None:
        """Let bob correct the reason in the request's file, so that carol's approval is of an older revision."""
        world = self.world
        branch = world.site.branch_of(world.people["bob"], number)
        world.git("fetch", "-q", "origin", branch)
        world.git("switch", "-q", "--detach", "FETCH_HEAD")
        path = next((world.checkout / "promotions" / "production").iterdir())
        path.write_bytes(path.read_bytes().replace(b"weekly release", b"fixes the parser, see #16"))
        world.git("commit", "-q", "-am", "Say why")
        world.git("push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        world.git("switch", "-q", "main")

    def _reviewed(self, reason: str) -> None:
        """Ask for production again, wait for both reviews, and merge."""
        world = self.world
        number = world.asks("--stage", "production", "--reason", reason, "--again")
        world.review("alice", number)
        world.review("dora", number)
        world.merge("bob", number)

    def meanwhile(self) -> list[str]:
        """Ask again, wait for both, and meet the hold."""
        self._reviewed("fixes the parser, see #16")
        result = self.world.counterseal("gate", environment=self.world.gate_run(), code=12)
        expect("stage-not-held" in result.output, "the hold is the reason", result.output)
        return [*said(result), "exit code 12: held, not refused for good"]

    def production(self) -> list[str]:
        """Ask again once the hold is ended, and publish."""
        self._reviewed("fixes the parser, see #16; the hold is ended")
        result = self.world.counterseal("gate", environment=self.world.gate_run())
        expect("published: v1.2.0" in result.output, "the publication", result.output)
        return said(result)

    # --- consumer and auditor --------------------------------------------------------------------

    def consume(self) -> list[str]:
        """Download the release as anybody would, and verify."""
        world, client = self.world, self.world.client
        self.release.mkdir()
        for name, url in world.site.downloads().items():
            (self.release / name).write_bytes(client.call("GET", url, raw=True))
        trust: Any = client.trust()
        write_json(world.folder / "trust.json", trust)
        root = json.dumps(trust["trustConfig"]["trustedRoot"])
        (world.folder / "trusted_root.jsonl").write_text(root + "\n", encoding="utf-8")
        return said(world.counterseal("verify", WHEEL, SDIST, *self.ask, *self.trust, folder=self.release))

    def consume_again(self) -> list[str]:
        """Verify the same file once more, with what the project's ledger says now."""
        asked = ("verify", WHEEL, *self.ask, *self.trust, "--state", "newest")
        result = self.world.counterseal(*asked, folder=self.release, code=11)
        expect("which the release rests on, was revoked" in result.output, "the revocation is seen", result.output)
        return [*said(result), "exit code 11: not verified"]

    def audit(self) -> list[str]:
        """Clone, fetch the ledger, and ask."""
        clone = self.clone("audit")
        result = self.world.counterseal("log", *self.trust, folder=clone)
        for word in ("allow", "deny", "alice, dora", "enough-reviews", "hold", "resume", "revocation"):
            expect(word in result.output, f"the log says {word!r}", result.output)
        return said(result)


def run(
    shell: Shell,
    folder: Path,
    examples: Path,
    *,
    kind: ForgeKind = ForgeKind.GITHUB,
    signer: Callable[[Mapping[str, str]], Signer],
    tell: Callable[[Told], None],
) -> Played:
    """Play the story and return how it went.

    Args:
        shell: Starts git, the build and counterseal.
        folder: For everything that it makes; has to be empty.
        examples: With the project to release, `app`, and an npm package, `web`.
        kind: The forge that it plays on.
        signer: Gives a signer with the identity of a run's environment.
        tell: Called after each step.

    Raises:
        NotAsToldError: Something did not go as told.
    """
    told: list[Told] = []
    with Sandbox(folder / "sandbox") as sandbox:
        start = time.monotonic()
        world = make_world(shell, sandbox.url, folder, examples / "app", kind)
        bring_npm_package(world, examples / "web")
        bring_gate(world)
        close_branch(world)
        story = Story(world, signer, BadHour(world, sandbox.forge.repository(NAME)))
        _tell(
            told,
            tell,
            Told(
                "the sandbox: a forge, identities, signing services; a project with a policy",
                (),
                time.monotonic() - start,
            ),
        )
        for title, step in story.steps():
            start = time.monotonic()
            lines = step()
            _tell(told, tell, Told(title, tuple(lines), time.monotonic() - start))
        return Played(tuple(told), story.ask)


def _tell(told: list[Told], tell: Callable[[Told], None], step: Told) -> None:
    told.append(step)
    tell(step)
