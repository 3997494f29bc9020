#!/usr/bin/env bash
# Looks a file of CPFs up into an output, and goes on where it was interrupted when it is started again. Lines that failed
# for a reason that may pass are taken out of the output and tried again, three times at most.
#
#   examples/resume.sh cpfs.txt out.ndjson
set -euo pipefail
input="$1" output="$2"
for pause in 1 10 0; do
  status=0
  m2m participant --cpf-file "$input" --resume "$output" || status=$?
  case "$status" in
  5 | 6 | 7) ;;
  *) exit "$status" ;;
  esac
  grep -vF ',"status":"error","error":{' "$output" >"$output.kept" || true
  mv "$output.kept" "$output"
  sleep "$pause"
done
exit "$status"
