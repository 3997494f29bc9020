#!/usr/bin/env bash
# The cache under stress: many processes on a cold key, processes killed at any moment, steps of the clock, a filesystem
# without locks, a full disk. Prints what was tried and what held, and fails when something did not.
#
#   cargo build && tests/races/run.sh [ROUNDS]
#
# M2M_BIN_DIR names the folder of the binaries (target/debug). strace takes the locks away, faketime steps the clock, and
# a user namespace has the full disk, and python3 reads the
# entries; what is missing is skipped with a line that says so, and under CI it is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds="${1:-5}"
bin="$(cd "${M2M_BIN_DIR:-target/debug}" && pwd)"

if [ -z "${RACES_DIR:-}" ]; then
  RACES_DIR="$(mktemp -d)"
  export RACES_DIR
  trap 'chmod -R u+w "$RACES_DIR"; rm -rf "$RACES_DIR"' EXIT
  "$bin/m2m-sandbox" --latency 200ms --log "$RACES_DIR/log" -- "$0" "$rounds"
  exit
fi

log="$RACES_DIR/log"
failures=0
held() { printf 'held    %s\n' "$*"; }
failed() { printf 'FAILED  %s\n' "$*"; failures=$((failures + 1)); }
verdict() { if [ "$1" = 0 ]; then held "$2"; else failed "$2: $3"; fi; }
# Whether the rest of the line works here. CI has every tool; what a machine forbids is skipped even there.
can() {
  if "${@:2}" >/dev/null 2>&1; then return 0; fi
  if [ -n "${CI:-}" ] && ! command -v "$2" >/dev/null; then
    failed "$1 could not be tried: there is no $2"
  else
    printf 'SKIPPED %s: `%s` does not work here\n' "$1" "$2"
  fi
  return 1
}

# An empty cache.
fresh() {
  M2M_CACHE_DIR="$(mktemp -d "$RACES_DIR/cache.XXXXXX")"
  export M2M_CACHE_DIR
  : >"$log"
}
grants() { grep -c '"path":"/oauth2/token"' "$log" || true; }
entries() { find "$M2M_CACHE_DIR/tokens" -name '*.json' 2>/dev/null; }

# Starts COUNT processes of the rest of the line at once, and waits; each has its output in concurrent.N and its stderr in concurrent.N.err.
concurrently() {
  local count="$1" n pids=()
  shift
  rm -f "$RACES_DIR"/concurrent.*
  for ((n = 0; n < count; n++)); do
    "$@" >"$RACES_DIR/concurrent.$n" 2>"$RACES_DIR/concurrent.$n.err" &
    pids+=($!)
  done
  concurrent_failures=0
  for n in "${pids[@]}"; do wait "$n" || concurrent_failures=$((concurrent_failures + 1)); done
  concurrent_tokens="$(cat "$RACES_DIR"/concurrent.*[0-9] | sort -u | wc -l)"
  concurrent_stderr="$(cat "$RACES_DIR"/concurrent.*.err | sort | uniq -c | sort -rn | head -n 3)"
}

cold_key() {
  local round why=""
  for ((round = 0; round < rounds; round++)); do
    fresh
    concurrently 200 "$bin/m2m" token --timeout 120s
    [ "$concurrent_failures$(grants)$concurrent_tokens" = 011 ] ||
      why="round $round: $concurrent_failures failed, $(grants) token requests, $concurrent_tokens tokens; $concurrent_stderr"
  done
  verdict "${#why}" "200 processes on a cold key, $rounds times: one token request, one token" "$why"
}

killed() {
  local count=$((rounds * 100)) n pid why="" begin
  fresh
  "$bin/m2m" token >/dev/null
  for ((n = 0; n < count; n++)); do
    "$bin/m2m" token --refresh >/dev/null 2>&1 &
    pid=$!
    sleep "0.$(printf '%03d' $((RANDOM % 300)))"
    { kill -9 "$pid" && wait "$pid"; } 2>/dev/null || true
    entries | xargs -r python3 -c 'import json, sys; [json.load(open(name))["version"] for name in sys.argv[1:]]' ||
      why="kill $n left an entry that cannot be read"
  done
  begin=$SECONDS
  "$bin/m2m" token >/dev/null 2>"$RACES_DIR/after" || why="afterwards: $(cat "$RACES_DIR/after")"
  [ $((SECONDS - begin)) -le 5 ] || why="afterwards a token took $((SECONDS - begin)) s"
  verdict "${#why}" "$count writers killed at random moments: whole entries, and the next process is not delayed" "$why"
}

