#!/usr/bin/env bash
# Guests in a storm of asynchronous exits: scripts/aex-storm.sh [--interrupts N] [--range LOW-HIGH] [--e2e]
#
# While a guest is in the enclave a timer interrupts it after LOW to HIGH microseconds (20-200), drawn at random, armed anew after each
# resume (docs/emulation.md). Under it run the whole conformance suite and SQLite, and SQLite again until N interrupts (100,000) have been
# counted by the emulator; with --e2e the small WASI programs too. Every result must be what it is in calm. Build first (scripts/build.sh).
# The last line counts checks: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

wanted=100000
range=20-200
e2e=false
while [ $# -gt 0 ]; do
  case $1 in
    --interrupts) wanted=$2; shift ;;
    --range) range=$2; shift ;;
    --e2e) e2e=true ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit ;;
    *) echo "aex-storm: no option $1; --help lists them" >&2; exit 2 ;;
  esac
  shift
done
export TWINE_SGX=emulated

work=build/aex-storm
mkdir -p "$work"
log=$work/counts
rm -f "$log"
passed=0
failed=0

check() {  # NAME, then the command that must succeed
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok     $name"
  else
    failed=$((failed + 1))
    echo "FAILED $name"
  fi
}
storm() { TWINE_AEX_STORM=$range TWINE_AEX_STORM_LOG=$PWD/$log "$@"; }
interrupts() { if [ -e "$log" ]; then awk '{sum += $2} END {print sum + 0}' "$log"; else echo 0; fi }
exits() { if [ -e "$log" ]; then awk '{sum += $1} END {print sum + 0}' "$log"; else echo 0; fi }
in_storm() {  # LOG COMMAND…: its output ends in "N passed, 0 failed", N > 0
  local output=$1
  shift
  storm "$@" >"$output" 2>"$output.err"
  if ! grep -qE '^[1-9][0-9]* passed, 0 failed$' "$output"; then
    tail -n 20 "$output" "$output.err"
    return 1
  fi
}
same() { diff "$1" "$2"; }

calm=$work/conformance.calm
stormy=$work/conformance.storm
scripts/conformance.sh >"$calm" 2>/dev/null
if grep -q '^skipped:' "$calm"; then
  grep '^skipped:' "$calm"
else
  check "the conformance suite passes in the storm" in_storm "$stormy" scripts/conformance.sh
  check "every file's counts are those of the calm run" same "$calm" "$stormy"
fi
if $e2e; then check "the WASI programs do in the storm what they do natively" in_storm "$work/e2e" scripts/e2e.sh -j1; fi

round=0
while :; do
  round=$((round + 1))
  check "SQLite leaves in the storm the file that it leaves natively ($round)" in_storm "$work/sqlite" scripts/sqlite.sh
  echo "       $(interrupts) interrupts so far"
  # A round brings ten thousand; one that brings none would go on for ever.
  { [ "$(interrupts)" -ge "$wanted" ] || [ $failed -ne 0 ] || [ $round -ge $((5 + wanted / 2000)) ]; } && break
done

echo "       $(exits) asynchronous exits, $(interrupts) of them interrupts of the storm, in $(wc -l <"$log") enclaves"
check "at least $wanted interrupts were counted" [ "$(interrupts)" -ge "$wanted" ]
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
