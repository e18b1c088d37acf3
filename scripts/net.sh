#!/usr/bin/env bash
# Sockets of guests against peers on loopback: scripts/net.sh [tests/net/run.py's options] [FILTER…]. Build first (scripts/build.sh).
# The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/net/run.py "$@"
