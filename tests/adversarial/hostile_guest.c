// A guest that would notice what a hostile host must not be able to do. It makes WASI calls at random over the host's directory and one in
// memory, whatever they answer, and looks after each whether
//
//   - memory that no call was given is as it was, and what lies beyond the bytes that a call reported, too;
//   - an errno exists; no more was read, written or listed than was asked for;
//   - a descriptor that is open is not given out again;
//   - what stands in the memory file system, and the position of a file there, are what it made them;
//   - an address is of the socket's family, a resolved one of that which was asked for; nobody is reached whom no rule allows;
//   - the monotonic clock never runs backwards; random bytes do not repeat.
//
//   hostile_guest SEED ACTIONS
//
// Exit status: 0, or 3 after "wrong: WHAT".
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#include "net/socket_extension.h"

#define ERRNO_COUNT 77
#define BUFFER_SIZE 8192
#define CANARY_SIZE 65536
#define MEMORY_FILE_SIZE 5000
#define LARGE_SIZE (300 << 10)
#define MAX_OPEN 12
#define MAX_SOCKETS 4

static const __wasi_fd_t kHostRoot = 3;
static const __wasi_fd_t kMemoryRoot = 4;
static const __wasi_rights_t kToChangeFiles =
    __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_FD_FILESTAT_SET_TIMES |
    __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_DATASYNC |
    __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS;

static uint8_t canary_before[CANARY_SIZE];
static uint8_t buffer[BUFFER_SIZE];
static uint8_t canary_after[CANARY_SIZE];
static uint8_t large[LARGE_SIZE];
static uint8_t canary_after_large[CANARY_SIZE];
static uint8_t model[MEMORY_FILE_SIZE];
static __wasi_fd_t memory_file;
static __wasi_fd_t opened[MAX_OPEN];
static unsigned open_count;
typedef struct {
  int32_t fd;
  uint32_t kind;
} socket_t;
static socket_t sockets[MAX_SOCKETS];
static unsigned socket_count;
static uint64_t latest_time;
static uint64_t state;

static _Noreturn void wrong(const char* what) {
  fprintf(stderr, "wrong: %s\n", what);
  __wasi_proc_exit(3);
}

// xorshift64*
static uint64_t random_below(uint64_t below) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1d % below;
}

static bool succeeded(__wasi_errno_t error) {
  if (error >= ERRNO_COUNT) wrong("an errno that does not exist");
  return error == 0;
}

static void fill(void) {
  memset(buffer, 0x77, sizeof buffer);
}
static void untouched_beyond(size_t size) {
  for (size_t i = size; i < sizeof buffer; ++i) {
    if (buffer[i] != 0x77) wrong("bytes beyond what was reported were written");
  }
}

static void check_canaries(void) {
  for (size_t i = 0; i < CANARY_SIZE; ++i) {
    if (canary_before[i] != (uint8_t)(i * 7) || canary_after[i] != (uint8_t)(i * 11) ||
        canary_after_large[i] != (uint8_t)(i * 13))
      wrong("memory that no call was given");
  }
}

static const char* some_path(void) {
  static const char* const paths[] = {"file", "link",    "large", "directory", "directory/entry3",
                                      "new",  "missing", "."};
  return paths[random_below(sizeof paths / sizeof *paths)];
}

static void open_file(void) {
  const char* const path = some_path();
  const __wasi_oflags_t oflags = strcmp(path, "new") == 0         ? __WASI_OFLAGS_CREAT
                                 : strcmp(path, "directory") == 0 ? __WASI_OFLAGS_DIRECTORY
                                                                  : 0;
  const __wasi_rights_t rights = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL |
                                 __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_READDIR |
                                 (oflags == __WASI_OFLAGS_DIRECTORY ? 0 : kToChangeFiles);
  __wasi_fd_t fd = ~0U;
  if (open_count == MAX_OPEN ||
      !succeeded(__wasi_path_open(kHostRoot, 1, path, oflags, rights, rights, 0, &fd)))
    return;
  if (fd <= memory_file) wrong("a descriptor that is open was given out again");
  for (unsigned i = 0; i < open_count; ++i) {
    if (opened[i] == fd) wrong("a descriptor that is open was given out again");
  }
  opened[open_count++] = fd;
}

