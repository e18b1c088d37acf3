#!/usr/bin/env bash
# Twine's kernel backend (--sgx hardware) on libtwine-sgx.so: scripts/hardware-path.sh [--all]
#
# Runs what the other suites run in process, by the path it takes on silicon: open, ioctl and mmap of /dev/sgx_enclave, the vDSO, sigaction. A
# slice of the WASI programs and of the WebAssembly core tests; with --all every one of both. Build first (scripts/build.sh). The last line
# counts: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

all=false
case ${1:-} in
  '') ;;
  --all) all=true ;;
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit ;;
  *) echo "hardware-path: no option $1; --help lists them" >&2; exit 2 ;;
esac
library=$PWD/build/lib/libtwine-sgx.so
if [ ! -f "$library" ]; then
  echo "hardware-path: there is no $library; scripts/build.sh makes it" >&2
  exit 1
fi
programs=(args clock file_rename memory_ sha256 trap_load trap_divide)
core=(br_table call_indirect data f64 i32 i64 memory memory_fill memory_grow memory_trap simd_i8x16_arith start table_grow traps unwind)
if $all; then
  programs=()
  core=()
fi

passed=0
failed=0
# NAME, then a command that counts in a line "N passed, N failed".
suite() {
  local name=$1 log counts
  shift
  log=build/test-logs/hardware-path-$name.log
  mkdir -p build/test-logs
  "$@" >"$log" 2>&1
  local status=$?
  counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
  if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] && [ "${BASH_REMATCH[1]}" -gt 0 ]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    [ $status -eq 0 ] || [ "${BASH_REMATCH[2]}" -gt 0 ] || failed=$((failed + 1))
  else
    failed=$((failed + 1))
    counts="did not finish"
  fi
  echo "$name: $counts"
  [[ $counts == *" 0 failed" ]] || grep -v '^ok' "$log" | tail -n 20
}

export TWINE_SGX=hardware TWINE_SGX_EPC=8G
suite programs tests/e2e/run.py --work "$PWD/build/e2e-hardware" --twine "env LD_PRELOAD=$library $PWD/build/bin/twine" "${programs[@]}"
TWINE_PRELOAD=$library suite core scripts/conformance.sh --sgx hardware "${core[@]}"

# Nothing above says that it was the kernel backend: this does, and that nobody is told otherwise.
where=$(LD_PRELOAD=$library build/bin/twine run --where "$(ls build/e2e-hardware/*.wasm | head -n 1)" 2>&1 >/dev/null)
if [[ $where == *"libtwine-sgx: this program runs on a software SGX"*"an emulated SGX enclave: no secrecy"* ]]; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "hardware-path: twine run --where does not tell that libtwine-sgx.so emulates:"
  echo "$where"
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
