// MRENCLAVE, computed outside of any driver: what ECREATE, EADD and EEXTEND would make of the same pages.
//
// A SHA-256 over a sequence of 64-byte blocks, each started by its leaf's name (Intel SDM vol. 3D,
// "Operation" of each leaf):
//
//   ECREATE   0   8  "ECREATE\0"       EADD   0   8  "EADD\0\0\0\0"            EEXTEND   0   8  "EEXTEND\0"
//             8   4  SSAFRAMESIZE             8   8  offset of the page                  8   8  offset of the 256-byte chunk
//             12  8  SIZE                     16  48 SECINFO, first 48 bytes             16  48 zero
//             20  44 zero                                                                then the 256 bytes themselves,
//                                                                                        as four blocks
//
// EINIT closes the hash. The Linux driver extends a page right after adding it, all sixteen chunks or none;
// so does extend_page.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "common/image_layout.h"

namespace twine::image {

using Mrenclave = std::array<uint8_t, 32>;

class Measurement {
 public:
  // ECREATE. `ssa_frame_pages` is SECS.SSAFRAMESIZE, `elrange_size` SECS.SIZE in bytes.
  Measurement(uint32_t ssa_frame_pages, uint64_t elrange_size);

  // EADD of the page at `offset` bytes from the base, with these SECINFO.FLAGS.
  void add_page(uint64_t offset, uint64_t secinfo_flags);

  // Sixteen EEXTENDs: the contents of the page at `offset`.
  void extend_page(uint64_t offset, std::span<const uint8_t, kPageSize> contents);

  // What EINIT writes into SECS.MRENCLAVE. The object cannot be used afterwards.
  [[nodiscard]] Mrenclave finish();

 private:
  struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  void update(std::span<const uint8_t> bytes);

  std::unique_ptr<EVP_MD_CTX, FreeDigest> digest_;
};

}  // namespace twine::image
