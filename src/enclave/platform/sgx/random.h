#pragma once

#include <cstdint>

namespace twine::enclave {

// One word from RDRAND; panics when the generator fails. Usable before the stack protector's canary is set.
[[nodiscard]] uint64_t random_word();

}  // namespace twine::enclave
