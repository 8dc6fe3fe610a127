#!/bin/sh
# Makes requirements/ anew from pyproject.toml with $UV. A file that would not change keeps its time stamp, so that
# nothing is installed again. UPGRADE=1 takes newer versions, but none younger than a week.
set -eu
trap "rm -f requirements/*.new" EXIT

lock() {
  file=requirements/$1.txt
  shift
  cp "$file" "$file.new"
  "$UV" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-package counterseal --no-header \
    ${UPGRADE:+--upgrade --exclude-newer 7days} --output-file "$file.new" "$@"
  if cmp -s "$file" "$file.new"; then rm "$file.new"; else mv "$file.new" "$file"; fi
}

lock runtime pyproject.toml
lock demo pyproject.toml sandbox/pyproject.toml --group demo
lock dev pyproject.toml sandbox/pyproject.toml --group dev
lock build --group build --constraint requirements/dev.txt
lock uv --group bootstrap
