// What compiled code calls in the runtime (abi::RuntimeEntry), as the table that every context points to.
#pragma once

namespace twine::enclave {

// RuntimeEntry → stub (trampolines.S).
[[nodiscard]] const void* const* runtime_entry_table();

}  // namespace twine::enclave
