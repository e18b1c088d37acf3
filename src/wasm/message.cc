#include "wasm/message.h"

#include <array>

namespace twine::wasm {

void MessagePart::append_to(std::string& message) const {
  if (kind_ == Kind::text) {
    message.append(text_);
    return;
  }
  const unsigned base = kind_ == Kind::hex ? 16 : 10;
  std::array<char, 20> digits{};  // 2^64 has 20 decimal digits
  size_t first = digits.size();
  uint64_t rest = number_;
  do {
    digits[--first] = "0123456789abcdef"[rest % base];
    rest /= base;
  } while (rest != 0);
  if (kind_ == Kind::hex) message.append("0x");
  message.append(digits.data() + first, digits.size() - first);
}

std::unexpected<Error> fail_at(uint32_t offset, ErrorCode code, MessageParts reason) {
  std::string message = "byte ";
  MessagePart(Hex{offset}).append_to(message);
  message.append(": ");
  for (const MessagePart& part : reason) part.append_to(message);
  return fail(code, std::move(message));
}

std::unexpected<Error> malformed(uint32_t offset, MessageParts reason) {
  return fail_at(offset, ErrorCode::malformed, reason);
}

std::unexpected<Error> invalid(uint32_t offset, MessageParts reason) {
  return fail_at(offset, ErrorCode::invalid_module, reason);
}

}  // namespace twine::wasm
