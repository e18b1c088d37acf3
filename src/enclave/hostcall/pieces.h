// Buffers in one or several pieces, as readv and writev have them: what is sent gathers, what is received
// scatters. Every piece is enclave memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace twine::hostcall {

template <typename Byte>
class Pieces {
 public:
  using Piece = std::span<Byte>;

  Pieces(Piece single)
      : single_(single), count_(1) {}  // NOLINT(google-explicit-constructor): a buffer is one piece
  explicit Pieces(std::span<const Piece> pieces) : pieces_(pieces.data()), count_(pieces.size()) {}

  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] Piece operator[](size_t index) const { return pieces_ == nullptr ? single_ : pieces_[index]; }

 private:
  Piece single_;
  const Piece* pieces_ = nullptr;  // null: single_
  size_t count_;
};

using Gather = Pieces<const std::byte>;
using Scatter = Pieces<std::byte>;

template <typename Byte>
[[nodiscard]] uint64_t total_size(const Pieces<Byte>& pieces) {
  uint64_t size = 0;
  for (size_t i = 0; i < pieces.count(); ++i) size += pieces[i].size();
  return size;
}

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace twine::hostcall