static void close_file(void) {
  if (open_count == 0) return;
  const unsigned at = (unsigned)random_below(open_count);
  succeeded(__wasi_fd_close(opened[at]));
  __wasi_fdstat_t stat;
  if (__wasi_fd_fdstat_get(opened[at], &stat) != __WASI_ERRNO_BADF) wrong("a closed descriptor is open");
  opened[at] = opened[--open_count];
}

static __wasi_fd_t some_file(void) {
  return open_count == 0 ? 0 : opened[random_below(open_count)];
}

static void read_file(void) {
  const size_t first = (size_t)random_below(600);
  const size_t second = (size_t)random_below(3000);
  const __wasi_iovec_t pieces[] = {{.buf = buffer, .buf_len = first},
                                   {.buf = buffer + first, .buf_len = second}};
  __wasi_size_t count = 0;
  fill();
  const bool positioned = random_below(2) == 0;
  const __wasi_fd_t fd = some_file();
  if (!succeeded(positioned ? __wasi_fd_pread(fd, pieces, 2, random_below(100), &count)
                            : __wasi_fd_read(fd, pieces, 2, &count))) {
    // Bytes of a call that failed say nothing, but stay in their place.
    return untouched_beyond(first + second);
  }
  if (count > first + second) wrong("more was read than was asked for");
  untouched_beyond(count);
}

// So long that the file is shown rather than read.
static void read_large(void) {
  const size_t size = LARGE_SIZE - (size_t)random_below(20000);
  const __wasi_iovec_t piece = {.buf = large, .buf_len = size};
  __wasi_size_t count = 0;
  const __wasi_fd_t fd = some_file();
  if (succeeded(random_below(2) == 0 ? __wasi_fd_pread(fd, &piece, 1, random_below(100000), &count)
                                     : __wasi_fd_read(fd, &piece, 1, &count)) &&
      count > size)
    wrong("more was read than was asked for");
}

static void write_file(void) {
  const size_t size = (size_t)random_below(2000);
  const __wasi_ciovec_t piece = {.buf = canary_before, .buf_len = size};
  __wasi_size_t count = 0;
  const __wasi_fd_t fd = open_count == 0 || random_below(3) == 0 ? 1 : some_file();
  if (!succeeded(random_below(2) == 0 || fd == 1
                     ? __wasi_fd_write(fd, &piece, 1, &count)
                     : __wasi_fd_pwrite(fd, &piece, 1, random_below(100), &count))) {
    return;
  }
  if (count > size) wrong("more was written than was given");
}

static void seek_file(void) {
  const __wasi_fd_t fd = some_file();
  const uint64_t to = random_below(1000);
  __wasi_filesize_t position = 0;
  __wasi_filesize_t told = 0;
  if (!succeeded(__wasi_fd_seek(fd, (int64_t)to, __WASI_WHENCE_SET, &position))) return;
  if (position != to || !succeeded(__wasi_fd_tell(fd, &told)) || told != to)
    wrong("seeking to a place leads elsewhere");
}

static void list_directory(void) {
  const __wasi_size_t size = (__wasi_size_t)(24 + random_below(1500));
  __wasi_size_t used = 0;
  fill();
  if (!succeeded(__wasi_fd_readdir(kHostRoot, buffer, size, random_below(4), &used)))
    return untouched_beyond(size);
  if (used > size) wrong("more entries were listed than fit");
  untouched_beyond(used);
  for (__wasi_size_t at = 0; at + sizeof(__wasi_dirent_t) <= used;) {
    __wasi_dirent_t entry;
    memcpy(&entry, buffer + at, sizeof entry);
    at += (__wasi_size_t)sizeof entry;
    if (entry.d_namlen == 0 || entry.d_namlen > 255 || entry.d_type > __WASI_FILETYPE_SYMBOLIC_LINK)
      wrong("an entry that cannot be");
    const __wasi_size_t length = entry.d_namlen < used - at ? entry.d_namlen : used - at;
    if (memchr(buffer + at, '/', length) != NULL || memchr(buffer + at, 0, length) != NULL)
      wrong("a name that cannot be");
    at += length;
  }
}

static void stat_path(void) {
  __wasi_filestat_t stat;
  const bool by_path = random_below(2) == 0;
  if (!succeeded(by_path ? __wasi_path_filestat_get(kHostRoot, (__wasi_lookupflags_t)random_below(2),
                                                    some_path(), &stat)
                         : __wasi_fd_filestat_get(some_file(), &stat))) {
    return;
  }
  if (stat.filetype > __WASI_FILETYPE_SYMBOLIC_LINK) wrong("a file type that does not exist");
}

