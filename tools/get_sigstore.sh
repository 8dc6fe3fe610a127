#!/bin/sh
# Builds the real Sigstore services into $FULCIO, $REKOR and $TSA, each once; two calls at the same time build them once.
# The version is part of each file name (fulcio-v1.8.8): a file with the right name is one that was built to its end.
# Go checks the source against its checksum database. GOTOOLCHAIN=local: no other Go is downloaded,
# unless the caller sets GOTOOLCHAIN=auto.
set -eu

if command -v flock >/dev/null 2>&1 && [ -z "${SIGSTORE_LOCKED:-}" ]; then
  mkdir -p "$(dirname "$FULCIO")"
  exec env SIGSTORE_LOCKED=1 flock "$(dirname "$FULCIO")/sigstore.lock" sh "$0"
fi

# get FILE PACKAGE: the version is what follows the last dash of FILE
get() {
  version=${1##*-}
  if [ -x "$1" ]; then
    echo "${1##*/}"
    return
  fi
  if ! command -v go >/dev/null 2>&1; then
    echo "error: ${1##*/} cannot be built" >&2
    echo "  why: there is no go in PATH" >&2
    echo "  fix: install Go 1.26 or newer, or put the program at $1" >&2
    exit 1
  fi
  echo "building ${1##*/} (about a minute, once) …"
  into=$(mktemp -d "$1.XXXXXX")
  trap 'rm -rf "$into"' EXIT
  GOBIN=$into GOTOOLCHAIN=${GOTOOLCHAIN:-local} GOFLAGS=-mod=mod nice go install "$2@$version"
  mv "$into"/* "$1"
  rm -rf "$into"
  trap - EXIT
}

get "$FULCIO" github.com/sigstore/fulcio
get "$REKOR" github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix
get "$TSA" github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server
