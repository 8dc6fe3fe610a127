"""Runs the real Fulcio, Rekor (tiles) and timestamp authority on loopback, with the sandbox's issuer as their only one.

Beside them answers a whole sandbox on its own server: one run, two instances to sign with. Of the real instance only
two parts are ours: the OIDC issuer, and a certificate transparency log (`ct_log.py`).

Ports are whatever is free, keys are fresh, everything that is written stands below one folder. What a service said is
shown when it does not come up.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from tests.interop.ct_log import PREFIX as CT_LOG
from tests.interop.ct_log import CertificateLog
from tests.interop.own_network import own_network
from tests.unit.sandbox.keyless_world import World

from counterseal.adapters.sigstore.signer import SigstoreSigner
from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal_sandbox import timestamp, trust
from counterseal_sandbox.gitlab_identity import GitLabIssuer
from counterseal_sandbox.http import LoopbackServer
from counterseal_sandbox.keyless import Keyless
from counterseal_sandbox.keys import ORIGIN, Keys, pem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROGRAMS = ("fulcio", "rekor-server-posix", "timestamp-server")
_PASSWORD = "loopback"
_TEMPLATES = Path(__file__).resolve().parents[1] / "assets" / "fulcio-ci-issuers.yaml"
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class RealSigstore:
    """A running instance.

    Args:
        sandbox: The sandbox beside it, whose issuer it trusts.
        gitlab: The sandbox's issuer for jobs of GitLab; it says whatever it is told to.
        trust_config: Its ClientTrustConfig.
        fulcio, rekor, tsa: Origins of the services.
    """

    sandbox: World
    gitlab: GitLabIssuer
    trust_config: dict[str, Any]
    fulcio: str
    rekor: str
    tsa: str

    def config(self) -> bytes:
        return json.dumps(self.trust_config).encode()

    def signer(self, token: str) -> SigstoreSigner:
        return SigstoreSigner(self.config(), lambda: token)

    def verifier(self) -> SigstoreVerifier:
        return SigstoreVerifier(json.dumps(self.trust_config["trustedRoot"]).encode())

    def files(self, folder: Path) -> Path:
        """Write what cosign and gh want to know of the instance; return the folder."""
        root = json.dumps(self.trust_config["trustedRoot"])
        (folder / "trusted_root.json").write_text(root)
        (folder / "trusted_root.jsonl").write_text(root + "\n")
        (folder / "signing_config.json").write_text(json.dumps(self.trust_config["signingConfig"]))
        return folder


@contextmanager
def running(programs: Mapping[str, Path], folder: Path) -> Iterator[RealSigstore]:
    """Start everything, wait until it answers, and stop it again.

    Args:
        programs: Where each of `PROGRAMS` is.
        folder: An empty folder for keys, configuration, the log's tiles and what the services print.
    """
    with ExitStack() as stack:
        stack.enter_context(own_network())
        server = LoopbackServer()
        sandbox = World(server, Keyless(server))
        keys = Keys.generate()
        gitlab = sandbox.keyless.gitlab
        server.mount(CT_LOG, CertificateLog(keys).handle)
        server.start()
        stack.callback(server.stop)
        write_files(folder, keys, {sandbox.keyless.issuer.url: "github-workflow", gitlab.url: "gitlab-pipeline"})
        urls, commands = services(folder, server.url + CT_LOG)
        for name, (arguments, _) in commands.items():
            stack.enter_context(process([str(programs[name]), "serve", *arguments], folder / f"{name}.log"))
        for name, (_, ready) in commands.items():
            wait_for(ready, folder / f"{name}.log")
        config = trust_config(keys, urls, server.url)
        real = RealSigstore(sandbox, gitlab, config, *(urls[name] for name in PROGRAMS))
        # Programs that write protobuf's JSON leave a log index of 0 out, and sigstore-python wants to see it; a
        # public log passed its first entry long ago, so ours has passed it before any test signs.
        real.signer(sandbox.token()).sign_digest("0" * 64)
        yield real


def write_files(folder: Path, keys: Keys, issuers: Mapping[str, str]) -> None:
    """Write keys, chains and Fulcio's configuration."""
    private, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    plain, locked = serialization.NoEncryption(), serialization.BestAvailableEncryption(_PASSWORD.encode())
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    configured = [
        f'  "{url}": {{issuer-url: "{url}", client-id: sigstore, type: ci-provider, ci-provider: {kind}}}\n'
        for url, kind in issuers.items()
    ]
    files = {
        "ca-key.pem": keys.ca.private_bytes(private, form, locked),  # Fulcio takes an encrypted key only
        "ca-chain.pem": b"".join(map(pem, keys.ca_chain)),
        "ct-public.pem": keys.ct.public_key().public_bytes(serialization.Encoding.PEM, public),
        "log-key.pem": keys.log.private_bytes(private, form, plain),
        "tsa-key.pem": keys.tsa.private_bytes(private, form, plain),
        "tsa-chain.pem": b"".join(map(pem, keys.tsa_chain)),
        "fulcio.yaml": _TEMPLATES.read_bytes() + b"oidc-issuers:\n" + "".join(configured).encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "tiles").mkdir()


