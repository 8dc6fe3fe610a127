#!/bin/bash -p
# run.sh [--python PATH] VERB: runs a verb of counterseal from this very checkout, with dependencies installed anew (R41).
# The steps of one job share files, PATH and environment. So nothing of them is used to get ready: programs come
# from /usr/bin and /bin, packages from pinned digests, and no uv, marker or cache of an earlier step is believed.
# A GitLab job has one step and an image of its own, whose Python is named by the template (gitlab-templates/).
# The verb itself sees the job's environment; a gate refuses one that could steer it (R35). `-I` keeps Python off it.
set -euo pipefail
umask 077
PATH=/usr/bin:/bin
unset -v CDPATH
python=/usr/bin/python3
if [ "${1-}" = --python ]; then
  python=$2
  shift 2
fi

lib=$(cd -P -- "${BASH_SOURCE[0]%/*}" && pwd)
home=$(mktemp -d -- "${RUNNER_TEMP:?is set by the runner or the template}/counterseal.XXXXXXXXXX")
"$python" -I -B "$lib/install.py" "${lib%/actions/_lib}" "$home"
exec "$home/venv/bin/python" -I -m counterseal "$@"
