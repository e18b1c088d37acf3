#!/usr/bin/env bash
# The long checks, run before an issue is called resolved: clang-tidy on everything, each fuzz target for five minutes, 20,000
# random modules against two other engines, the storm of 100,000 asynchronous exits, the kernel's SGX selftests twenty times, everything
# by the kernel backend, CPython and esbuild compiled and run; a host that lies for twice half an hour; the benchmarks of
# kernels and files with five rounds; servers under load for half a minute each.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release
scripts/check-style.sh --tidy
scripts/fuzz.sh 300
scripts/fuzz-diff.sh 20000 "$(date +%s)"
scripts/aex-storm.sh --e2e
scripts/hostile-host.sh 1800
scripts/sgx-selftests.sh --epc 128M --runs 20
scripts/hardware-path.sh --all
scripts/software.sh
scripts/bench.sh --engines all --runs 5
scripts/bench-io.sh --runs 5
scripts/bench-net.sh --seconds 30