def services(folder: Path, ct_log: str) -> tuple[dict[str, str], dict[str, tuple[list[str], str]]]:
    """Return the origin of each service, and its arguments with the URL that answers when it is ready."""
    ports = [str(port) for port in free_ports(7)]
    host = "127.0.0.1"
    urls = {name: f"http://{host}:{port}" for name, port in zip(PROGRAMS, ports, strict=False)}
    # Two ports, because one for both makes Fulcio panic; a socket name of its own, because the default is one
    # for the whole machine.
    fulcio = ["--host", host, "--port", ports[0], "--grpc-host", host, "--grpc-port", ports[3]]
    fulcio += ["--metrics-port", ports[4]]
    fulcio += ["--legacy-unix-domain-socket", f"@counterseal-{ports[0]}", "--config-path", f"{folder}/fulcio.yaml"]
    fulcio += ["--ca", "fileca", "--fileca-cert", f"{folder}/ca-chain.pem", "--fileca-key", f"{folder}/ca-key.pem"]
    fulcio += ["--fileca-key-passwd", _PASSWORD, "--fileca-watch=false"]
    fulcio += ["--ct-log-url", ct_log, "--ct-log-public-key-path", f"{folder}/ct-public.pem"]
    # The host name becomes the origin of checkpoints; clients look for it under the host of the log's URL.
    rekor = ["--hostname", ORIGIN, "--http-address", host, "--http-port", ports[1]]
    rekor += ["--grpc-address", host, "--grpc-port", ports[5], "--http-metrics-port", ports[6]]
    rekor += ["--storage-dir", f"{folder}/tiles", "--signer-filepath", f"{folder}/log-key.pem"]
    rekor += ["--checkpoint-interval", "200ms", "--batch-max-age", "50ms"]
    tsa = ["--host", host, "--port", ports[2], "--disable-ntp-monitoring", "--timestamp-signer", "file"]
    tsa += ["--file-signer-key-path", f"{folder}/tsa-key.pem", "--certificate-chain-path", f"{folder}/tsa-chain.pem"]
    ready = ("/api/v2/trustBundle", "/healthz", "/ping")
    arguments = zip(PROGRAMS, (fulcio, rekor, tsa), ready, strict=True)
    return urls, {name: (options, urls[name] + path) for name, options, path in arguments}


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, all different."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in held]


@contextmanager
def process(command: list[str], log: Path) -> Iterator[None]:
    """Run a program as long as the block lasts; what it prints goes to a file."""
    with log.open("wb") as printed:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, cwd=log.parent)
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(10)


def wait_for(url: str, log: Path) -> None:
    """Wait until `url` answers 200; a failure shows the end of what the service printed."""
    deadline = time.monotonic() + _SECONDS
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            last = error
        time.sleep(0.02)
    printed = log.read_text(errors="replace")[-3000:]
    raise RuntimeError(f"{log.stem} does not answer at {url}: {last}\n{printed}")


def trust_config(keys: Keys, urls: Mapping[str, str], issuer: str) -> dict[str, Any]:
    """Return the ClientTrustConfig: the sandbox's document for these keys, with the services' own URLs."""
    config: dict[str, Any] = trust.document(keys, issuer, [])["trustConfig"]
    root, signing = config["trustedRoot"], config["signingConfig"]
    fulcio, rekor, tsa = (urls[name] for name in PROGRAMS)
    root["certificateAuthorities"][0]["uri"] = signing["caUrls"][0]["url"] = fulcio
    root["tlogs"][0]["baseUrl"] = signing["rekorTlogUrls"][0]["url"] = rekor
    root["timestampAuthorities"][0]["uri"] = signing["tsaUrls"][0]["url"] = tsa + timestamp.PREFIX
    root["ctlogs"][0]["baseUrl"] = issuer + CT_LOG
    return config


def programs(tool: Callable[[str], Path]) -> dict[str, Path]:
    """Return where each program is; `tool` skips the test or fails it if one is missing."""
    return {name: tool(name) for name in PROGRAMS}
