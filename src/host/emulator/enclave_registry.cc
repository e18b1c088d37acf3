#include "host/emulator/enclave_registry.h"

#include <array>
#include <atomic>

namespace twine::host::emulator {
namespace {

constexpr size_t kMaxEnclaves = 64;
constinit std::array<std::atomic<Enclave*>, kMaxEnclaves> registry{};

}  // namespace

bool register_enclave(Enclave& enclave) {
  for (auto& slot : registry) {
    Enclave* expected = nullptr;
    if (slot.compare_exchange_strong(expected, &enclave)) return true;
  }
  return false;
}

void unregister_enclave(Enclave& enclave) {
  for (auto& slot : registry) {
    Enclave* expected = &enclave;
    slot.compare_exchange_strong(expected, nullptr);
  }
}

void forget_enclaves() {
  for (auto& slot : registry) slot.store(nullptr);
}

Enclave* find_enclave(uint64_t address) {
  for (auto& slot : registry) {
    Enclave* const enclave = slot.load(std::memory_order_acquire);
    if (enclave != nullptr && enclave->in_elrange(address)) return enclave;
  }
  return nullptr;
}

}  // namespace twine::host::emulator
