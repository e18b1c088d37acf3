// A guest without Wasm: calls preview1 functions as compiled code would, through their HostFunction, on a
// memory of its own. Below them runs all of Twine's WASI: enclave/wasi, enclave/fs, the marshalling, and the
// host's services in this process.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/hostcall_table.h"
#include "enclave/hostcall/handle.h"
#include "enclave/wasi/layout.h"
#include "enclave/wasi/wasi.h"
#include "host/services/services.h"
#include "unit/in_process_platform.h"

namespace twine::testing {

class WasiProgram {
 public:
  static constexpr uint32_t kMemorySize = 1 << 22;
  // Where tests put things. 0 to 4095 stays free for results.
  static constexpr uint32_t kResult = 16;
  static constexpr uint32_t kPath = 4096;
  static constexpr uint32_t kPath2 = 16384;
  static constexpr uint32_t kIovecs = 28672;
  static constexpr uint32_t kData = 65536;

  WasiProgram(host::ServicesConfig services, wasi::WasiConfig config) : memory_(kMemorySize) {
    // Pipes for stdio: the test holds the other ends.
    for (auto& pipe : pipes_) {
      if (::pipe(pipe.data()) != 0) std::abort();
    }
    services.standard_input = pipes_[0][0];
    services.standard_output = pipes_[1][1];
    services.standard_error = pipes_[2][1];
    services_ = std::move(host::Services::create(std::move(services)).value());
    connect();
    context_ = std::make_unique<wasi::WasiContext>(std::move(config));
  }
  ~WasiProgram() {
    connect();
    context_.reset();
    for (const auto& pipe : pipes_) {
      for (const int fd : pipe) {
        if (fd >= 0) ::close(fd);
      }
    }
  }
  WasiProgram(const WasiProgram&) = delete;
  WasiProgram& operator=(const WasiProgram&) = delete;

  // Host calls are answered honestly (again).
  void connect() {
    set_host([this] { services_->serve(test_arena()); });
  }
  host::Services& services() { return *services_; }
  wasi::WasiContext& context() { return *context_; }

  // The outcome of one call, with its results still in `values_`.
  HostOutcome invoke(std::string_view name, std::initializer_list<uint64_t> arguments) {
    return invoke(name, std::span(arguments.begin(), arguments.size()));
  }
  HostOutcome invoke(std::string_view name, std::span<const uint64_t> arguments) {
    for (const HostFunction& function : wasi::wasi_preview1_functions()) {
      if (function.name != name) continue;
      values_.assign(std::max<size_t>(arguments.size(), 1), {~uint64_t{0}, ~uint64_t{0}});
      size_t i = 0;
      // The upper half of an i32's slot is garbage, as it may be in compiled code.
      for (const uint64_t argument : arguments) {
        const bool is_i32 = function.signature[i] == 'i';
        values_[i++].low = is_i32 ? argument | 0xdead'beef'0000'0000 : argument;
      }
      abi::MemoryDescriptor descriptor{reinterpret_cast<uint8_t*>(memory_.data()), memory_.size(),
                                       memory_.size(), 0, 0};
      HostCallFrame frame{values_, GuestMemory(&descriptor), *context_};
      return function.call(frame);
    }
    std::abort();
  }

  wasi::Errno call(std::string_view name, std::initializer_list<uint64_t> arguments) {
    const HostOutcome outcome = invoke(name, arguments);
    if (outcome.kind != HostOutcome::Kind::returned) std::abort();
    return static_cast<wasi::Errno>(static_cast<uint32_t>(values_[0].low));
  }

  // --- memory
  template <typename T>
  T load(uint32_t address) {
    T value;
    std::memcpy(&value, memory_.data() + address, sizeof value);
    return value;
  }
  template <typename T>
  void store(uint32_t address, const T& value) {
    std::memcpy(memory_.data() + address, &value, sizeof value);
  }
  void store_text(uint32_t address, std::string_view text) {
    std::memcpy(memory_.data() + address, text.data(), text.size());
  }
  std::string text(uint32_t address, size_t length) {
    return {reinterpret_cast<const char*>(memory_.data() + address), length};
  }
  uint32_t result() { return load<uint32_t>(kResult); }

