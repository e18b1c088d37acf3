#!/usr/bin/env bash
# Times launches, phase by phase, and the first touch of large memories: scripts/bench-launch.sh [bench/launch.py's options]; see --help.
# Build first (scripts/build.sh). The last line: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 bench/launch.py "$@"
