#!/usr/bin/env bash
# gdb and perf in debug enclaves, and no secret in what others print: scripts/debugging.sh [tests/e2e/debugging/run.py's options].
# Build first (scripts/build.sh). The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/e2e/debugging/run.py "$@"
