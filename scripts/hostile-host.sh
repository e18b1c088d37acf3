#!/usr/bin/env bash
# The enclave against a host that lies in every way of tests/adversarial/lies.h, twice:
#
#   plain      the enclave's code in a plain process, under ASan and UBSan (tests/adversarial/hostile_host.cc)
#   emulated   the real image on the software SGX, with a guest that watches, canaries around the arena and an audit of the EPCM
#              (tests/adversarial/hostile_launches.cc)
#
#   scripts/hostile-host.sh [SECONDS each | --replies N each] [SEED]     default: 1800 s, a seed of the day's
#
# Prints replies per call, and per lie how they ended: `host attack`, an errno, or the enclave went on. In the plain run a call that was never told a lie it can be told
# fails; in the emulated one, which is slower, a call that was never lied about. A finding names the seed and the chunk that show it again.
# The last line counts calls x lies that were told: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

limit=(--seconds "${1:-1800}")
shift || true
if [ "${limit[1]}" = --replies ]; then
  limit=(--replies "${1:?how many replies}")
  shift
fi
seed=${1:-$(date +%s)}

scripts/build.sh asan hostile_host || exit 1
scripts/build.sh release hostile_launches || exit 1

log=$(mktemp)
# A launch makes a directory with a dozen files, some 10 MiB a processor: on a disk that is a quarter of the run's time. Containers often have
# 64 MiB of memory there, which is too little.
if [ -w /dev/shm ] && [ "$(df --output=avail -k /dev/shm | tail -n 1)" -gt $((32 * 1024 * $(nproc))) ]; then export TMPDIR=/dev/shm; fi
trap 'rm -f "$log"' EXIT
passed=0
failed=0
for program in build-asan/tests/hostile_host build/tests/hostile_launches; do
  "$program" "${limit[@]}" --seed "$seed" >"$log" 2>&1
  status=$?
  cat "$log"
  counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
  passed=$((passed + $(sed -nE 's/^([0-9]+) passed.*/\1/p' <<<"${counts:-0 passed}")))
  failed=$((failed + $(sed -nE 's/.*, ([0-9]+) failed$/\1/p' <<<"${counts:-, 1 failed}")))
  [ $status -eq 0 ] || [ "$failed" -ne 0 ] || failed=1
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
