// The strict decoders of the launch manifest and result: no input crashes them, and whatever they accept has
// exactly the encoding it came in.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "common/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span input(data, size);
  if (const auto manifest = twine::decode_manifest(input)) {
    if (!std::ranges::equal(twine::encode_manifest(*manifest), input)) std::abort();
  }
  if (const auto result = twine::decode_launch_result(input)) {
    if (!std::ranges::equal(twine::encode_launch_result(*result), input)) std::abort();
  }
  return 0;
}
