#!/usr/bin/env bash
# Times the benchmark kernels natively and in Twine: scripts/bench.sh [bench/kernels.py's options] [KERNEL…]; see --help.
# Build first (scripts/build.sh). The last line counts kernels whose checksums agree: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 bench/kernels.py "$@"
