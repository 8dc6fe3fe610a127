#!/bin/sh
# Fetches the test suite of sigstore-conformance at the commit $CONFORMANCE_REVISION into $CONFORMANCE, once; two calls at
# the same time fetch it once. git checks the content against the commit's id. Where COUNTERSEAL_SUITES has the suite
# nothing is fetched. It is data for tests and no tool: without it they skip, so that this fails only where
# COUNTERSEAL_REQUIRE_SUITES demands it.
set -eu

if [ -d "${COUNTERSEAL_SUITES:-/nowhere}/sigstore-conformance/bundle-verify" ]; then
  echo "sigstore-conformance in COUNTERSEAL_SUITES"
  exit 0
fi
if command -v flock >/dev/null 2>&1 && [ -z "${CONFORMANCE_LOCKED:-}" ]; then
  mkdir -p "$(dirname "$CONFORMANCE")"
  exec env CONFORMANCE_LOCKED=1 flock "$(dirname "$CONFORMANCE")/sigstore-conformance.lock" sh "$0"
fi
if [ -d "$CONFORMANCE" ]; then
  echo "sigstore-conformance $CONFORMANCE_REVISION"
  exit 0
fi
new=$(mktemp -d "$CONFORMANCE.XXXXXX")
trap 'rm -rf "$new"' EXIT
git init --quiet --template= "$new"
source=${CONFORMANCE_SOURCE:-https://github.com/sigstore/sigstore-conformance}
limit=$(command -v timeout || true)
if ! GIT_TERMINAL_PROMPT=0 ${limit:+"$limit" 300} git -C "$new" -c http.lowSpeedLimit=1 -c http.lowSpeedTime=30 \
  fetch --quiet --no-tags --depth=1 -- "$source" "$CONFORMANCE_REVISION"; then
  case " ${COUNTERSEAL_REQUIRE_SUITES:-} " in *" sigstore-conformance "*) word=error status=1 ;; *) word=warning status=0 ;; esac
  echo "$word: the suite of sigstore-conformance cannot be fetched; its tests skip" >&2
  echo "  why: git reaches no commit $CONFORMANCE_REVISION at $source" >&2
  echo "  fix: set COUNTERSEAL_SUITES to a folder in which sigstore-conformance/ is that commit's test/assets" >&2
  exit "$status"
fi
git -C "$new" -c core.symlinks=false checkout --quiet --detach "$CONFORMANCE_REVISION"
mv "$new/test/assets" "$CONFORMANCE"
echo "sigstore-conformance $CONFORMANCE_REVISION"
