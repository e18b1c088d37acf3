#!/usr/bin/env bash
# The Linux kernel's own SGX selftests (tools/testing/selftests/sgx) on libtwine-sgx.so: scripts/sgx-selftests.sh [--epc SIZE] [--runs N]
#
# They are taken unmodified from Debian's package linux-source-6.1, which is downloaded once (150 MB, to build/selftests; of it only what
# the tests need is kept), or from the tree that TWINE_LINUX_SOURCE names, and built by their own Makefile. The EPC has SIZE (64M; at most
# 128M, or the tests that oversubscribe it would prove little). Every one of the 16 must run, none may be skipped, and at least 15 must be
# ok: a failing one has its reason in docs/emulation.md. Build first (scripts/build.sh). The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

readonly wanted_tests=16
readonly least_ok=15
epc=64M
runs=1
while [ $# -gt 0 ]; do
  case $1 in
    --epc) epc=$2; shift ;;
    --runs) runs=$2; shift ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit ;;
    *) echo "sgx-selftests: no option $1; --help lists them" >&2; exit 2 ;;
  esac
  shift
done
if ! [[ $epc =~ ^[0-9]+M$ ]] || [ "${epc%M}" -gt 128 ]; then
  echo "sgx-selftests: --epc '$epc' is not a number of megabytes up to 128, such as 128M" >&2
  exit 2
fi
library=$PWD/build/lib/libtwine-sgx.so
if [ ! -f "$library" ]; then
  echo "sgx-selftests: there is no $library; scripts/build.sh makes it" >&2
  exit 1
fi

work=$PWD/build/selftests
tree=${TWINE_LINUX_SOURCE:-$work/linux}
mkdir -p "$work"

# Downloads and unpacks, unless that was done before. The tree appears at once and whole.
fetch() {
  [ -e "$tree/tools/testing/selftests/sgx/main.c" ] && return
  if [ -n "${TWINE_LINUX_SOURCE:-}" ]; then
    echo "sgx-selftests: TWINE_LINUX_SOURCE=$tree has no tools/testing/selftests/sgx/main.c" >&2
    return 1
  fi
  local scratch
  scratch=$(mktemp -d "$work/fetch.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" RETURN
  (
    cd "$scratch"
    if ! apt-get download linux-source-6.1 >log 2>&1; then
      tail -n 5 log >&2
      echo "sgx-selftests: apt-get cannot download linux-source-6.1 (Debian 12); apt-get update may help," \
        "or set TWINE_LINUX_SOURCE to an unpacked kernel source" >&2
      exit 1
    fi
    mkdir linux
    dpkg-deb --fsys-tarfile linux-source-6.1_*.deb |
      tar -xO --wildcards '*/linux-source-6.1.tar.xz' |
      tar -xJ -C linux --strip-components=1 --wildcards \
        '*/tools/testing/selftests/sgx' '*/tools/testing/selftests/lib.mk' '*/tools/testing/selftests/kselftest*' \
        '*/tools/testing/selftests/x86/check_cc.sh' '*/tools/testing/selftests/x86/trivial_64bit_program.c' \
        '*/tools/include' '*/arch/x86/include/asm/sgx.h' '*/arch/x86/include/asm/enclu.h' \
        '*/arch/x86/include/uapi/asm/sgx.h'
  )
  rm -rf "$tree"
  mv "$scratch/linux" "$tree"
}

build() {
  mkdir -p "$work/out"
  if ! make -C "$tree/tools/testing/selftests/sgx" OUTPUT="$work/out" CC="${CC:-gcc}" >"$work/make.log" 2>&1 ||
    [ ! -x "$work/out/test_sgx" ]; then
    tail -n 20 "$work/make.log" >&2
    echo "sgx-selftests: the kernel's tests do not build; $work/make.log says why" >&2
    return 1
  fi
}

# Once through all tests; TAP on standard output and in $1.
run() {
  (cd "$work/out" && TWINE_SGX_EPC=$epc LD_PRELOAD=$library timeout 900 ./test_sgx 2>&1) | tee "$1" || true
}

fetch
build
passed=0
failed=0
status=0
for ((i = 1; i <= runs; i++)); do
  log=$work/run-$i.tap
  run "$log"
  ok=$(grep -cE '^ok [0-9]+ ' "$log" || true)
  skipped=$(grep -ciE '^ok [0-9]+ .*# *SKIP' "$log" || true)
  not_ok=$(grep -cE '^not ok [0-9]+ ' "$log" || true)
  ok=$((ok - skipped))
  passed=$((passed + ok))
  failed=$((failed + wanted_tests - ok))
  if [ $((ok + not_ok + skipped)) -lt $wanted_tests ]; then
    echo "sgx-selftests: only $((ok + not_ok + skipped)) of $wanted_tests tests ran" >&2
    status=1
  elif [ "$skipped" -gt 0 ]; then
    echo "sgx-selftests: $skipped tests were skipped" >&2
    status=1
  elif [ $ok -lt $least_ok ]; then
    echo "sgx-selftests: $ok of $wanted_tests are ok, at least $least_ok must be" >&2
    status=1
  fi
done
echo "$passed passed, $failed failed"
exit $status
