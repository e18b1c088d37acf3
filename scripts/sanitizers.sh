#!/usr/bin/env bash
# Runs the tests of everything that can run as a plain process under ASan and UBSan: scripts/sanitizers.sh [TEST BINARY…].
# Tests that start the real enclave image (twine's own command line and C interface, attacks on the entry code) are not among
# them: the image is freestanding and is built without sanitizers.
set -uo pipefail
cd "$(dirname "$0")/.."

binaries=("$@")
[ ${#binaries[@]} -gt 0 ] || binaries=(
  wasm_test wasm_validate_suite manifest_test twm_test codegen_passes_test codegen_traps_test codegen_twm_test
  image_test emulator_test sgx_test hostcall_test services_test wasi_test hostile_host_test
  enclave_core_test enclave_core_crypto_test)

scripts/build.sh asan "${binaries[@]}" || exit 1

passed=0
failed=0
for binary in "${binaries[@]}"; do
  output=$(cd build-asan/tests && "./$binary" 2>&1)
  status=$?
  good=$(grep -oE '^\[  PASSED  \] [0-9]+' <<<"$output" | grep -oE '[0-9]+$')
  bad=$(grep -oE '^ *[0-9]+ FAILED TEST' <<<"$output" | grep -oE '[0-9]+')
  good=${good:-0}
  bad=${bad:-0}
  # A sanitizer ends the process: no summary, a status that is not 0.
  if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  echo "$binary: $good passed, $bad failed"
  [ $status -eq 0 ] || tail -n 40 <<<"$output"
  passed=$((passed + good))
  failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
