#!/usr/bin/env bash
# Verifies released files with gh and jq alone: no counterseal, no network, no account.
#
#   usage: REPO=… REPO_ID=… TAG=… GATE_REVISION=… verify-with-gh.sh FILE…    (they lie in the downloaded release)
#   It says "verified" when all of them are; else nothing but why not.
#
# checks  the summary (VSA): counterseal's gate, at this released revision, for this repository, on its protected branch,
#         on GitHub's own machine, passed this file for this stage of this release; the decision that the summary
#         names, by digest: allow; provenance and SBOM: made by the builder at this tag from the decided revision;
#         sbom.cdx.json: byte by byte what the decided manifest names
# state   with STATE=FILE (the ledger's newest line and its state document, see the README): signed by the gate, for this
#         repository and ledger, after the decision, no older than MAX_AGE days (7), the allow not withdrawn, and nothing
#         that it rests on revoked. gh verifies signatures over files that are here only: a line about others it cannot,
#         and then nothing is verified
# open    without STATE: revocations and holds after the release; whether the decision is in the ledger (counterseal verify);
#         gh does not look at the transparency log or at SCTs under a custom root (verify-with-cosign.sh does)
set -euo pipefail

for each in gh jq sha256sum; do
  command -v "$each" >/dev/null || { echo "${0##*/} needs gh 2.102, jq and sha256sum; there is no $each in PATH" >&2; exit 2; }
done
[ $# -gt 0 ] || { echo "usage: ${0##*/} FILE… (what else it is told: the head of this script)" >&2; exit 2; }

# Whatever stops the script, it does not end without a word.
ended() {
  code=$?
  rm -rf "${all:-}"
  [ "$code" = 0 ] || echo "not verified: ${file:-no file}: $look" >&2
}
look='what the script has to be told' && trap ended EXIT

[ "${HOST:-github.com}" = github.com ] || { echo "gh knows github.com alone; for $HOST: verify-with-cosign.sh" >&2; exit 2; }
REPO=${REPO:?owner/name of the project}
REPO_ID=${REPO_ID:?its numeric id, which nobody can register again}
TAG=${TAG:?tag of the release}
GATE_REVISION=${GATE_REVISION:?commit id of a released gate, from the releases of counterseal}
STAGE=${STAGE:-production}
STATE=${STATE:-}
MAX_AGE=${MAX_AGE:-7}
DEFAULT_REF=${DEFAULT_REF:-refs/heads/main}
BUILDER=${BUILDER:-.github/workflows/release.yml}
GATE=${GATE:-counterseal/counterseal/.github/workflows/gate.yml}
ISSUER=${ISSUER:-https://token.actions.githubusercontent.com}
RESOURCE_URI=${RESOURCE_URI:-$(jq -rn --arg r "$REPO" --arg t "$TAG" --arg id "$REPO_ID" '"pkg:github/\($r | ascii_downcase)@\($t | @uri | gsub("%2F"; "/"))?repository_id=\($id)"')}
ROOT=${ROOT:?trust root, saved once from an independent source (gh attestation trusted-root, or counterseal trust export), never from the release}

all=$(mktemp -d)

export name digest manifest level RESOURCE_URI REPO_ID GATE GATE_REVISION TAG STAGE MAX_AGE
level=COUNTERSEAL_STAGE_$(printf %s "$STAGE" | tr a-z- A-Z_)

# sum FILE: prints its sha256.
sum() {
  sha256sum <"$1" | cut -d' ' -f1
}

# signed BUNDLES TYPE CONDITION OPTION…: prints the first result that gh accepts and that meets CONDITION, else fails.
# jq reads all results at once (-s): with nothing to read, jq -e alone would succeed.
signed() {
  gh attestation verify --bundle "$1" --predicate-type "$2" --custom-trusted-root "$ROOT" --repo "$REPO" \
    --cert-oidc-issuer "$ISSUER" --deny-self-hosted-runners --format json "${@:4}" -- "$file" |
    jq -ces '[.[][].verificationResult | select(
        any(.statement.subject[]; .name == env.name and .digest.sha256 == env.digest)
        and (.signature.certificate | .sourceRepositoryIdentifier == env.REPO_ID
             and (.buildTrigger | IN("push", "schedule", "workflow_dispatch")))
        and (.statement.predicate | '"$3"'))][0]'
}
gate=(--signer-workflow "$GATE" --signer-digest "$GATE_REVISION" --source-ref "$DEFAULT_REF")
builder=(--signer-workflow "$REPO/$BUILDER" --source-ref "refs/tags/$TAG")

