"""The command table: every verb with its one-line help. A verb's module is imported only when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

#: verb, of one word or two → (module below `counterseal.cli.verbs`, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "sbom": ("sbom", "make a CycloneDX SBOM of a project and its artifacts"),
    "sbom diff": ("inventories.diff", "show how two SBOMs differ"),
    "sbom score": ("inventories.score", "show which of NTIA's minimum elements an SBOM lacks"),
    "sbom find": ("inventories.find", "find the releases that contain a component"),
    "pack": ("archives.pack", "make archives that are the same each time; --check one"),
    "observe": ("building.observe", "run a command of a build, record what it ran in and wrote"),
    "sign": ("sign", "sign artifacts, manifest, provenance and SBOM as this run"),
    "candidate": ("candidate", "upload artifacts and bundles for the gate"),
    "request": ("request", "open a promotion request for a candidate"),
    "gate": ("gate", "decide merged requests, record, publish what is allowed"),
    "hold": ("emergencies.hold", "stop what enters a stage, at once"),
    "revoke": ("emergencies.revoke", "take back what was allowed, at once"),
    "publish": ("publish", "publish what is allowed and not released yet"),
    "verify": ("verify", "verify downloaded files, offline"),
    "pin": ("setting_up.pin", "write down whom you believe of a project that you use"),
    "rebuild": ("rebuilding.rebuild", "build the source of a release once more, by itself"),
    "rebuild compare": ("rebuilding.compare", "compare a release with a second build"),
    "inputs show": ("building.inputs_show", "show what a build was made from"),
    "inputs diff": ("building.inputs_diff", "show what two builds were not made from alike"),
    "log": ("log", "who promoted what, when and why (list, show, verify, prove)"),
    "log repair": ("ledgers.repair", "find a lost ledger again, print what puts it back"),
    "status": ("status", "show what each stage has, what waits, and what that lacks"),
    "init": ("setting_up.init", "propose a policy and the files of your CI, and write them"),
    "doctor": ("setting_up.doctor", "look for what stops a promotion, or gets around the gate"),
    "policy": ("policy", "check a policy file"),
    "trust": ("trust", "export the trust root for verification"),
    "sandbox": ("sandbox", "start forge, identity and signing services on loopback"),
    "demo": ("demo", "show the whole way in the sandbox"),
    "completion": ("completion", "print the completion script of bash, zsh or fish"),
}


def module_of(verb: str) -> ModuleType:
    """Return the module of a verb; it has its `VERB` and how to `run` it."""
    import importlib  # noqa: PLC0415 - `--help` must not pay for it

    return importlib.import_module(f"counterseal.cli.verbs.{COMMANDS[verb][0]}")
