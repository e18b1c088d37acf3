// The structure of a compiled module (common/twm.h): splits the bytes of a file into its sections, and
// refuses every file that does not follow the format to the letter. Judges form only; whether the file may
// run is decided by compiled_module.h.
//
// Pure functions over bytes, so that they are tested and fuzzed as a plain process.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "common/result.h"
#include "common/twm.h"

namespace twine::enclave {

// An array of structs in a file: read item by item, since nothing says that the file lies aligned in memory.
template <typename T>
class PackedArray {
 public:
  PackedArray() = default;
  // Precondition: a multiple of sizeof(T).
  explicit PackedArray(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] size_t size() const { return bytes_.size() / sizeof(T); }
  [[nodiscard]] T operator[](size_t index) const {
    T value;
    std::memcpy(&value, bytes_.subspan(index * sizeof(T), sizeof(T)).data(), sizeof(T));
    return value;
  }

 private:
  std::span<const uint8_t> bytes_;
};

// Views into the bytes given to parse_twm.
struct TwmFile {
  TwmHeader header;
  TwmImageLayout layout;
  std::span<const uint8_t> wasm;
  std::span<const uint8_t> image;
  PackedArray<uint32_t>
      functions;  // starts of the defined functions; the last entry is the end of the last one
  PackedArray<TwmThunks> thunks;
  PackedArray<TwmLocation> locations;
  PackedArray<TwmUnwind> unwind;
  std::string_view options;
  PackedArray<TwmTail> tails;
};

// Reads the header alone: what must be known to check the signature before anything else is looked at.
// Errors: malformed, unsupported (another version of the format or ABI, unknown features).
Result<TwmHeader> parse_twm_header(std::span<const uint8_t> file);

// Reads the whole structure. All offsets in the tables are then inside the code, and ascending where the
// format says so. Errors: as above.
Result<TwmFile> parse_twm(std::span<const uint8_t> file);

}  // namespace twine::enclave
