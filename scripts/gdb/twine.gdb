# gdb on `twine run --debug-enclave`: gdb -x scripts/gdb/twine.gdb --args build/bin/twine run --debug-enclave app.wasm   (docs/debugging.md)
#
# The emulator carries out SGX by these signals; they are no faults of the program.
handle SIGSEGV SIGILL SIGSYS nostop noprint pass
# Functions inside are known only once the enclave, and then the module, is there.
set breakpoint pending on
