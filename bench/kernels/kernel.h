// The frame of a benchmark kernel. A kernel is one C file that includes this header, defines three functions
// and ends with
//
//   KERNEL(prepare, run, checksum)
//
//   void prepare(void)      fills the input; not measured
//   void run(void)          the work; measured
//   double checksum(void)   a number that depends on every result; an integer of at most 2^53 where the work
//   is on integers
//
// Before the clock starts, every page of static data is touched (and of the heap, see kernel_touch_heap): natively a first touch is a page fault, in an enclave an EAUG and an
// EACCEPT, emulated on most machines. scripts/bench-launch.sh measures that; here it would hide what is asked, how good the code is.
//
// The program prints one line, `TIME CHECKSUM`: the time of run() in nanoseconds by the monotonic clock, and
// the checksum with 17 digits. Builds agree when integers are equal and others differ by at most 1e-9 of
// their size (a native build may fuse a multiplication and an addition, which WebAssembly does not allow).
//
// KERNEL_SIZE(full, quick) chooses a size: full ones give a native run of 0.2 to 0.6 s on a machine of 2020, with arrays beyond
// its second-level cache; with -DKERNEL_QUICK, for tests that compare checksums only, a run takes milliseconds.
#ifndef TWINE_BENCH_KERNEL_H_
#define TWINE_BENCH_KERNEL_H_

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline long long kernel_nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline long long kernel_clock(void) {
  return kernel_nanoseconds(CLOCK_MONOTONIC);
}

// A full-period generator; its upper bits are good enough to fill inputs.
static inline uint32_t kernel_random(uint64_t* state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 32);
}

// Uniform in [0, 1).
static inline double kernel_uniform(uint64_t* state) {
  return kernel_random(state) * 0x1p-32;
}

// Fills an array with numbers in [0, 1).
static inline void kernel_fill(double* values, size_t count, uint64_t seed) {
  for (size_t i = 0; i < count; ++i) values[i] = kernel_uniform(&seed);
}

// A checksum of an array that sees exchanged elements.
static inline double kernel_digest(const double* values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += values[i] * (double)(1 + i % 7);
  return sum;
}

#ifdef KERNEL_QUICK
#define KERNEL_SIZE(full, quick) (quick)
#else
#define KERNEL_SIZE(full, quick) (full)
#endif

// Between these lie initialised data and bss; linkers define them.
#ifdef __wasm__
extern char __global_base[], __data_end[];
#define KERNEL_STATIC_DATA __global_base, __data_end
#else
extern char __data_start[], _end[];
#define KERNEL_STATIC_DATA __data_start, _end
#endif

// WebAssembly has no volatile: a store of what was just loaded is nothing to its compilers. So the bytes change, by a value that is zero and
// that no compiler can know to be. (Of time() it would know: wasi-libc divides by 10^9. And tests/tools/twm_run.cc counts between readings
// of the monotonic clock.)
static inline void kernel_touch(char* begin, char* end) {
  const char zero = (char)(kernel_nanoseconds(CLOCK_REALTIME) >> 62);
  for (volatile char* at = begin; at < end; at += 4096) *at = (char)(*at ^ zero);
}

// The same for `bytes` of the heap, for a kernel that allocates while it is measured; part of its prepare(). The blocks are smaller than
// what allocators ask the system for one by one, and the last, which stays, keeps them from giving the others back.
static inline void kernel_touch_heap(size_t bytes) {
  enum { kBlock = 65536 };
  char* first = NULL;
  for (size_t touched = 0; touched < bytes; touched += kBlock) {
    char* const block = (char*)malloc(kBlock);
    if (block == NULL) abort();
    kernel_touch(block, block + kBlock);
    *(char**)block = first;
    first = block;
  }
  char* volatile last = (char*)malloc(64);
  last[0] = 0;
  while (first != NULL) {
    char* const next = *(char**)first;
    free(first);
    first = next;
  }
}

#define KERNEL(prepare, run, checksum)                          \
  int main(void) {                                              \
    kernel_touch(KERNEL_STATIC_DATA);                           \
    prepare();                                                  \
    const long long before = kernel_clock();                    \
    run();                                                      \
    const long long after = kernel_clock();                     \
    printf("%lld %.17g\n", after - before, (double)checksum()); \
    return 0;                                                   \
  }

#endif  // TWINE_BENCH_KERNEL_H_
