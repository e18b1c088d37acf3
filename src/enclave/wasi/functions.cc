#include "enclave/wasi/functions.h"

#include <array>

#include "enclave/wasi/wasi.h"

namespace twine::wasi {

namespace {

#define TWINE_WASI_FUNCTION(name) bind<&(name)>(#name)
#define TWINE_WASI_QUIET_FUNCTION(name) bind<&(name), /*Settles=*/false>(#name)
constexpr std::array kFunctions = {
    TWINE_WASI_QUIET_FUNCTION(args_get),
    TWINE_WASI_QUIET_FUNCTION(args_sizes_get),
    TWINE_WASI_QUIET_FUNCTION(clock_res_get),
    TWINE_WASI_QUIET_FUNCTION(clock_time_get),
    TWINE_WASI_QUIET_FUNCTION(environ_get),
    TWINE_WASI_QUIET_FUNCTION(environ_sizes_get),
    TWINE_WASI_FUNCTION(fd_advise),
    TWINE_WASI_FUNCTION(fd_allocate),
    TWINE_WASI_FUNCTION(fd_close),
    TWINE_WASI_FUNCTION(fd_datasync),
    TWINE_WASI_QUIET_FUNCTION(fd_fdstat_get),
    TWINE_WASI_FUNCTION(fd_fdstat_set_flags),
    TWINE_WASI_FUNCTION(fd_fdstat_set_rights),
    TWINE_WASI_FUNCTION(fd_filestat_get),
    TWINE_WASI_FUNCTION(fd_filestat_set_size),
    TWINE_WASI_FUNCTION(fd_filestat_set_times),
    TWINE_WASI_QUIET_FUNCTION(fd_pread),
    TWINE_WASI_QUIET_FUNCTION(fd_prestat_dir_name),
    TWINE_WASI_QUIET_FUNCTION(fd_prestat_get),
    TWINE_WASI_QUIET_FUNCTION(fd_pwrite),
    TWINE_WASI_QUIET_FUNCTION(fd_read),
    TWINE_WASI_FUNCTION(fd_readdir),
    TWINE_WASI_FUNCTION(fd_renumber),
    TWINE_WASI_QUIET_FUNCTION(fd_seek),
    TWINE_WASI_FUNCTION(fd_sync),
    TWINE_WASI_QUIET_FUNCTION(fd_tell),
    TWINE_WASI_QUIET_FUNCTION(fd_write),
    TWINE_WASI_FUNCTION(path_create_directory),
    TWINE_WASI_FUNCTION(path_filestat_get),
    TWINE_WASI_FUNCTION(path_filestat_set_times),
    TWINE_WASI_FUNCTION(path_link),
    TWINE_WASI_FUNCTION(path_open),
    TWINE_WASI_FUNCTION(path_readlink),
    TWINE_WASI_FUNCTION(path_remove_directory),
    TWINE_WASI_FUNCTION(path_rename),
    TWINE_WASI_FUNCTION(path_symlink),
    TWINE_WASI_FUNCTION(path_unlink_file),
    TWINE_WASI_FUNCTION(poll_oneoff),
    HostFunction{kModuleName, "proc_exit", "i:", &proc_exit},  // without a result
    HostFunction{kModuleName, "proc_raise", "i:i", &proc_raise},
    TWINE_WASI_QUIET_FUNCTION(random_get),
    TWINE_WASI_FUNCTION(sched_yield),
    TWINE_WASI_FUNCTION(sock_accept),
    TWINE_WASI_FUNCTION(sock_recv),
    TWINE_WASI_FUNCTION(sock_send),
    TWINE_WASI_FUNCTION(sock_shutdown),
};
#undef TWINE_WASI_FUNCTION
#undef TWINE_WASI_QUIET_FUNCTION

// Snapshot 0: the same functions but sock_accept, which came later; four of them differ (unstable.cc).
constexpr std::string_view kUnstableModuleName = "wasi_unstable";
constexpr std::array kUnstableDifferences = {
    bind<&unstable::fd_filestat_get>("fd_filestat_get"),
    bind<&unstable::fd_seek>("fd_seek"),
    bind<&unstable::path_filestat_get>("path_filestat_get"),
    bind<&unstable::poll_oneoff>("poll_oneoff"),
};

constexpr auto kUnstableFunctions = [] {
  std::array<HostFunction, kFunctions.size() - 1> functions{};
  size_t count = 0;
  for (HostFunction function : kFunctions) {
    if (function.name == "sock_accept") continue;
    for (const HostFunction& different : kUnstableDifferences) {
      if (different.name == function.name) function = different;
    }
    function.module = kUnstableModuleName;
    functions[count++] = function;
  }
  return functions;
}();

}  // namespace

std::span<const HostFunction> wasi_preview1_functions() {
  return kFunctions;
}

std::span<const HostFunction> wasi_unstable_functions() {
  return kUnstableFunctions;
}

}  // namespace twine::wasi
