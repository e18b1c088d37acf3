#!/usr/bin/env bash
# CPython and esbuild from their npm packages, compiled and run in the enclave: scripts/software.sh [tests/e2e/software/run.py's options].
# With --quick CPython only (one to three minutes of compiling, the first time). Build first (scripts/build.sh).
# The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/e2e/software/run.py "$@"
