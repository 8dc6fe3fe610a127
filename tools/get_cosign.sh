#!/bin/sh
# Builds cosign at $COSIGN_VERSION into $COSIGN, once; two calls at the same time build it once.
# Go checks the source against its checksum database. GOTOOLCHAIN=local: no other Go is downloaded,
# unless the caller sets GOTOOLCHAIN=auto.
set -eu
module=github.com/sigstore/cosign/v3/cmd/cosign

if command -v flock >/dev/null 2>&1 && [ -z "${COSIGN_LOCKED:-}" ]; then
  mkdir -p "$(dirname "$COSIGN")"
  exec env COSIGN_LOCKED=1 flock "$COSIGN.lock" sh "$0"
fi
if "$COSIGN" version 2>/dev/null | grep -q "GitVersion: *$COSIGN_VERSION$"; then
  echo "cosign $COSIGN_VERSION"
  exit 0
fi
if ! command -v go >/dev/null 2>&1; then
  echo "error: cosign $COSIGN_VERSION cannot be built" >&2
  echo "  why: there is no go in PATH" >&2
  echo "  fix: install Go 1.26 or newer, or put cosign $COSIGN_VERSION at $COSIGN" >&2
  exit 1
fi
echo "building cosign $COSIGN_VERSION (about 5 minutes, once) …"
GOBIN=$(dirname "$COSIGN") GOTOOLCHAIN=${GOTOOLCHAIN:-local} GOFLAGS=-mod=mod go install "$module@$COSIGN_VERSION"
"$COSIGN" version | grep -q "GitVersion: *$COSIGN_VERSION$"
