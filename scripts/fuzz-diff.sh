#!/usr/bin/env bash
# Differential fuzzing: scripts/fuzz-diff.sh N SEED [--keep DIR]
#
# N random modules (tests/differential) run in Twine's enclave, in Node's V8 and in wabt's interpreter; results, traps, memory and globals
# must agree. --keep leaves the modules of batches that differ in DIR. Needs node, wasm-opt and wabt (scripts/bootstrap.sh).
# The last line counts modules: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in
  "" | -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit ;;
esac
for needed in build/tests/wast-in-enclave build/bin/twine-enclave.sig; do
  [ -e "$needed" ] || { echo "fuzz-diff: $needed is missing; run scripts/build.sh" >&2; exit 1; }
done
for tool in node wasm-opt wat2wasm spectest-interp; do
  command -v "$tool" >/dev/null || { echo "fuzz-diff: $tool is missing; run scripts/bootstrap.sh" >&2; exit 1; }
done
TWINE_ENCLAVE=build/bin/twine-enclave exec python3 tests/differential/run.py "$@"
