#!/usr/bin/env bash
# Runs every libFuzzer target: scripts/fuzz.sh [SECONDS each, 300] [TARGET…]. Corpora grow in build-asan/corpus; a crash leaves its input there.
set -uo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-300}
shift || true
targets=("$@")
if [ ${#targets[@]} -gt 0 ]; then
  scripts/build.sh asan "${targets[@]}" || exit 1
else
  scripts/build.sh asan fuzz-targets || exit 1
fi
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(find build-asan/fuzz -maxdepth 1 -type f -executable -printf '%f\n' | sort)

passed=0
failed=0
for target in "${targets[@]}"; do
  corpus=build-asan/corpus/$target
  mkdir -p "$corpus"
  seeds=()
  [ -d "tests/fuzz/seeds/$target" ] && seeds=("tests/fuzz/seeds/$target")
  log=build-asan/corpus/$target.log
  if "build-asan/fuzz/$target" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 -print_final_stats=1 \
       -artifact_prefix="$corpus-" "$corpus" "${seeds[@]}" >"$log" 2>&1; then
    passed=$((passed + 1))
    edges=$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1)
    reached=$(grep -m 1 -E "^#[0-9]+.* $edges " "$log" | sed -E 's/^#([0-9]+).*/\1/')
    echo "$target: clean; $(sed -nE 's/^stat::number_of_executed_units: +//p' "$log") executions, ${edges#cov: } edges, the last new one by execution $reached"
  else
    failed=$((failed + 1))
    echo "$target: FAILED"
    tail -n 40 "$log"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