static void change_names(void) {
  static unsigned number;
  char name[32];
  char other[32];
  snprintf(name, sizeof name, "made%u", number % 5);
  snprintf(other, sizeof other, "made%u", ++number % 5);
  switch (random_below(6)) {
    case 0:
      succeeded(__wasi_path_create_directory(kHostRoot, name));
      return;
    case 1:
      succeeded(__wasi_path_remove_directory(kHostRoot, name));
      return;
    case 2:
      succeeded(__wasi_path_symlink("file", kHostRoot, name));
      return;
    case 3:
      succeeded(__wasi_path_unlink_file(kHostRoot, name));
      return;
    case 4:
      succeeded(__wasi_path_link(kHostRoot, 0, "file", kHostRoot, name));
      return;
    default:
      succeeded(__wasi_path_rename(kHostRoot, name, kHostRoot, other));
  }
}

static void read_link(void) {
  __wasi_size_t used = 0;
  const __wasi_size_t size = (__wasi_size_t)random_below(64);
  fill();
  if (!succeeded(__wasi_path_readlink(kHostRoot, "link", buffer, size, &used))) return untouched_beyond(size);
  if (used > size) wrong("more of a link was read than was asked for");
  untouched_beyond(used);
}

static void change_file(void) {
  const __wasi_fd_t fd = some_file();
  switch (random_below(7)) {
    case 0:
      succeeded(__wasi_fd_filestat_set_size(fd, random_below(5000)));
      return;
    case 1:
      succeeded(__wasi_fd_allocate(fd, random_below(100), 1 + random_below(1000)));
      return;
    case 2:
      succeeded(__wasi_fd_advise(fd, 0, 100, (__wasi_advice_t)random_below(6)));
      return;
    case 3:
      succeeded(random_below(2) == 0 ? __wasi_fd_sync(fd) : __wasi_fd_datasync(fd));
      return;
    case 4:
      succeeded(__wasi_fd_filestat_set_times(fd, 1, 2, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM));
      return;
    case 5:
      succeeded(__wasi_path_filestat_set_times(kHostRoot, 0, some_path(), 1, 2, __WASI_FSTFLAGS_MTIM));
      return;
    default:
      succeeded(__wasi_fd_fdstat_set_flags(fd, random_below(2) == 0 ? __WASI_FDFLAGS_APPEND : 0));
  }
}

static void ask_clocks(void) {
  __wasi_timestamp_t time = 0;
  const __wasi_clockid_t clock = (__wasi_clockid_t)random_below(2);
  if (!succeeded(__wasi_clock_time_get(clock, 0, &time))) return;
  if (clock == __WASI_CLOCKID_MONOTONIC) {
    if (time < latest_time) wrong("the monotonic clock ran backwards");
    latest_time = time;
  }
  succeeded(__wasi_clock_res_get(clock, &time));
}

static void poll(void) {
  __wasi_subscription_t subscriptions[2] = {
      {.userdata = 11, .u = {.tag = __WASI_EVENTTYPE_FD_READ, .u.fd_read.file_descriptor = 0}},
      {.userdata = 22,
       .u = {.tag = __WASI_EVENTTYPE_CLOCK,
             .u.clock = {.id = __WASI_CLOCKID_MONOTONIC, .timeout = random_below(2000)}}}};
  __wasi_event_t events[2];
  __wasi_size_t count = 0;
  if (!succeeded(__wasi_poll_oneoff(subscriptions, events, 2, &count))) return;
  if (count == 0 || count > 2) wrong("more events than subscriptions, or none");
  for (__wasi_size_t i = 0; i < count; ++i) {
    if (events[i].userdata != (events[i].type == __WASI_EVENTTYPE_CLOCK ? 22U : 11U))
      wrong("an event that was not asked for");
  }
}

static void ask_random(void) {
  static uint8_t before[16];
  uint8_t now[16] = {0};
  if (__wasi_random_get(now, sizeof now) != 0) wrong("no randomness");
  if (memcmp(before, now, sizeof now) == 0) wrong("random bytes repeat");
  memcpy(before, now, sizeof now);
  succeeded(__wasi_sched_yield());
}

