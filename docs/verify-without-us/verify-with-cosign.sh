#!/usr/bin/env bash
# Verifies released files with cosign, jq and openssl alone: no counterseal, no network, no account.
#
#   usage: REPO=… REPO_ID=… TAG=… GATE_REVISION=… verify-with-cosign.sh FILE…    (they lie in the downloaded release)
#          HOST=gitlab.com REPO=… REPO_ID=… TAG=… verify-with-cosign.sh FILE…
#   It says "verified" when all of them are; else nothing but why not.
#
# checks  the summary (VSA): the gate, for this repository, on its protected branch, passed this file for this stage of
#         this release; the decision that the summary names, by digest: allow; provenance and SBOM: made by the builder
#         at this tag from the decided revision; the builder's signature over the file itself; all on the forge's machines;
#         sbom.cdx.json: byte by byte what the decided manifest names
# gate    on GitHub counterseal's, at this released revision; on GitLab the project's own pipeline file at its branch
# state   with STATE=FILE (the ledger's newest line and its state document, see the README): signed by the gate, for this
#         repository and ledger, after the decision, no older than MAX_AGE days (7), the allow not withdrawn, and nothing
#         that it rests on revoked
# open    without STATE: revocations and holds after the release; whether the decision is in the ledger (counterseal verify).
#         cosign has no option for machine, gate revision and repository id: `ext` below reads them from the
#         certificate that cosign has just verified
set -euo pipefail

for each in cosign jq openssl sha256sum; do
  command -v "$each" >/dev/null || { echo "${0##*/} needs cosign 3.1, jq, openssl and sha256sum; there is no $each in PATH" >&2; exit 2; }
done
[ $# -gt 0 ] || { echo "usage: ${0##*/} FILE… (what else it is told: the head of this script)" >&2; exit 2; }

# Whatever stops the script, it does not end without a word.
ended() {
  code=$?
  rm -rf "${all:-}"
  [ "$code" = 0 ] || echo "not verified: ${file:-no file}: $look" >&2
}
look='what the script has to be told' && trap ended EXIT

HOST=${HOST:-github.com}
REPO=${REPO:?owner/name of the project}
REPO_ID=${REPO_ID:?its numeric id, which nobody can register again}
TAG=${TAG:?tag of the release}
STAGE=${STAGE:-production}
STATE=${STATE:-}
MAX_AGE=${MAX_AGE:-7}
DEFAULT_REF=${DEFAULT_REF:-refs/heads/main}
case $HOST in
  github.com)
    GATE_REVISION=${GATE_REVISION:?commit id of a released gate, from the releases of counterseal}
    BUILDER=${BUILDER:-.github/workflows/release.yml}
    GATE=${GATE:-counterseal/counterseal/.github/workflows/gate.yml}
    ISSUER=${ISSUER:-https://token.actions.githubusercontent.com}
    verifier=https://$HOST/$GATE gate=https://$HOST/$GATE@$GATE_REVISION builder=https://$HOST/$REPO/$BUILDER
    machine=github-hosted triggers='push schedule workflow_dispatch'
    ;;
  gitlab.com)
    GATE_REVISION=
    BUILDER=${BUILDER:-.gitlab-ci.yml}
    GATE=${GATE:-.gitlab-ci.yml}
    ISSUER=${ISSUER:-https://gitlab.com}
    verifier=https://$HOST/$REPO//$GATE gate=https://$HOST/$REPO//$GATE@$DEFAULT_REF builder=https://$HOST/$REPO//$BUILDER
    machine=gitlab-hosted triggers='push schedule web'
    ;;
  *) echo "HOST: github.com or gitlab.com, not $HOST" >&2; exit 2 ;;
esac
RESOURCE_URI=${RESOURCE_URI:-$(jq -rn --arg k "${HOST%%.*}" --arg r "$REPO" --arg t "$TAG" --arg id "$REPO_ID" '"pkg:\($k)/\($r | ascii_downcase)@\($t | @uri | gsub("%2F"; "/"))?repository_id=\($id)"')}
ROOT=${ROOT:?trust root, saved once from an independent source (gh attestation trusted-root, or counterseal trust export), never from the release}

all=$(mktemp -d)