clock_steps() {
  can "steps of the clock" faketime -f +0 true || return 0
  local step why="" expected=1
  fresh
  "$bin/m2m" token >/dev/null
  # Ahead: expired. Back: not yet granted. The real time again: from the future, or expired.
  for step in +2h -2h +0 +30m -1m +0; do
    expected=$((expected + 1))
    case "$step" in +30m) expected=$((expected - 1)) ;; esac
    faketime -f "$step" "$bin/m2m" token >"$RACES_DIR/stepped" 2>"$RACES_DIR/stepped.err" || why="at $step: $(cat "$RACES_DIR/stepped.err")"
    [ -s "$RACES_DIR/stepped" ] || why="at $step: no token"
    steps="${steps:-}$step:$(grants) "
  done
  [ "$steps" = "+2h:2 -2h:3 +0:4 +30m:4 -1m:5 +0:5 " ] || why="token requests after each step: $steps"
  verdict "${#why}" "steps of the clock by hours and minutes: no expired token, none from the future" "$why"
}

without_locks() {
  can "a filesystem without locks" strace -qq -o /dev/null true || return 0
  local error why="" warned
  for error in ENOLCK ENOSYS EOPNOTSUPP; do
    fresh
    concurrently 20 strace -f -qq -o /dev/null -e trace=flock -e "inject=flock:error=$error" "$bin/m2m" token --timeout 60s
    warned="$(cat "$RACES_DIR"/concurrent.*.err | wc -l)"
    [ "$concurrent_failures" = 0 ] && [ "$warned" -le 20 ] || why="$error: $concurrent_failures failed, $warned warnings; $concurrent_stderr"
    "$bin/m2m" token >/dev/null && [ "$(entries | wc -l)" = 1 ] || why="$error: $(entries | wc -l) entries afterwards"
  done
  verdict "${#why}" "20 processes where files cannot be locked (ENOLCK, ENOSYS, EOPNOTSUPP): each has a token, and one warning at most" "$why"
}

full_disk() {
  can "a full disk" unshare --user --map-root-user --mount mount -t tmpfs none /mnt || return 0
  fresh
  # shellcheck disable=SC2016
  unshare --user --map-root-user --mount bash -euo pipefail -c '
    m2m="$1" why=""
    mount -t tmpfs -o size=64k,mode=700 none "$M2M_CACHE_DIR"
    cat /dev/zero >"$M2M_CACHE_DIR/fill" 2>/dev/null || true
    for n in 1 2 3 4 5 6 7 8 9 10; do "$m2m" token >"$RACES_DIR/full.$n" 2>"$RACES_DIR/full.$n.err" & done
    wait
    for n in 1 2 3 4 5 6 7 8 9 10; do
      [ -s "$RACES_DIR/full.$n" ] && [ "$(wc -l <"$RACES_DIR/full.$n.err")" -le 1 ] || why="$(cat "$RACES_DIR/full.$n.err")"
    done
    rm "$M2M_CACHE_DIR/fill"
    "$m2m" token >/dev/null && "$m2m" token -o json 2>&1 | grep -q "\"cached\":true" || why="with room again nothing is cached"
    echo "$why" >"$RACES_DIR/full.why"
  ' bash "$bin/m2m" || echo "the script ended early" >"$RACES_DIR/full.why"
  local why
  why="$(cat "$RACES_DIR/full.why")"
  verdict "${#why}" "10 processes on a full disk: each has a token and one warning at most, and the cache works when there is room" "$why"
}

for trial in cold_key killed clock_steps without_locks full_disk; do "$trial"; done
[ "$failures" = 0 ] || exit 1
