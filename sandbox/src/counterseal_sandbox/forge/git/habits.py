"""How GitHub and GitLab set up the git repositories that they host: hooks, refs of their own, configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterseal.forges import ForgeKind

#: Both hooks refuse deletion and non-fast-forward pushes of the refs that match a line of `protected-refs`: GitHub's
#: one by one, GitLab's the whole push.
_UPDATE_HOOK = """#!/bin/sh
# $1 ref, $2 old, $3 new
while IFS= read -r pattern; do
  case "$1" in
    $pattern)
      if [ "$3" = 0000000000000000000000000000000000000000 ]; then
        echo "error: GH006: Protected branch update failed for $1." >&2
        echo "error: Cannot delete this protected branch" >&2
        exit 1
      fi
      if [ "$2" != 0000000000000000000000000000000000000000 ] && ! git merge-base --is-ancestor "$2" "$3"; then
        echo "error: GH006: Protected branch update failed for $1." >&2
        echo "error: Cannot force-push to this branch" >&2
        exit 1
      fi ;;
  esac
done < "$GIT_DIR/protected-refs"
while read -r least pattern; do
  case "$1" in
    $pattern)
      if [ "$2" != 0000000000000000000000000000000000000000 ]; then
        echo "error: GH013: Repository rule violations found for $1." >&2
        echo "error: Changes must be made through a pull request." >&2
        exit 1
      fi ;;
  esac
done < "$GIT_DIR/pushers"
"""
#: What the hooks ask of the environment: the role of who pushes, as a number.
ROLE = "SANDBOX_ROLE"
_PRE_RECEIVE_HOOK = r"""#!/bin/sh
zero=0000000000000000000000000000000000000000
number=0
while [ "$number" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
  eval "printf '%s\n' \"\$GIT_PUSH_OPTION_$number\"" >> "$GIT_DIR/push-options"
  number=$((number + 1))
done
while read -r old new ref; do
  while IFS= read -r pattern; do
    case "$ref" in
      $pattern)
        if [ "$new" = $zero ]; then
          echo "GitLab: You can only delete protected branches using the web interface." >&2
          exit 1
        fi
        if [ "$old" != $zero ] && ! git merge-base --is-ancestor "$old" "$new"; then
          echo "GitLab: You are not allowed to force push code to a protected branch on this project." >&2
          exit 1
        fi ;;
    esac
  done < "$GIT_DIR/protected-refs"
  while read -r least pattern; do
    case "$ref" in
      $pattern)
        if [ "${SANDBOX_ROLE:-0}" -lt "$least" ]; then
          if [ "$old" = $zero ]; then verb=create; else verb="push code to"; fi
          echo "GitLab: You are not allowed to $verb protected branches on this project." >&2
          exit 1
        fi ;;
    esac
  done < "$GIT_DIR/pushers"
done
"""

CONFIG: Final = {
    "receive.denyDeleteCurrent": "false",
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "core.logAllRefUpdates": "false",
    "core.fsync": "none",  # nothing here has to outlive a failing machine
    "gc.auto": "0",
    "maintenance.auto": "false",
    "receive.autogc": "false",
}


@dataclass(frozen=True, slots=True)
class Habits:
    """What differs between the forges' git. `heads` they keep for themselves: nobody pushes there."""

    heads: str
    hook: str
    script: str
    config: Mapping[str, str]


HABITS: Final = {
    ForgeKind.GITHUB: Habits("refs/pull", "update", _UPDATE_HOOK, {}),
    ForgeKind.GITLAB: Habits(
        "refs/merge-requests", "pre-receive", _PRE_RECEIVE_HOOK, {"receive.advertisePushOptions": "true"}
    ),
}
