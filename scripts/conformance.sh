#!/usr/bin/env bash
# The WebAssembly core test suite inside the enclave:
#   scripts/conformance.sh [--sgx auto|hardware|emulated] [-O LEVEL] [--cpu x86-64-v2|x86-64-v3|x86-64-v4|native] [NAME…]
#
# Each .wast file of ../shared/conformance/wasm-spec-2.0 is converted by wast2json and run in one launch (tests/conformance).
# Then our own files for what Twine takes from WebAssembly 3.0: tests/conformance/wast.
# NAME chooses files, without .wast; without one, all are run.
# Prints a line a file, each failure, and last "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

suite=../shared/conformance/wasm-spec-2.0
converted=build/conformance
names=()
options=()
while [ $# -gt 0 ]; do
  case $1 in
    --sgx) export TWINE_SGX=$2; shift ;;
    -O | --cpu) options+=("$1" "$2"); shift ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit ;;
    -*) echo "conformance: no option $1; --help lists them" >&2; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done

if [ ! -d "$suite" ]; then
  echo "skipped: $suite is not there, so the WebAssembly test suite was not run"
  echo "0 passed, 0 failed"
  exit
fi
for needed in build/tests/wast-in-enclave build/bin/twine-enclave.sig; do
  [ -e "$needed" ] || { echo "conformance: $needed is missing; run scripts/build.sh" >&2; exit 1; }
done

mkdir -p "$converted"
scripts=()
while read -r source; do
  name=$(basename "$source" .wast)
  if [ ${#names[@]} -gt 0 ]; then
    [[ " ${names[*]} " == *" $name "* ]] || continue
  fi
  script=$converted/$name/$name.json  # a folder each: the modules are written beside the script
  if [ ! "$script" -nt "$source" ]; then
    mkdir -p "$converted/$name"
    wast2json --enable-tail-call --enable-extended-const --enable-relaxed-simd "$source" -o "$script"
  fi
  scripts+=("$script")
done < <(find "$suite" -name '*.wast' | sort; find tests/conformance/wast -name '*.wast' | sort)
[ ${#scripts[@]} -gt 0 ] || { echo "conformance: no file is called ${names[*]}" >&2; exit 2; }

# Every launch in emulation says so; once is enough here.
TWINE_ENCLAVE=build/bin/twine-enclave ${TWINE_PRELOAD:+env LD_PRELOAD="$TWINE_PRELOAD"} build/tests/wast-in-enclave "${options[@]}" "${scripts[@]}" 2> >(awk '!seen[$0]++' >&2)
