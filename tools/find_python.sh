#!/bin/sh
# Prints the path of a Python that counterseal can be set up with, or says what to install.
# COUNTERSEAL_PYTHON, if set, is the only candidate.
found=""
for name in ${COUNTERSEAL_PYTHON:-python3.13 python3.12 python3.11 python3.14 python3 python}; do
  path=$(command -v "$name" 2>/dev/null) || continue
  "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
  if "$path" -c 'import ensurepip, venv' 2>/dev/null; then
    "$path" -c "import sys; print(sys.executable)"
    exit 0
  fi
  found="$found $path"
done
if [ -n "$found" ]; then
  echo "error: Python is here ($found ) but cannot make environments" >&2
  echo "  why: its modules venv and ensurepip are missing; Debian and Ubuntu ship them apart" >&2
  echo "  fix: apt-get install python3-venv   (or python3.13-venv, to match the version)" >&2
else
  echo "error: no Python 3.11 or newer" >&2
  echo "  why: looked for ${COUNTERSEAL_PYTHON:-python3.13, 3.12, 3.11, 3.14, python3 and python} in PATH" >&2
  echo "  fix: install one, or name one: make COUNTERSEAL_PYTHON=/path/to/python3 …" >&2
fi
exit 1
