// The page ledger's end of the #PF path; platform/ calls it on the exception stack.
#pragma once

#include <cstdint>

#include "enclave/memory/ledger.h"

namespace twine::enclave {

// Judges the fault and, where the verdict is `accept`, accepts the pages. What remains to be done follows
// from the verdict.
[[nodiscard]] Verdict mend_page_fault(uint64_t address, uint64_t thread_block);

}  // namespace twine::enclave
