#!/usr/bin/env bash
# The enclave's code against a host that lies in every way of tests/adversarial/lies.h, under ASan and UBSan:
#
#   scripts/hostile-host.sh [SECONDS | --replies N] [SEED]     default: 1800 s, a seed of the day's
#
# Prints replies per call and per lie. A call that was never told a lie it can be told fails the run. A finding names the seed and the
# chunk that show it again.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=(--seconds "${1:-1800}")
shift || true
if [ "${limit[1]}" = --replies ]; then
  limit=(--replies "${1:?how many replies}")
  shift
fi
seed=${1:-$(date +%s)}

scripts/build.sh asan hostile_host
exec build-asan/tests/hostile_host "${limit[@]}" --seed "$seed"
