// The linear memory of an instance as host functions see it: nothing but bounds-checked access.
//
// An address and a length from the guest become a span only if all of it lies inside the memory's present
// size (which only grows, so the check stays true). Structs are copied, never overlaid: the guest may share
// its memory with other threads, and may pass any alignment (preview1 says a misaligned pointer traps; every
// engine but one accepts it, and so do we). An access outside is the trap `out of bounds memory access`, as
// preview1 says.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <span>
#include <type_traits>

#include "common/abi.h"

namespace twine {

class GuestMemory {
 public:
  // `descriptor` may be null: a module without a memory, in which every access but an empty one at 0 is
  // outside.
  explicit GuestMemory(abi::MemoryDescriptor* descriptor) : descriptor_(descriptor) {}

  [[nodiscard]] uint64_t size() const {
    if (descriptor_ == nullptr) return 0;
    return std::atomic_ref(descriptor_->size_bytes).load(std::memory_order_acquire);
  }

  [[nodiscard]] std::expected<std::span<std::byte>, abi::TrapKind> bytes(uint32_t address,
                                                                         uint64_t length) const {
    const uint64_t limit = size();
    if (length > limit || address > limit - length) {
      return std::unexpected(abi::TrapKind::out_of_bounds_memory_access);
    }
    if (length == 0) return std::span<std::byte>();
    return std::span(reinterpret_cast<std::byte*>(descriptor_->base) + address, length);
  }

  template <typename T>
  [[nodiscard]] std::expected<T, abi::TrapKind> load(uint32_t address) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto from = bytes(address, sizeof(T));
    if (!from) return std::unexpected(from.error());
    T value;
    std::memcpy(&value, from->data(), sizeof(T));
    return value;
  }

  template <typename T>
  [[nodiscard]] std::expected<void, abi::TrapKind> store(uint32_t address, const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto to = bytes(address, sizeof(T));
    if (!to) return std::unexpected(to.error());
    std::memcpy(to->data(), &value, sizeof(T));
    return {};
  }

 private:
  abi::MemoryDescriptor* descriptor_;
};

}  // namespace twine
