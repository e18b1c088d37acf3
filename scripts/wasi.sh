#!/usr/bin/env bash
# Preview1, check by check, against native programs and the written rules: scripts/wasi.sh [tests/wasi/run.py's options].
# Build first (scripts/build.sh). The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/wasi/run.py "$@"
