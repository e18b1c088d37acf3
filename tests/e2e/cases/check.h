// What the cases share: results of calls, printed so that native and WASI runs can be compared. The numbers
// of errno differ between systems, and so do file descriptors; neither is ever printed.
#ifndef TWINE_E2E_CHECK_H_
#define TWINE_E2E_CHECK_H_

#include <errno.h>
#include <stdio.h>
#include <string.h>

static inline const char* error_name(int error) {
  switch (error) {
    case 0:
      return "no error";
    case EACCES:
      return "EACCES";
    case EBADF:
      return "EBADF";
    case EEXIST:
      return "EEXIST";
    case EINVAL:
      return "EINVAL";
    case EISDIR:
      return "EISDIR";
    case ELOOP:
      return "ELOOP";
    case EMFILE:
      return "EMFILE";
    case ENAMETOOLONG:
      return "ENAMETOOLONG";
    case ENOENT:
      return "ENOENT";
    case ENOSYS:
      return "ENOSYS";
    case ENOTDIR:
      return "ENOTDIR";
    case ENOTEMPTY:
      return "ENOTEMPTY";
    case EPERM:
      return "EPERM";
    case EROFS:
      return "EROFS";
    case ERANGE:
      return "ERANGE";
    case ESPIPE:
      return "ESPIPE";
    case EXDEV:
      return "EXDEV";
#ifdef ENOTCAPABLE
    case ENOTCAPABLE:
      return "ENOTCAPABLE";
#endif
    default:
      return strerror(error);
  }
}

// Prints a call and its result, with the error's name when it is -1.
#define SHOW(call)                                                      \
  do {                                                                  \
    errno = 0;                                                          \
    const long long result_ = (long long)(call);                        \
    printf("%s = %lld%s%s\n", #call, result_, result_ == -1 ? " " : "", \
           result_ == -1 ? error_name(errno) : "");                     \
  } while (0)

// Prints whether a condition holds.
#define HOLDS(condition) printf("%s: %s\n", #condition, (condition) ? "yes" : "NO")

// Opens, prints whether that worked, and gives the descriptor.
#define OPEN(...) show_open(#__VA_ARGS__, open(__VA_ARGS__))
static inline int show_open(const char* what, int fd) {
  printf("open(%s): %s\n", what, fd >= 0 ? "ok" : error_name(errno));
  return fd;
}

#endif  // TWINE_E2E_CHECK_H_
