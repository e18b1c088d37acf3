#pragma once

namespace twine::enclave {

// Opens the heap, the page ledger and this thread's guest stack. Called once at start, before anything
// allocates; makes host calls.
void open_memory();

}  // namespace twine::enclave
