"""The transparency log of the sandbox: Rekor v2's `POST /api/v2/log/entries`.

It accepts only signatures that verify, appends them to a Merkle tree (RFC 6962 section 2.1) and answers with the
inclusion proof and a checkpoint. Of the tree it keeps the peaks alone: they are all that the proof of a new leaf
needs. It therefore cannot prove older entries or consistency; no client here asks. An entry that stands in the tree
is refused.

Sources: rekor-tiles api/proto, C2SP tlog-checkpoint and signed-note (Ed25519, type 0x01).
"""

from __future__ import annotations

import base64
import hashlib
import threading
from typing import TYPE_CHECKING, Any, Final

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from counterseal_sandbox.http import HttpError, Request, Response, json_response
from counterseal_sandbox.keys import ORIGIN

if TYPE_CHECKING:
    from counterseal_sandbox.keys import Keys

PREFIX: Final = "/api/v2/log"
_KIND: Final = {"kind": "hashedrekord", "version": "0.0.2"}
_KEY_DETAILS: Final = "PKIX_ECDSA_P256_SHA_256"


class Tree:
    """The right edge of an RFC 6962 Merkle tree: its size, and the roots of its perfect subtrees, largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> tuple[bytes, list[bytes]]:
        """Add a leaf; return the new root and the audit path of the leaf.

        The siblings on the way from the last leaf to the root are exactly the peaks before it, smallest first.
        """
        node = hashlib.sha256(b"\0" + leaf).digest()
        path = self._peaks[::-1]
        root = node
        for peak in path:
            root = _parent(peak, root)
        completed = self.size
        while completed & 1:
            node = _parent(self._peaks.pop(), node)
            completed >>= 1
        self._peaks.append(node)
        self.size += 1
        return root, path


def _parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class TransparencyLog:
    """Logs `hashedrekord` 0.0.2 entries, the only kind of Rekor v2."""

    def __init__(self, keys: Keys) -> None:
        self._key = keys.log
        self._id = keys.log_id
        self._tree = Tree()
        self._places: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        """Answer a request to log a signature."""
        if (request.method, request.path) != ("POST", "/entries"):
            raise HttpError(501, f"the sandbox's Rekor has no {request.method} {PREFIX}{request.path}")
        try:
            body = _checked_body(request.json()["hashedRekordRequestV002"])
        except (KeyError, TypeError, ValueError) as error:
            raise HttpError(400, f"the entry cannot be read: {error!r}") from error
        leaf = hashlib.sha256(body).digest()
        with self._lock:
            if (place := self._places.get(leaf)) is not None:
                message = f"an equivalent entry already exists in the transparency log with index {place}"
                raise HttpError(409, message)
            self._places[leaf] = self._tree.size
            root, path = self._tree.append(body)
            size = self._tree.size
        return json_response(self._entry(body, size, root, path), 201)

    def _entry(self, body: bytes, size: int, root: bytes, path: list[bytes]) -> dict[str, Any]:
        index = str(size - 1)
        return {
            "logIndex": index,
            "logId": {"keyId": _base64(self._id)},
            "kindVersion": _KIND,
            "integratedTime": "0",  # this log and its promise tell no time: a timestamp authority does
            "inclusionPromise": None,
            "canonicalizedBody": _base64(body),
            "inclusionProof": {
                "logIndex": index,
                "rootHash": _base64(root),
                "treeSize": str(size),
                "hashes": [_base64(node) for node in path],
                "checkpoint": {"envelope": self._checkpoint(size, root)},
            },
        }

    def _checkpoint(self, size: int, root: bytes) -> str:
        note = f"{ORIGIN}\n{size}\n{_base64(root)}\n"
        signature = _base64(self._id[:4] + self._key.sign(note.encode()))
        return f"{note}\n\u2014 {ORIGIN} {signature}\n"


def _checked_body(asked: dict[str, Any]) -> bytes:
    """Return the canonical body of an entry whose signature verifies with the certificate it names."""
    signature, verifier, digest = asked["signature"], asked["signature"]["verifier"], asked["digest"]
    certificate = x509.load_der_x509_certificate(base64.b64decode(verifier["x509Certificate"]["rawBytes"]))
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or verifier["keyDetails"] != _KEY_DETAILS:
        raise HttpError(400, "the sandbox's Rekor takes signatures of the curve P-256 only")
    try:
        hashed = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
        key.verify(base64.b64decode(signature["content"]), base64.b64decode(digest), hashed)
    except InvalidSignature:
        raise HttpError(400, "the signature does not verify with the certificate") from None
    specification = {
        "data": {"algorithm": "SHA2_256", "digest": digest},
        "signature": {
            "content": signature["content"],
            "verifier": {"keyDetails": _KEY_DETAILS, "x509Certificate": verifier["x509Certificate"]},
        },
    }
    return rfc8785.dumps(
        {"apiVersion": _KIND["version"], "kind": _KIND["kind"], "spec": {"hashedRekordV002": specification}}
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
