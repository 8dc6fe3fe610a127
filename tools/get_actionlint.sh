#!/bin/sh
# Builds actionlint at $ACTIONLINT_VERSION into $ACTIONLINT, once; two calls at the same time build it once.
# Go checks the source against its checksum database. GOTOOLCHAIN=local: no other Go is downloaded,
# unless the caller sets GOTOOLCHAIN=auto.
set -eu

if command -v flock >/dev/null 2>&1 && [ -z "${ACTIONLINT_LOCKED:-}" ]; then
  mkdir -p "$(dirname "$ACTIONLINT")"
  exec env ACTIONLINT_LOCKED=1 flock "$ACTIONLINT.lock" sh "$0"
fi
if "$ACTIONLINT" -version 2>/dev/null | grep -q "^$ACTIONLINT_VERSION$"; then
  echo "actionlint $ACTIONLINT_VERSION"
  exit 0
fi
if ! command -v go >/dev/null 2>&1; then
  echo "error: actionlint $ACTIONLINT_VERSION cannot be built" >&2
  echo "  why: there is no go in PATH" >&2
  echo "  fix: install Go 1.26 or newer, or put actionlint $ACTIONLINT_VERSION at $ACTIONLINT" >&2
  exit 1
fi
echo "building actionlint $ACTIONLINT_VERSION (about 10 seconds, once) …"
GOBIN=$(dirname "$ACTIONLINT") GOTOOLCHAIN=${GOTOOLCHAIN:-local} GOFLAGS=-mod=mod \
  go install "github.com/rhysd/actionlint/cmd/actionlint@$ACTIONLINT_VERSION"
"$ACTIONLINT" -version | grep -q "^$ACTIONLINT_VERSION$"
