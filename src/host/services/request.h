// A host call's request as it stands in the arena, for the generated dispatcher.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/entry.h"
#include "common/hostcall_table.h"

namespace twine::hostcall {

// The enclave is not trusted here either: a buffer must lie in the data area and be aligned, a handle or
// number must fit its type, a path must not hold a NUL. What fails makes the request invalid, and valid()
// must be asked before anything is used.
class Request {
 public:
  explicit Request(std::span<std::byte> arena)
      : arena_(arena), header_(*reinterpret_cast<ArenaHeader*>(arena.data())) {}

  [[nodiscard]] Call call() const { return static_cast<Call>(header_.call); }
  [[nodiscard]] bool valid() const { return valid_; }

  template <typename T>
  [[nodiscard]] T word(size_t slot) const {
    const uint64_t value = header_.args[slot];
    if (value != static_cast<T>(value)) valid_ = false;
    return static_cast<T>(value);
  }

  [[nodiscard]] std::span<std::byte> bytes(size_t slot) const {
    const uint64_t offset = header_.args[slot];
    const uint64_t size = header_.args[slot + 1];
    if (offset < kArenaDataOffset || offset % sizeof(uint64_t) != 0 || offset > arena_.size() ||
        size > arena_.size() - offset) {
      valid_ = false;
      return {};
    }
    return arena_.subspan(offset, size);
  }

  [[nodiscard]] std::string_view path(size_t slot) const {
    const std::span<std::byte> data = bytes(slot);
    const std::string_view path(reinterpret_cast<const char*>(data.data()), data.size());
    if (path.size() > kMaxPath || path.find('\0') != path.npos) valid_ = false;
    return path;
  }

  template <typename T>
  [[nodiscard]] std::span<T> array(size_t slot) const {
    const std::span<std::byte> data = bytes(slot);
    if (data.size() % sizeof(T) != 0) valid_ = false;
    return {reinterpret_cast<T*>(data.data()), data.size() / sizeof(T)};
  }

  template <typename T>
  [[nodiscard]] T& object(size_t slot) const {
    const std::span<T> objects = array<T>(slot);
    if (objects.size() != 1) {
      valid_ = false;
      static T nowhere;  // never used: the request is invalid
      return nowhere;
    }
    return objects.front();
  }

  void answer(wasi::IoResult<uint64_t> reply) {
    header_.result = static_cast<int64_t>(reply.value_or(0));
    if (reply) return;
    auto number = static_cast<uint16_t>(reply.error());
    const auto* row = std::ranges::find(kCalls, call(), &CallRow::call);
    if (row == kCalls.end() || !row->errnos.contains(number)) number = static_cast<uint16_t>(wasi::Errno::io);
    header_.result = -int64_t{number};
  }

 private:
  std::span<std::byte> arena_;
  ArenaHeader& header_;
  mutable bool valid_ = true;
};

}  // namespace twine::hostcall
