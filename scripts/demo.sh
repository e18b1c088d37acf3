#!/usr/bin/env bash
# From a fresh clone to a confidential computation: installs the packages, builds Twine, compiles the credit-risk example to
# WebAssembly, makes sample data, and runs the program inside an enclave (emulated where the machine has no SGX).
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release

data=build/demo
rm -rf "$data"
mkdir -p "$data"
echo "demo: generating lenders' loans, borrowers' positions and price histories in $data"
build/bin/twine run --dir "$data::/data" build/examples/generate-data.wasm --out /data --borrowers 12 --seed 7 2>"$data/generate.log" ||
  { cat "$data/generate.log" >&2; exit 1; }
echo "demo: running build/examples/credit-risk.wasm in an enclave"
echo
build/bin/twine run --where --dir "$data::/data" build/examples/credit-risk.wasm --data /data --report /data/report.csv