export name digest manifest gate_revision level verifier HOST RESOURCE_URI REPO_ID TAG STAGE MAX_AGE
level=COUNTERSEAL_STAGE_$(printf %s "$STAGE" | tr a-z- A-Z_)

# cosign takes one root: of several lines, the one with a transparency log.
jq -ce 'select(.tlogs | length > 0)' "$ROOT" >"$all/root.json"

# sum FILE: prints its sha256.
sum() {
  sha256sum <"$1" | cut -d' ' -f1
}

# ext BUNDLE N: prints Fulcio's extension 1.3.6.1.4.1.57264.1.N of the certificate in a bundle.
ext() {
  jq -r .verificationMaterial.certificate.rawBytes "$1" | base64 -d >"$work/certificate"
  at=$(openssl asn1parse -inform der -in "$work/certificate" |
    grep -A1 ":1\.3\.6\.1\.4\.1\.57264\.1\.$2\$" | sed -n '2s/^ *\([0-9]*\):.*OCTET STRING.*/\1/p')
  openssl asn1parse -inform der -in "$work/certificate" -strparse "$at" | sed -n 's/^.*UTF8STRING *://p'
}

# from BUNDLE COMMAND SAN REF OPTION…: cosign accepts the bundle for this signer, and the certificate says the rest.
from() {
  cosign "$2" --bundle "$1" --trusted-root "$all/root.json" --certificate-identity "$3" \
    --certificate-oidc-issuer "$ISSUER" "${@:5}" -- "$file" 2>"$work/log" || { cat "$work/log" >&2; return 1; }
  [ "$(ext "$1" 11)" = "$machine" ] || { echo "$1: not signed on a machine of $HOST" >&2; return 1; }
  [ "$(ext "$1" 12)" = "https://$HOST/$REPO" ] || { echo "$1: not signed for $REPO" >&2; return 1; }
  [ "$(ext "$1" 14)" = "$4" ] || { echo "$1: not signed on $4" >&2; return 1; }
  [ "$(ext "$1" 15)" = "$REPO_ID" ] || { echo "$1: another repository than $REPO_ID" >&2; return 1; }
  case " $triggers " in *" $(ext "$1" 20) "*) ;; *) echo "$1: trigger" >&2; return 1 ;; esac
}

# says BUNDLE TYPE CONDITION: the signed statement is about this file, of this type, and meets CONDITION.
says() {
  jq -es --arg type "$2" 'length == 1 and (.[0].dsseEnvelope.payload | @base64d | fromjson | .predicateType == $type
    and any(.subject[]; .name == env.name and .digest.sha256 == env.digest)
    and (.predicate | '"$3"'))' "$1" >/dev/null || { echo "$1: the statement says something else" >&2; return 1; }
}

by_gate() {
  from "$1" verify-blob-attestation "$gate" "$DEFAULT_REF" --type "$2" "${@:3}"
  [ "$(ext "$1" 10)" = "${GATE_REVISION:-$(ext "$1" 13)}" ] || { echo "$1: another revision of the gate" >&2; return 1; }
}

