#!/usr/bin/env bash
# Starts the authorization server of this folder on a free loopback port. When it is ready it prints one line of JSON
# on stdout: the issuer and the clients with their secrets, made for this run. Everything else goes to stderr.
# It stops on SIGTERM, on SIGINT, when its standard input (a pipe) ends, and when the process that started it is gone.
#
#   PORT             the port; 0, the default, is any free one
#   M2M_SERVERS_DIR  where packages are installed (default ${XDG_CACHE_HOME:-$HOME/.cache}/m2m-servers)
#
# Exit 69: the server cannot be had on this machine (no Node.js, npm or openssl, or the packages cannot be fetched).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

unavailable() {
  echo "oidc-provider: $*" >&2
  exit 69
}

command -v node >/dev/null || unavailable "Node.js is not installed"
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
  unavailable "Node.js 20 or newer is needed, this is $(node --version)"

command -v openssl >/dev/null || unavailable "the openssl command is not installed"

cache="${M2M_SERVERS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/m2m-servers}"
modules="$cache/oidc-provider-$(cksum <"$here/package-lock.json" | cut -d ' ' -f 1)"

# Installed beside its place and then renamed, so that it is there whole or not at all, whoever else is installing.
if [ ! -d "$modules" ]; then
  command -v npm >/dev/null || unavailable "npm is not installed"
  mkdir -p "$cache"
  fresh="$(mktemp -d "$cache/installing.XXXXXX")"
  trap 'rm -rf "$fresh"' EXIT
  cp "$here/package.json" "$here/package-lock.json" "$fresh/"
  # Node.js bounds the time, because `timeout` is not on every system.
  node -e '
    const { status, error } = require("node:child_process").spawnSync("npm", process.argv.slice(1),
      { stdio: ["ignore", 2, 2], timeout: 240_000, killSignal: "SIGKILL" });
    if (error) console.error(error.message);
    process.exit(status ?? 1);
  ' -- ci --prefix "$fresh" --cache "$cache/npm" --ignore-scripts --fetch-retries 1 \
    --no-audit --no-fund --no-update-notifier ||
    unavailable "its packages could not be installed"
  node -e '
    const [fresh, modules] = process.argv.slice(1), { existsSync, renameSync } = require("node:fs");
    try { renameSync(fresh, modules); } catch (error) { if (!existsSync(modules)) throw error; }
  ' -- "$fresh" "$modules"
  rm -rf "$fresh"
  trap - EXIT
fi

export STARTED_BY="$PPID" OIDC_PROVIDER_DIR="$modules"
exec node "$here/server.mjs"
