#!/usr/bin/env bash
# Small WASI programs, natively and in the enclave, compared: scripts/e2e.sh [tests/e2e/run.py's options] [FILTER…].
# Build first (scripts/build.sh). The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/e2e/run.py "$@"
