#!/usr/bin/env bash
# The long checks, run before an issue is called resolved: clang-tidy on everything, each fuzz target for five minutes, the
# storm of 100,000 asynchronous exits, the benchmark with five rounds.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release
scripts/check-style.sh --tidy
scripts/fuzz.sh 300
scripts/aex-storm.sh --e2e
scripts/bench.sh --runs 5
