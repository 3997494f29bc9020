#!/usr/bin/env bash
# From a CSV with a header line and the login in its first column to a CSV of line, status, id and segment. No personal
# data comes out: the line, counted without the header, says whose it is.
#
#   examples/logins.sh people.csv
set -euo pipefail
tail -n +2 "$1" | cut -d , -f 1 | tr -d '"' |
  m2m participant --login-file - --redact |
  jq -r '.line as $line | .status as $status | (.participants // [null])[]? // {} | [$line, $status, .id, .segment.name] | @csv'
