// The CBOR item grammar; cbor.h says which part of RFC 8949 it is.
#include "common/cbor.h"

#include "common/decimal.h"
#include "common/utf8.h"

namespace twine::cbor {
namespace {

// RFC 8949, table 3: additional information that says how many bytes of argument follow.
constexpr uint8_t kOneByte = 24;
constexpr uint8_t kEightBytes = 27;
constexpr uint8_t kFalse = 0xF4;
constexpr uint8_t kTrue = 0xF5;
constexpr uint8_t kNull = 0xF6;

}  // namespace

void Encoder::head(MajorType type, uint64_t argument) {
  const auto major = static_cast<uint8_t>(std::to_underlying(type) << 5);
  if (argument < kOneByte) {
    out_.push_back(static_cast<uint8_t>(major | argument));
    return;
  }
  unsigned log2 = 0;  // of the argument's bytes
  while (log2 < 3 && argument >> (8U << log2) != 0) ++log2;
  out_.push_back(static_cast<uint8_t>(major | (kOneByte + log2)));
  for (unsigned shift = 8U << log2; shift != 0;) {
    shift -= 8;
    out_.push_back(static_cast<uint8_t>(argument >> shift));
  }
}

void Encoder::bytes(std::span<const uint8_t> value) {
  head(MajorType::bytes, value.size());
  out_.insert(out_.end(), value.begin(), value.end());
}

void Encoder::text(std::string_view value) {
  head(MajorType::text, value.size());
  out_.insert(out_.end(), value.begin(), value.end());
}

std::unexpected<Error> Decoder::malformed(std::string_view reason) const {
  return fail(ErrorCode::malformed, "byte " + decimal(position_) + ": " + std::string(reason));
}

Result<uint64_t> Decoder::head(MajorType expected) {
  if (position_ == input_.size()) return malformed("the data ends too early");
  const uint8_t initial = input_[position_];
  if (initial >> 5 != std::to_underlying(expected)) return malformed("an item of another type");
  const uint8_t information = initial & 0x1F;
  if (information > kEightBytes) return malformed("indefinite or reserved length");
  ++position_;
  if (information < kOneByte) return information;

  const unsigned size = 1U << (information - kOneByte);
  if (input_.size() - position_ < size) return malformed("the data ends too early");
  uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) value = value << 8 | input_[position_ + i];
  const uint64_t smallest =
      size == 1 ? kOneByte : uint64_t{1} << (size * 4);  // shorter forms reach below this
  if (value < smallest) return malformed("number not in its shortest form");
  position_ += size;
  return value;
}

Result<uint64_t> Decoder::unsigned_integer() {
  return head(MajorType::unsigned_integer);
}

Result<std::span<const uint8_t>> Decoder::string(MajorType type) {
  const uint64_t size = TWINE_TRY(head(type));
  if (input_.size() - position_ < size) return malformed("the data ends inside a string");
  const std::span<const uint8_t> value = input_.subspan(position_, size);
  position_ += size;
  return value;
}

Result<std::span<const uint8_t>> Decoder::bytes() {
  return string(MajorType::bytes);
}

Result<std::string_view> Decoder::text() {
  const std::span<const uint8_t> value = TWINE_TRY(string(MajorType::text));
  if (!is_utf8(value)) return malformed("text that is not UTF-8");
  return std::string_view(reinterpret_cast<const char*>(value.data()), value.size());
}

Result<uint64_t> Decoder::array() {
  const uint64_t items = TWINE_TRY(head(MajorType::array));
  if (items > input_.size() - position_) return malformed("array longer than the data");
  return items;
}

Result<uint64_t> Decoder::map() {
  return head(MajorType::map);
}

Result<bool> Decoder::boolean() {
  if (position_ == input_.size()) return malformed("the data ends too early");
  const uint8_t initial = input_[position_];
  if (initial != kFalse && initial != kTrue) return malformed("an item of another type");
  ++position_;
  return initial == kTrue;
}

bool Decoder::skip_null() {
  if (position_ == input_.size() || input_[position_] != kNull) return false;
  ++position_;
  return true;
}

Result<void> Decoder::finish() const {
  if (position_ != input_.size()) return malformed("bytes after the end");
  return {};
}

}  // namespace twine::cbor
