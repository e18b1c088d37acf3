// The loader: takes an enclave image and its SIGSTRUCT through a driver, to an enclave that can be entered.
#pragma once

#include <cstdint>
#include <memory>

#include "common/result.h"
#include "common/sgx/arch.h"
#include "host/image/enclave_image.h"
#include "host/sgx/driver.h"

namespace twine::image {

// What the host chooses about an enclave, within what its signature allows.
struct BuildOptions {
  bool debug = false;  // ATTRIBUTES.DEBUG: the host may read and write it
};

// An initialised enclave. It keeps its driver; destroying it tears the enclave down, and no thread may be
// inside then.
class Enclave {
 public:
  // Reserves ELRANGE, creates the enclave, adds and measures all pages, initialises it and opens the added
  // pages to the processor. Errors: signature (the SIGSTRUCT does not verify, is for another image, or does not
  // allow DEBUG when that is asked), out_of_memory, io (the driver refused, with its reason).
  static Result<Enclave> build(std::unique_ptr<host::sgx::Driver> driver, const EnclaveImage& image,
                               const sgx::Sigstruct& sigstruct, const BuildOptions& options = {});

  [[nodiscard]] host::sgx::Driver& driver() { return *driver_; }
  [[nodiscard]] uint64_t base() const { return base_; }
  [[nodiscard]] uint64_t size() const { return note_.elrange_size; }
  [[nodiscard]] const ImageNote& note() const { return note_; }
  [[nodiscard]] uint32_t thread_count() const { return note_.tcs_count; }
  [[nodiscard]] uint64_t tcs_address(uint32_t index) const {
    return base_ + threads_ + index * thread_block_layout(note_).size;
  }
  [[nodiscard]] const Mrenclave& mrenclave() const { return mrenclave_; }
  [[nodiscard]] const sgx::Attributes& attributes() const { return attributes_; }

 private:
  Enclave() = default;

  std::unique_ptr<host::sgx::Driver> driver_;
  uint64_t base_ = 0;
  uint64_t threads_ = 0;  // offset of the first thread block
  ImageNote note_{};
  Mrenclave mrenclave_{};
  sgx::Attributes attributes_{};
};

// XFRM for an enclave with such SSA frames on this machine: what the operating system has enabled (XCR0) and
// SGX admits, of what the signature leaves open (kOptionalXfrm), as far as it fits. x87 and SSE are always
// there.
uint64_t choose_xfrm(uint32_t ssa_frame_pages);

}  // namespace twine::image
