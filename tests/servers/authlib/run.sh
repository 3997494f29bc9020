#!/usr/bin/env bash
# Starts the PyPI package Authlib, as ../README.md says.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
command -v python3 >/dev/null || { echo "authlib: the program python3 is not installed" >&2; exit 69; }
PACKAGES="$(python3 -B "$here/../install.py" "$here")"
export STARTED_BY="$PPID"
exec "$PACKAGES/bin/python" -I -B "$here/server.py"
