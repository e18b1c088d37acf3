#pragma once

namespace twine::enclave {

// Opens the heap and the page ledger. Called once at start, before anything allocates; makes host calls.
void open_memory();

}  // namespace twine::enclave
