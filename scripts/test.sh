#!/usr/bin/env bash
# Builds everything and runs every test that fits a working day's patience (under 40 minutes on two cores). Suites, in order:
#
#   unit         release build: GoogleTest through CTest
#   boundaries   who may include whom, forbidden symbols in the image
#   style        clang-format (clang-tidy is in scripts/long.sh)
#   e2e          WASI programs, native against enclave
#   wasi         preview1, check by check, against native programs and the written rules
#   net          sockets: guests against peers on loopback, and the allow-list
#   bench-net    three seconds of load on the HTTP server: no error; requests per second are printed, not judged
#   fuel         --fuel: what each operator costs, at every optimisation level
#   selftests    the Linux kernel's own SGX selftests, on libtwine-sgx.so
#   hardware     --sgx hardware on libtwine-sgx.so: a slice of e2e and conformance (scripts/long.sh: all)
#   sqlite       SQLite's amalgamation in the enclave, its file read back by the system's sqlite3
#   software     CPython from its npm package in the enclave, against the machine's own (scripts/long.sh: esbuild too)
#   conformance  the WebAssembly core tests, inside the enclave
#   fuzz-diff    300 random modules in Twine, V8 and wabt's interpreter, one result (scripts/long.sh: 20,000)
#   storm        conformance and SQLite again, interrupted every 20 to 200 µs (scripts/long.sh: until 100,000 interrupts)
#   debugging    gdb and perf in debug enclaves; no secret of a guest in what is printed about it
#   reproducible two builds, one MRENCLAVE
#   hostile-host a host that lies in every reply, half a minute the enclave's code under ASan and UBSan, half a minute the image in emulation
#                (scripts/long.sh: half an hour each)
#   containment  ways out of a mount, by a guest, by a subverted enclave, in races; a confined process watched by strace
#   sanitizers   what runs as a plain process, under ASan and UBSan
#   fuzz         the fuzz targets of what the enclave reads, briefly (scripts/long.sh runs every target for five minutes)
#   bench        small inputs of every kernel: checksums must agree between native code and the enclave
#   launch       time to the guest's first instruction, printed; a large memory limit must not cost more pages than a small one
#   boundary     one round of crossings of the enclave's boundary: that host calls take the way they should; times are printed, not judged
#   io           one round of bench/io: a guest's reads, writes, stat and readdir must give what the native program's do
#
# scripts/test.sh [SUITE…] runs some of them. The last line counts tests: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(unit boundaries style e2e wasi net bench-net fuel selftests hardware sqlite software conformance fuzz-diff storm debugging reproducible sanitizers hostile-host containment fuzz
                                  bench launch boundary io)

scripts/build.sh release || exit 1
if [ $# -eq 0 ]; then
  scripts/demo.sh || { echo "test: the demo failed" >&2; exit 1; }
fi

logs=build/test-logs
mkdir -p "$logs"
passed=0
failed=0
failed_suites=()

# Every suite ends its output with a line "N passed, N failed"; CTest's own closing line is turned into one.
count_ctest() {
  sed -nE 's/^([0-9]+)% tests passed, ([0-9]+) tests? failed out of ([0-9]+).*/\2 \3/p' "$1" |
    awk '{print $2 - $1 " passed, " $1 " failed"}'
}

run_suite() {
  case $1 in
    unit) ctest --test-dir build --output-on-failure -j2 ;;
    boundaries) scripts/check-boundaries.sh ;;
    style) scripts/check-style.sh ;;
    e2e) scripts/e2e.sh ;;
    wasi) scripts/wasi.sh ;;
    net) scripts/net.sh ;;
    bench-net) scripts/bench-net.sh --seconds 3 ;;
    fuel) scripts/fuel.sh ;;
    selftests) scripts/sgx-selftests.sh ;;
    hardware) scripts/hardware-path.sh ;;
    sqlite) scripts/sqlite.sh ;;
    software) scripts/software.sh --quick ;;
    conformance) scripts/conformance.sh ;;
    fuzz-diff) scripts/fuzz-diff.sh 300 "$(date +%s)" ;;
    storm) scripts/aex-storm.sh --interrupts 10000 ;;
    debugging) scripts/debugging.sh ;;
    reproducible) scripts/check-reproducible.sh ;;
    sanitizers) scripts/sanitizers.sh ;;
    containment) scripts/containment.sh ;;
    hostile-host) scripts/hostile-host.sh 30 ;;
    fuzz)
      scripts/fuzz.sh 10 wasm_loader_fuzz twm_fuzz manifest_fuzz network_fuzz image_fuzz hostcall_reply_fuzz hostcall_request_fuzz \
        hostcall_wasi_fuzz emulator_leaves_fuzz
      ;;
    bench) scripts/bench.sh --quick ;;
    launch) scripts/bench-launch.sh --quick ;;
    boundary) scripts/bench-boundary.sh --quick ;;
    io) scripts/bench-io.sh --quick ;;
    *) echo "test: no suite '$1'; the head of scripts/test.sh lists them"; return 2 ;;
  esac
}

for suite in "${suites[@]}"; do
  log=$logs/$suite.log
  echo "test: $suite"
  started=$SECONDS
  run_suite "$suite" >"$log" 2>&1
  status=$?
  counts=$(count_ctest "$log")
  [ -n "$counts" ] || counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  suite_passed=$(sed -nE 's/^([0-9]+) passed.*/\1/p' <<<"$counts")
  suite_failed=$(sed -nE 's/.* ([0-9]+) failed.*/\1/p' <<<"$counts")
  suite_passed=${suite_passed:-0}
  suite_failed=${suite_failed:-0}
  # A suite that fails without having counted a failure, or counts nothing, is one failed test.
  if [ $status -ne 0 ] && [ "$suite_failed" -eq 0 ]; then suite_failed=1; fi
  if [ "$suite_passed" -eq 0 ] && [ "$suite_failed" -eq 0 ] && ! grep -q '^skipped:' "$log"; then
    echo "test: $suite reported no test" >>"$log"
    suite_failed=1
  fi
  passed=$((passed + suite_passed))
  failed=$((failed + suite_failed))
  echo "test: $suite: $suite_passed passed, $suite_failed failed, $((SECONDS - started)) s"
  if [ "$suite_failed" -ne 0 ]; then
    failed_suites+=("$suite")
    tail -n 60 "$log"
  elif grep -qE '^(note|skipped):' "$log"; then
    grep -E '^(note|skipped):' "$log"
  fi
done

[ ${#failed_suites[@]} -eq 0 ] || echo "test: failed suites: ${failed_suites[*]} (logs in $logs)"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
