#!/usr/bin/env bash
# Checks the trust boundary where it can be read off: who includes whom, and what is in the enclave image.
#
#   includes   src/enclave   enclave, common, wasm, codegen/native, vault, verifier; of the system: headers in the list below
#              src/wasm      wasm, common
#              src/common    common
#              src/host      anything but enclave
#   image      build/bin/twine-enclave: nothing undefined, nothing that names the operating system, only relative relocations,
#              no segment writable and executable, no instruction that faults inside, ENCLU only where it belongs,
#              no path of the build machine, under 2 MiB
#
# The last line counts: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

image=build/bin/twine-enclave
passed=0
failed=0

# verdict NAME OFFENDERS: passes when there are none.
verdict() {
  if [ -z "$2" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "boundaries: $1:"
    head -n 20 <<<"$2" | sed 's/^/  /'
  fi
}

# --- includes

# includes DIRECTORY: "FILE: header" for every quoted include of the project's.
includes() { grep -rnoE '^ *# *include +"[^"]+"' "$1" --include='*.h' --include='*.cc' --include='*.S' --include='*.def' 2>/dev/null | sed -E 's/^([^:]+):[0-9]+: *# *include +"([^"]+)"/\1: \2/'; }
system_includes() { grep -rnoE '^ *# *include +<[^>]+>' "$1" --include='*.h' --include='*.cc' --include='*.S' 2>/dev/null | sed -E 's/^([^:]+):[0-9]+: *# *include +<([^>]+)>/\1: \2/'; }

verdict "src/enclave includes what it must not" \
  "$(includes src/enclave | grep -vE ': (enclave|common|wasm|codegen/native|vault|verifier)/')"
verdict "src/wasm includes what it must not" "$(includes src/wasm | grep -vE ': (wasm|common)/')"
verdict "src/common includes what it must not" "$(includes src/common | grep -vE ': common/')"
verdict "src/host includes the enclave" "$(includes src/host | grep -E ': enclave/')"

# Header-only parts of the standard library; <elf.h> is structs and numbers; <sodium.h> is linked in.
freestanding='algorithm|array|atomic|bit|cerrno|charconv|climits|cmath|compare|concepts|cstddef|cstdint|cstdlib|cstring|elf\.h|expected|functional|initializer_list|iterator|limits|memory|new|numeric|optional|ranges|sodium\.h|span|string|string_view|tuple|type_traits|utility|variant|vector|version|x86intrin\.h|immintrin\.h'
for directory in src/enclave src/wasm src/common; do
  verdict "$directory includes a system header that needs an operating system (or add it to the list in $0)" \
    "$(system_includes "$directory" | grep -vE ": ($freestanding)\$")"
done

# --- the image

if [ ! -f "$image" ]; then
  verdict "the enclave image" "$image is missing; build it with: scripts/build.sh release twine-enclave"
else
  # Weak ones included: a missing function must not become a call of address 0.
  verdict "undefined symbols in $image" "$(nm "$image" | awk '$(NF-1) ~ /^[UwWvV]$/ && NF == 2 {print $2}')"
  # An absolute symbol does not move with the image. Those of source file names are of no type.
  verdict "absolute symbols in $image" "$(nm "$image" | awk '$(NF-1) ~ /^[Aa]$/')"
  verdict "symbols of the operating system in $image" \
    "$(nm "$image" | awk '{print $NF}' | grep -xE 'm(un)?map|mprotect|m(un)?lock|madvise|open(at)?|close|read|write|poll|ioctl|getrandom|getentropy|getpid|raise|signal|sysconf|syscall|gettimeofday|clock_gettime|time|pthread_.*|sodium_init|printf|fopen|__libc_.*|dl_iterate_phdr|_Unwind_.*')"
  verdict "relocations other than R_X86_64_RELATIVE in $image" \
    "$(readelf -rW "$image" | awk '/R_X86_64/ && $3 != "R_X86_64_RELATIVE"')"
  verdict "segments of $image that can be written and executed" "$(readelf -lW "$image" | awk '$1 == "LOAD" && / RWE /')"
  # SDM vol. 3D, "Illegal Instructions": they fault inside. WRFSBASE/WRGSBASE would move TLS and the thread control block. INT3 is the linker's
  # padding between functions.
  verdict "instructions in $image that an enclave must not have" \
    "$(llvm-objdump-19 -d --no-show-raw-insn "$image" |
      awk '/^[0-9a-f]+ </ {name = $2} $2 ~ /^(cpuid|syscall|sysenter|sysexit|int|into|in[bwl]?|ins[bwl]|out[bwl]?|outs[bwl]|hlt|sgdt|sidt|sldt|str|smsw|lgdt|lidt|rdpmc|wrfsbase[lq]?|wrgsbase[lq]?|wrpkru|vmcall|vmfunc|lcall|ljmp|iret[dq]?|retf[lq]?|lretq?)$/ {print name, $0}')"
  # EEXIT in the entry code; the others in functions that are there for them.
  verdict "ENCLU in $image outside the platform" \
    "$(llvm-objdump-19 -d --no-show-raw-insn "$image" | c++filt |
      awk '/^[0-9a-f]+ </ {name = $0; sub(/^[0-9a-f]+ /, "", name)} $2 == "enclu" {print name}' |
      grep -vE '^<(enclave_entry|twine_exit|twine_exit_host_call|\.L.*|twine::enclave::(accept_page|accept_page_copy|accept_thread_entry|accept_trim|check_identity|make_report|seal_key)\(.*)>:$')"
  verdict "paths of the build machine in $image" "$(strings -n 6 "$image" | grep -F -e "$PWD" -e "$HOME/" | head -n 5)"
  size=$(stat -c %s "$image")
  verdict "the image's size" "$([ "$size" -lt $((2 << 20)) ] || echo "$size bytes; under 2 MiB is the aim")"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
