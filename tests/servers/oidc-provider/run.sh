#!/usr/bin/env bash
# Starts the npm package oidc-provider, as ../README.md says.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for program in node openssl; do
  command -v "$program" >/dev/null || { echo "oidc-provider: the program $program is not installed" >&2; exit 69; }
done
PACKAGES="$(node "$here/../install.mjs" "$here")"
export PACKAGES STARTED_BY="$PPID"
exec node "$here/server.mjs"
