// The enclave's dynamic pages and faults (enclave/memory/pages.h, enclave/platform/fault.h) played in a plain
// process with mmap and signals, so that the runtime executes compiled code under a debugger and sanitizers.
// Nothing of SGX is in it.
#pragma once

namespace twine::testing {

// Takes SIGSEGV, SIGBUS and SIGILL for the calling thread, and gives it a guest stack. Once a process.
void start_in_process_pages();

}  // namespace twine::testing
