// Where a server's listening socket comes from.
//
// In WASI preview 1 a program cannot make one: it was opened for it, and is the first descriptor from 3 on that is a stream socket.
// Natively, it is made on the loopback port that the first argument names, which is then taken out of the arguments; nothing else in
// these programs differs.
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __wasi__

#include <wasi/api.h>

static inline int open_listener(int* argc, char*** argv) {
  (void)argc;
  (void)argv;
  for (int fd = 3;; ++fd) {
    __wasi_fdstat_t stat;
    if (__wasi_fd_fdstat_get((__wasi_fd_t)fd, &stat) != 0) return -1;
    if (stat.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM) return fd;
  }
}

#else

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>

static inline int open_listener(int* argc, char*** argv) {
  if (*argc < 2) return -1;
  signal(SIGPIPE, SIG_IGN);
  const struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)atoi((*argv)[1])),
                                      .sin_addr = {htonl(INADDR_LOOPBACK)}};
  --*argc;
  ++*argv;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (const struct sockaddr*)&address, sizeof address) != 0 || listen(fd, 4096) != 0) return -1;
  return fd;
}

#endif
