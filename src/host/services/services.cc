#include "host/services/services.h"

#include <cpuid.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "host/services/services_impl.h"
#include "host/services/system.h"

namespace twine::host {

namespace {

// What the enclave may hand over in all: a subverted one must not fill the host's memory.
constexpr size_t kMaxOutput = size_t{256} << 20;

Result<UniqueFd> open_mount(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) return fd;
  const int error = errno;
  switch (error) {
    case ENOENT:
      return fail(ErrorCode::not_found, path + ": no such directory to mount; create it or correct --dir");
    case ENOTDIR:
      return fail(ErrorCode::invalid_argument,
                  path + ": not a directory; --dir takes the directory that holds it");
    case EACCES:
      return fail(ErrorCode::permission, path + ": cannot be entered by this user, so it cannot be mounted");
    default:
      return fail(ErrorCode::io, path + ": cannot be opened for --dir: " + std::strerror(error));
  }
}

bool is_stream(int fd) {
  struct stat status{};
  return fstat(fd, &status) != 0 || !S_ISREG(status.st_mode);
}

IoResult<uint64_t> zero(IoResult<void> reply) {
  if (!reply) return std::unexpected(reply.error());
  return 0;
}

}  // namespace

Services::Services(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Services::~Services() = default;

Result<std::unique_ptr<Services>> Services::create(ServicesConfig config) {
  auto impl = std::make_unique<Impl>(std::move(config));
  TWINE_TRY(impl->open_launch_handles());
  return std::unique_ptr<Services>(new Services(std::move(impl)));
}

void Services::show_files_in(std::span<std::byte> arena) {
  impl_->show_files_in(arena);
}

void Services::serve(std::span<std::byte> arena) {
  impl_->calls_served.fetch_add(1, std::memory_order_relaxed);
  hostcall::serve(*impl_, arena);
}

std::vector<std::byte> Services::output() const {
  return impl_->output();
}

uint64_t Services::calls_served() const {
  return impl_->calls_served.load(std::memory_order_relaxed);
}

Result<void> Services::Impl::open_launch_handles() {
  for (const int fd : {config_.standard_input, config_.standard_output, config_.standard_error}) {
    auto file = std::make_shared<OpenFile>();
    file->borrowed = fd;
    file->stream = is_stream(fd);
    file->shared = true;
    static_cast<void>(handles_.insert(std::move(file)));  // the first three numbers of an empty table
  }
  if (config_.mounts.size() + config_.sockets.size() > hostcall::kMaxHandles / 2) {
    return fail(ErrorCode::limit, "more than 32768 mounts and sockets; give fewer --dir");
  }
  for (const HostMount& mount : config_.mounts) {
    auto file = std::make_shared<OpenFile>();
    file->owned = TWINE_TRY(open_mount(mount.host_path));
    file->read_only = mount.read_only;
    static_cast<void>(handles_.insert(std::move(file)));  // the table is far from full
  }
  for (const int fd : config_.sockets) {
    auto file = std::make_shared<OpenFile>();
    file->borrowed = fd;
    file->stream = true;
    static_cast<void>(handles_.insert(std::move(file)));
  }
  handles_.fix();
  return {};
}

void Services::Impl::show_files_in(std::span<std::byte> arena) {
  window_.set_memory(arena.subspan(kArenaWindowOffset, kArenaWindowSize));
}

IoResult<std::shared_ptr<OpenFile>> Services::Impl::find_writable(Handle handle) const {
  auto file = handles_.find(handle);
  if (file && (*file)->read_only) return std::unexpected(wasi::Errno::rofs);
  return file;
}

// ---------------------------------------------------------------- launch

IoResult<std::span<const std::byte>> Services::Impl::input(uint32_t which) const {
  if (which == static_cast<uint32_t>(hostcall::LaunchInput::manifest)) return config_.manifest;
  const size_t module = which - static_cast<uint32_t>(hostcall::LaunchInput::module);
  if (module >= config_.modules.size()) return std::unexpected(wasi::Errno::io);
  return config_.modules[module];
}

IoResult<uint64_t> Services::Impl::input_size(uint32_t which) {
  const auto bytes = input(which);
  if (!bytes) return std::unexpected(bytes.error());
  return bytes->size();
}

IoResult<uint64_t> Services::Impl::input_read(uint32_t which, uint64_t position, std::span<std::byte> data) {
  const auto bytes = input(which);
  if (!bytes) return std::unexpected(bytes.error());
  if (position >= bytes->size()) return 0;
  const auto part = bytes->subspan(position, std::min<uint64_t>(data.size(), bytes->size() - position));
  std::ranges::copy(part, data.begin());
  return part.size();
}

IoResult<uint64_t> Services::Impl::output_write(std::span<const std::byte> data) {
  const std::lock_guard lock(output_mutex_);
  if (data.size() > kMaxOutput - output_.size()) return std::unexpected(wasi::Errno::io);
  output_.insert(output_.end(), data.begin(), data.end());
  return data.size();
}

std::vector<std::byte> Services::Impl::output() const {
  const std::lock_guard lock(output_mutex_);
  return output_;
}

IoResult<uint64_t> Services::Impl::diagnostic(uint32_t level, std::span<const std::byte> text) {
  if (config_.diagnostic) {
    config_.diagnostic(static_cast<hostcall::DiagnosticLevel>(level),
                       {reinterpret_cast<const char*>(text.data()), text.size()});
  }
  return text.size();
}

// ---------------------------------------------------------------- memory

IoResult<uint64_t> Services::Impl::pages_open(uint64_t offset, uint64_t length, uint32_t protection) {
  if (config_.pages == nullptr) return std::unexpected(wasi::Errno::io);
  return zero(config_.pages->open(offset, length, protection));
}

IoResult<uint64_t> Services::Impl::pages_close(uint64_t offset, uint64_t length) {
  if (config_.pages == nullptr) return std::unexpected(wasi::Errno::io);
  return zero(config_.pages->close(offset, length));
}

IoResult<uint64_t> Services::Impl::pages_trim(uint64_t offset, uint64_t length) {
  if (config_.pages == nullptr) return std::unexpected(wasi::Errno::io);
  return zero(config_.pages->trim(offset, length));
}

IoResult<uint64_t> Services::Impl::pages_remove(uint64_t offset, uint64_t length) {
  if (config_.pages == nullptr) return std::unexpected(wasi::Errno::io);
  return zero(config_.pages->remove(offset, length));
}

IoResult<uint64_t> Services::Impl::pages_restrict(uint64_t offset, uint64_t length, uint32_t protection) {
  if (config_.pages == nullptr) return std::unexpected(wasi::Errno::io);
  return zero(config_.pages->restrict(offset, length, protection));
}

IoResult<uint64_t> Services::Impl::thread_make(uint64_t offset) {
  if (config_.pages == nullptr) return std::unexpected(wasi::Errno::io);
  return zero(config_.pages->make_thread(offset));
}

IoResult<uint64_t> Services::Impl::thread_ready(uint64_t offset) {
  if (config_.pages == nullptr) return std::unexpected(wasi::Errno::io);
  config_.pages->thread_ready(offset);
  return 0;
}

// ---------------------------------------------------------------- machine

IoResult<uint64_t> Services::Impl::cpuid(uint32_t leaf, uint32_t subleaf,
                                         hostcall::CpuidRegisters& registers) {
  if (config_.cpuid) {
    registers = config_.cpuid(leaf, subleaf);
  } else {
    __cpuid_count(leaf, subleaf, registers.eax, registers.ebx, registers.ecx, registers.edx);
  }
  return 0;
}

}  // namespace twine::host