// The memory file system asks no host.
static void use_memory_file(void) {
  const uint64_t at = random_below(MEMORY_FILE_SIZE);
  const size_t size = (size_t)random_below(MEMORY_FILE_SIZE - at);
  __wasi_size_t count = 0;
  if (random_below(2) == 0) {
    for (size_t i = 0; i < size; ++i) model[at + i] = (uint8_t)random_below(256);
    const __wasi_ciovec_t piece = {.buf = model + at, .buf_len = size};
    if (__wasi_fd_pwrite(memory_file, &piece, 1, at, &count) != 0 || count != size)
      wrong("a memory file cannot be written");
    return;
  }
  const __wasi_iovec_t piece = {.buf = buffer, .buf_len = size};
  fill();
  if (__wasi_fd_pread(memory_file, &piece, 1, at, &count) != 0 || count != size)
    wrong("a memory file cannot be read");
  if (memcmp(buffer, model + at, size) != 0) wrong("a memory file is not what was written");
  untouched_beyond(size);
}

// ---------------------------------------------------------------- sockets

static address_t loopback(uint32_t kind) {
  address_t address = {.kind = kind};
  if (kind == kIpv4) {
    address.v4.bytes[0] = 127;
    address.v4.bytes[3] = 1;
    address.v4.port = 4242;
  } else {
    address.v6.groups[7] = 1;
    address.v6.port = 4242;
  }
  return address;
}

static void keep_socket(int32_t fd, uint32_t kind) {
  if ((__wasi_fd_t)fd <= memory_file) wrong("a descriptor that is open was given out again");
  for (unsigned i = 0; i < open_count; ++i) {
    if (opened[i] == (__wasi_fd_t)fd) wrong("a descriptor that is open was given out again");
  }
  for (unsigned i = 0; i < socket_count; ++i) {
    if (sockets[i].fd == fd) wrong("a descriptor that is open was given out again");
  }
  sockets[socket_count++] = (socket_t){fd, kind};
}

static void open_socket(void) {
  int32_t fd = -1;
  const uint32_t kind = (uint32_t)random_below(2);
  if (socket_count == MAX_SOCKETS) {
    const socket_t closed = sockets[--socket_count];
    succeeded((__wasi_errno_t)sock_close(closed.fd));
    return;
  }
  if (succeeded((__wasi_errno_t)sock_open(0, (int32_t)kind, (int32_t)random_below(2), &fd)))
    keep_socket(fd, kind);
}

// Makes a server of a socket, or a client.
static void connect_socket(void) {
  if (socket_count == 0) return open_socket();
  const socket_t socket = sockets[random_below(socket_count)];
  address_t address = loopback(socket.kind);
  int32_t fd = -1;
  switch (random_below(5)) {
    case 0:
      succeeded((__wasi_errno_t)sock_bind(socket.fd, &address));
      return;
    case 1:
      succeeded((__wasi_errno_t)sock_listen(socket.fd, 5));
      return;
    case 2:
      if (socket_count < MAX_SOCKETS && succeeded((__wasi_errno_t)sock_accept_raw(socket.fd, 0, &fd)))
        keep_socket(fd, socket.kind);
      return;
    case 3:
      succeeded((__wasi_errno_t)sock_connect(socket.fd, &address));
      return;
    default:
      if (socket.kind == kIpv4) {
        address.v4.bytes[0] = 10;
      } else {
        address.v6.groups[0] = 0x2001;
      }
      if (sock_connect(socket.fd, &address) == 0) wrong("a connection that no rule allows");
  }
}

