// Sealed blobs from a hostile host: nothing crashes, nothing that was not sealed opens, and what was sealed opens as it was unless it was
// changed. The input is tried as a blob as it is, then with a true header and tag around it, then as a change of a true blob.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "enclave/crypto/sealed_blob.h"
#include "enclave/platform/cpu.h"

using namespace twine::enclave;

// This processor's, as the enclave would have them checked.
const CryptoFeatures& twine::enclave::crypto_features() {
  static const CryptoFeatures features{.ssse3 = true,
                                       .sse41 = true,
                                       .aesni = true,
                                       .pclmul = true,
                                       .rdrand = true,
                                       .avx = false,
                                       .avx2 = false};
  return features;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span input(data, size);
  if (unseal(input, {})) std::abort();  // would be a forged tag

  std::vector<uint8_t> blob = seal(SealPolicy::this_signer, input, {}).value();
  const auto opened = unseal(blob, {});
  if (!opened || !std::ranges::equal(opened->secret, input)) std::abort();

  // Bytes of the input replace bytes of the blob from its start.
  const std::vector<uint8_t> original = blob;
  std::copy_n(data, std::min(size, blob.size()), blob.begin());
  if (blob != original && unseal(blob, {})) std::abort();
  return 0;
}
