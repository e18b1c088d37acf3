#!/usr/bin/env bash
# SQLite in the enclave, its database file checked by the system's sqlite3: scripts/sqlite.sh [tests/e2e/sqlite/run.py's options].
# Build first (scripts/build.sh). The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/e2e/sqlite/run.py "$@"
