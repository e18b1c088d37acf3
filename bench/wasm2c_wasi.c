// A program around a module that wabt's wasm2c has translated to C (guest.c, guest.h): instantiates it and calls _start. It offers as
// much of WASI as the benchmark kernels use: output and a clock. Every other function answers that it is not supported.
//
// The module is trusted here: addresses are not checked. wasm2c's names carry a Z before every part.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

enum { kSuccess = 0, kBadFile = 8, kNotSupported = 52 };  // WASI error numbers

static Z_guest_instance_t guest;

static uint8_t* memory(uint32_t address) {
  return Z_guestZ_memory(&guest)->data + address;
}

static uint32_t word(uint32_t address) {
  uint32_t value;
  memcpy(&value, memory(address), sizeof(value));
  return value;
}

#define WASI(name) Z_wasi_snapshot_preview1Z_##name
#define HOST struct Z_wasi_snapshot_preview1_instance_t* host

// An iovec is two 32-bit words: address, length.
u32 WASI(fd_write)(HOST, u32 file, u32 vectors, u32 count, u32 written) {
  (void)host;
  if (file != 1 && file != 2) return kBadFile;
  uint32_t total = 0;
  for (uint32_t i = 0; i < count; ++i, vectors += 8) {
    total += (uint32_t)fwrite(memory(word(vectors)), 1, word(vectors + 4), file == 1 ? stdout : stderr);
  }
  memcpy(memory(written), &total, sizeof(total));
  return kSuccess;
}

u32 WASI(clock_time_get)(HOST, u32 clock, u64 precision, u32 result) {
  (void)host, (void)precision;
  struct timespec now;
  clock_gettime(clock == 1 ? CLOCK_MONOTONIC : CLOCK_REALTIME, &now);
  const uint64_t nanoseconds = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
  memcpy(memory(result), &nanoseconds, sizeof(nanoseconds));
  return kSuccess;
}

void WASI(proc_exit)(HOST, u32 status) {
  (void)host;
  fflush(stdout);
  exit((int)status);
}

// No arguments, no environment: two counts of zero.
static u32 nothing(u32 count, u32 size) {
  memset(memory(count), 0, 4);
  memset(memory(size), 0, 4);
  return kSuccess;
}

u32 WASI(args_sizes_get)(HOST, u32 count, u32 size) {
  return (void)host, nothing(count, size);
}
u32 WASI(environ_sizes_get)(HOST, u32 count, u32 size) {
  return (void)host, nothing(count, size);
}

// Answers of functions the kernels link but do not need. A descriptor that cannot be examined counts as not there.
#define REFUSE(name, error, ...)        \
  u32 WASI(name)(HOST, ##__VA_ARGS__) { \
    return (void)host, error;           \
  }

REFUSE(args_get, kNotSupported, u32 a, u32 b)
REFUSE(environ_get, kNotSupported, u32 a, u32 b)
REFUSE(fd_close, kSuccess, u32 a)
REFUSE(fd_fdstat_get, kBadFile, u32 a, u32 b)
REFUSE(fd_fdstat_set_flags, kNotSupported, u32 a, u32 b)
REFUSE(fd_filestat_get, kNotSupported, u32 a, u32 b)
REFUSE(fd_filestat_set_size, kNotSupported, u32 a, u64 b)
REFUSE(fd_filestat_set_times, kNotSupported, u32 a, u64 b, u64 c, u32 d)
REFUSE(fd_prestat_get, kBadFile, u32 a, u32 b)
REFUSE(fd_prestat_dir_name, kBadFile, u32 a, u32 b, u32 c)
REFUSE(fd_pread, kNotSupported, u32 a, u32 b, u32 c, u64 d, u32 e)
REFUSE(fd_pwrite, kNotSupported, u32 a, u32 b, u32 c, u64 d, u32 e)
REFUSE(fd_read, kNotSupported, u32 a, u32 b, u32 c, u32 d)
REFUSE(fd_readdir, kNotSupported, u32 a, u32 b, u32 c, u64 d, u32 e)
REFUSE(fd_seek, kNotSupported, u32 a, u64 b, u32 c, u32 d)
REFUSE(fd_sync, kNotSupported, u32 a)
REFUSE(path_create_directory, kNotSupported, u32 a, u32 b, u32 c)
REFUSE(path_filestat_get, kNotSupported, u32 a, u32 b, u32 c, u32 d, u32 e)
REFUSE(path_filestat_set_times, kNotSupported, u32 a, u32 b, u32 c, u32 d, u64 e, u64 f, u32 g)
REFUSE(path_link, kNotSupported, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f, u32 g)
REFUSE(path_open, kNotSupported, u32 a, u32 b, u32 c, u32 d, u32 e, u64 f, u64 g, u32 h, u32 i)
REFUSE(path_readlink, kNotSupported, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
REFUSE(path_remove_directory, kNotSupported, u32 a, u32 b, u32 c)
REFUSE(path_rename, kNotSupported, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
REFUSE(path_unlink_file, kNotSupported, u32 a, u32 b, u32 c)
REFUSE(poll_oneoff, kNotSupported, u32 a, u32 b, u32 c, u32 d)
REFUSE(random_get, kNotSupported, u32 a, u32 b)
REFUSE(sched_yield, kSuccess)

int main(void) {
  wasm_rt_init();
  Z_guest_init_module();
  Z_guest_instantiate(&guest, NULL);
  Z_guestZ__start(&guest);
  return 0;
}