  // --- what tests do most, as the errno and, if it succeeded, the value
  wasi::IoResult<uint32_t> open(uint32_t directory, std::string_view path, wasi::Oflags oflags = 0,
                                wasi::Rights rights = wasi::rights::all, wasi::Fdflags fdflags = 0,
                                uint32_t lookup = wasi::lookupflags::symlink_follow) {
    store_text(kPath, path);
    return value(call("path_open", {directory, lookup, kPath, path.size(), oflags, rights, wasi::rights::all,
                                    fdflags, kResult}));
  }
  wasi::IoResult<uint32_t> write(uint32_t fd, std::string_view data) {
    store_text(kData, data);
    store(kIovecs, wasi::Iovec{kData, static_cast<uint32_t>(data.size())});
    return value(call("fd_write", {fd, kIovecs, 1, kResult}));
  }
  wasi::IoResult<std::string> read(uint32_t fd, uint32_t size) {
    store(kIovecs, wasi::Iovec{kData, size});
    const auto count = value(call("fd_read", {fd, kIovecs, 1, kResult}));
    if (!count) return std::unexpected(count.error());
    return text(kData, *count);
  }
  wasi::IoResult<uint64_t> seek(uint32_t fd, int64_t offset, wasi::Whence whence) {
    const auto error =
        call("fd_seek", {fd, static_cast<uint64_t>(offset), static_cast<uint64_t>(whence), kResult});
    if (error != wasi::Errno::success) return std::unexpected(error);
    return load<uint64_t>(kResult);
  }
  wasi::Errno on_path(std::string_view function, uint32_t directory, std::string_view path) {
    store_text(kPath, path);
    return call(function, {directory, kPath, path.size()});
  }
  wasi::IoResult<wasi::Filestat> stat(uint32_t directory, std::string_view path, bool follow = true) {
    store_text(kPath, path);
    const auto error = call("path_filestat_get", {directory, follow ? 1U : 0U, kPath, path.size(), kData});
    if (error != wasi::Errno::success) return std::unexpected(error);
    return load<wasi::Filestat>(kData);
  }
  wasi::Errno on_two_paths(std::string_view function, uint32_t from, std::string_view old_path, uint32_t to,
                           std::string_view new_path) {
    store_text(kPath, old_path);
    store_text(kPath2, new_path);
    if (function == "path_link")
      return call(function, {from, 0, kPath, old_path.size(), to, kPath2, new_path.size()});
    return call(function, {from, kPath, old_path.size(), to, kPath2, new_path.size()});
  }
  wasi::Errno symlink(std::string_view contents, uint32_t directory, std::string_view path) {
    store_text(kPath, contents);
    store_text(kPath2, path);
    return call("path_symlink", {kPath, contents.size(), directory, kPath2, path.size()});
  }

  // --- the other ends of stdio
  void type(std::string_view input) { static_cast<void>(!::write(pipes_[0][1], input.data(), input.size())); }
  void end_input() { ::close(std::exchange(pipes_[0][1], -1)); }
  // Writing to a stream that nobody reads fails instead of waiting.
  void never_wait_for_readers() {
    for (const size_t stream : {size_t{1}, size_t{2}}) ::fcntl(pipes_[stream][1], F_SETFL, O_NONBLOCK);
  }
  void close_output_reader() { ::close(std::exchange(pipes_[1][0], -1)); }
  std::string output(int stream) {
    std::array<char, 65536> buffer;
    const ssize_t size = ::read(pipes_[static_cast<size_t>(stream)][0], buffer.data(), buffer.size());
    return {buffer.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  wasi::IoResult<uint32_t> value(wasi::Errno error) {
    if (error != wasi::Errno::success) return std::unexpected(error);
    return result();
  }

  std::vector<std::byte> memory_;
  std::array<std::array<int, 2>, 3> pipes_{};
  std::unique_ptr<host::Services> services_;
  std::unique_ptr<wasi::WasiContext> context_;
  std::vector<abi::Value> values_;
};

}  // namespace twine::testing
