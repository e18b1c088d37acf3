// args_* and environ_*: two lists of strings, handed over the same way.

#include "enclave/wasi/functions.h"

namespace twine::wasi {

namespace {

// The strings at `buffer`, and a pointer to each at `pointers`.
Outcome<void> store_strings(const Call& call, const StringList& list, uint32_t pointers, uint32_t buffer) {
  const auto pointer_bytes = TWINE_TRY(call.memory.bytes(pointers, list.strings().size() * sizeof(uint32_t)));
  const auto text_bytes = TWINE_TRY(call.memory.bytes(buffer, list.bytes()));
  size_t offset = 0;
  for (size_t i = 0; i < list.strings().size(); ++i) {
    const auto address = static_cast<uint32_t>(buffer + offset);
    std::memcpy(pointer_bytes.data() + i * sizeof address, &address, sizeof address);
    const std::string& text = list.strings()[i];
    std::memcpy(text_bytes.data() + offset, text.c_str(), text.size() + 1);
    offset += text.size() + 1;
  }
  return {};
}

Outcome<void> store_sizes(const Call& call, const StringList& list, uint32_t count, uint32_t bytes) {
  if (list.bytes() > UINT32_MAX) return std::unexpected(Errno::overflow);
  TWINE_TRY(call.memory.store(count, static_cast<uint32_t>(list.strings().size())));
  TWINE_TRY(call.memory.store(bytes, static_cast<uint32_t>(list.bytes())));
  return {};
}

}  // namespace

Outcome<void> args_get(Call& call, uint32_t argv, uint32_t argv_buf) {
  return store_strings(call, call.context.arguments, argv, argv_buf);
}

Outcome<void> args_sizes_get(Call& call, uint32_t argc, uint32_t argv_buf_size) {
  return store_sizes(call, call.context.arguments, argc, argv_buf_size);
}

Outcome<void> environ_get(Call& call, uint32_t environ, uint32_t environ_buf) {
  return store_strings(call, call.context.environment, environ, environ_buf);
}

Outcome<void> environ_sizes_get(Call& call, uint32_t environc, uint32_t environ_buf_size) {
  return store_sizes(call, call.context.environment, environc, environ_buf_size);
}

}  // namespace twine::wasi
