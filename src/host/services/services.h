// What answers host calls: the host's half of the door.
//
// Untrusted by the enclave, and itself on guard against the guest: a path is resolved by the kernel beneath
// the mount's directory and nowhere else (openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS), so that
// neither `..`, nor an absolute path, nor a symbolic link, nor one that is swapped while it is followed,
// leads out of it; a read-only mount opens nothing for writing. Serves one enclave; calls of several threads
// may come at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/hostcall.h"
#include "common/result.h"

namespace twine::host {

// A directory lent to the guest. The order is the launch manifest's.
struct HostMount {
  std::string host_path;
  bool read_only = false;
};

// The memory side of host calls; host/sgx implements it over the driver. Offsets are from the enclave's base;
// arguments are the enclave's wishes and must be judged by whoever implements this (the driver does).
class PageService {
 public:
  virtual ~PageService() = default;
  virtual wasi::IoResult<void> open(uint64_t offset, uint64_t length, uint32_t protection) = 0;
  virtual wasi::IoResult<void> close(uint64_t offset, uint64_t length) = 0;
  virtual wasi::IoResult<void> trim(uint64_t offset, uint64_t length) = 0;
  virtual wasi::IoResult<void> remove(uint64_t offset, uint64_t length) = 0;
  virtual wasi::IoResult<void> restrict(uint64_t offset, uint64_t length, uint32_t protection) = 0;
  // The page becomes a TCS; then, when the enclave has accepted it, launches can be started on it.
  virtual wasi::IoResult<void> make_thread(uint64_t offset) = 0;
  virtual void thread_ready(uint64_t offset) = 0;
};

struct ServicesConfig {
  std::vector<std::byte> manifest{};              // LaunchInput::manifest
  std::vector<std::vector<std::byte>> modules{};  // LaunchInput::module, + 1, …
  std::vector<HostMount> mounts{};
  std::vector<int> sockets{};  // file descriptors, borrowed; in the order of the launch manifest
  int standard_input = 0;      // file descriptors, borrowed
  int standard_output = 1;
  int standard_error = 2;
  PageService* pages = nullptr;  // borrowed; without one the memory calls answer `io`
  // Where the enclave's diagnostics go; nowhere if empty.
  std::function<void(hostcall::DiagnosticLevel, std::string_view)> diagnostic{};
  // CPUID as the enclave should be told it; the processor's if empty.
  std::function<hostcall::CpuidRegisters(uint32_t leaf, uint32_t subleaf)> cpuid{};
};

class Services {
 public:
  // Opens the mounts. Errors: not_found, permission, io, each naming the directory and what to do.
  static Result<std::unique_ptr<Services>> create(ServicesConfig config);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Files are shown in the window of this arena (file_show), whose pages must be a private mapping and are replaced; in no other. Without
  // this, no file is shown.
  void show_files_in(std::span<std::byte> arena);

  // Serves the request in a thread's arena (entry.h).
  void serve(std::span<std::byte> arena);

  // What the enclave has written by output_write so far: the launch result, once it is over.
  [[nodiscard]] std::vector<std::byte> output() const;

  // How many calls were served.
  [[nodiscard]] uint64_t calls_served() const;

 private:
  class Impl;
  explicit Services(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace twine::host
