// An eight-byte load whose last byte lies beyond memory traps as a whole.
// trap: out of bounds memory access in read_word
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static uint64_t read_word(const volatile uint64_t* at) {
  return *at;
}

int main(void) {
  const uintptr_t end = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
  return (int)read_word((uint64_t*)(end - 7));
}
