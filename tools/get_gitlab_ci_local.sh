#!/bin/sh
# Installs gitlab-ci-local, at the version of tests/ci/node/package-lock.json, into $GITLAB_CI_LOCAL, once; two calls at
# the same time install it once. npm checks every package against the digests of the lock and runs no script of theirs.
set -eu

folder=$(dirname "$0")/../tests/ci/node
if ! command -v rsync >/dev/null 2>&1; then
  echo "error: gitlab-ci-local cannot work here" >&2
  echo "  why: there is no rsync in PATH, with which it copies artifacts" >&2
  echo "  fix: apt-get install rsync" >&2
  exit 1
fi
if command -v flock >/dev/null 2>&1 && [ -z "${GITLAB_CI_LOCAL_LOCKED:-}" ]; then
  mkdir -p "$(dirname "$GITLAB_CI_LOCAL")"
  exec env GITLAB_CI_LOCAL_LOCKED=1 flock "$GITLAB_CI_LOCAL.lock" sh "$0"
fi
if cmp -s "$folder/package-lock.json" "$GITLAB_CI_LOCAL/package-lock.json"; then
  echo "gitlab-ci-local $("$GITLAB_CI_LOCAL/node_modules/.bin/gitlab-ci-local" --version)"
  exit 0
fi
if ! command -v npm >/dev/null 2>&1 || ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
  echo "error: gitlab-ci-local cannot be installed" >&2
  echo "  why: there is no Node.js 20 or newer with npm in PATH" >&2
  echo "  fix: install Node.js 20 or newer" >&2
  exit 1
fi
echo "installing gitlab-ci-local (about 5 seconds, once) …"
new=$(mktemp -d "$GITLAB_CI_LOCAL.XXXXXX")
trap 'rm -rf "$new"' EXIT
cp "$folder/package.json" "$folder/package-lock.json" "$folder/.npmrc" "$new"
(cd "$new" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
rm -rf "$GITLAB_CI_LOCAL"
mv "$new" "$GITLAB_CI_LOCAL"
echo "gitlab-ci-local $("$GITLAB_CI_LOCAL/node_modules/.bin/gitlab-ci-local" --version)"
