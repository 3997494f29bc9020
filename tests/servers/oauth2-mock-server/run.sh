#!/usr/bin/env bash
# Starts the npm package oauth2-mock-server, as ../README.md says.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
command -v node >/dev/null || { echo "oauth2-mock-server: the program node is not installed" >&2; exit 69; }
PACKAGES="$(node "$here/../install.mjs" "$here")"
export PACKAGES STARTED_BY="$PPID"
exec node "$here/server.mjs"
