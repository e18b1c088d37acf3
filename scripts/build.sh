#!/usr/bin/env bash
# Builds one preset: scripts/build.sh [release|debug|asan] [TARGET…]. Installs missing packages first.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
shift || true
scripts/bootstrap.sh
directory=build
[ "$preset" = release ] || directory=build-$preset
if [ ! -f "$directory/build.ninja" ]; then
  echo "build: configuring $preset in $directory"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi
echo "build: compiling $preset"
ninja -C "$directory" --quiet "$@"
echo "build: $preset is up to date in $directory"
