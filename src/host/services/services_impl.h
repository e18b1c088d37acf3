// The host calls by family: services.cc (launch, memory, machine), files.cc, paths.cc, time.cc (clocks and
// poll), sockets.cc. What each must do stands in common/hostcall.def.
#pragma once

#include <atomic>
#include <mutex>

#include "host/services/file_window.h"
#include "host/services/handle_table.h"
#include "host/services/host_calls.h"
#include "host/services/services.h"

namespace twine::host {

using hostcall::Handle;
using wasi::IoResult;

class Services::Impl final : public hostcall::HostCalls {
 public:
  explicit Impl(ServicesConfig config) : config_(std::move(config)) {}

  Result<void> open_launch_handles();
  void show_files_in(std::span<std::byte> arena);
  [[nodiscard]] std::vector<std::byte> output() const;

  std::atomic<uint64_t> calls_served = 0;

  // launch
  IoResult<uint64_t> input_size(uint32_t input) override;
  IoResult<uint64_t> input_read(uint32_t input, uint64_t position, std::span<std::byte> data) override;
  IoResult<uint64_t> output_write(std::span<const std::byte> data) override;
  IoResult<uint64_t> diagnostic(uint32_t level, std::span<const std::byte> text) override;

  // memory
  IoResult<uint64_t> pages_open(uint64_t offset, uint64_t length, uint32_t protection) override;
  IoResult<uint64_t> pages_close(uint64_t offset, uint64_t length) override;
  IoResult<uint64_t> pages_trim(uint64_t offset, uint64_t length) override;
  IoResult<uint64_t> pages_remove(uint64_t offset, uint64_t length) override;
  IoResult<uint64_t> pages_restrict(uint64_t offset, uint64_t length, uint32_t protection) override;
  IoResult<uint64_t> thread_make(uint64_t offset) override;
  IoResult<uint64_t> thread_ready(uint64_t offset) override;

  // machine and time
  IoResult<uint64_t> cpuid(uint32_t leaf, uint32_t subleaf, hostcall::CpuidRegisters& registers) override;
  IoResult<uint64_t> clock_time(uint32_t clock) override;
  IoResult<uint64_t> clock_resolution(uint32_t clock) override;
  IoResult<uint64_t> yield() override;
  IoResult<uint64_t> poll(std::span<const hostcall::PollInterest> interests, uint64_t timeout,
                          std::span<hostcall::PollEvent> events) override;

  // files
  IoResult<uint64_t> file_open(Handle directory, std::string_view path, uint32_t oflags, uint32_t fdflags,
                               uint32_t access, wasi::Filestat& stat) override;
  IoResult<uint64_t> file_close(Handle file) override;
  IoResult<uint64_t> file_read(Handle file, uint64_t position, std::span<std::byte> data) override;
  IoResult<uint64_t> file_show(Handle file, uint64_t position, uint64_t size) override;
  IoResult<uint64_t> file_write(Handle file, uint64_t position, std::span<const std::byte> data) override;
  IoResult<uint64_t> file_stat(Handle directory, std::string_view path, uint32_t follow,
                               wasi::Filestat& stat) override;
  IoResult<uint64_t> file_set_size(Handle file, uint64_t size) override;
  IoResult<uint64_t> file_allocate(Handle file, uint64_t position, uint64_t length) override;
  IoResult<uint64_t> file_advise(Handle file, uint64_t position, uint64_t length, uint32_t advice) override;
  IoResult<uint64_t> file_sync(Handle file, uint32_t data_only) override;
  IoResult<uint64_t> file_set_times(Handle directory, std::string_view path, uint32_t follow, uint64_t atim,
                                    uint64_t mtim, uint32_t fstflags) override;
  IoResult<uint64_t> file_set_flags(Handle file, uint32_t fdflags) override;

  // directories
  IoResult<uint64_t> directory_read(Handle directory, uint64_t cookie, std::span<std::byte> entries) override;
  IoResult<uint64_t> directory_create(Handle directory, std::string_view path) override;
  IoResult<uint64_t> directory_remove(Handle directory, std::string_view path) override;
  IoResult<uint64_t> file_unlink(Handle directory, std::string_view path) override;
  IoResult<uint64_t> file_rename(Handle old_directory, std::string_view old_path, Handle new_directory,
                                 std::string_view new_path) override;
  IoResult<uint64_t> file_link(Handle old_directory, std::string_view old_path, uint32_t follow,
                               Handle new_directory, std::string_view new_path) override;
  IoResult<uint64_t> symlink_create(std::string_view contents, Handle directory,
                                    std::string_view path) override;
  IoResult<uint64_t> symlink_read(Handle directory, std::string_view path,
                                  std::span<std::byte> contents) override;

  // sockets
  IoResult<uint64_t> socket_open(uint32_t family, uint32_t type) override;
  IoResult<uint64_t> socket_bind(Handle socket, std::span<const hostcall::SocketAddress> address) override;
  IoResult<uint64_t> socket_connect(Handle socket, std::span<const hostcall::SocketAddress> address) override;
  IoResult<uint64_t> socket_listen(Handle socket, uint32_t backlog) override;
  IoResult<uint64_t> socket_accept(Handle socket, uint32_t fdflags, hostcall::SocketAddress& peer) override;
  IoResult<uint64_t> socket_receive(Handle socket, uint32_t flags, std::span<std::byte> data,
                                    hostcall::SocketReceived& received) override;
  IoResult<uint64_t> socket_send(Handle socket, std::span<const std::byte> data,
                                 std::span<const hostcall::SocketAddress> to) override;
  IoResult<uint64_t> socket_shutdown(Handle socket, uint32_t how) override;
  IoResult<uint64_t> socket_name(Handle socket, uint32_t end, hostcall::SocketAddress& name) override;
  IoResult<uint64_t> socket_option_get(Handle socket, uint32_t option) override;
  IoResult<uint64_t> socket_option_set(Handle socket, uint32_t option, uint64_t value,
                                       std::span<const hostcall::SocketAddress> group) override;
  IoResult<uint64_t> name_resolve(std::string_view name, uint32_t family,
                                  std::span<hostcall::SocketAddress> addresses) override;

 private:
  [[nodiscard]] IoResult<std::span<const std::byte>> input(uint32_t which) const;
  // `handle`, if the guest may change what lies on its mount; else `rofs`.
  [[nodiscard]] IoResult<std::shared_ptr<OpenFile>> find_writable(Handle handle) const;

  ServicesConfig config_;
  HandleTable handles_;
  FileWindow window_;

  mutable std::mutex output_mutex_;
  std::vector<std::byte> output_;
};

}  // namespace twine::host
