#!/usr/bin/env bash
# A bulk lookup at scale against the sandbox: order, completeness, memory, connections, and the rate beside `xargs -P` with
# curl. Fails when a promise does not hold; prints the figures.
#
#   cargo build --release && tests/scale/bulk.sh [LINES] [CONCURRENCY]
#
# Wants GNU time and curl. Rates are of this machine, with the sandbox on it: only their ratio says something.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
lines="${1:-100000}" concurrency="${2:-8}" few=1000
bin="${M2M_BIN_DIR:-target/release}"

if [ -z "${SCALE_DIR:-}" ]; then
  SCALE_DIR="$(mktemp -d)"
  export SCALE_DIR
  trap 'rm -rf "$SCALE_DIR"' EXIT
  "$bin/m2m-sandbox" --participants "$lines" --log "$SCALE_DIR/log" -- "$0" "$lines" "$concurrency"
  exit
fi

fail() { echo "FAILED: $*" >&2; exit 1; }

# Looks COUNT lines up; leaves COUNT.ndjson and the figures in COUNT.time.
run() {
  awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "user%04d\n", i }' >"$SCALE_DIR/$1.txt"
  : >"$SCALE_DIR/log"
  /usr/bin/time -f '%e %U %S %M' -o "$SCALE_DIR/$1.time" \
    "$bin/m2m" participant -q --login-file "$SCALE_DIR/$1.txt" --concurrency "$concurrency" >"$SCALE_DIR/$1.ndjson"
  awk -F '[:,]' '$2 != NR || $0 !~ /"status":"found"/ { exit 1 } END { if (NR != n) exit 1 }' n="$1" \
    "$SCALE_DIR/$1.ndjson" || fail "$1 lines: the output is not complete and in order"
  connections="$(grep '"server":"api"' "$SCALE_DIR/log" | grep -o '"connection":[0-9]*' | sort -u | wc -l)"
  [ "$connections" -le "$concurrency" ] || fail "$connections connections for $concurrency lookups at once"
}

"$bin/m2m" token >/dev/null
run "$few"
run "$lines"
read -r _ _ _ small <"$SCALE_DIR/$few.time"
read -r elapsed user system large <"$SCALE_DIR/$lines.time"
awk -v a="$large" -v b="$small" 'BEGIN { exit !(a <= 1.3 * b) }' || fail "$large KiB for $lines lines, $small KiB for $few"

# The same lookups as a shell script does them. Fewer: what counts is the rate.
api="$(sed -n 's/^api_url = "\(.*\)"/\1/p' "$M2M_CONFIG" | head -n 1)"
key="$(sed -n 's/^subscription_key = { file = "\(.*\)" }/\1/p' "$M2M_CONFIG" | head -n 1)"
(umask 077 && {
  "$bin/m2m" token -o curl
  printf 'header = "Ocp-Apim-Subscription-Key: %s"\n' "$(cat "$key")"
} >"$SCALE_DIR/curlrc")
start="$(date +%s%N)"
xargs -P "$concurrency" -I LOGIN curl -sS --fail -o /dev/null -K "$SCALE_DIR/curlrc" "$api/v1/participants?login=LOGIN" \
  <"$SCALE_DIR/$few.txt"
curl_ns="$(($(date +%s%N) - start))"

awk -v lines="$lines" -v few="$few" -v concurrency="$concurrency" -v connections="$connections" -v elapsed="$elapsed" \
  -v cpu="$(awk -v u="$user" -v s="$system" 'BEGIN { print u + s }')" -v small="$small" -v large="$large" -v ns="$curl_ns" '
BEGIN {
  rate = lines / elapsed; curl = few / (ns / 1e9)
  printf "lines          %d, in order and complete\n", lines
  printf "connections    %d, %d lookups at once\n", connections, concurrency
  printf "peak memory    %d KiB, %.2f times that of %d lines (%d KiB)\n", large, large / small, few, small
  printf "CPU time       %.0f us a line\n", cpu / lines * 1e6
  printf "rate           %.0f lines/s, %.1f times xargs -P %d with curl (%.0f lines/s)\n", rate, rate / curl, concurrency, curl
  exit !(rate > curl)
}' || fail "curl is faster"
