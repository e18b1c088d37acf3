// Which thread runs.
#pragma once

#include <cstdint>

namespace twine::enclave {

// Start of this thread's block (common/image_layout.h): its identity, never 0.
[[nodiscard]] uint64_t current_thread_block();

}  // namespace twine::enclave
