"""Signing and verifying with sigstore-python (ports `Signer` and `BundleVerifier`).

The library does the cryptography: chain, SCT, timestamps, log inclusion, signatures. Around it stands what it leaves
open (docs/security.md, "Identity: what a signature must prove"). Its calls that are not public API are named in
these modules alone; the package is pinned to `sigstore~=4.5.1` for that reason.
"""

import logging

# What the library warns of is an error here, or we say it in our own words.
logging.getLogger("sigstore").addHandler(logging.NullHandler())
