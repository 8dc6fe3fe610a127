"""The trusted root as the library's verifier gets it: parsed once, and not again for each bundle."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from sigstore._internal.trust import CertificateAuthority, CTKeyring, Keyring, KeyringPurpose, RekorKeyring
from sigstore.models import TrustedRoot

if TYPE_CHECKING:
    from sigstore_models.trustroot.v1 import TrustedRoot as TrustedRootDocument


class ParsedRoot(TrustedRoot):
    """A trusted root for verification, with its keys and certificates parsed, or with the keys of one log alone.

    Args:
        document: Windows in it are closed by neither edge where the library would compare it with the present.
    """

    def __init__(self, document: TrustedRootDocument) -> None:
        super().__init__(document)
        self._authorities = super().get_timestamp_authorities()
        self._certificate_logs = super().ct_keyring(KeyringPurpose.VERIFY)
        self._logs: dict[bytes, RekorKeyring] = {}
        self._log = super().rekor_keyring(KeyringPurpose.VERIFY)

    def of_log(self, log_id: bytes) -> ParsedRoot:
        """Return the same root with the keys of the log alone that has this id; if it knows none such, with all."""
        if log_id not in self._logs:
            keys = [log.public_key for log in self._inner.tlogs if log.log_id.key_id == log_id]
            if not keys:
                return self
            self._logs[log_id] = RekorKeyring(Keyring(keys))
        root = copy.copy(self)
        root._log = self._logs[log_id]  # noqa: SLF001 - its own kind
        return root

    def rekor_keyring(self, purpose: KeyringPurpose) -> RekorKeyring:  # noqa: ARG002 - it is for verification alone
        """Return the keys of the transparency log, or of all."""
        return self._log

    def ct_keyring(self, purpose: KeyringPurpose) -> CTKeyring:  # noqa: ARG002 - as above
        """Return the keys of the logs of certificates."""
        return self._certificate_logs

    def get_timestamp_authorities(self) -> list[CertificateAuthority]:
        """Return the timestamp authorities."""
        return self._authorities