by_builder() {
  from "$1" "$2" "$builder@refs/tags/$TAG" "refs/tags/$TAG" "${@:3}"
  [ "$(ext "$1" 13)" = "$revision" ] || { echo "$1: not built from $revision" >&2; return 1; }
}

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
          elif .kind == "gate" then .value == env.gate_revision
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

  look="its summary is not by this gate and revision for $REPO ($REPO_ID), or does not say that $TAG passed $STAGE with these bytes"
  vsa=$file.vsa.sigstore.json
  by_gate "$vsa" https://slsa.dev/verification_summary/v1
  says "$vsa" https://slsa.dev/verification_summary/v1 '
    .verificationResult == "PASSED" and (.verifiedLevels | index(env.level)) and .resourceUri == env.RESOURCE_URI
    and .verifier.id == env.verifier and (.inputAttestations | length) == 1'

  look='the decision that the summary names is not in its bundles, or is no allow for this stage and tag'
  named=$(jq -r '.dsseEnvelope.payload | @base64d | fromjson | .predicate.inputAttestations[0].digest.sha256' "$vsa")
  while IFS= read -r line; do
    type=$(jq -r '.dsseEnvelope.payload | @base64d | fromjson | .predicateType' <<<"$line")
    case $type in
      https://slsa.dev/provenance/v1) printf '%s\n' "$line" >>"$work/provenance.json" ;;
      https://cyclonedx.org/bom) printf '%s\n' "$line" >>"$work/sbom.json" ;;
    esac
    [ "$(printf %s "$line" | sha256sum | cut -d' ' -f1)" != "$named" ] || printf '%s\n' "$line" >"$work/decision.json"
  done <"$bundles"
  for each in decision provenance sbom; do
    [ -s "$work/$each.json" ] || { echo "$bundles has no $each, or not the one that the summary names" >&2; exit 1; }
  done

  by_gate "$work/decision.json" https://counterseal.dev/decision/v1
  says "$work/decision.json" https://counterseal.dev/decision/v1 '
    .outcome == "allow" and .stage == env.STAGE and .source.tag == env.TAG
    and .source.repository.host == env.HOST and .source.repository.id == (env.REPO_ID | tonumber) and (.source.revision | test("^[0-9a-f]{40,64}$"))'
  statement=$(jq -r '.dsseEnvelope.payload | @base64d' "$work/decision.json")
  revision=$(jq -r .predicate.source.revision <<<"$statement")
  gate_revision=$(ext "$work/decision.json" 10)

  look="signature, provenance or SBOM is not by $BUILDER at $TAG, or over other bytes"
  by_builder "$file.sigstore.json" verify-blob
  by_builder "$work/provenance.json" verify-blob-attestation --type https://slsa.dev/provenance/v1
  says "$work/provenance.json" https://slsa.dev/provenance/v1 true
  by_builder "$work/sbom.json" verify-blob-attestation --type https://cyclonedx.org/bom
  says "$work/sbom.json" https://cyclonedx.org/bom '.bomFormat == "CycloneDX"'

  look='manifest.json or sbom.cdx.json is not the one that was decided about'
  manifest=$(sum "$folder/manifest.json")
  jq -es 'length == 1 and any(.[0].dsseEnvelope.payload | @base64d | fromjson | .subject[];
      .name == "manifest.json" and .digest.sha256 == env.manifest)' "$work/decision.json" >/dev/null ||
    { echo "$folder/manifest.json is not the manifest that was decided about" >&2; exit 1; }
  sbom=$(jq -ers 'if length == 1 then .[0].sbom.sha256 else null end' "$folder/manifest.json")
  [ "$(sum "$folder/sbom.cdx.json")" = "$sbom" ] ||
    { echo "$folder/sbom.cdx.json is not the SBOM that the manifest names" >&2; exit 1; }
  jq -es 'length == 2 and (.[0].dsseEnvelope.payload | @base64d | fromjson | .predicate) == .[1]' \
    "$work/sbom.json" "$folder/sbom.cdx.json" >/dev/null ||
    { echo "$folder/sbom.cdx.json is not the SBOM that was signed" >&2; exit 1; }

  echo '  not checked: revocations and holds since; the ledger' >"$work/known"
  if [ -n "$STATE" ]; then
    look="STATE is not a state of this ledger by this gate, too old, or speaks against the file"
    decided=$statement
    sed -n 1p "$STATE" >"$work/line.json"
    jq -r '.dsseEnvelope.payload | @base64d' "$work/line.json" >"$work/line"
    # A hold, and a revocation by one person, may be recorded by a pipeline that a call of the API started.
    jq -e '.predicate | .kind == "hold" or (.kind == "revocation" and .body.consent == null)' "$work/line" >/dev/null && started=' api' || started=
    triggers="$triggers$started" by_gate "$work/line.json" "$(jq -r .predicateType "$work/line")" --check-claims=false # it is about other files
    known "$work/line"
  fi

  {
    echo "verified: $name, $STAGE, $TAG of $REPO ($REPO_ID)"
    jq -r '"  decision: allow at \(.predicate.decidedAt), ledger entry \(.predicate.ledger.sequence)"' <<<"$statement"
    echo "  built from $revision by $BUILDER"
    cat "$work/known"
  } >>"$all/said"
}

for each; do verify "$each"; done
cat "$all/said"
