// A host call's request as it stands in the arena, for the generated dispatcher.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "common/entry.h"
#include "common/hostcall_table.h"

namespace twine::hostcall {

// The enclave is not trusted here either: a buffer must lie in the data area and be aligned, a handle or
// number must fit its type, a path must not hold a NUL. What fails makes the request invalid, and valid()
// must be asked before anything is used. Other threads of the enclave can write to the arena while a call is served, and a subverted
// one may do so with its own arena when it waits inside: what is judged is a copy. Only data that goes straight to the kernel
// stays where it is.
class Request {
 public:
  explicit Request(std::span<std::byte> arena) : arena_(arena) {
    const auto* const header = reinterpret_cast<const volatile ArenaHeader*>(arena.data());
    call_ = header->call;
    for (size_t slot = 0; slot < args_.size(); ++slot) args_[slot] = header->args[slot];
  }

  [[nodiscard]] Call call() const { return static_cast<Call>(call_); }
  [[nodiscard]] bool valid() const { return valid_; }

  template <typename T>
  [[nodiscard]] T word(size_t slot) const {
    const uint64_t value = args_[slot];
    if (value != static_cast<T>(value)) valid_ = false;
    return static_cast<T>(value);
  }

  [[nodiscard]] std::span<std::byte> bytes(size_t slot) const {
    const uint64_t offset = args_[slot];
    const uint64_t size = args_[slot + 1];
    if (offset < kArenaDataOffset || offset % sizeof(uint64_t) != 0 || offset > kArenaDataEnd ||
        size > kArenaDataEnd - offset) {
      valid_ = false;
      return {};
    }
    return arena_.subspan(offset, size);
  }

  [[nodiscard]] std::string path(size_t slot) const {
    std::span<std::byte> data = bytes(slot);
    if (data.size() > kMaxPath) {
      valid_ = false;
      data = {};
    }
    std::string path(reinterpret_cast<const char*>(data.data()), data.size());
    if (path.find('\0') != path.npos) valid_ = false;
    return path;
  }

  // What the enclave gives.
  template <typename T>
  [[nodiscard]] std::vector<T> array(size_t slot) const {
    const std::span<const T> data = room<T>(slot);
    return {data.begin(), data.end()};
  }

  // Where a reply goes.
  template <typename T>
  [[nodiscard]] std::span<T> room(size_t slot) const {
    const std::span<std::byte> data = bytes(slot);
    if (data.size() % sizeof(T) != 0) valid_ = false;
    return {reinterpret_cast<T*>(data.data()), data.size() / sizeof(T)};
  }

  template <typename T>
  [[nodiscard]] T& object(size_t slot) const {
    const std::span<T> objects = room<T>(slot);
    if (objects.size() != 1) {
      valid_ = false;
      static T nowhere;  // never used: the request is invalid
      return nowhere;
    }
    return objects.front();
  }

  void answer(wasi::IoResult<uint64_t> reply) {
    auto& result = reinterpret_cast<ArenaHeader*>(arena_.data())->result;
    result = static_cast<int64_t>(reply.value_or(0));
    if (reply) return;
    auto number = static_cast<uint16_t>(reply.error());
    const auto* row = std::ranges::find(kCalls, call(), &CallRow::call);
    if (row == kCalls.end() || !row->errnos.contains(number)) number = static_cast<uint16_t>(wasi::Errno::io);
    result = -int64_t{number};
  }

 private:
  std::span<std::byte> arena_;
  uint64_t call_ = 0;
  std::array<uint64_t, std::size(ArenaHeader{}.args)> args_{};
  mutable bool valid_ = true;
};

}  // namespace twine::hostcall
