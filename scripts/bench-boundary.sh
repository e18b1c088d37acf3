#!/usr/bin/env bash
# Times crossings of the enclave's boundary: scripts/bench-boundary.sh [bench/boundary.py's options]; see --help.
# Build first (scripts/build.sh). The last line: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 bench/boundary.py "$@"
