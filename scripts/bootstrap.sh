#!/usr/bin/env bash
# Installs every package that building and testing Twine needs, on Debian 12 or Ubuntu 24.04. Does nothing when all are there.
# Runs as root, or through sudo.
set -euo pipefail

packages=(
  # compiler, linker, LLVM back end
  clang-19 lld-19 llvm-19-dev llvm-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev libstdc++-12-dev
  cmake ninja-build ccache git python3
  # guest toolchain: `clang-19 --target=wasm32-wasi` then just works
  wasi-libc libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32
  # Rust programs for the WASI tests: Debian's compiler, whose standard library is there for wasm32-wasi
  rustc libstd-rust-dev-wasm32
  # libraries
  libsodium-dev libssl-dev libzydis-dev libcli11-dev nlohmann-json3-dev libfmt-dev linux-libc-dev libseccomp-dev
  # tests and benchmarks
  # (gcc and make: the Linux kernel's SGX selftests are built as the kernel builds them)
  gcc make xz-utils libgtest-dev libgmock-dev wabt binaryen nodejs npm sqlite3 gdb strace wrk
  # manual pages
  help2man groff-base
)

missing=()
for package in "${packages[@]}"; do
  if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
    missing+=("$package")
  fi
done
# A Node.js that is there already, from wherever, serves as well as Debian's.
if command -v node >/dev/null && command -v npm >/dev/null; then
  kept=()
  for package in "${missing[@]}"; do
    case $package in nodejs | npm) ;; *) kept+=("$package") ;; esac
  done
  missing=("${kept[@]}")
fi
if [ ${#missing[@]} -eq 0 ]; then
  echo "bootstrap: all packages are installed"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "bootstrap: packages are missing (${missing[*]}); run this as root, or install sudo" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "bootstrap: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
       apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "bootstrap: apt-get failed; the lines above say why" >&2
  exit 1
fi
echo "bootstrap: done"
