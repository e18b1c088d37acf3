// What `twine inspect` knows to print, one function a format. Each returns text that ends with a newline.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace twine::cli {

// Errors: those of wasm::load.
Result<std::string> inspect_wasm(std::span<const uint8_t> file);

// Errors: those of parse_twm. A wrong signature is no error, but told.
Result<std::string> inspect_twm(std::span<const uint8_t> file);

// Errors: those of EnclaveImage::from_elf.
Result<std::string> inspect_enclave(std::span<const uint8_t> file);

// Errors: malformed. Whether it verifies is told.
Result<std::string> inspect_sigstruct(std::span<const uint8_t> file);

// "  name              value\n", the form of all of them.
std::string row(std::string_view name, std::string_view value);

// 1234567 as "1,234,567".
std::string grouped(uint64_t number);

}  // namespace twine::cli
