#!/usr/bin/env bash
# The long checks, run before an issue is called resolved: each fuzz target for five minutes, the benchmark with five rounds.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release
scripts/fuzz.sh 300
scripts/bench.sh --runs 5
