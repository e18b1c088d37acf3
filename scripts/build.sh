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
  cmake --preset "$preset" >"/tmp/twine-configure.$$" 2>&1 || { cat "/tmp/twine-configure.$$" >&2; rm -f "/tmp/twine-configure.$$"; exit 1; }
  rm -f "/tmp/twine-configure.$$"
fi
echo "build: compiling $preset"
ninja -C "$directory" --quiet "$@"
echo "build: $preset is up to date in $directory"