# known PAYLOAD: what STATE's second line says of the decision, if its first line, the PAYLOAD that was verified, signs it,
# it is of this ledger, no older than MAX_AGE days, and neither was the allow withdrawn nor what it rests on revoked.
known() {
  sed -n 2p "$STATE" | tr -d '\n' >"$work/state.json"
  state=$(sum "$work/state.json") jq -ers --argjson decided "$decided" '
    def revoked($state; $decided): first($state.revoked[]
        | select((.since | fromdateiso8601) - 300 <= now and (.until == null or now < (.until | fromdateiso8601)))
        | .sequence as $number | .target | select(
          if .kind | IN("manifest", "artifact") then .value | IN($decided.subject[].digest.sha256)
          elif .kind == "run" then .value | IN($decided.predicate.builds[].invocationUri)
          elif .kind == "gate" then .value == env.GATE_REVISION
          elif .kind == "identity" then (.value | IN($decided.predicate.builds[].builder))
            and $decided.predicate.ledger.sequence < $number and (.windowSince // "") <= $decided.predicate.decidedAt
          else true end)) // null;
    if length != 2 then error("not a line and a document") else . end | .[0] as $line | .[1] as $state
    | ($line.predicate.decidedAt // $line.predicate.occurredAt) as $at | $line.predicate.ledger as $place
    | $decided.predicate.ledger as $decision
    | ($state.stages[env.STAGE] | [.current, .before[]?] | map(select(. != null))) as $had
    | ($had | map(select(.entryId == $decision.entryId or .manifest == env.manifest))) as $own
    | if ($line.predicateType | IN("https://counterseal.dev/decision/v1", "https://counterseal.dev/event/v1")) != true
      then error("its line is of something else")
      elif $place.state != env.state or [$state.ledger, $state.sequence] != [$place.id, $place.sequence]
      then error("its line does not sign it")
      elif $place.id != $decision.id then error("it is of another ledger")
      elif $place.sequence <= $decision.sequence then error("it is older than the release")
      elif now - ($at | fromdateiso8601) > (env.MAX_AGE | tonumber) * 86400 then error("it is of \($at), older than \(env.MAX_AGE) days")
      elif revoked($state; $decided) != null then error(revoked($state; $decided) | "the \(.kind) \(.value) was revoked")
      elif $had == [] then error("nothing was let into this stage there")
      elif $own == [] and any($had[]; .sequence < $decision.sequence) then error("the allow was withdrawn")
      else "  as of ledger entry \($place.sequence), \($at): \(env.STAGE) has \($state.stages[env.STAGE].current.tag // "nothing")",
        "  not checked: what was recorded after entry \($place.sequence); whether the ledger has the decision"
      end' "$1" "$work/state.json" >"$work/known" 2>"$work/log" || { sed 's/^jq: error[^:]*: //' "$work/log" >&2; return 1; }
}

# verify FILE: one file, with what lies beside it.
verify() {
  # A name that begins with a dash is no option of anything.
  case $1 in /*) file=$1 ;; *) file=./$1 ;; esac
  folder=$(dirname -- "$file")
  bundles=$folder/counterseal.intoto.jsonl
  work=$(mktemp -d "$all/file.XXXXXX")
  name=$(basename -- "$file")
  look='the file cannot be read'
  digest=$(sum "$file")

  look="no summary of this gate and revision says that $REPO ($REPO_ID) $TAG passed $STAGE with these bytes"
  signed "$bundles" https://slsa.dev/verification_summary/v1 '
    .verificationResult == "PASSED" and (.verifiedLevels | index(env.level)) and .resourceUri == env.RESOURCE_URI
    and .verifier.id == "https://github.com/" + env.GATE and (.inputAttestations | length) == 1' \
    "${gate[@]}" >"$work/vsa.json"

  look='the decision that the summary names is not in its bundles, or is no allow for this stage and tag'
  named=$(jq -r '.statement.predicate.inputAttestations[0].digest.sha256' "$work/vsa.json")
  while IFS= read -r line; do
    [ "$(printf %s "$line" | sha256sum | cut -d' ' -f1)" != "$named" ] || printf '%s\n' "$line" >"$work/line.jsonl"
  done <"$bundles"
  [ -s "$work/line.jsonl" ] || { echo "the decision that the summary names is not in $bundles" >&2; exit 1; }
  signed "$work/line.jsonl" https://counterseal.dev/decision/v1 '
    .outcome == "allow" and .stage == env.STAGE and .source.tag == env.TAG
    and .source.repository.host == "github.com" and .source.repository.id == (env.REPO_ID | tonumber) and (.source.revision | test("^[0-9a-f]{40,64}$"))' \
    "${gate[@]}" >"$work/decision.json"

  look="provenance or SBOM is not by $BUILDER at $TAG"
  revision=$(jq -r '.statement.predicate.source.revision' "$work/decision.json")
  signed "$bundles" https://slsa.dev/provenance/v1 true \
    "${builder[@]}" --source-digest "$revision" >"$work/provenance.json"
  signed "$bundles" https://cyclonedx.org/bom '.bomFormat == "CycloneDX"' \
    "${builder[@]}" --source-digest "$revision" >"$work/sbom.json"

  look='manifest.json or sbom.cdx.json is not the one that was decided about'
  manifest=$(sum "$folder/manifest.json")
  jq -e 'any(.statement.subject[]; .name == "manifest.json" and .digest.sha256 == env.manifest)' \
    "$work/decision.json" >/dev/null ||
    { echo "$folder/manifest.json is not the manifest that was decided about" >&2; exit 1; }
  sbom=$(jq -ers 'if length == 1 then .[0].sbom.sha256 else null end' "$folder/manifest.json")
  [ "$(sum "$folder/sbom.cdx.json")" = "$sbom" ] ||
    { echo "$folder/sbom.cdx.json is not the SBOM that the manifest names" >&2; exit 1; }
  jq -es 'length == 2 and .[0].statement.predicate == .[1]' "$work/sbom.json" "$folder/sbom.cdx.json" >/dev/null ||
    { echo "$folder/sbom.cdx.json is not the SBOM that was signed" >&2; exit 1; }

  echo '  not checked: revocations and holds since; the ledger; the transparency log' >"$work/known"
  if [ -n "$STATE" ]; then
    look="STATE is not a state of this ledger by this gate, too old, or speaks against the file"
    decided=$(jq -c .statement "$work/decision.json")
    sed -n 1p "$STATE" >"$work/line.jsonl"
    jq -e '.dsseEnvelope.payload | @base64d | fromjson | any(.subject[]; .digest.sha256 == env.digest)' "$work/line.jsonl" >/dev/null ||
      { echo "gh cannot verify STATE: its line is about other files than this one (verify-with-cosign.sh can)" >&2; exit 1; }
    signed "$work/line.jsonl" "$(jq -r '.dsseEnvelope.payload | @base64d | fromjson | .predicateType' "$work/line.jsonl")" true \
      "${gate[@]}" | jq .statement >"$work/line"
    known "$work/line"
    sed -i '/not checked/s/$/; the transparency log/' "$work/known"
  fi

  {
    echo "verified: $name, $STAGE, $TAG of $REPO ($REPO_ID)"
    jq -r '"  decision: allow at \(.statement.predicate.decidedAt), ledger entry \(.statement.predicate.ledger.sequence)"' \
      "$work/decision.json"
    echo "  built from $revision by $BUILDER"
    cat "$work/known"
  } >>"$all/said"
}

for each; do verify "$each"; done
cat "$all/said"
