// operator new and malloc, over the enclave's heap. When it is exhausted, operator new ends the enclave, as
// nothing here can throw; whoever serves sizes that a guest chooses uses new (std::nothrow) or malloc and
// turns nullptr into an error.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "enclave/memory/heap.h"
#include "enclave/platform/platform.h"

namespace twine::enclave {
namespace {

constinit Heap the_heap;

void* allocate_or_panic(size_t size, size_t alignment) {
  void* block = the_heap.allocate(size, alignment);
  if (block == nullptr) panic("the enclave's heap is exhausted");
  return block;
}

}  // namespace

Heap& heap() {
  return the_heap;
}

}  // namespace twine::enclave

using twine::enclave::allocate_or_panic;
using twine::enclave::heap;

const std::nothrow_t std::nothrow{};

// The forms for arrays and the sized forms of delete forward to these by default in libstdc++, which is not
// linked.
void* operator new(size_t size) {
  return allocate_or_panic(size, twine::enclave::Heap::kMinAlignment);
}
void* operator new[](size_t size) {
  return operator new(size);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return allocate_or_panic(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return operator new(size, alignment);
}
void* operator new(size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return heap().allocate(size);
}
void* operator new[](size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return heap().allocate(size);
}
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t& /*tag*/) noexcept {
  return heap().allocate(size, static_cast<size_t>(alignment));
}
void operator delete(void* block) noexcept {
  heap().free(block);
}
void operator delete[](void* block) noexcept {
  heap().free(block);
}
void operator delete(void* block, size_t /*size*/) noexcept {
  heap().free(block);
}
void operator delete[](void* block, size_t /*size*/) noexcept {
  heap().free(block);
}
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept {
  heap().free(block);
}
void operator delete[](void* block, std::align_val_t /*alignment*/) noexcept {
  heap().free(block);
}
void operator delete(void* block, size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  heap().free(block);
}
void operator delete[](void* block, size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  heap().free(block);
}
void operator delete(void* block, const std::nothrow_t& /*tag*/) noexcept {
  heap().free(block);
}
void operator delete[](void* block, const std::nothrow_t& /*tag*/) noexcept {
  heap().free(block);
}

extern "C" {

void* malloc(size_t size) {
  return heap().allocate(size);
}

void* calloc(size_t count, size_t size) {
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
  void* block = heap().allocate(bytes);
  if (block != nullptr) std::memset(block, 0, bytes);
  return block;
}

void* realloc(void* block, size_t size) {
  return heap().reallocate(block, size);
}

void free(void* block) {
  heap().free(block);
}

}  // extern "C"
