#!/usr/bin/env bash
# What fuel counts, at every optimisation level, and where it ends: scripts/fuel.sh [tests/e2e/fuel/run.py's options].
# Build first (scripts/build.sh). The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/e2e/fuel/run.py "$@"
