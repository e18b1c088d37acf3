#!/usr/bin/env bash
# Times a guest's file input and output against native: scripts/bench-io.sh [bench/io.py's options]; see --help.
# Build first (scripts/build.sh). The last line: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 bench/io.py "$@"
