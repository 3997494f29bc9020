#!/bin/sh
# Smoke-tests credentials from cron. Says nothing while they work, since cron sends what is printed by mail:
#
#   MAILTO=ops@example.com
#   17 6 * * 1-5  M2M_CONFIG=/etc/m2m/config.toml /usr/local/bin/check-credentials.sh
#
# PAUSE is how many seconds to wait before the second try (default 300).
set -u

status=0
report=$(m2m check --all 2>&1) || status=$?
case $status in
  5 | 6 | 7)
    # Nothing is known of the credentials yet: a network, a quota or a server may recover.
    sleep "${PAUSE:-300}"
    status=0
    report=$(m2m check --all 2>&1) || status=$?
    ;;
esac

case $status in
  0) exit 0 ;;
  2) echo "Fix the config file or what it reads secrets from." ;;
  3) echo "The credentials are refused: rotate them." ;;
  4) echo "A scope or audience is missing: ask whoever administers the client." ;;
  5) echo "The server was not reached, twice: look at the network." ;;
  6) echo "The server throttles, twice: who else uses these credentials?" ;;
  7) echo "The server fails, or something else answers in its place, or the token is bad: read the report." ;;
  8) echo "The API refused the call: check the subscription key and what the client may do." ;;
  *) echo "m2m failed in a way of its own ($status)." ;;
esac
printf '\n%s\n' "$report"
exit "$status"
