// memcpy, memmove, memset, memcmp, bcmp, strlen, strcmp, strncmp, memchr, strchr: what the compiler,
// libstdc++ headers and libsodium call.
//
// Small blocks go through a few overlapping vector moves; large ones through REP MOVSB/STOSB, which every
// processor with SGX2 runs at full width (ERMS, FSRM). Compiled with -fno-builtin, so that no loop here is
// turned into a call of itself.
#include <cstddef>
#include <cstdint>

namespace {

using Block16 = uint64_t __attribute__((vector_size(16)));

template <typename T>
T load(const void* from) {
  T value;
  __builtin_memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void store(void* to, T value) {
  __builtin_memcpy(to, &value, sizeof(T));
}

// Both ends of a block whose size is between sizeof(T) and 2 * sizeof(T): loads before stores, so overlap is
// harmless.
template <typename T>
void copy_ends(uint8_t* to, const uint8_t* from, size_t size) {
  const T head = load<T>(from);
  const T tail = load<T>(from + size - sizeof(T));
  store(to, head);
  store(to + size - sizeof(T), tail);
}

// Up to 32 bytes; overlap allowed.
void copy_small(uint8_t* to, const uint8_t* from, size_t size) {
  if (size >= 16) {
    copy_ends<Block16>(to, from, size);
  } else if (size >= 8) {
    copy_ends<uint64_t>(to, from, size);
  } else if (size >= 4) {
    copy_ends<uint32_t>(to, from, size);
  } else if (size >= 2) {
    copy_ends<uint16_t>(to, from, size);
  } else if (size == 1) {
    *to = *from;
  }
}

constexpr size_t kSmall = 32;
constexpr size_t kRepThreshold = 512;  // below, starting REP costs more than it saves

}  // namespace

extern "C" {

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the standard's parameter names are its
// own
void* memcpy(void* __restrict to_pointer, const void* __restrict from_pointer, size_t size) {
  auto* to = static_cast<uint8_t*>(to_pointer);
  const auto* from = static_cast<const uint8_t*>(from_pointer);
  if (size <= kSmall) {
    copy_small(to, from, size);
  } else if (size < kRepThreshold) {
    const auto tail0 = load<Block16>(from + size - 32);
    const auto tail1 = load<Block16>(from + size - 16);
    for (size_t i = 0; i + 32 < size; i += 32) {
      const auto a = load<Block16>(from + i);
      const auto b = load<Block16>(from + i + 16);
      store(to + i, a);
      store(to + i + 16, b);
    }
    store(to + size - 32, tail0);
    store(to + size - 16, tail1);
  } else {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
  }
  return to_pointer;
}

void* memmove(void* to_pointer, const void* from_pointer, size_t size) {
  auto* to = static_cast<uint8_t*>(to_pointer);
  const auto* from = static_cast<const uint8_t*>(from_pointer);
  const auto distance = reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from);
  if (size <= kSmall) {
    copy_small(to, from, size);
  } else if (distance >= size) {  // also when `to` is below `from`: the difference wraps
    if (reinterpret_cast<uintptr_t>(from) - reinterpret_cast<uintptr_t>(to) >= size)
      return memcpy(to_pointer, from_pointer, size);
    const auto tail = load<Block16>(from + size - 16);
    size_t i = 0;
    for (; i + 16 < size; i += 16) store(to + i, load<Block16>(from + i));
    store(to + size - 16, tail);
  } else {
    const auto head = load<Block16>(from);
    for (size_t i = size; i > 16; i -= 16) store(to + i - 16, load<Block16>(from + i - 16));
    store(to, head);
  }
  return to_pointer;
}

void* memset(void* to_pointer, int value, size_t size) {
  auto* to = static_cast<uint8_t*>(to_pointer);
  const uint64_t pattern = uint64_t{0x0101010101010101} * static_cast<uint8_t>(value);
  if (size < 8) {
    for (size_t i = 0; i < size; ++i) {
      to[i] = static_cast<uint8_t>(value);
      asm volatile("");  // keeps the loop a loop
    }
  } else if (size < 16) {
    store(to, pattern);
    store(to + size - 8, pattern);
  } else if (size < kRepThreshold) {
    const Block16 block = {pattern, pattern};
    for (size_t i = 0; i + 16 < size; i += 16) store(to + i, block);
    store(to + size - 16, block);
  } else {
    asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
  }
  return to_pointer;
}

int memcmp(const void* left_pointer, const void* right_pointer, size_t size) {
  const auto* left = static_cast<const uint8_t*>(left_pointer);
  const auto* right = static_cast<const uint8_t*>(right_pointer);
  size_t i = 0;
  while (size - i >= 8 && load<uint64_t>(left + i) == load<uint64_t>(right + i)) i += 8;
  for (; i < size; ++i) {
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return 0;
}

int bcmp(const void* left, const void* right, size_t size) {
  return memcmp(left, right, size);
}

void* memchr(const void* text, int character, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(text);
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] == static_cast<uint8_t>(character)) return const_cast<uint8_t*>(bytes + i);
  }
  return nullptr;
}

size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

int strncmp(const char* left, const char* right, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const auto a = static_cast<uint8_t>(left[i]);
    const auto b = static_cast<uint8_t>(right[i]);
    if (a != b) return a < b ? -1 : 1;
    if (a == 0) return 0;
  }
  return 0;
}

int strcmp(const char* left, const char* right) {
  return strncmp(left, right, SIZE_MAX);
}

char* strchr(const char* text, int character) {
  for (;; ++text) {
    if (*text == static_cast<char>(character)) return const_cast<char*>(text);
    if (*text == 0) return nullptr;
  }
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

}  // extern "C"