static void use_socket(void) {
  if (socket_count == 0) return open_socket();
  const socket_t socket = sockets[random_below(socket_count)];
  const piece_t piece = {.data = buffer, .size = (uint32_t)random_below(2000)};
  address_t address = loopback(socket.kind);
  uint32_t count = 0;
  uint16_t flags = 0;
  fill();
  switch (random_below(7)) {
    case 0:
      if (succeeded((__wasi_errno_t)sock_send_to(socket.fd, &piece, 1, 0, &address, &count)) &&
          count > piece.size)
        wrong("more was sent than was given");
      return untouched_beyond(0);
    case 1:
      if (succeeded((__wasi_errno_t)sock_send_raw(socket.fd, &piece, 1, 0, &count)) && count > piece.size)
        wrong("more was sent than was given");
      return untouched_beyond(0);
    case 2:
      if (!succeeded((__wasi_errno_t)sock_recv_from(socket.fd, &piece, 1, 0, &address, &count)))
        return untouched_beyond(piece.size);
      if (count > piece.size) wrong("more was received than was asked for");
      return untouched_beyond(count);
    case 3:
      if (!succeeded((__wasi_errno_t)sock_recv_raw(socket.fd, &piece, 1, 0, &count, &flags)))
        return untouched_beyond(piece.size);
      if (count > piece.size) wrong("more was received than was asked for");
      return untouched_beyond(count);
    case 4:
      if (succeeded((__wasi_errno_t)(random_below(2) == 0 ? sock_addr_local(socket.fd, &address)
                                                          : sock_addr_remote(socket.fd, &address))) &&
          address.kind != socket.kind)
        wrong("an address of another family");
      return;
    case 5:
      succeeded((__wasi_errno_t)sock_shutdown_raw(socket.fd, 1 + (int32_t)random_below(3)));
      return;
    default: {
      uint8_t enabled = 0;
      succeeded((__wasi_errno_t)sock_set_keep_alive(socket.fd, 1));
      if (succeeded((__wasi_errno_t)sock_get_keep_alive(socket.fd, &enabled)) && enabled > 1)
        wrong("an option that is neither on nor off");
    }
  }
}

static void resolve_name(void) {
  address_info_t infos[8];
  const uint32_t kind = (uint32_t)random_below(2);
  const hints_t hints = {.type = kStream, .family = kind, .enabled = 1};
  uint32_t count = 0;
  const uint32_t capacity = (uint32_t)random_below(5);
  memset(infos, 0x77, sizeof infos);
  if (sock_addr_resolve("other.example", "http", &hints, infos, 4, &count) == 0)
    wrong("a name that no rule allows");
  if (!succeeded(
          (__wasi_errno_t)sock_addr_resolve("resolved.example", "http", &hints, infos, capacity, &count)))
    count = 0;
  for (uint32_t i = 0; i < 8; ++i) {
    if (i >= count || i >= capacity) {
      if (infos[i].type != 0x77777777) wrong("addresses beyond the buffer");
    } else if (infos[i].address.kind != kind || infos[i].type != kStream ||
               (kind == kIpv4 ? infos[i].address.v4.port : infos[i].address.v6.port) != 80) {
      wrong("a resolved address is not what was asked for");
    }
  }
}

// ---------------------------------------------------------------- memory

// Pages of its own come and go: the host's replies to page calls are lies too.
static void use_heap(void) {
  const size_t size = (size_t)(random_below(64) << 12);
  uint8_t* const block = malloc(size);
  if (block == NULL) return;
  memset(block, 0x3c, size);
  for (size_t i = 0; i < size; i += 512) {
    if (block[i] != 0x3c) wrong("allocated memory is not what was written");
  }
  if (random_below(8) != 0) free(block);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  state = strtoull(argv[1], NULL, 10) | 1;
  const unsigned long actions = strtoul(argv[2], NULL, 10);
  for (size_t i = 0; i < CANARY_SIZE; ++i) {
    canary_before[i] = (uint8_t)(i * 7);
    canary_after[i] = (uint8_t)(i * 11);
    canary_after_large[i] = (uint8_t)(i * 13);
  }
  const __wasi_rights_t rights = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK;
  if (__wasi_path_open(kMemoryRoot, 0, "data", __WASI_OFLAGS_CREAT, rights, rights, 0, &memory_file) != 0)
    wrong("no memory file");
  const __wasi_ciovec_t piece = {.buf = model, .buf_len = sizeof model};
  __wasi_size_t count = 0;
  if (__wasi_fd_pwrite(memory_file, &piece, 1, 0, &count) != 0 || count != sizeof model)
    wrong("a memory file cannot be made");

  static void (*const kinds[])(void) = {
      open_file,      close_file,     read_file,      read_large, write_file,      seek_file,
      list_directory, stat_path,      change_names,   read_link,  change_file,     change_file,
      change_file,    ask_clocks,     poll,           ask_random, use_memory_file, use_heap,
      open_socket,    connect_socket, connect_socket, use_socket, use_socket,      resolve_name};
  for (unsigned long i = 0; i < actions; ++i) {
    kinds[random_below(sizeof kinds / sizeof *kinds)]();
    if (i % 16 == 0) check_canaries();
  }
  check_canaries();
  return 0;
}
