// RDRAND (SDM vol. 1, "RDRAND Instruction"): a generator inside the processor, which no host can see or
// steer.
#include <cstring>

#include "enclave/platform/platform.h"
#include "enclave/platform/sgx/random.h"

namespace twine::enclave {
namespace {

// "It is recommended that software attempt 10 retries in a tight loop" before the generator is taken to be
// broken.
constexpr int kRetries = 10;

}  // namespace

// Without a stack protector: it makes the canary.
[[gnu::no_stack_protector]] uint64_t random_word() {
  for (int i = 0; i < kRetries; ++i) {
    uint64_t word;
    bool valid;
    asm volatile("rdrand %0" : "=r"(word), "=@ccc"(valid));
    // Some processors answer all ones, and claim it to be valid, when the generator did not survive a
    // suspend.
    if (valid && word != ~uint64_t{0}) return word;
  }
  panic("the processor's random generator (RDRAND) does not work");
}

void random_bytes(std::span<uint8_t> out) {
  while (!out.empty()) {
    const uint64_t word = random_word();
    const size_t size = out.size() < sizeof word ? out.size() : sizeof word;
    std::memcpy(out.data(), &word, size);
    out = out.subspan(size);
  }
}

}  // namespace twine::enclave
